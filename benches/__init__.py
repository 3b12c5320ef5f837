"""What Counterfoil costs, measured: `python -m benches`, or `make bench`."""
