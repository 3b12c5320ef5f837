"""The reference model: a ledger in plain Python, slow and obviously right.

It is written from docs/reference/formats.md and docs/reference/operations.md alone and shares no code with the engine
or with the package, so that comparing the two means something.
"""
