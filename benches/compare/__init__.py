"""The same signed transfers on what one would pick instead: `python -m benches.compare`, or `make bench-compare`."""
