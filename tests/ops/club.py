"""A governed account, and short words for what scenarios do with it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.model import build
from tests.model.attest import schema_id
from tests.model.proposal import ballot_seal, proposal_id
from tests.ops.play import DAY, START, Play, Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.model.borsh import Value

SET_KEYS, CHANGE, TRANSFER, MINT, OPEN_CAMPAIGN, SET_CONSTITUTION = 0x11, 0x21, 0x30, 0x32, 0x50, 0x70
SET_PARAMETERS = 0xA0
GOVERNED = [SET_KEYS, CHANGE, TRANSFER, MINT, OPEN_CAMPAIGN, SET_CONSTITUTION, SET_PARAMETERS]
"""What only a proposal may do, unless a scenario says otherwise."""
SALT = b"s" * 16
YES, NO, ABSTAIN = (build.in_shares(*parts) for parts in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
ENDS = START + DAY
"""When voting ends on what is proposed at once."""


def done(result: Result) -> None:
    """Insist that it was done."""
    assert result == ("ok", None), result


def schema(p: Play, name: str = "member", issuer: str = "registrar", issuers: Sequence[str] | None = None) -> bytes:
    """A schema by which one issuer says who is a member."""
    listed = sorted(p.id(each) for each in ([issuer] if issuers is None else issuers))
    p.ok(build.schema(p.id(issuer), name, build.kind("nothing"), listed), by=issuer)
    return schema_id(p.id(issuer), name)


def attest(p: Play, schema: bytes, *subjects: str, issuer: str = "registrar", expires: int | None = None) -> None:
    """Say of subjects that they are members."""
    said = [
        build.attest(schema, p.id(issuer), p.id(each), build.content("nothing"), bytes(32), expires)
        for each in subjects
    ]
    p.ok(*said, by=issuer)


class Club:
    """The account `club`, which has a key of the name `chair` and is governed by those who have an asset of `brand`'s.

    Of that alice has 60, bob 30, carol 10, and the club has 5,000 of another one of the same issuer.
    """

    def __init__(
        self,
        p: Play,
        *policy: Value,
        electorate: Value | None = None,
        rules: Sequence[Value] | None = None,
        articles: Sequence[Value] | None = None,
        governed: Sequence[int] = GOVERNED,
        units: dict[str, int] | None = None,
        money: Sequence[Value] = (),
        **rule: Any,
    ) -> None:
        self.p = p
        self.id = p.open("club", "chair")
        self.asset = p.asset(*policy, **({"alice": 60, "bob": 30, "carol": 10} if units is None else units))
        self.money = p.asset(*money, symbol="COIN", club=5_000, alice=100)
        self.rules = [self.rule(electorate, **rule)] if rules is None else list(rules)
        self.articles = [build.article(governed, [0])] if articles is None else list(articles)
        done(self.constitute(self.constitution()))

    def rule(self, electorate: Value | None = None, **rule: Any) -> Value:
        """A rule, by default of those who have the asset."""
        return build.rule(build.holders(self.asset) if electorate is None else electorate, **rule)

    def constitution(self) -> Value:
        """The constitution that it has from the beginning."""
        return build.constitution(self.rules, self.articles)

    def constitute(self, constitution: Value | None, by: str = "club/chair brand") -> Result:
        """Let its keys set a constitution."""
        return self.p.send(build.set_constitution(self.id, constitution), by=by)

    def pays(self, amount: int = 100, to: str = "dave") -> Value:
        """A payment out of its treasury."""
        return build.transfer(self.money, self.id, self.p.id(to), amount)

    def propose(self, *actions: Value, by: str = "alice", signed: str | None = None, **fields: Any) -> Result:
        """Propose actions, to be said yes or no to; `options` for others."""
        return self.p.send(self.proposal(*actions, by=by, **fields), by=signed or by)

    def proposal(
        self,
        *actions: Value,
        by: str = "alice",
        options: Sequence[Sequence[Value]] | None = None,
        rule: int = 0,
        salt: bytes = SALT,
        **fields: Any,
    ) -> Value:
        """The operation that proposes actions."""
        return build.propose(self.id, self.p.id(by), salt, rule, [actions] if options is None else options, **fields)

    def proposed(self, *actions: Value, by: str = "alice", salt: bytes = SALT, **fields: Any) -> bytes:
        """The id of what is proposed."""
        done(self.propose(*actions, by=by, salt=salt, **fields))
        return proposal_id(self.id, self.p.id(by), salt)

    def vote(
        self, proposal: bytes, voter: str, ballot: Value = YES, members: Sequence[str] = (), by: str | None = None
    ) -> Result:
        """Vote, by default yes."""
        named = [self.p.id(member) for member in members]
        return self.p.send(build.vote(proposal, self.p.id(voter), ballot, named), by=by or voter)

    def voted(self, proposal: bytes, voter: str, ballot: Value = YES, members: Sequence[str] = ()) -> None:
        """Vote, which must succeed."""
        done(self.vote(proposal, voter, ballot, members))

    def seal(self, proposal: bytes, voter: str, ballot: Value, salt: bytes = SALT) -> Value:
        """A ballot that shows nothing yet."""
        return build.sealed(ballot_seal(proposal, self.p.id(voter), salt, ballot))

    def reveal(
        self,
        proposal: bytes,
        voter: str,
        ballot: Value = YES,
        members: Sequence[str] = (),
        *,
        salt: bytes = SALT,
        by: str = "anybody",
    ) -> Result:
        """Show a sealed vote."""
        named = [self.p.id(member) for member in members]
        return self.p.send(build.reveal(proposal, self.p.id(voter), ballot, salt, named), by=by)

    def delegate(self, delegator: str, to: str | None, by: str | None = None) -> Result:
        """Delegate, or revoke it."""
        operation = build.delegate(self.id, self.p.id(delegator), None if to is None else self.p.id(to))
        return self.p.send(operation, by=by or delegator)

    def delegated(self, *names: str) -> None:
        """Let each delegate to the next one, the last but one first."""
        for delegator, to in reversed(list(pairwise(names))):
            done(self.delegate(delegator, to))

    def conclude(self, proposal: bytes, rankings: Sequence[Value] = (), by: str = "anybody") -> Result:
        """Conclude."""
        return self.p.send(build.conclude(proposal, rankings), by=by)

    def execute(self, proposal: bytes, *actions: Value, by: str = "anybody") -> Result:
        """Execute."""
        return self.p.send(build.execute(proposal, actions), by=by)

    def at(self, time: int) -> None:
        """Let it become this time."""
        self.p.world.set_time(time)

    def passed(self, *actions: Value, by: str = "alice", salt: bytes = SALT, **fields: Any) -> bytes:
        """The id of what is proposed, voted for by the proposer, and concluded a day later."""
        proposal = self.proposed(*actions, by=by, salt=salt, **fields)
        self.voted(proposal, by)
        self.p.later(DAY)
        done(self.conclude(proposal))
        return proposal

    def has(self, asset: bytes, name: str, amount: int) -> Result:
        """Whether somebody has just so many units: `insufficient_funds` for one more than there are."""
        if amount:
            done(self.p.send(build.burn(asset, self.p.id(name), amount), by=name))
        return self.p.send(build.burn(asset, self.p.id(name), 1), by=name)

    def freeze(self, asset: bytes, name: str) -> None:
        """Freeze an account."""
        self.p.ok(build.freeze(asset, self.p.id(name), frozen=True), by="brand")

    def pause(self, asset: bytes) -> None:
        """Pause an asset."""
        self.p.ok(build.pause(asset, paused=True), by="brand")


def ended(club: Club, proposal: bytes, rankings: Sequence[Value] = ()) -> str:
    """What becomes of a proposal that can be concluded: `passed` or `failed`, by what an execution is refused with.

    The actions shown are none that anybody proposes.
    """
    done(club.conclude(proposal, rankings))
    status, _ = club.execute(proposal, build.once(club.id, b"?" * 32))
    return {"wrong_actions": "passed", "not_passed": "failed"}[status]
