"""Every program in examples/ runs as it is, in an empty folder and a process of its own, and says what it should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "examples"

SAID = {
    "attention.py": """\
['ok', 'slip_unsigned', 'slip_claimed', 'below_floor', 'ok']
viewer 140, creator 40, site 20
proven offline: 2 paid, 9800 left
""",
    "cafe.py": """\
ann has 360
redeemed again: [False, True]
the bakery is owed 240 cents
cleared 240
ann proves 60 offline
""",
    "cooperative.py": """\
setting surplus_bps: 2,000 → 3,000
may vote: 3 members, a vote each
took part: 3 members (100 %), 3 ballots
quorum: 1 member (20 %), reached
votes:
  yes: 2 (66.66 % of what was decided)
  no: 1 (33.33 % of what was decided)
  abstain: 0
ahead: yes with 2
threshold: more than 1 (50 % of 3), met
voting since 2026-01-01 00:00:00 UTC
voting until 2026-01-08 00:00:00 UTC
timelock, and veto, until 2026-01-11 00:00:00 UTC
executable until 2026-02-10 00:00:00 UTC
state: voting; as it stands it passes
the board's keys alone: needs_proposal
the share is 3000 of 10,000
paid: 2
dana has 76000 and eli 88000
""",
    "creator.py": """\
the sniper: max_holding_exceeded
the editor has 900 and later 2750
the sniper: NOOR: expected at least 10, found 0; badge:founder: expected one that holds, found none
revenue for 2 holders, the fan's 3829
at the door: NOOR: expected at least 10, found 40
""",
    "forecast.py": """\
closed by anybody: 3
winnings paid: 2
ann, eve and bob have [133, 116, 50]
95 staked = 45 back + 49 won + 1 left over
recomputed: True
log scores: {'ann': -356675, 'bob': -1609438}
""",
    "journey.py": """\
ann still needs ['refer']
ann has ['gold 1', 'visit 2']
sold for 30000 of which royalty 2250
the ledger is gone; ann proves 27750 cents and (Item(design=1, edition=2),)
""",
    "offline.py": """\
proven: 120 of 500
proven: a transfer of 120
cut short: refused: truncated
one bit flipped: refused: wrong_root
about somebody else: refused: wrong_question
""",
    "raise.py": """\
maya brought 50000
reached: True closed: 3
reached: False closed: 1
the film has 20000 and eli 58000
for it, against it: (25200, 4800)
released: 3
maya has the badge: True and 5
[(20000, 0), (30000, 0)]
""",
    "ratings.py": """\
5 ratings of a small set: no file was given
most trusted: [(436486486486486484, '2'), (413513513513513513, '3'), (150000000000000003, '1')]
shown: 10
""",
    "rotate.py": """\
the lost phone: unknown_key
ann, under the same id, has 350
the old verifier key: wrong_key
the new verifier key: tree of 11 entries
""",
    "service.py": """\
asyncio: {'ok': 200}
threads: {'ok': 195, 'insufficient_funds': 5}
bob has 395
""",
    "sign_in.py": """\
nobody: expected a session that is signed in, found none
ann is signed in: True
ann: have a seat
bob is signed in: True
bob: BEAN: expected at least 10, found 0
on another page: wrong_domain
""",
    "till.py": """\
one owner alone mints: threshold_not_met
the cashier mints 800: ok
the cashier mints 300 more: mandate_spent
the cashier mints 200 more: ok
two owners revoke the mandate: ok
the cashier mints 1: unauthorized
ann has 1000
""",
}


def test_every_example_is_run():
    assert sorted(path.name for path in FOLDER.glob("*.py")) == sorted(SAID)


@pytest.mark.parametrize("name", sorted(SAID))
def test_example(name: str, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-W", "error", str(FOLDER / name)],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout
    if name == "rotate.py":
        # Whether a commit came in between depends on the clock.
        said, expected = said.rpartition("tree of ")[0], SAID[name].rpartition("tree of ")[0]
        assert said == expected
    else:
        assert said == SAID[name]
    assert not list(tmp_path.iterdir())
