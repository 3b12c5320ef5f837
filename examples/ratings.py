"""Story H, carry reputation: python examples/ratings.py [ratings.csv], lines of source,target,rating,time."""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path

from counterfoil import Key, Ledger
from counterfoil.ops import Attest, Integer
from counterfoil.reputation import Ratings, disclose, export_bundle, recompute, verify_disclosure

SMALL = [("1", "2", "10"), ("1", "3", "5"), ("2", "3", "8"), ("3", "4", "-10"), ("3", "2", "1")]

path = Path(sys.argv[1]) if len(sys.argv) > 1 else None
lines = [tuple(line[:3]) for line in csv.reader(path.read_text().splitlines())] if path else SMALL
print(len(lines), "ratings", f"of {path.name}" if path else "of a small set: no file was given")
keys = {name: Key.derive(bytes(32), name) for line in lines for name in line[:2]}
market, made = Key.generate(), {}
with (
    tempfile.TemporaryDirectory() as folder,
    Ledger.create(Path(folder, "fair"), origin="fair.example/ratings", operator=market) as ledger,
):
    ratings = Ratings.launch(ledger, market, name="rating", least=-10, most=10)
    for source, target, value in lines:
        pair = {"issuer": keys[source].account, "subject": keys[target].account}
        made.setdefault(source, []).append(Attest(schema=ratings.schema, **pair, content=Integer(int(value))))
    for source, said in made.items():  # a rater has many ratings in a transaction
        for start in range(0, len(said), 100):
            ledger.execute(said[start : start + 100], keys[source])
    bundle, vkey, seed = export_bundle(ledger), ledger.verifier_key, keys[lines[0][0]].account
    shown = disclose(ledger, ratings.schema, seed, keys[lines[0][1]].account)
scores = recompute(bundle, vkey, schema=ratings.schema, seeds=[seed])
best = sorted(((scores.values.get(key.account, 0), name) for name, key in keys.items()), reverse=True)[:3]
print("most trusted:", best)
print("shown:", verify_disclosure(shown, vkey, schema=ratings.schema, issuer=seed, least=5).attestation.content.value)
