"""`counterfoil proposal`: what it prints, what it exits with, and that no input ends in a traceback."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from counterfoil import Key, Ledger
from counterfoil.governance import Community, approval, cooperative, one_member_one_vote, ranked, sealed
from counterfoil.ops import Article, Constitution, Transfer
from counterfoil.reputation import Badges
from counterfoil.verify import encode_named_account

from tests.test_cli import EMOJI, HUGE, as_json, fails, ok, run

BOARD, ANN, BOB, CAT = (Key.from_seed(bytes([number]) * 32) for number in range(121, 125))
DAY = 86_400_000
START = 1_700_000_000_000
"""2023-11-14: behind every clock, so that the tests say the time."""
OPENED = START + 1


@pytest.fixture
def coop(tmp_path):
    """A cooperative with two proposals, and the key files of its members."""
    path = tmp_path / "coop"
    made = SimpleNamespace(ledger=path)
    for name, key in (("board", BOARD), ("ann", ANN), ("bob", BOB), ("cat", CAT)):
        key.save(tmp_path / f"{name}.key")
        setattr(made, name, tmp_path / f"{name}.key")
    with Ledger.create(path, origin="coop.example", operator=BOARD, time=START) as ledger:
        badges = Badges.launch(ledger, BOARD, name="member", time=START)
        for member in (ANN, BOB, CAT):
            badges.award(member.account, time=START)
        ils = ledger.create_asset(BOARD, "ILS", decimals=2, time=START)
        constitution = cooperative(badges.requirement, guardian=BOARD.account)
        club = Community.found(ledger, BOARD, constitution=constitution, settings={"share": 20}, time=START)
        ledger.mint(BOARD, ils, to=club.account, amount=500, time=START)
        pay = Transfer(asset=ils, sender=club.account, to=CAT.account, amount=120)
        share = club.propose("Raise the share", by=ANN, actions=club.set(share=30), time=OPENED)
        rent = club.propose("Rent", by=BOB, actions=[pay], time=OPENED)
        club.delegate(CAT, BOB.account, time=OPENED)
        base = one_member_one_vote(badges.requirement)
        rules = [ranked(base, 3), approval(base), sealed(base, "2d")]
        articles = [Article(operations=["set_constitution"])]
        choosers = Community.found(ledger, BOARD, constitution=Constitution(rules, articles), time=START + 2)
        flavours = {"fig": [], "date": [], "plum": []}
        made.ranked = choosers.propose("Flavour", by=ANN, rule=0, options=flavours, time=OPENED + 1).id.hex()
        made.approved = choosers.propose("Flavour", by=ANN, rule=1, options=flavours, time=OPENED + 1).id.hex()
        made.sealed = choosers.propose("Secret", by=ANN, rule=2, time=OPENED + 1).id.hex()
        made.account, made.ils = encode_named_account(club.account), ils
        made.share, made.rent, made.due = share.id.hex(), rent.id.hex(), rent.record.due
    return made


def proposal(coop, command, *args):
    return ("proposal", command, "-l", coop.ledger, *args)


def test_list(coop):
    text = ok(
        *proposal(coop, "list", coop.account, "--time", OPENED),
    )
    assert coop.share[:16] in text.replace("\n", "")
    assert text.count("voting") == 2
    rows = as_json(*proposal(coop, "list", coop.account, "--time", OPENED, "--state", "voting"))
    assert [row["id"] for row in rows] == [coop.share, coop.rent]
    assert (rows[0]["state"], rows[0]["record_state"]) == ("voting", {"kind": "open"})
    assert "no proposals" in ok(*proposal(coop, "list", coop.account, "--time", OPENED, "--state", "passed"))
    fails(3, *proposal(coop, "list", ANN.did), says="with a constitution")
    fails(2, *proposal(coop, "list", "ann"), says="did:key")
    fails(2, *proposal(coop, "list", coop.account, "--state", EMOJI), says="--state: expected one of open, voting")
    fails(2, *proposal(coop, "list", coop.account, "--time", "soon"), says="--time")


def test_show(coop):
    text = ok(*proposal(coop, "show", coop.rent, "--title", "Rent", "--time", OPENED)).replace("\n", "")
    assert "5.00 ILS → 3.80 ILS" in text
    assert "is the one" in text
    assert "is another" in ok(*proposal(coop, "show", coop.rent, "--title", "rent"))
    made = as_json(*proposal(coop, "show", coop.share, "--title", "Raise the share", "--time", OPENED))
    assert made["changes"] == [{"option": 0, "what": "setting share", "before": "20", "after": "30"}]
    assert (made["is_title"], made["state"]) == (True, "voting")
    named = ok(*proposal(coop, "show", coop.ranked, "--name", "fig", "--name", "date", "--name", "plum"))
    assert "plum:\nchanges nothing by itself" in named
    assert "option 2:" in ok(*proposal(coop, "show", coop.ranked))
    fails(3, *proposal(coop, "show", "00" * 32), says="none with the id")
    fails(2, *proposal(coop, "show", "x"), says="64 hex digits")
    fails(2, *proposal(coop, "show", HUGE))
    fails(2, *proposal(coop, "show", coop.ranked, "--name", "fig"), says="names: expected 3")


def test_vote_tally_and_execute(coop):
    at = ("--time", OPENED + 5)
    assert "would be voted" in ok(*proposal(coop, "vote", coop.rent, "yes", "-k", coop.ann, "--dry-run", *at))
    assert "voted: transaction" in ok(*proposal(coop, "vote", coop.rent, "yes", "-k", coop.ann, *at))
    fails(1, *proposal(coop, "vote", coop.rent, "yes", "-k", coop.ann, *at), says="vote_unchanged")
    done = as_json(*proposal(coop, "vote", coop.rent, "no", "-k", coop.bob, "--for", CAT.did, *at))
    assert (done["done"], done["dry_run"], done["time_ms"]) == ("voted", False, OPENED + 5)
    fails(1, *proposal(coop, "vote", coop.rent, "yes", "-k", coop.bob, "--for", ANN.did, *at), says="not_delegated")
    ok(*proposal(coop, "vote", coop.rent, "yes", "-k", coop.cat, *at))

    text = ok(*proposal(coop, "tally", coop.rent, *at))
    assert "quorum: 1 member (20 %), reached" in text
    assert "state: voting; as it stands it passes" in text
    made = as_json(*proposal(coop, "tally", coop.rent, *at))
    assert (made["counts"], made["passes"], made["quorum"]) == ({"yes": "2", "no": "0", "abstain": "0"}, True, "1")

    fails(1, *proposal(coop, "execute", coop.rent, "-k", coop.board, "--time", coop.due - 1), says="not_due")
    due = ("-k", coop.board, "--time", coop.due)
    assert "would be executed" in ok(*proposal(coop, "execute", coop.rent, *due, "--dry-run"))
    # Nobody voted on the other: it has failed, and there is nothing to do but to say so.
    fails(1, *proposal(coop, "execute", coop.share, *due), says="not_passed")
    assert "concluded: failed" in ok(*proposal(coop, "execute", coop.share, *due, "--conclude"))
    assert "executed: transaction" in ok(*proposal(coop, "execute", coop.rent, *due))
    fails(1, *proposal(coop, "execute", coop.rent, *due), says="already_executed")
    fails(1, *proposal(coop, "vote", coop.rent, "no", "-k", coop.ann, "--time", coop.due), says="proposal_closed")
    assert as_json("balance", CAT.did, "ILS", "-l", coop.ledger)["balances"][0]["amount"] == "120"


def test_choices_of_several_options(coop):
    at = ("--time", OPENED + 5)
    ok(*proposal(coop, "vote", coop.ranked, "2", "0", "-k", coop.ann, *at))
    names = [word for name in ("fig", "date", "plum") for word in ("--name", name)]
    ok(*proposal(coop, "vote", coop.ranked, "date", "plum", "-k", coop.bob, *names, *at))
    ok(*proposal(coop, "vote", coop.approved, "1", "-k", coop.ann, *at))
    ok(*proposal(coop, "vote", coop.approved, "abstain", "-k", coop.bob, *at))
    assert "round 2: date 1, plum 1" in ok(*proposal(coop, "tally", coop.ranked, *names, *at))
    assert as_json(*proposal(coop, "tally", coop.ranked, *at))["rounds"][0]["struck"] == 0
    assert as_json(*proposal(coop, "tally", coop.approved, *at))["counts"] == {
        "option 0": "0",
        "option 1": "1",
        "option 2": "0",
        "abstain": "1",
    }
    fails(2, *proposal(coop, "vote", coop.ranked, "3", "-k", coop.cat, *at), says="0 to 2")
    fails(2, *proposal(coop, "vote", coop.ranked, "kiwi", "-k", coop.cat, *at), says="no names here")
    fails(1, *proposal(coop, "vote", coop.ranked, "1", "1", "-k", coop.cat, *at), says="wrong_ballot")


def test_sealed_ballots(coop):
    at = ("--time", OPENED + 5)
    fails(1, *proposal(coop, "vote", coop.sealed, "yes", "-k", coop.ann, *at), says="wrong_ballot")
    ok(*proposal(coop, "vote", coop.sealed, "yes", "--seal", "-k", coop.ann, *at))
    over = ("--time", OPENED + 1 + 7 * DAY)
    fails(1, *proposal(coop, "vote", coop.sealed, "no", "--reveal", "-k", coop.ann, *over), says="wrong_seal")
    assert "revealed" in ok(*proposal(coop, "vote", coop.sealed, "yes", "--reveal", "-k", coop.ann, *over))
    fails(2, *proposal(coop, "vote", coop.sealed, "yes", "--seal", "--reveal", "-k", coop.ann), says="both")


def test_choices_and_keys_that_are_none(coop, tmp_path):
    at = ("--time", OPENED + 5)
    vote = lambda *args: proposal(coop, "vote", coop.rent, *at, *args)  # noqa: E731
    for choice in ("maybe", EMOJI, "-1", "9" * 30, HUGE):
        fails(2, *vote("-k", coop.ann, "--", choice), says="choice")
    fails(2, *vote("yes=", "no=1", "-k", coop.ann), says="shares")
    fails(2, *vote("yes=1", "yes=2", "-k", coop.ann), says="shares")
    fails(2, *vote("yes=60", "no=40", "-k", coop.ann), says="not divided")
    fails(2, *vote("yes"), says="--key")
    fails(3, *vote("yes", "-k", tmp_path / "none.key"), says="keygen")
    fails(2, *vote("yes", "-k", coop.ann, "--for", "ann"), says="did:key")
    fails(3, "proposal", "vote", coop.rent, "yes", "-k", coop.ann, "-l", tmp_path / "nowhere")
    fails(1, *vote("yes", "-k", coop.ann, "--account", coop.account), says="unknown_key")
    # The operator's key is not taken for a member's.
    result = run(*vote("yes"), env={"COUNTERFOIL_KEY": str(coop.board)})
    assert result.exit_code == 2


def test_help_shows_examples():
    for command in ("list", "show", "vote", "tally", "execute"):
        assert f"counterfoil proposal {command}" in ok("proposal", command, "--help").partition("\n")[2]
