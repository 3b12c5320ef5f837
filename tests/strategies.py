"""Small worlds with much going on: what hypothesis draws, and seeded streams for long runs.

A `Storyteller` looks at a `ModelLedger` and writes the next transaction: mostly one that works, with amounts and times
at the edges of what is allowed, and now and then one that is wrong on purpose. It is driven by a `random.Random`, which
hypothesis can stand in for, so that there is one teller for short examples that shrink and for soak runs by seed.
"""

from __future__ import annotations

import random as standard_random
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

from tests.model import build, sum_map
from tests.model.account import (
    GUARDIANS_RECORD,
    MANDATE_RECORD,
    RECOVERY_RECORD,
    account_record,
    alias_of,
    aliases,
    is_programme,
    named_account,
)
from tests.model.asset import ASSET_RECORD, POWER_NAMES, TERM_ORDER, asset_id, caught_up, is_collection, supply, term
from tests.model.attest import ATTESTATION_RECORD, SCHEMA_RECORD, schema_id
from tests.model.campaign import CAMPAIGN_RECORD, CLAIM, shares, slip_message
from tests.model.constitution import RECOUNT_MS, SET_CONSTITUTION, asset_of, load_constitution, rule_hash
from tests.model.distribute import COLLECT, DISTRIBUTE, DISTRIBUTION_RECORD, distribution_id
from tests.model.hold import GRACE_MS, GROUP_RECORD, HOLD_RECORD, group_id, hold_id, left_over, vested
from tests.model.items import DESIGN_RECORD, ITEM_RECORD
from tests.model.ledger import ModelLedger
from tests.model.move import REDEMPTION_RECORD, debt, load_holding
from tests.model.proposal import (
    CANCEL,
    DELEGATE,
    DELEGATION_RECORD,
    EXECUTE,
    PROPOSAL_RECORD,
    PROPOSE,
    RANKING_RECORD,
    VETO,
    VOTE,
    VOTE_RECORD,
    actions_hash,
    ballot_seal,
    counted,
    due,
    lapses,
    proposal_id,
    starts,
)
from tests.model.snapshot import SNAPSHOT, SNAPSHOTS_MAX, load_snapshot, units_in
from tests.model.state import AMOUNT_MAX, DAY_MS, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from tests.model.borsh import Value

START = 1_451_563_200_000
"""2015-12-31 12:00 UTC: behind every clock, and half a day before a new day, month and leap year."""

END = START + 8 * 365 * DAY_MS
"""Times stay below this, so that an engine never calls them the future."""

NAMES = ["brand", "coop", "alice", "bob", "carol", "dave", "erin", "governor"]
KEY_NAMES = [f"key{n}" for n in range(6)]
LINE_NAMES = [f"line{n}" for n in range(10)]
SIGNERS = {build.signer(name).id: build.signer(name) for name in [*NAMES, *KEY_NAMES, *LINE_NAMES]}
PEOPLE = [build.signer(name).id for name in NAMES]
KEYS = [build.signer(name).id for name in KEY_NAMES]
LINE = [build.signer(name).id for name in LINE_NAMES]
"""Accounts that become aliases, each of the next one."""
COMING_AND_GOING = ("fee", "max_holding", "attested")
SYMBOLS = ["BEAN", "STAR", "A", "ABCDEFGHIJKL"]
COLLECTIONS = ["BADGE", "PASS"]
SALTS = [bytes([n]) * 16 for n in range(3)]
HOLD_SALTS = [bytes([n]) * 16 for n in range(12)]
SECRETS = [bytes([n]) * 32 for n in range(3)]
SCHEMA_NAMES = ["member", "badge", "rating", "referrer", "a", "abcdefghijklmnopqrstuvwxyz012._-"]
KINDS = [
    build.kind("nothing"),
    build.kind("nothing"),
    build.kind("edge"),
    build.kind("edge"),
    build.kind("commitment"),
    build.kind("integer", least=-1, most=5),
    build.kind("integer", least=-(2**63), most=2**63 - 1),
    build.kind("bytes", most=1),
    build.kind("bytes", most=256),
]
BAD_KINDS = [build.kind("integer", least=1, most=0), build.kind("bytes", most=0), build.kind("bytes", most=257)]
EDGES = [0, 1, AMOUNT_MAX - 1, AMOUNT_MAX, AMOUNT_MAX + 1, 2**128 - 1]
BAD_KEYS = [bytes(32), b"\x01" + bytes(31), (2).to_bytes(32, "little"), b"\xff" * 32]

Need = tuple[bytes, int]
"""An account whose authority is needed, and for which operation."""

Pair = tuple[bytes, "bytes | None"]
"""An authorizer."""


class Draft(NamedTuple):
    """A transaction before it is signed."""

    operations: list[Value]
    pairs: list[Pair]
    valid_until: int
    nonce: bytes


# Hypothesis.

randoms = st.randoms(use_true_random=False)
"""What drives a storyteller within an example."""


@st.composite
def policies(draw: st.DrawFn) -> list[Value]:
    """A valid policy, of any mix of terms."""
    return policy(draw(randoms))


@st.composite
def amounts(draw: st.DrawFn, near: int = 1) -> int:
    """An amount at the edge of something, or close to a number that matters."""
    return amount(draw(randoms), near)


@st.composite
def worlds(draw: st.DrawFn, steps_max: int = 40) -> list[tuple[int, bytes]]:
    """A short stream of (time, signed transaction) for the ledger of `world_genesis()`."""
    teller = Storyteller(draw(randoms), ModelLedger(world_genesis()))
    return list(teller.tell(draw(st.integers(1, steps_max))))


# Without hypothesis.


def world_genesis() -> bytes:
    """The genesis of the worlds that are told from nothing."""
    return build.genesis(START, origin="test.example/world")


def random_world(seed: int, steps: int, model: ModelLedger | None = None) -> Iterator[tuple[int, bytes]]:
    """A stream of (time, signed transaction) that depends on nothing but the seed.

    Args:
        seed: Which one.
        steps: How many transactions.
        model: The model of the ledger that they are for, to which they are applied on the way; else that of
            `world_genesis()`.
    """
    yield from Storyteller(standard_random.Random(seed), model or ModelLedger(world_genesis())).tell(steps)  # noqa: S311


def amount(random: Random, near: int) -> int:
    """An amount at the edge of something, or close to a number that matters."""
    kind = random.randrange(20)
    if kind == 0:
        return random.choice(EDGES)
    if kind <= 4 and near:
        return min(2**128 - 1, max(0, near + random.choice([-1, 0, 0, 0, 1])))
    if kind <= 8 or near <= 1:
        return random.randrange(1, 20)
    return random.randrange(1, near + 1)


def days(random: Random) -> int:
    """A number of days until something lapses."""
    return random.choice([1, 1, 2, 3, 7, 30, 365, 36_500])


def policy(random: Random) -> list[Value]:
    """A valid policy, of any mix of terms."""
    terms = [build.bound()] if random.randrange(6) == 0 else []
    has_lots = random.randrange(3) > 0
    if has_lots:
        terms.append(build.lots(random.choice(["day", "day", "month"])))
        if random.randrange(2):
            terms.append(build.fixed_expiry(days(random)))
    if random.randrange(3) == 0:
        terms.append(build.inactivity_expiry(days(random)))
    if has_lots and random.randrange(4) == 0:
        terms.append(build.strict_lots())
    if random.randrange(3) == 0:
        terms.append(build.debt_floor(random.choice([1, 5, 50, 10**9, AMOUNT_MAX])))
    if any(each.kind == "fixed_expiry" for each in terms) and random.randrange(3) == 0:
        terms.append(build.no_reinstatement())
    if random.randrange(5) == 0:
        terms.append(build.notice(random.choice([1, 1_000, DAY_MS, 3 * DAY_MS, 30 * DAY_MS])))
    if random.randrange(6) == 0:
        terms.append(build.fee(random.choice([1, 250, 5_000, 9_999, 10_000]), random.choice(PEOPLE)))
    if random.randrange(8) == 0:
        terms.append(build.max_holding(random.choice([5, 50, 1_000, 10**9, AMOUNT_MAX])))
    if random.randrange(6) == 0:
        terms.append(build.sunset_notice(random.choice([1, DAY_MS, 10 * DAY_MS])))
    return terms


def _conditions(terms: Value) -> list[Value]:
    """Every condition of terms, those within others too."""
    found, waiting = [], [terms.settle_if, *([] if terms.release_if is None else [terms.release_if])]
    while waiting:
        condition = waiting.pop()
        found.append(condition)
        if condition.kind in ("all_of", "any_of", "not"):
            waiting += [condition.of] if condition.kind == "not" else condition.of
    return found


class Storyteller:
    """Writes one transaction after the other for the ledger of a model, which it only reads."""

    def __init__(self, random: Random, model: ModelLedger) -> None:
        self.random = random
        self.model = model
        self.count = 0
        self.now = model.time
        self.sent: list[tuple[bytes, Draft]] = []
        self.slips: list[tuple[bytes, Value]] = []
        self.leaves: dict[bytes, dict[bytes, int]] = {}
        """Of each root of a map of leaves, what each account gets."""
        self.options: dict[bytes, list[Value]] = {}
        """Of each hash of actions, the actions."""
        self.seals: dict[bytes, tuple[bytes, Value]] = {}
        """Of each seal, the salt and the ballot."""
        self.queue: list[tuple[int, Draft | Callable[[], Draft]]] = []
        self.actions: list[tuple[int, Callable[[], tuple[Value, list[Need]]]]] = [
            (2, self.open),
            (2, self.set_keys),
            (3, self.mandate),
            (1, self.once),
            (2, self.set_guardians),
            (2, self.recover),
            (1, self.cancel_recovery),
            (2, self.finish_recovery),
            (1, self.alias),
            (3, self.create),
            (4, self.change),
            (3, self.sunset),
            (1, self.renounce),
            (3, self.freeze),
            (2, self.pause),
            (20, self.transfer),
            (10, self.pay),
            (25, self.mint),
            (6, self.burn),
            (4, self.claw_back),
            (6, self.sweep),
            (8, self.redeem),
            (8, self.refund),
            (3, self.open_group),
            (14, self.hold),
            (14, self.settle),
            (7, self.release),
            (7, self.open_campaign),
            (4, self.fund_campaign),
            (24, self.claim),
            (3, self.close_campaign),
            (3, self.schema),
            (12, self.attest),
            (4, self.revoke),
            (3, self.create_collection),
            (4, self.design),
            (10, self.issue_item),
            (6, self.give_item),
            (10, self.sell_item),
            (2, self.burn_item),
            (8, self.complete_set),
            (5, self.snapshot),
            (2, self.release_snapshot),
            (12, self.distribute),
            (20, self.collect),
            (3, self.close_distribution),
            (4, self.set_constitution),
            (8, self.propose),
            (16, self.vote),
            (4, self.reveal),
            (5, self.delegate),
            (1, self.veto),
            (2, self.cancel),
            (6, self.conclude),
            (6, self.execute),
            (1, self.set_parameters),
        ]

    # The stream.

    def tell(self, steps: int) -> Iterator[tuple[int, bytes]]:
        """Write transactions and apply each to the model."""
        for _ in range(steps):
            time, signed = self.step()
            self.model.apply(signed, time)
            yield time, signed

    def step(self) -> tuple[int, bytes]:
        """The next transaction and its time."""
        time, (signed,) = self.batch(1)
        return time, signed

    def batch(self, count: int) -> tuple[int, list[bytes]]:
        """A time and transactions to be applied then; all but the first are written without seeing those before."""
        if not self.queue and self.random.randrange(50) == 0:
            self.plan_many_lots(self.random.choice([3, 66, 70]))
        elif not self.queue and self.random.randrange(80) == 0:
            self.plan_many_edges(self.random.choice([3, 64, 65, 66]))
        elif not self.queue and self.random.randrange(100) == 0:
            self.plan_many_aliases(self.random.choice([7, 8, 8]))
        elif not self.queue and self.random.randrange(50) == 0:
            self.plan_overdue()
        elif not self.queue and self.random.randrange(40) == 0:
            self.plan_dividend()
        elif not self.queue and self.random.randrange(80) == 0:
            self.plan_many_snapshots(self.random.choice([3, SNAPSHOTS_MAX - 1, SNAPSHOTS_MAX, SNAPSHOTS_MAX + 1]))
        elif not self.queue and self.random.randrange(40) == 0:
            self.plan_constitution()
        elif not self.queue and self.random.randrange(15) == 0:
            self.plan_referendum()
        if self.queue:
            time, waiting = self.queue.pop(0)
            self.now = max(time, self.model.time)
            return self.now, [self._sign(waiting() if callable(waiting) else waiting)]
        time = self.next_time()
        return time, [self._transaction(time) for _ in range(count)]

    def _transaction(self, time: int) -> bytes:
        draft = self.draft(time)
        return self._mischief(draft, time) if self.random.randrange(6) == 0 else self._sign(draft)

    def next_time(self) -> int:
        """The time of the next transaction: mostly soon, sometimes on the edge of a day, month, window or expiry."""
        now, kind = self.model.time, self.random.randrange(20)
        jump = 0
        if kind < 10:
            jump = self.random.choice([0, 0, 1, 250, 10_000])
        elif kind < 12:
            jump = self.random.choice([3_599_999, 3_600_000, 1_000, 999])
        elif kind < 17:
            midnight = (now // DAY_MS + self.random.choice([1, 1, 1, 2, 3, 7, 30, 31])) * DAY_MS
            jump = midnight - now + self.random.choice([-1, 0, 1])
        elif kind == 17:
            jump = self.random.randrange(400) * DAY_MS
        elif kind == 18:
            jump = max(0, self._moment() + self.random.choice([-1, 0, 0, 1]) - now)
        return now + jump if now + jump < END else now

    def draft(self, time: int) -> Draft:
        """A transaction that means well."""
        self.now = time
        count = self.random.choice([1, 1, 1, 1, 2, 2, 3, 5])
        if self.random.randrange(10):
            count = min(count, self.model.parameters.operations_max)
        weights = [weight for weight, _ in self.actions]
        chosen = self.random.choices([action for _, action in self.actions], weights, k=count)
        if not self._assets() and self.random.randrange(2):
            # Nearly everything needs one.
            chosen = [self.create]
        operations, pairs = [], []
        for action in chosen:
            operation, needs = action()
            operations.append(operation)
            for account, tag in needs:
                pairs.extend(pair for pair in self._authorizers(account, tag) if pair not in pairs)
        if not pairs:
            pairs = self._authorizers(self.random.choice(PEOPLE), 0x35)
        return Draft(operations, pairs[:16], self._valid_until(time), self._nonce())

    def plan_many_lots(self, count: int) -> None:
        """Mint to two accounts on one day after another, and let them pay each other: balances of many lots meet."""
        fitting = [asset for asset in self._assets() if self._suits_many_lots(self._asset(asset))]
        sender, to = self._account(), self._account()
        time = self.model.time
        if not fitting or sender == to or time + count * DAY_MS > END:
            return
        asset = self.random.choice(fitting)
        minter = self._asset(asset).powers.mint
        odd = self.random.choice([3, 3, 1_000])
        for day in range(count):
            operation = build.mint(asset, to if day % odd == odd - 1 else sender, 2 + day % 2)
            time += DAY_MS
            self.queue.append((time, self._plain(time, operation, minter, 0x32)))
        for payer, payee in ((to, sender), (sender, to), (to, sender)):
            operation = build.transfer(asset, payer, payee, count // 2)
            self.queue.append((time, self._plain(time, operation, payer, 0x30)))

    def plan_many_edges(self, count: int) -> None:
        """Let so many accounts refer to each other in a line, another to the first, and the last to the first."""
        fitting = [schema for schema in self._schemas() if self._schema(schema).content.kind == "edge"]
        fitting = [schema for schema in fitting if self._schema(schema).subjects is None]
        if not fitting or count > self.model.parameters.operations_max:
            return
        schema, time, nonce = self.random.choice(fitting), self.model.time, self._nonce() * 2
        issuer = self._issuer(schema)
        line = [sha256(nonce + bytes([number])).digest() for number in range(count + 1)]
        edges = [build.attest(schema, issuer, who, build.content("edge", to=to), nonce) for who, to in pairwise(line)]
        self.queue.append((time, Draft(edges, self._authorizers(issuer, 0x61), time + 1_000, self._nonce())))
        for who in (self._account(), line[-1]):
            operation = build.attest(schema, issuer, who, build.content("edge", to=line[0]), nonce)
            self.queue.append((time, self._plain(time, operation, issuer, 0x61)))

    def plan_many_aliases(self, count: int) -> None:
        """Let so many accounts be aliases, each of the next one; then another of the first, and the last of it too."""
        line, time = LINE[: count + 1], self.model.time
        if any(account_record(self.model.state, each) for each in line) or count > self.model.parameters.operations_max:
            return
        aliases = [build.alias(account, into) for account, into in pairwise(line)]
        self.queue.append((time, Draft(aliases, [(each, None) for each in line], time + 1_000, self._nonce())))
        for account in (line[-1], self.random.choice(PEOPLE[2:-1])):
            pairs = list(dict.fromkeys([*self._authorizers(account, 0x18), (line[-1], None)]))
            draft = Draft([build.alias(account, line[0])], pairs, time + 1_000, self._nonce())
            self.queue.append((time, draft))

    def plan_overdue(self) -> None:
        """Hold units, see to it that somebody cannot be paid, and end the hold when its grace is about to be over."""
        asset = self._some_asset()
        record, payer = self._asset(asset), self._holder(asset)
        there, time = self.model.balance(asset, payer), self.model.time
        deadline = time + self.random.choice([1, 3_600_000, DAY_MS])
        overdue = deadline + GRACE_MS
        if record is None or is_collection(record) or not there or overdue >= END:
            return

        def plan(at: int, operation: Value, account: bytes, tag: int) -> None:
            self.queue.append((at, self._plain(at, operation, account, tag)))

        salt, payees, trapper = self._nonce(), self._shares() or [build.share(payer, 10_000)], self._account()
        if self.random.randrange(3) == 0:
            # This one becomes a programme account.
            payees[0].to = hold_id(trapper, salt)
        settles = self.random.randrange(3) > 0
        condition = build.not_(build.after(0)) if settles else build.after(0)
        terms = build.terms(condition, payees, deadline, outcome="settle" if settles else "release")
        units = min(there, max(1, amount(self.random, min(there, 50))))
        plan(time, build.hold(payer, salt, asset, units, terms), payer, 0x41)
        hold = hold_id(payer, salt)
        if not settles:
            # So that the parts leave something over.
            plan(time, build.settle(hold, 1), payer, 0x42)
        bearer = build.terms(build.by_payer(), [], overdue + 1)
        plan(time, build.hold(trapper, salt, asset, 1, bearer), trapper, 0x41)
        ways_out = []
        for obstacle, way_out, power, tag in self._obstacles(asset, record, [payer, *[share.to for share in payees]]):
            holder = getattr(record.powers, power)
            if holder is not None and self.random.randrange(2):
                plan(time, obstacle, holder, tag)
                ways_out.append((way_out, holder, tag))
        for at in (overdue - 1, overdue, overdue):
            part = self.random.choice([None, None, 1, 3])
            plan(at, build.settle(hold, part) if settles else build.release(hold, part), payer, 0x42)
        for way_out, holder, tag in ways_out:
            plan(overdue, way_out, holder, tag)

    def plan_dividend(self) -> None:
        """Divide units by a snapshot of another asset, or of the same, while what it is divided by goes on moving."""
        assets, time, salt = self._lasting(), self.model.time, self._nonce()
        length = self.random.choice([1, 1_000, DAY_MS])
        if not assets or time + length >= END:
            return
        held = [each for each in assets if self.model.state.records("holders", each)]
        asset, share = (self.random.choice(held or assets) for _ in range(2))
        fund, record = self._holder(asset), self._asset(share)
        holders = list(dict.fromkeys([*self.model.state.records("holders", share), *PEOPLE[2:6]]))

        def plan(at: int, operation: Value, account: bytes, tag: int) -> None:
            self.queue.append((at, self._plain(at, operation, account, tag)))

        for to, what in [(fund, asset), *[(each, share) for each in self.random.sample(PEOPLE[2:6], 2)]]:
            minter = self._asset(what).powers.mint
            if minter is not None:
                plan(time, build.mint(what, self._payee(what, to), self.random.randrange(1, 60)), minter, 0x32)
        plan(time, build.snapshot(share, time + length), record.issuer, SNAPSHOT)
        out = sorted(self.random.sample(holders, self.random.choice([0, 0, 1])))
        basis = build.snapshot_basis(share, record.snapshots_taken + 1, out)
        units = self.random.choice([None, None, amount(self.random, max(1, self.model.balance(asset, fund)))])
        made = build.distribute(fund, salt, asset, units, basis, time + length, self.random.choice([fund, *holders]))
        plan(time, made, fund, DISTRIBUTE)
        distribution = distribution_id(fund, salt)
        for of in self.random.sample(holders, len(holders)):
            if self.random.randrange(3) == 0:
                sender, to = self.random.choice(holders), self._account()
                part = amount(self.random, self.model.balance(share, sender))
                plan(time, build.transfer(share, sender, to, part), sender, 0x30)
            plan(time, build.collect(distribution, [build.part(of)]), self.random.choice(PEOPLE), COLLECT)
        for at in (time + length - 1, time + length):
            plan(at, build.close_distribution(distribution), self.random.choice(PEOPLE), COLLECT)

    def _lasting(self) -> list[bytes]:
        """Assets that are not paused, and whose units do not lapse as the time goes by."""
        expiring = {"fixed_expiry", "inactivity_expiry", "sunset", "items"}
        running = [asset for asset in self._assets() if not self._asset(asset).paused]
        return [asset for asset in running if not expiring & {each.kind for each in self._asset(asset).policy}]

    def plan_many_snapshots(self, count: int) -> None:
        """Take so many snapshots of an asset at once, and another later, while units of it move."""
        asset = self._some_asset()
        record, sender = self._asset(asset), self._holder(asset)
        to, time = self._account(), self.model.time
        too_many = count > self.model.parameters.operations_max
        if record is None or is_collection(record) or sender == to or too_many or time + DAY_MS >= END:
            return
        ends = [time + self.random.choice([1, 1_000, DAY_MS, DAY_MS]) for _ in range(count)]
        snapshots = [build.snapshot(asset, until) for until in ends]
        pairs = self._authorizers(record.issuer, SNAPSHOT)
        self.queue.append((time, Draft(snapshots, pairs, time + 1_000, self._nonce())))
        for at in sorted(self.random.choice([0, 1, 1_000, DAY_MS]) for _ in range(4)):
            sender, to = to, sender
            operation = build.transfer(asset, sender, to, self.random.randrange(1, 4))
            self.queue.append((time + at, self._plain(time + at, operation, sender, 0x30)))
            another = build.snapshot(asset, time + 2 * DAY_MS)
            self.queue.append((time + at, self._plain(time + at, another, record.issuer, SNAPSHOT)))

    def _obstacles(self, asset: bytes, record: Value, accounts: list[bytes]) -> list[tuple[Value, Value, str, int]]:
        """What would keep accounts from being paid, how it ends, and the power that it takes."""
        who = self.random.choice(accounts)
        frozen, thawed = (build.freeze(asset, who, frozen=each, why=self._reason()) for each in (True, False))
        coming = [[build.bound()], [build.max_holding(self.random.choice([1, 5, 50]))], []]
        coming.append([build.attested_holders(bytes(32), self._account())])
        names = ("bound", *COMING_AND_GOING)
        terms = [each for each in record.policy if each.kind not in names or self.random.randrange(2)]
        terms = list({each.kind: each for each in [*terms, *self.random.choice(coming)]}.values())
        terms.sort(key=lambda each: TERM_ORDER.index(each.kind))
        changed, restored = (build.change(asset, policy=each) for each in (terms, record.policy))
        return [(frozen, thawed, "freeze", 0x23), (changed, restored, "change", 0x21)]

    def _suits_many_lots(self, record: Value) -> bool:
        lots, fixed = term(record.policy, "lots"), term(record.policy, "fixed_expiry")
        lasting = fixed is None or fixed.days > 60
        by_day = lots is not None and lots.period == "day"
        return by_day and lasting and record.powers.mint is not None and not record.paused

    def _plain(self, time: int, operation: Value, account: bytes, tag: int) -> Draft:
        return Draft([operation], self._authorizers(account, tag), time + 1_000, self._nonce())

    # Who and what there is.

    def _account(self) -> bytes:
        named = list(self.model.state.records("accounts"))
        if self.random.randrange(12):
            named = self._people(named)
        if named and self.random.randrange(4) == 0:
            return self.random.choice(named)
        return self.random.choice(PEOPLE)

    def _assets(self) -> list[bytes]:
        return list(self.model.state.records("assets"))

    def _some_asset(self) -> bytes:
        """An asset, seldom a collection."""
        assets = self._assets()
        if self.random.randrange(25):
            assets = [asset for asset in assets if not is_collection(self._asset(asset))]
        if not assets or self.random.randrange(60) == 0:
            return bytes(32)
        held = [a for a in assets if self.model.state.records("holders", a) and not self._asset(a).paused]
        if held and self.random.randrange(4):
            return self.random.choice(held)
        return self.random.choice(assets)

    def _asset(self, asset: bytes) -> Any:
        record = self.model.state.value(ASSET_RECORD, "assets", asset)
        return None if record is None else caught_up(record, self.now)

    def _holder(self, asset: bytes) -> bytes:
        holders = list(self.model.state.records("holders", asset))
        if self.random.randrange(12):
            holders = self._people(holders)
        if self.random.randrange(4):
            # Those whose keys are mostly enough.
            holders = [each for each in holders if not self.model.state.get("constitutions", each)] or holders
        if holders and self.random.randrange(12):
            return self.random.choice(holders)
        return self._account()

    def _people(self, accounts: list[bytes]) -> list[bytes]:
        """Those of the accounts for which somebody can sign."""
        return [account for account in accounts if not is_programme(self.model.state, account)]

    def _other(self, sender: bytes) -> bytes:
        """An account, seldom the sender itself."""
        account = self._account()
        return self._account() if account == sender else account

    def _amount_of(self, asset: bytes, account: bytes) -> int:
        """An amount close to a balance, or to its lowest lot."""
        record = self._asset(asset)
        if record is None:
            return amount(self.random, 1)
        holding = load_holding(self.model.state, asset, record, account)
        near = holding.total
        if holding.lots and self.random.randrange(3) == 0:
            near = holding.lots[min(holding.lots)]
        return amount(self.random, near)

    def _needs_power(self, asset: bytes, power: str, tag: int) -> list[Need]:
        record = self._asset(asset)
        holder = None if record is None else getattr(record.powers, power)
        return [] if holder is None else [(holder, tag)]

    def _authorizers(self, account: bytes, tag: int) -> list[Pair]:
        """Just enough keys for the account's authority, if there are any."""
        # One in 20 forgets that the account is an alias.
        if self.random.randrange(20):
            account = aliases(self.model.state, account)[-1]
        record = account_record(self.model.state, account)
        if record is None or record.kind == "alias":
            return [(account, None)]
        if record.kind == "programme":
            return [(account, self.random.choice(KEYS))]
        grants = [grant for grant in record.keys if grant.scope is None or tag in grant.scope]
        if self.random.randrange(20) == 0:
            grants = record.keys
        return [(account, grant.key) for grant in grants[: record.threshold]] or [(account, record.keys[0].key)]

    def _or_agent(self, account: bytes, asset: bytes, tag: int) -> list[Need]:
        """The account itself, or one that has a mandate from it."""
        if self.random.randrange(4) == 0:
            agents = [
                mandate.agent
                for mandate in self._mandates()
                if (mandate.account, mandate.asset) == (account, asset) and self.random.randrange(4)
            ]
            if agents:
                return [(self.random.choice(agents), tag)]
        return [(account, tag)]

    def _mandates(self) -> list[Any]:
        return [MANDATE_RECORD.decode(value) for _, value in self.model.state.records("mandates").values()]

    def _nonce(self) -> bytes:
        self.count += 1
        return sha256(b"nonce" + self.count.to_bytes(8, "big")).digest()[:16]

    def _valid_until(self, time: int) -> int:
        return time + min(self.model.parameters.window_ms, self.random.choice([1, 1_000, 60_000, 3_600_000]))

    # Operations.

    def _grants(self) -> list[Value]:
        keys = self.random.sample([*KEYS, *PEOPLE[:3]], self.random.choice([1, 1, 2, 3]))
        grants = [build.grant(key) for key in sorted(keys)]
        if len(grants) > 1 and self.random.randrange(2):
            tags = self.random.sample(sorted(OPERATIONS), self.random.randrange(1, 6))
            self.random.choice(grants).scope = sorted(tags)
        trouble = self.random.randrange(40)
        if trouble == 0:
            grants.reverse()
        elif trouble == 1:
            grants = sorted([*grants, build.grant(self.random.choice(BAD_KEYS))], key=lambda each: each.key)
        elif trouble == 2:
            grants[0].scope = self.random.choice([[], [0xFE], [0x30, 0x30], [0x31, 0x30]])
        elif trouble == 3:
            grants = []
        elif trouble == 4:
            grants = [build.grant(build.signer(f"many{n}").id) for n in range(17)]
        elif trouble == 5:
            for each in grants:
                each.scope = [0x30]
        return grants

    def _threshold(self, grants: list[Value]) -> int:
        if self.random.randrange(20) == 0:
            return self.random.choice([0, len(grants) + 1])
        unscoped = sum(each.scope is None or 0x11 in each.scope for each in grants)
        return self.random.randrange(1, max(unscoped, 1) + 1)

    def open(self) -> tuple[Value, list[Need]]:
        opener, grants = self._account(), self._grants()
        operation = build.open_account(opener, self.random.choice(SALTS), self._threshold(grants), grants)
        return operation, [(opener, 0x10)]

    def set_keys(self) -> tuple[Value, list[Need]]:
        account, grants = self._account(), self._grants()
        if account_record(self.model.state, account) is None and self.random.randrange(3):
            account = named_account(self.random.choice(PEOPLE), self.random.choice(SALTS))
        return build.set_keys(account, self._threshold(grants), grants), [(account, 0x11)]

    def mandate(self) -> tuple[Value, list[Need]]:
        given = self._mandates()
        if given and self.random.randrange(4) == 0:
            old = self.random.choice(given)
            if self.random.randrange(8) == 0:
                old.agent = self._account()
            return build.mandate(old.account, old.agent, old.asset, None), [(old.account, 0x12)]
        if self._schemas() and self.random.randrange(3) == 0:
            return self.mandate_to_attest()
        account, agent, asset = self._account(), self._account(), self._some_asset()
        record = self._asset(asset)
        if record is not None and record.powers.mint is not None and self.random.randrange(3) == 0:
            account = record.powers.mint
        tags = sorted(self.random.sample([0x30, 0x31, 0x32, 0x33, 0x36, 0x41, 0x51], self.random.randrange(1, 8)))
        if self._collections() and self.random.randrange(5) == 0:
            asset = self._some_collection()
            account = self._minter(asset) if self.random.randrange(2) else self._some_item(asset)[1]
            tags = sorted(self.random.sample([0x26, 0x27, 0x29], self.random.randrange(1, 4)))
        if self.random.randrange(20) == 0:
            tags = self.random.choice([[], [0x34], [0x31, 0x30], [0xFE]])
        limit = self._limit(tags, max(0, amount(self.random, 50)))
        return build.mandate(account, agent, asset, limit), [(account, 0x12)]

    def _limit(self, tags: list[int], cap: int) -> Value:
        until = self.model.time + self.random.choice([0, 1, 3_600_000, DAY_MS, 40 * DAY_MS, 4_000 * DAY_MS])
        window_ms = self.random.choice([1, 1_000, 3_600_000, DAY_MS, 30 * DAY_MS, 2**64 - 1])
        return build.limit(tags, cap, window_ms, until)

    def mandate_to_attest(self) -> tuple[Value, list[Need]]:
        """From an issuer, mostly for one of its schemas."""
        schema = self._some_schema()
        account, agent = self._issuer(schema), self._account()
        tags = self.random.choice([[0x61], [0x61, 0x62], [0x61, 0x62], [0x62]])
        trouble = self.random.randrange(20)
        if trouble == 0:
            tags = self.random.choice([[0x30, 0x61], [0x60], [0x62, 0x61]])
        elif trouble == 1:
            schema = self._some_asset()
        limit = self._limit(tags, self.random.choice([1, 2, 2, 5, 100, 2**128 - 1]))
        return build.mandate(account, agent, schema, limit), [(account, 0x12)]

    def once(self) -> tuple[Value, list[Need]]:
        account = self._account()
        return build.once(account, bytes([self.random.randrange(4)]) * 32), [(account, 0x13)]

    def _one_of(self, table: str) -> bytes:
        """An account that has a record in the table, or seldom any account."""
        accounts = list(self.model.state.records(table))
        return self.random.choice(accounts) if accounts and self.random.randrange(6) else self._account()

    def set_guardians(self) -> tuple[Value, list[Need]]:
        account = self._one_of("guardians") if self.random.randrange(4) == 0 else self._account()
        guardians = sorted({self._account() for _ in range(self.random.choice([1, 2, 3]))} - {account})
        threshold = min(len(guardians), self.random.choice([1, 1, 2]))
        delay = self.random.choice([3_600_000] * 5 + [DAY_MS] * 2 + [365 * DAY_MS, 3_599_999]) if guardians else 0
        trouble = self.random.randrange(20)
        if trouble == 0:
            threshold = self.random.choice([0, len(guardians) + 1])
        elif trouble == 1:
            guardians = sorted([*guardians, account])
        elif trouble <= 4:
            guardians, threshold, delay = [], 0, 0
        return build.set_guardians(account, threshold, guardians, delay), [(account, 0x14)]

    def recover(self) -> tuple[Value, list[Need]]:
        account, grants = self._one_of("guardians"), self._grants()
        record = self.model.state.value(GUARDIANS_RECORD, "guardians", account)
        needs = [] if record is None else [(guardian, 0x15) for guardian in record.guardians[: record.threshold]]
        if needs and self.random.randrange(8) == 0:
            needs.pop()
        return build.recover(account, self._threshold(grants), grants), needs

    def cancel_recovery(self) -> tuple[Value, list[Need]]:
        account = self._one_of("recoveries")
        return build.cancel_recovery(account), [(account, 0x16)]

    def finish_recovery(self) -> tuple[Value, list[Need]]:
        running = self.model.state.records("recoveries")
        due = [each for each in running if self._recovery(each).due <= self.model.time]
        return build.finish_recovery(self.random.choice(due) if due else self._one_of("recoveries")), []

    def _recovery(self, account: bytes) -> Any:
        return self.model.state.value(RECOVERY_RECORD, "recoveries", account)

    def alias(self) -> tuple[Value, list[Need]]:
        account = self._account()
        into = self._other(account)
        state = self.model.state
        others = [each for each in state.records("accounts") if alias_of(state, each)]
        if others and self.random.randrange(3) == 0:
            # The chain grows, or it would become a circle.
            into = self.random.choice(others)
            account = self.random.choice([account, *aliases(state, into)[1:]])
        # Those who sign for everything stay who they are, so that the world goes on.
        if account in (PEOPLE[0], PEOPLE[-1]) and self.random.randrange(8):
            account, into = into, account
        return build.alias(account, into), [(account, 0x18), (into, 0x18)]

    def _policy(self) -> list[Value]:
        """A policy, perhaps of which the holders must be attested."""
        terms = policy(self.random)
        known = [key for name, key in self.model.state.tables if name == "attestations"]
        if known and self.random.randrange(12) == 0:
            schema = self.random.choice(known)
            _, stored = self.random.choice(list(self.model.state.records("attestations", schema).values()))
            terms.append(build.attested_holders(schema, ATTESTATION_RECORD.decode(stored).issuer))
            terms.sort(key=lambda each: TERM_ORDER.index(each.kind))
        return terms

    def create(self) -> tuple[Value, list[Need]]:
        issuer = self._account() if self.random.randrange(3) == 0 else self.random.choice(PEOPLE[:2])
        cap = self.random.choice([AMOUNT_MAX] * 8 + [10**9] * 8 + [100, 100, 1, 0, AMOUNT_MAX + 1])
        terms = self._policy()
        if self.random.randrange(15) == 0:
            terms = self.random.choice(
                [
                    [build.strict_lots()],
                    [build.lots("day")] * 2,
                    [build.inactivity_expiry(0)],
                    [build.debt_floor(0)],
                    [build.no_reinstatement()],
                    [build.fee(0, PEOPLE[0])],
                    [build.notice(0)],
                    [build.max_holding(0)],
                ]
            )
        holders = {power: self._account() if self.random.randrange(3) == 0 else issuer for power in POWER_NAMES}
        powers = build.powers(**{power: who for power, who in holders.items() if self.random.randrange(8)})
        symbol = (
            self.random.choice(SYMBOLS) if self.random.randrange(15) else self.random.choice(["", "bean", "X" * 13])
        )
        return build.create(issuer, symbol, self.random.choice([0, 2, 38, 2, 0, 2, 38, 2, 39]), cap, terms, powers), [
            (issuer, 0x20)
        ]

    def change(self) -> tuple[Value, list[Need]]:
        asset = self._some_asset() if self.random.randrange(5) else self._some_collection()
        asset = self._some_asset()
        careful = [each for each in self._assets() if term(self._asset(each).policy, "notice") is not None]
        if careful and self.random.randrange(2):
            # Often one with a change that is announced, so that another would follow.
            announced = [each for each in careful if self._asset(each).pending is not None]
            asset = self.random.choice(announced if announced and self.random.randrange(2) else careful)
        record = self._asset(asset)
        cap, terms = None, None
        if record is not None and self.random.randrange(2):
            cap = self.random.choice([record.supply_cap, record.supply_cap + 1, supply(record), supply(record) - 1])
            cap = max(0, min(cap, 2**128 - 1))
        if record is not None and self.random.randrange(3):
            terms = [build.Value(**vars(each)) for each in record.policy]
            for each in terms:
                if hasattr(each, "days"):
                    each.days = days(self.random)
            if is_collection(record):
                terms = self._collection_policy()
            elif self.random.randrange(3) == 0:
                terms = [each for each in terms if each.kind not in ("debt_floor", "no_reinstatement")]
                terms += [build.debt_floor(self.random.choice([1, 20, 10**9]))] * self.random.randrange(2)
                terms += [build.no_reinstatement()] * self.random.randrange(2)
            if self.random.randrange(5) == 0:
                # The terms that may come and go, of another policy.
                terms = [each for each in terms if each.kind not in COMING_AND_GOING]
                terms += [each for each in self._policy() if each.kind in COMING_AND_GOING]
            if self.random.randrange(5) == 0:
                terms = self._policy()
            if self.random.randrange(3):
                # Fitting, or else the layout would refuse nearly all of them.
                terms = [each for each in terms if each.kind not in ("notice", "sunset")]
                notice, sunset = term(record.policy, "notice"), term(record.policy, "sunset")
                terms += [] if notice is None else [build.notice(notice.ms + self.random.choice([0, 0, 0, 1, -1]))]
                terms += [] if sunset is None else [build.sunset_notice(sunset.ms + self.random.choice([0, 0, 1, -1]))]
                terms.sort(key=lambda each: TERM_ORDER.index(each.kind))
            if asset in careful and self.random.randrange(3) == 0:
                terms = self._adverse(record)
                if record.powers.change is not None:
                    # And once more, before it is in force.
                    again = build.change(asset, None, self._adverse(record))
                    self.queue.append((self.now, self._plain(self.now, again, record.powers.change, 0x21)))
        return build.change(asset, cap, terms), self._needs_power(asset, "change", 0x21)

    def _adverse(self, record: Value) -> list[Value]:
        """A policy that is mostly worse for those who hold the asset than the one that it has."""
        terms = [each for each in record.policy if each.kind != "max_holding"]
        terms.append(build.max_holding(self.random.choice([1_000, 10**6, 10**9])))
        return sorted(terms, key=lambda each: TERM_ORDER.index(each.kind))

    def sunset(self) -> tuple[Value, list[Need]]:
        ending = [each for each in self._assets() if term(self._asset(each).policy, "sunset") is not None]
        asset = self.random.choice(ending) if ending and self.random.randrange(8) else self._some_asset()
        record = self._asset(asset)
        period = None if record is None else term(record.policy, "sunset")
        soonest = self.now + (DAY_MS if period is None else period.ms)
        if record is not None and record.sunset is not None:
            soonest = max(soonest, record.sunset)
        at = self.random.choice([soonest, soonest, soonest + DAY_MS, soonest - 1, soonest - 1, 0, 0, 0])
        return build.sunset(asset, at), self._needs_power(asset, "change", 0x2B)

    def renounce(self) -> tuple[Value, list[Need]]:
        asset, power = self._some_asset(), self.random.choice(POWER_NAMES)
        if self.random.randrange(2):
            asset = asset_id(PEOPLE[0], "NONE")
        return build.renounce(asset, power), self._needs_power(asset, power, 0x22)

    def _reason(self) -> Value:
        return build.reason(self.random.randrange(3), self.random.choice([None, b"e" * 32]))

    def freeze(self) -> tuple[Value, list[Need]]:
        asset = self._some_asset() if self.random.randrange(6) else self._some_collection()
        frozen = list(self.model.state.records("freezes", asset))
        if frozen and self.random.randrange(6):
            operation = build.freeze(
                asset, self.random.choice(frozen), frozen=self.random.randrange(8) == 0, why=self._reason()
            )
        else:
            operation = build.freeze(
                asset, self._holder(asset), frozen=self.random.randrange(8) > 0, why=self._reason()
            )
        return operation, self._needs_power(asset, "freeze", 0x23)

    def pause(self) -> tuple[Value, list[Need]]:
        paused = [asset for asset in self._assets() if self._asset(asset).paused]
        if paused and self.random.randrange(4):
            asset, on = self.random.choice(paused), False
        else:
            asset, on = self._some_asset(), self.random.randrange(3) > 0
            if self.random.randrange(8) == 0:
                asset = self._some_collection()
        return build.pause(asset, paused=on, why=self._reason()), self._needs_power(asset, "pause", 0x24)

    def _reference(self) -> bytes | None:
        return self.random.choice([None, b"r" * 32])

    def transfer(self) -> tuple[Value, list[Need]]:
        asset = self._some_asset()
        sender = self._holder(asset)
        to = self._other(sender) if self.random.randrange(3) else self._earner(asset)
        to = self._payee(asset, to)
        if self.random.randrange(2):
            # What is bound moves to this one.
            to = alias_of(self.model.state, sender) or to
        operation = build.transfer(asset, sender, to, self._amount_of(asset, sender), self._reference())
        return operation, self._or_agent(sender, asset, 0x30)

    def pay(self) -> tuple[Value, list[Need]]:
        asset = self._some_asset()
        sender = self._holder(asset)
        left, payees = self._amount_of(asset, sender), []
        for _ in range(self.random.choice([1, 1, 2, 2, 2, 3, 3, 3, 5, 5, 0])):
            part = self.random.choice([1, left or 1, left // 2 or 1, left // 3 + 1, left])
            payees.append(build.payee(self._payee(asset, self._account()), part))
            left = max(0, left - part)
        others = [each for each in payees if each.to != sender] if self.random.randrange(8) else payees
        return build.pay(asset, sender, others, self._reference()), self._or_agent(sender, asset, 0x31)

    def mint(self) -> tuple[Value, list[Need]]:
        asset = self._some_asset()
        record = self._asset(asset)
        near = 50 if record is None or self.random.randrange(10) else record.supply_cap - supply(record)
        to = self._payee(asset, self._earner(asset))
        operation = build.mint(asset, to, amount(self.random, near), self._reference())
        needs = self._needs_power(asset, "mint", 0x32)
        return operation, [need for account, _ in needs for need in self._or_agent(account, asset, 0x32)]

    def burn(self) -> tuple[Value, list[Need]]:
        asset = self._some_asset()
        sender = self._holder(asset)
        operation = build.burn(asset, sender, self._amount_of(asset, sender), self._reference())
        return operation, self._or_agent(sender, asset, 0x33)

    def claw_back(self) -> tuple[Value, list[Need]]:
        asset = self._some_asset()
        sender = self._holder(asset)
        units = self._amount_of(asset, sender)
        record = self._asset(asset)
        floor = None if record is None else term(record.policy, "debt_floor")
        if floor is not None and self.random.randrange(2):
            room = floor.units - debt(self.model.state, asset, sender)
            there = load_holding(self.model.state, asset, record, sender).total
            units = min(2**128 - 1, there + amount(self.random, max(1, room)))
        operation = build.claw_back(asset, sender, self._other(sender), units, self._reason())
        return operation, self._needs_power(asset, "claw_back", 0x34)

    def _payee(self, asset: bytes, account: bytes) -> bytes:
        """The account, or mostly another one that is attested, where the policy wants that."""
        record = self._asset(asset)
        needed = None if record is None else term(record.policy, "attested")
        if needed is None or self.random.randrange(8) == 0:
            return account
        stored = self.model.state.records("attestations", needed.schema).values()
        said = [ATTESTATION_RECORD.decode(value) for _, value in stored]
        attested = [each.subject for each in said if each.issuer == needed.issuer and each.nonce == bytes(32)]
        return self.random.choice([record.issuer, *attested])

    def _earner(self, asset: bytes) -> bytes:
        """An account, often one that owes the issuer."""
        debtors = list(self.model.state.records("debts", asset))
        return self.random.choice(debtors) if debtors and self.random.randrange(2) else self._account()

    def _redemptions(self) -> list[tuple[bytes, Any]]:
        """Every redemption, with its asset."""
        tables = [key for name, key in self.model.state.tables if name == "redemptions"]
        return [
            (asset, REDEMPTION_RECORD.decode(value))
            for asset in tables
            for _, value in self.model.state.records("redemptions", asset).values()
        ]

    def redeem(self) -> tuple[Value, list[Need]]:
        asset = self._some_asset()
        sender = self._holder(asset)
        order = sha256(b"order" + self.random.choice([self.count, self.count, 1]).to_bytes(8, "big")).digest()
        operation = build.redeem(asset, sender, self._account(), order, self._amount_of(asset, sender))
        return operation, self._or_agent(sender, asset, 0x36)

    def refund(self) -> tuple[Value, list[Need]]:
        redemptions = self._redemptions()
        if not redemptions or self.random.randrange(12) == 0:
            operation = build.refund(self._some_asset(), self._account(), bytes(32), amount(self.random, 5))
            return operation, [(operation.sender, 0x37)]
        asset, redemption = self.random.choice(redemptions)
        left = redemption.amount - redemption.refunded
        operation = build.refund(asset, redemption.sender, redemption.order, amount(self.random, left))
        return operation, [(redemption.at, 0x37)]

    def sweep(self) -> tuple[Value, list[Need]]:
        expiring = [
            asset
            for asset in self._assets()
            if self._asset(asset).sunset is not None
            or term(self._asset(asset).policy, "fixed_expiry")
            or term(self._asset(asset).policy, "inactivity_expiry")
        ]
        asset = self.random.choice(expiring) if expiring and self.random.randrange(8) else self._some_asset()
        accounts = [self._holder(asset) for _ in range(self.random.choice([1, 1, 2, 2, 3, 4, 4, 4, 0]))]
        holds = [hold for hold, record in self._holds().items() if record.asset == asset]
        if holds and accounts and self.random.randrange(2):
            accounts[0] = self.random.choice(holds)
        return build.sweep(asset, accounts), []

    # Holds.

    def _holds(self) -> dict[bytes, Any]:
        return {key: HOLD_RECORD.decode(value) for key, (_, value) in self.model.state.records("holds").items()}

    def _groups(self) -> dict[bytes, Any]:
        return {key: GROUP_RECORD.decode(value) for key, (_, value) in self.model.state.records("hold_groups").items()}

    def _terms_of(self, record: Value) -> Any:
        return record.terms or self._groups()[record.group].terms

    def _left(self, hold: bytes, record: Value) -> int:
        """What a hold has left, but for what has lapsed."""
        balance = self.model.balance(record.asset, hold)
        return max(0, balance - left_over(self._terms_of(record), record.settled))

    def _moment(self) -> int:
        """A time at which something changes for a hold, a campaign or an asset."""
        groups = self._groups()
        moments = [group.closes for group in groups.values()]
        moments += [campaign.ends for campaign in self._campaigns().values()]
        moments += [self._next_window(campaign) for campaign in self._campaigns().values()]
        assets = [ASSET_RECORD.decode(value) for _, value in self.model.state.records("assets").values()]
        moments += [record.sunset for record in assets if record.sunset is not None]
        moments += [record.pending.due for record in assets if record.pending is not None]
        moments += [each.until for record in assets for each in record.snapshots]
        moments += [record.deadline for record in self._distributions().values()]
        for record in self._proposals().values():
            if record.state.kind in ("open", "passed"):
                moments += [each(record) for each in (starts, counted, due, lapses)] + [record.ends]
        for terms in [self._terms_of(record) for record in self._holds().values()]:
            moments += [terms.deadline, terms.deadline + GRACE_MS]
            moments.extend(each.time for each in _conditions(terms) if each.kind == "after")
            if terms.schedule is not None:
                moments += [terms.schedule.starts, terms.schedule.cliff, terms.schedule.ends]
        ahead = sorted(moment for moment in moments if moment > self.model.time)
        return self.random.choice(ahead[:8]) if ahead else self.model.time

    def _condition(self, groups: list[bytes], levels: int = 3) -> Value:
        kind = self.random.randrange(14 if levels else 10)
        if kind <= 1:
            return build.after(max(0, self.now + self.random.choice([0, 1, 3_600_000, DAY_MS, 3 * DAY_MS])))
        if kind <= 3:
            return build.preimage(sha256(self.random.choice(SECRETS)).digest())
        if kind <= 5:
            accounts = sorted({self._account() for _ in range(self.random.choice([1, 1, 2, 3, 5]))})
            threshold = self.random.randrange(1, len(accounts) + 1) if self.random.randrange(25) else len(accounts) + 1
            return build.signed_by(threshold, accounts)
        if kind == 6 and self._proposals() and self.random.randrange(2):
            proposal = self.random.choice(list(self._proposals().values()))
            subject = proposal.subject or bytes(32)
            return build.resolved(proposal.account, rule_hash(proposal.terms), subject, self.random.choice([0, 0, 1]))
        if kind == 6 and self._schemas():
            schema = self._some_schema()
            return build.attested(schema, self._issuer(schema), self.random.choice([None, None, self._account()]))
        if kind <= 7:
            group = self.random.choice([*groups, bytes(32)]) if groups else bytes(32)
            return build.group_total(group, amount(self.random, self.random.choice([1, 10, 50])))
        if kind <= 9:
            return build.by_payer()
        if kind == 10:
            return build.not_(self._condition(groups, levels - 1))
        count = self.random.choice([1, 2, 2, 2, 3]) if self.random.randrange(25) else self.random.choice([0, 0, 33])
        parts = [self._condition(groups, min(levels - 1, 0 if count > 3 else 3)) for _ in range(count)]
        return build.all_of(*parts) if kind == 11 else build.any_of(*parts)

    def _shares(self) -> list[Value]:
        """Payees, often of parts that do not come out even."""
        count = self.random.choice([0, 1, 1, 1, 2, 2, 3, 3, 5, 7])
        payees = list({self._account(): None for _ in range(count)})
        if self.random.randrange(12) == 0:
            payees = [build.signer(f"payee{n}").id for n in range(self.random.choice([16, 16, 17]))]
        bps = [10_000 // len(payees)] * len(payees) if payees else []
        if bps:
            bps[-1] = 10_000 - sum(bps[:-1])
        if len(bps) > 1 and self.random.randrange(3) == 0:
            moved = self.random.randrange(bps[0])
            bps[0], bps[1] = bps[0] - moved, bps[1] + moved
        if bps and self.random.randrange(25) == 0:
            bps[0] -= self.random.choice([-1, 1])
        return [build.share(to, part) for to, part in zip(payees, bps, strict=True)]

    def _terms(self, groups: list[bytes]) -> Value:
        now = self.now
        length = self.random.choice([3_600_000, DAY_MS, 3 * DAY_MS, *[100 * DAY_MS] * 3, *[1_000 * DAY_MS] * 3])
        deadline = now + (length if self.random.randrange(20) else self.random.choice([0, 1, 36_526 * DAY_MS]))
        schedule = None
        if self.random.randrange(3) == 0:
            times = sorted(self.random.choice([-1_000, 0, 1, length // 3, length // 2, length]) for _ in range(3))
            schedule = build.schedule(*(max(0, now + each) for each in times))
        shares, condition = self._shares(), self._condition(groups)
        outcome = self.random.choice(["release", "settle"])
        if not shares and self.random.randrange(8):
            outcome = "release"
            condition = self.random.choice([build.by_payer(), build.all_of(condition, build.by_payer())])
        elif self.random.randrange(3) == 0:
            condition = self.random.choice([build.after(0), build.signed_by(1, [self._account()]), build.by_payer()])
        release_if = self._condition(groups) if self.random.randrange(3) else None
        return build.terms(condition, shares, deadline, release_if=release_if, schedule=schedule, outcome=outcome)

    def open_group(self) -> tuple[Value, list[Need]]:
        owner, salt, asset = self._account(), self.random.choice(SALTS), self._some_asset()
        terms = self._terms([*self._groups(), *[group_id(owner, salt)] * 3])
        closes = max(self.random.choice([terms.deadline, terms.deadline, self.now + DAY_MS, terms.deadline + 1]), 0)
        if self.random.randrange(10):
            closes = min(closes, terms.deadline)
        return build.open_group(owner, salt, asset, closes, terms), [(owner, 0x40)]

    def hold(self) -> tuple[Value, list[Need]]:
        asset, groups = self._some_asset(), self._groups()
        group = None
        ahead = [key for key, each in groups.items() if each.closes > self.now or self.random.randrange(40) == 0]
        if ahead and self.random.randrange(2):
            group = self.random.choice(ahead)
            if self.random.randrange(12):
                asset = groups[group].asset
        terms = self._terms(list(groups)) if group is None else None
        if self.random.randrange(40) == 0:
            terms, group = self.random.choice([(None, None), (self._terms([]), bytes(32)), (None, bytes(32))])
        payer = self._holder(asset)
        units = self._amount_of(asset, payer)
        operation = build.hold(payer, self.random.choice(HOLD_SALTS), asset, units, terms, group)
        return operation, self._or_agent(payer, asset, 0x41)

    def _some_hold(self, outcome: str) -> tuple[bytes, Any]:
        """A hold, mostly one of which something is left that may become this; no record where it is none."""
        holds, kind = self._holds(), self.random.randrange(30)
        if kind == 0:
            return self._account(), None
        if kind > 2:
            holds = {key: each for key, each in holds.items() if self._left(key, each)}
            fitting = {key: each for key, each in holds.items() if self._may_become(each, outcome)}
            holds = fitting or holds
        return self.random.choice(list(holds.items())) if holds else (b"", None)

    def _may_become(self, record: Value, outcome: str) -> bool:
        terms = self._terms_of(record)
        return not self._asset(record.asset).paused and (self.now < terms.deadline or terms.outcome == outcome)

    def _to_meet(self, condition: Value | None, payer: bytes, tag: int) -> tuple[list[Need], list[bytes]]:
        """The signatures and the preimages that a condition asks for, as a rule."""
        needs: list[Need] = []
        shown: list[bytes] = []
        if condition is None or self.random.randrange(12) == 0:
            return needs, shown
        if condition.kind == "by_payer":
            needs.append((payer, tag))
        elif condition.kind == "signed_by":
            needs += [(account, tag) for account in condition.accounts[: condition.threshold]]
        elif condition.kind == "preimage":
            shown += [secret for secret in SECRETS if sha256(secret).digest() == condition.hash]
        elif condition.kind in ("all_of", "any_of"):
            parts = condition.of if condition.kind == "all_of" else [self.random.choice(condition.of)]
            for part in parts:
                more_needs, more_shown = self._to_meet(part, payer, tag)
                needs += more_needs
                shown += more_shown
        return needs, shown[:8]

    def _part(self, hold: bytes, record: Value, *, settling: bool) -> int | None:
        """An amount close to what may be settled or released, or None for all of it."""
        left, terms = self._left(hold, record), self._terms_of(record)
        owed = max(0, vested(terms, record.amount, self.now) - record.settled)
        near = self.random.choice([left, min(left, owed) if settling else max(0, left - owed)])
        return None if self.random.randrange(3) == 0 else amount(self.random, near)

    def settle(self) -> tuple[Value, list[Need]]:
        hold, record = self._some_hold("settle")
        if not hold:
            return self.hold()
        if record is None:
            return build.settle(hold, self.random.choice([None, 1])), []
        terms = self._terms_of(record)
        to = self._account() if (not terms.payees) == (self.random.randrange(15) > 0) else None
        needs, shown = self._to_meet(terms.settle_if, record.payer, 0x42)
        if self.random.randrange(40) == 0:
            shown = [SECRETS[0]] * 9
        return build.settle(hold, self._part(hold, record, settling=True), to, shown), needs

    def release(self) -> tuple[Value, list[Need]]:
        hold, record = self._some_hold("release")
        if not hold:
            return self.hold()
        if record is None:
            return build.release(hold), []
        needs, shown = self._to_meet(self._terms_of(record).release_if, record.payer, 0x43)
        return build.release(hold, self._part(hold, record, settling=False), shown), needs

    # Campaigns.

    def _campaigns(self) -> dict[bytes, Any]:
        return {key: CAMPAIGN_RECORD.decode(value) for key, (_, value) in self.model.state.records("campaigns").items()}

    def _next_window(self, campaign: Value) -> int:
        """When what its caps have counted is forgotten."""
        caps = [cap for cap in (campaign.terms.member_cap, campaign.terms.total_cap) if cap is not None]
        ends = [
            campaign.since + ((self.model.time - campaign.since) // cap.window_ms + 1) * cap.window_ms for cap in caps
        ]
        return min(ends, default=0)

    def _some_campaign(self) -> tuple[bytes, Any]:
        """A campaign, mostly one that pays; no record where it is none."""
        campaigns, kind = self._campaigns(), self.random.randrange(30)
        if kind == 0:
            return self._account(), None
        if kind > 2:
            running = {key: each for key, each in campaigns.items() if self.now < each.ends}
            running = {key: each for key, each in running.items() if not self._asset(each.asset).paused}
            funded = {key: each for key, each in running.items() if self.model.balance(each.asset, key)}
            campaigns = funded or running or (campaigns if self.random.randrange(8) == 0 else {})
        return self.random.choice(list(campaigns.items())) if campaigns else (b"", None)

    def _roles(self) -> list[Value]:
        """Mostly few, often of parts that do not come out even, some of them named."""
        bps = self.random.choice([[10_000], [7_000, 3_000], [0, 10_000], [3_333, 3_333, 3_334], [5_000, 0, 1, 4_999]])
        roles = [build.role(part) for part in bps]
        for each in roles[1:]:
            each.signs = self.random.randrange(3) == 0
        self.random.choice([roles[0], roles[0], *roles]).signs = True
        if self.random.randrange(3) == 0:
            self.random.choice(roles).account = self._account()
        if self.random.randrange(30) == 0:
            roles = self.random.choice([[], roles * 3, [build.role(10_000)], [*roles, build.role(1)]])
        return roles

    def _cap(self) -> Value | None:
        if self.random.randrange(2):
            return None
        units = self.random.choice([10, 50, 50, 10**6, 2**128 - 1])
        claims = self.random.choice([1, 2, 5, 2**32 - 1])
        window_ms = self.random.choice([1, 3_600_000, DAY_MS, 30 * DAY_MS, 2**64 - 1])
        return build.cap(units if self.random.randrange(50) else 0, claims, window_ms)

    def open_campaign(self) -> tuple[Value, list[Need]]:
        asset = self._some_asset()
        owner, issued = self._holder(asset), self._asset(asset)
        is_bound = issued is not None and term(issued.policy, "bound") is not None
        if issued is not None and self.random.randrange(8) < (7 if is_bound else 2):
            owner = issued.issuer
        length = self.random.choice([DAY_MS, 100 * DAY_MS, *[3_000 * DAY_MS] * 4])
        periods = [0, 0, 0, 3_600_000, DAY_MS, 30 * DAY_MS]
        far = 36_525 * DAY_MS
        if self.random.randrange(25) == 0:
            length = self.random.choice([0, 1, far, far + 1])
        terms = build.campaign_terms(
            self._roles(),
            self.now + length if self.random.randrange(60) else 0,
            claim_max=self.random.choice([5, 50, *[AMOUNT_MAX] * 4]) if self.random.randrange(60) else 0,
            eligible=self._requirement() if self.random.randrange(3) == 0 else None,
            member_cap=self._cap(),
            total_cap=self._cap(),
            pending_ms=self.random.choice(periods) if self.random.randrange(60) else far + 1,
            notice_ms=self.random.choice(periods) if self.random.randrange(60) else far + 1,
        )
        operation = build.open_campaign(
            owner, self.random.choice(HOLD_SALTS), asset, self._amount_of(asset, owner), terms
        )
        return operation, [(owner, 0x50)]

    def fund_campaign(self) -> tuple[Value, list[Need]]:
        campaign, record = self._some_campaign()
        if not campaign:
            return self.open_campaign()
        asset = self._some_asset() if record is None or self.random.randrange(20) == 0 else record.asset
        sender = self._holder(asset) if record is None or self.random.randrange(2) else record.owner
        operation = build.fund_campaign(campaign, asset, sender, self._amount_of(asset, sender))
        return operation, self._or_agent(sender, asset, 0x51)

    def claim(self) -> tuple[Value, list[Need]]:
        campaign, record = self._some_campaign()
        if not campaign:
            return self.open_campaign()
        if record is None:
            return build.claim(campaign, [build.signed_slip(build.slip(bytes(16), 0, 1))]), []
        if self.model.balance(record.asset, campaign) == 0 and self.random.randrange(8):
            return self.fund_campaign() if self.random.randrange(2) else self.open_campaign()
        slips: list[Value] = []
        needs: list[Need] = []
        for _ in range(self.random.choice([1, 1, 1, 2, 3]) if self.random.randrange(50) else 0):
            known = [slip for whose, slip in self.slips if whose == campaign]
            if known and self.random.randrange(15) == 0:
                slips.append(self.random.choice(known))
            else:
                slip, more = self._slip(campaign, record)
                slips.append(slip)
                needs += more
        if self.random.randrange(2):
            needs.append((self.random.choice(PEOPLE), CLAIM))
        return build.claim(campaign, slips), needs

    def _slip(self, campaign: bytes, record: Value) -> tuple[Value, list[Need]]:
        """A slip that mostly holds, and the authority of those who are to sign the transaction instead."""
        terms = record.terms
        parties = [self._account() for role in terms.roles if role.account is None]
        if terms.eligible is not None and parties and self.random.randrange(8):
            attested = self._attestations(terms.eligible.schema)
            known = [each.subject for each in attested if each.issuer == terms.eligible.issuer]
            parties[0] = self.random.choice(known or parties)
        caps = [cap.units for cap in (terms.member_cap, terms.total_cap) if cap is not None]
        limits = [terms.claim_max, self.model.balance(record.asset, campaign), *caps]
        near = min(self.random.choice([self.random.choice(limits), *[min(limits)] * 3]), AMOUNT_MAX)
        units = amount(self.random, near)
        if self.random.randrange(20):
            units = min(units, terms.claim_max)
        floor = None
        if self.random.randrange(4) == 0:
            floor = max(0, shares(terms.roles, units)[0] + self.random.choice([-1, 0, 0, 0, 1]))
        valid_until = self.now + self.random.choice([1, 3_600_000, 100 * DAY_MS])
        trouble = self.random.randrange(60)
        if trouble == 0:
            parties = self.random.choice([parties[1:], [*parties, self._account()]])
        elif trouble == 1:
            valid_until = self.now
        nonce = self._nonce() if self.random.randrange(12) else SALTS[0]
        slip = build.slip(nonce, valid_until, units, parties, floor, self._reference())
        signed, needs = self._signed_slip(campaign, terms, slip)
        self.slips.append((campaign, signed))
        del self.slips[:-30]
        return signed, needs

    def _signed_slip(self, campaign: bytes, terms: Value, slip: Value) -> tuple[Value, list[Need]]:
        named = iter(slip.parties)
        accounts = [next(named, bytes(32)) if role.account is None else role.account for role in terms.roles]
        signers: list[tuple[int, bytes]] = []
        needs: list[Need] = []
        for place, (role, account) in enumerate(zip(terms.roles, accounts, strict=True)):
            if not role.signs or self.random.randrange(40) == 0:
                continue
            if self.random.randrange(4) == 0:
                needs.append((account, CLAIM))
            else:
                signers += [(place, key or who) for who, key in self._authorizers(account, CLAIM)]
        trouble = self.random.randrange(60)
        if trouble == 0:
            signers += self.random.choice([signers, [(255, KEYS[0])], [(0, self.random.choice(KEYS + PEOPLE))]])
        message = slip_message(self.model.id, campaign, slip)
        signatures = []
        for place, key in signers:
            signer = SIGNERS.get(key, build.signer("stranger"))
            signatures.append(build.role_signature(place, key if trouble == 1 else signer.id, signer.sign(message)))
        if signatures and trouble == 2:
            signatures[0].signature = build.signer("forger").sign(message)
        return build.signed_slip(slip, signatures), needs

    def close_campaign(self) -> tuple[Value, list[Need]]:
        campaign, record = self._some_campaign()
        if record is None or self.random.randrange(2):
            campaigns = self._campaigns()
            over = {key: each for key, each in campaigns.items() if self.now >= each.ends} or campaigns
            campaign, record = self.random.choice(list(over.items())) if over else (bytes(32), None)
        may = record is None or self.random.randrange(12) == 0 or self.now >= record.ends
        return build.close_campaign(campaign), [] if may else [(record.owner, 0x53)]

    # Attestations.

    def _schemas(self) -> list[bytes]:
        return list(self.model.state.records("schemas"))

    def _some_schema(self) -> bytes:
        schemas = self._schemas()
        if not schemas or self.random.randrange(60) == 0:
            return self._some_asset()
        return self.random.choice(schemas)

    def _schema(self, schema: bytes) -> Any:
        return self.model.state.value(SCHEMA_RECORD, "schemas", schema)

    def _issuer(self, schema: bytes) -> bytes:
        """One of those who may attest, mostly; of few, so that edges meet."""
        record = self._schema(schema)
        if record is None or self.random.randrange(15) == 0:
            return self._account()
        return self.random.choice(record.issuers or PEOPLE[:2])

    def _requirement(self) -> Value | None:
        """What a subject needs: mostly nothing, else mostly what some have."""
        if not self._schemas() or self.random.randrange(3):
            return None
        schema = self._some_schema()
        return build.requirement(schema, self._issuer(schema))

    def schema(self) -> tuple[Value, list[Need]]:
        creator = self._account() if self.random.randrange(4) == 0 else self.random.choice(PEOPLE[:2])
        issuers = sorted({self._account() for _ in range(self.random.choice([0, 0, 1, 1, 2, 3]))})
        name, says = self.random.choice(SCHEMA_NAMES), self.random.choice(KINDS)
        trouble = self.random.randrange(40)
        if trouble == 0:
            name = self.random.choice(["", "Member", "a" * 33])
        elif trouble == 1:
            says = self.random.choice(BAD_KINDS)
        elif trouble == 2:
            issuers = self.random.choice([[creator] * 2, [build.signer(f"many{n}").id for n in range(17)]])
        revocable = self.random.randrange(5) > 0
        operation = build.schema(creator, name, says, issuers, self._requirement(), revocable=revocable)
        return operation, [(creator, 0x60)]

    def _attestations(self, schema: bytes) -> list[Any]:
        stored = self.model.state.records("attestations", schema).values()
        return [ATTESTATION_RECORD.decode(value) for _, value in stored]

    def _content(self, schema: bytes, says: Value, subject: bytes) -> Value:
        if says.kind == "integer":
            edges = [says.least, says.most, says.least - 1, says.most + 1]
            value = self.random.choice([(says.least + says.most) // 2] * 12 + edges)
            return build.content("integer", value=max(-(2**63), min(value, 2**63 - 1)))
        if says.kind == "bytes":
            size = self.random.choice([1, says.most, says.most] * 4 + [0, says.most + 1])
            return build.content("bytes", value=bytes(size))
        if says.kind == "commitment":
            return build.content("commitment", hash=b"h" * 32)
        if says.kind == "edge":
            edges = [each for each in self._attestations(schema) if each.content.kind == "edge"]
            back = [each.subject for each in edges if each.content.to == subject]
            if back and self.random.randrange(3) == 0:
                return build.content("edge", to=self.random.choice(back))
            return build.content("edge", to=self._other(subject))
        return build.content("nothing")

    def attest(self) -> tuple[Value, list[Need]]:
        if not self._schemas() and self.random.randrange(8):
            return self.schema()
        schema = self._some_schema()
        record = self._schema(schema)
        issuer, subject = self._issuer(schema), self._account()
        if record is not None and record.subjects is not None and self.random.randrange(6):
            known = [each.subject for each in self._attestations(record.subjects.schema)]
            subject = self.random.choice(known or PEOPLE)
        says = self.random.choice(KINDS) if record is None or self.random.randrange(25) == 0 else record.content
        ends = self.model.time + self.random.choice([1, 1_000, 3_600_000, DAY_MS, 30 * DAY_MS])
        expires = self.random.choice([None] * 20 + [ends] * 20 + [self.model.time, 0])
        nonce = self.random.choice([bytes(32)] * 5 + [b"\x01" * 32])
        operation = build.attest(schema, issuer, subject, self._content(schema, says, subject), nonce, expires)
        return operation, self._or_agent(issuer, schema, 0x61)

    def revoke(self) -> tuple[Value, list[Need]]:
        schema = self._some_schema()
        attested = self._attestations(schema)
        alive = [each for each in attested if each.revoked is None]
        if attested and self.random.randrange(12):
            some = self.random.choice(alive if alive and self.random.randrange(8) else attested)
            issuer, subject, nonce = some.issuer, some.subject, some.nonce
        else:
            issuer, subject, nonce = self._issuer(schema), self._account(), bytes(32)
        operation = build.revoke(schema, issuer, subject, nonce, self._reason())
        return operation, self._or_agent(issuer, schema, 0x62)

    # Items.

    def _collections(self) -> list[bytes]:
        return [asset for asset in self._assets() if is_collection(self._asset(asset))]

    def _some_collection(self) -> bytes:
        """A collection, mostly one that is not paused; seldom something else."""
        collections = self._collections()
        if not collections or self.random.randrange(40) == 0:
            return self.random.choice(self._assets() or [bytes(32)])
        running = [asset for asset in collections if not self._asset(asset).paused]
        return self.random.choice(running if running and self.random.randrange(6) else collections)

    def _minter(self, asset: bytes) -> bytes:
        record = self._asset(asset)
        return self._account() if record is None or record.powers.mint is None else record.powers.mint

    def _designs(self, asset: bytes) -> list[Any]:
        return [DESIGN_RECORD.decode(value) for _, value in self.model.state.records("designs", asset).values()]

    def _items(self, asset: bytes) -> list[Any]:
        return [ITEM_RECORD.decode(value) for _, value in self.model.state.records("items", asset).values()]

    def _some_item(self, asset: bytes) -> tuple[Value, bytes]:
        """An item and its owner, for whom somebody can mostly sign; seldom one that there is not, or of another."""
        items, trouble = self._items(asset), self.random.randrange(40)
        if not items or trouble == 0:
            return build.item(self.random.randrange(5), self.random.randrange(4)), self._account()
        signing = [each for each in items if not is_programme(self.model.state, each.owner)]
        chosen = self.random.choice(signing or items)
        return chosen.item, self._account() if trouble == 1 else chosen.owner

    def _collection_policy(self) -> list[Value]:
        terms = [build.items()] if self.random.randrange(4) else [build.bound(), build.items()]
        if self.random.randrange(2):
            bps = self.random.choice([1, 250, 333, 5_000, 9_999, 10_000] * 4 + [0, 10_001])
            terms.append(build.royalty(bps, self._account()))
        if self.random.randrange(20) == 0:
            wrong = [[build.lots("day"), build.items()], [build.royalty(1, self._account())], [build.items()] * 2]
            terms = self.random.choice([*wrong, []])
        return terms

    def create_collection(self) -> tuple[Value, list[Need]]:
        issuer = self.random.choice(PEOPLE[:2])
        holders = {power: issuer for power in POWER_NAMES if self.random.randrange(12)}
        cap = self.random.choice([10**9, 10**9, AMOUNT_MAX, 12, 4])
        decimals = self.random.choice([0] * 20 + [1])
        symbol, policy = self.random.choice(COLLECTIONS), self._collection_policy()
        return build.create(issuer, symbol, decimals, cap, policy, build.powers(**holders)), [(issuer, 0x20)]

    def design(self) -> tuple[Value, list[Need]]:
        """A design of a low number; one of a set mostly of the designs there are, so that some can be completed."""
        if not self._collections() and self.random.randrange(8):
            return self.create_collection()
        asset = self._some_collection()
        known = [each.design for each in self._designs(asset)]
        number = len(known) + 1 if self.random.randrange(8) else self.random.choice([*known, 0, 2**32 - 1])
        editions = self.random.choice([1, 2, 3, 5, 100, 100, 2**32 - 1])
        members: list[int] = []
        if known and self.random.randrange(3):
            members = sorted(self.random.choice(known) for _ in range(self.random.choice([1, 1, 2, 2, 3])))
        trouble = self.random.randrange(40)
        if trouble == 0:
            members = self.random.choice([[number], [2, 1], [1] * 33, [77]])
        elif trouble == 1:
            editions = 0
        operation = build.design(asset, number, editions, members, self.random.choice([None, b"c" * 32]))
        return operation, self._needs_power(asset, "mint", 0x25)

    def issue_item(self) -> tuple[Value, list[Need]]:
        asset = self._some_collection()
        designs = self._designs(asset)
        if not designs and self.random.randrange(8):
            return self.design()
        left = [each for each in designs if each.issued < each.editions and not each.set]
        if self.random.randrange(8) == 0:
            left = designs
        number = self.random.choice(left).design if left and self.random.randrange(40) else self.random.randrange(5)
        to = self.random.choice(PEOPLE[2:5]) if self.random.randrange(4) else self._account()
        wanted = [member for each in designs for member in each.set if each.issued < each.editions]
        if wanted and self.random.randrange(2):
            number, to = self.random.choice(wanted), PEOPLE[2]
        needs = self._needs_power(asset, "mint", 0x26)
        operation = build.issue_item(asset, number, to)
        return operation, [need for account, _ in needs for need in self._or_agent(account, asset, 0x26)]

    def give_item(self) -> tuple[Value, list[Need]]:
        asset = self._some_collection()
        if not self._items(asset) and self.random.randrange(8):
            return self.issue_item()
        item, owner = self._some_item(asset)
        record = self._asset(asset)
        to = self._other(owner)
        if record is not None and len(record.policy) > 1 and self.random.randrange(3):
            to = record.issuer
        return build.give_item(asset, item, owner, to), self._or_agent(owner, asset, 0x27)

    def sell_item(self) -> tuple[Value, list[Need]]:
        asset, currency = self._some_collection(), self._some_asset()
        if not self._items(asset) and self.random.randrange(8):
            return self.issue_item()
        if not self.model.state.records("holders", currency) and self.random.randrange(8):
            return self.mint()
        item, seller = self._some_item(asset)
        buyer = self._holder(currency)
        if buyer == seller and self.random.randrange(8):
            buyer = self._holder(currency)
        price = self._amount_of(currency, buyer)
        operation = build.sell_item(asset, item, seller, buyer, currency, price)
        return operation, [(seller, 0x28), (buyer, 0x28)]

    def burn_item(self) -> tuple[Value, list[Need]]:
        asset = self._some_collection()
        item, owner = self._some_item(asset)
        return build.burn_item(asset, item, owner), self._or_agent(owner, asset, 0x29)

    def complete_set(self) -> tuple[Value, list[Need]]:
        """A set that somebody has, where somebody has one; seldom an item is missing, twice or of another."""
        asset = self._some_collection()
        owned: dict[bytes, list[Value]] = {}
        for each in self._items(asset):
            owned.setdefault(each.owner, []).append(each.item)
        possible = []
        for each in self._designs(asset):
            for owner, items in owned.items():
                chosen = self._pick(each.set, items)
                if chosen and len(chosen) == len(each.set):
                    possible.append((each.design, owner, chosen))
        if not possible:
            return self.issue_item()
        if self.random.randrange(8):
            left = [each.design for each in self._designs(asset) if each.issued < each.editions]
            possible = [each for each in possible if each[0] in left] or possible
        design, owner, chosen = self.random.choice(possible)
        trouble = self.random.randrange(20)
        if trouble == 0:
            chosen = self.random.choice([chosen[1:], [*chosen, chosen[-1]], [*chosen, build.item(2**32 - 1, 1)]])
        elif trouble == 1:
            owner = self._account()
        elif trouble == 2:
            chosen[0] = build.item(chosen[0].design, 0)
        return build.complete_set(asset, design, owner, chosen), [(owner, 0x2A)]

    def _pick(self, members: list[int], items: list[Value]) -> list[Value]:
        """For each member of a set an item of its design, ascending, as far as there are any."""
        chosen = []
        for member in sorted(set(members)):
            editions = sorted(item.edition for item in items if item.design == member)[: members.count(member)]
            chosen += [build.item(member, edition) for edition in editions]
        return chosen

    # Snapshots and distributions.

    def _distributions(self) -> dict[bytes, Any]:
        stored = self.model.state.records("distributions")
        return {key: DISTRIBUTION_RECORD.decode(value) for key, (_, value) in stored.items()}

    def snapshot(self) -> tuple[Value, list[Need]]:
        asset = self._some_asset() if self.random.randrange(40) else self._some_collection()
        record = self._asset(asset)
        far = 36_525 * DAY_MS
        length = self.random.choice([1, 3_600_000, DAY_MS, *[30 * DAY_MS] * 3, *[1_000 * DAY_MS] * 3])
        if self.random.randrange(20) == 0:
            length = self.random.choice([0, -1, far, far + 1])
        needs = [] if record is None else [(record.issuer, SNAPSHOT)]
        return build.snapshot(asset, self.now + length), needs

    def release_snapshot(self) -> tuple[Value, list[Need]]:
        listed = [(asset, each) for asset in self._assets() for each in self._asset(asset).snapshots]
        over = [(asset, each) for asset, each in listed if each.until <= self.now]
        if not listed or self.random.randrange(12) == 0:
            return build.release_snapshot(self._some_asset(), self.random.randrange(4)), []
        asset, each = self.random.choice(over if over and self.random.randrange(6) else listed)
        return build.release_snapshot(asset, each.number), []

    def _snapshot_basis(self) -> Value | None:
        """A snapshot, mostly a live one, and seldom without some of those who are in it."""
        listed = [(asset, each) for asset in self._assets() for each in self._asset(asset).snapshots]
        live = [(asset, each) for asset, each in listed if self.now < each.until]
        if not listed or self.random.randrange(40) == 0:
            return None if self.random.randrange(8) else build.snapshot_basis(self._some_asset(), 1)
        asset, each = self.random.choice(live if live and self.random.randrange(12) else listed)
        count = self.random.choice([0, 0, 0, 1, 2, 3]) if self.random.randrange(25) else 17
        excluded = {self._holder(asset) for _ in range(min(count, 3))}
        if count == 17:
            excluded |= {build.signer(f"many{n}").id for n in range(17 - self.random.randrange(4))}
        accounts = sorted(excluded)
        if self.random.randrange(40) == 0:
            accounts = accounts[::-1] + accounts[:1]
        return build.snapshot_basis(asset, each.number, accounts)

    def _members_basis(self) -> Value | None:
        """A schema with one issuer, mostly one that has attested something."""
        known = [schema for schema in self._schemas() if len(self._schema(schema).issuers) == 1]
        some = [schema for schema in known if self._schema(schema).live]
        if self._schemas() and self.random.randrange(20) == 0:
            return build.members_basis(self._some_schema(), self._account())
        if not known:
            return None
        schema = self.random.choice(some or known)
        return build.members_basis(schema, self._schema(schema).issuers[0])

    def _leaves_basis(self, near: int) -> Value:
        """A map of some accounts that get something, together mostly no more than there is."""
        accounts = list({self._account(): None for _ in range(self.random.choice([1, 2, 3, 5, 8]))})
        units = {account: amount(self.random, max(1, near // len(accounts))) for account in accounts}
        if self.random.randrange(20):
            units = {account: min(each, near) for account, each in units.items()}
        units = {account: min(each, 2**124) for account, each in units.items()}
        root, total = sum_map.root({sum_map.tree_key(account): (each, b"") for account, each in units.items()})
        self.leaves[root] = units
        trouble = self.random.randrange(30)
        if trouble == 0:
            root = self.random.choice([bytes(32), b"r" * 32])
        elif trouble == 1:
            total = self.random.choice([max(0, total - 1), total + 1, 0, AMOUNT_MAX + 1])
        return build.leaves_basis(root, total)

    def _group_basis(self) -> Value | None:
        groups = self._groups()
        closed = [key for key, each in groups.items() if each.closes <= self.now and each.put_in]
        fitting = [key for key in closed if self._cannot_be_left(groups[key])]
        if not groups or self.random.randrange(40) == 0:
            return build.group_basis(bytes(32)) if self.random.randrange(8) == 0 else None
        return build.group_basis(self.random.choice(fitting if fitting and self.random.randrange(8) else [*groups]))

    def _cannot_be_left(self, group: Value) -> bool:
        way_out = group.terms.release_if
        return way_out is None or way_out.kind in ("attested", "resolved")

    def _basis(self, near: int) -> Value:
        kind = self.random.randrange(8)
        basis = None
        if kind <= 2:
            basis = self._snapshot_basis()
        elif kind <= 4:
            basis = self._members_basis()
        elif kind == 5:
            basis = self._group_basis()
        return self._leaves_basis(near) if basis is None else basis

    def distribute(self) -> tuple[Value, list[Need]]:
        asset = self._some_asset()
        lasting = [each for each in self._lasting() if self.model.state.records("holders", each)]
        if lasting and self.random.randrange(4):
            asset = self.random.choice(lasting)
        if not self.model.state.records("holders", asset) and self.random.randrange(8):
            return self.mint()
        fund, record = self._holder(asset), self._asset(asset)
        if record is not None and term(record.policy, "bound") is not None and self.random.randrange(6):
            fund = record.issuer
        there = self.model.balance(asset, fund)
        units = None if self.random.randrange(2) else self._amount_of(asset, fund)
        basis = self._basis(min(max(1, there if units is None else units), AMOUNT_MAX))
        length = self.random.choice([1, DAY_MS, *[30 * DAY_MS] * 3, *[300 * DAY_MS] * 2])
        if self.random.randrange(30) == 0:
            length = self.random.choice([0, -1, 36_525 * DAY_MS, 36_525 * DAY_MS + 1, -self.now])
        deadline = self.now + length
        if basis.kind == "snapshot" and self.random.randrange(12):
            # As long as the snapshot is there, and no longer.
            snapshot = load_snapshot(self.model.state, basis.asset, basis.number)
            if snapshot is not None and self.now < snapshot.until:
                deadline = min(deadline, snapshot.until + (self.random.randrange(12) == 0))
        leftover = fund if self.random.randrange(3) else self._account()
        salt = self.random.choice(HOLD_SALTS)
        if self.random.randrange(60) == 0:
            leftover = distribution_id(fund, self.random.choice(HOLD_SALTS))
        operation = build.distribute(fund, salt, asset, units, basis, deadline, leftover, self._reference())
        return operation, [(fund, DISTRIBUTE)]

    def _entitled(self, record: Value) -> list[bytes]:
        """Those who mostly have a part in a distribution."""
        basis, state = record.basis, self.model.state
        if basis.kind == "snapshot":
            there = state.records("holders", basis.asset).keys() | state.records("saved", basis.asset).keys()
            return sorted(there - set(basis.excluded))
        if basis.kind == "members":
            attested = self._attestations(basis.schema)
            return [each.subject for each in attested if each.issued < record.opened and each.nonce == bytes(32)]
        if basis.kind == "group":
            return [key for key, each in self._holds().items() if each.group == basis.group]
        return list(self.leaves.get(basis.root, []))

    def _proof(self, record: Value, of: bytes) -> bytes:
        """The proof of a part, where it has one; seldom a wrong one."""
        units = self.leaves.get(record.basis.root) if record.basis.kind == "leaves" else None
        trouble = self.random.randrange(25)
        if units is None:
            return b"" if trouble else self.random.choice([b"\0", b"\1" * 21])
        if trouble == 1:
            units = {**units, of: 1}
        proof = sum_map.prove(
            {sum_map.tree_key(account): (each, b"") for account, each in units.items()}, sum_map.tree_key(of)
        )
        if trouble == 0:
            broken = bytearray(proof)
            broken[self.random.randrange(len(broken))] ^= 1 << self.random.randrange(8)
            return self.random.choice([bytes(broken), proof[:-1], proof + b"\0", b""])
        return proof

    def collect(self) -> tuple[Value, list[Need]]:
        distributions = self._distributions()
        running = {key: each for key, each in distributions.items() if self.now < each.deadline and not each.closed}
        running = {key: each for key, each in running.items() if not self._asset(each.asset).paused}
        if not running and self.random.randrange(8):
            return self.distribute()
        choice = list((running if running and self.random.randrange(12) else distributions).items())
        if not choice or self.random.randrange(40) == 0:
            return build.collect(self._account(), [build.part(self._account())]), []
        key, record = self.random.choice(choice)
        entitled, collected = self._entitled(record), self.model.state.records("collected", key)
        waiting = [of for of in entitled if of not in collected]
        if self.random.randrange(10):
            # Those who can be paid, as a rule.
            waiting = self._people(waiting) if record.basis.kind != "group" else waiting
        pool = waiting if waiting and self.random.randrange(12) else [*entitled, self._account()]
        count = min(len(pool), self.random.choice([1, 1, 2, 3, 8]) if self.random.randrange(40) else 0)
        chosen = self.random.sample(pool, count)
        if chosen and self.random.randrange(40) == 0:
            chosen.append(chosen[0])
        return build.collect(key, [build.part(of, self._proof(record, of)) for of in chosen]), []

    def close_distribution(self) -> tuple[Value, list[Need]]:
        distributions = self._distributions()
        over = [key for key, each in distributions.items() if each.deadline <= self.now and not each.closed]
        if over and self.random.randrange(8):
            return build.close_distribution(self.random.choice(over)), []
        return build.close_distribution(self.random.choice([*distributions, self._account()])), []

    # Constitutions and proposals.

    def _constitutions(self) -> dict[bytes, Any]:
        state = self.model.state
        return {account: load_constitution(state, account) for account in state.records("constitutions")}

    def _proposals(self) -> dict[bytes, Any]:
        stored = self.model.state.records("proposals")
        return {key: PROPOSAL_RECORD.decode(value) for key, (_, value) in stored.items()}

    def _electorate(self, account: bytes) -> Value:
        """Mostly one of which there is somebody."""
        known = [each for each in self._schemas() if len(self._schema(each).issuers) == 1]
        some = [each for each in known if self._schema(each).live] or known
        assets = [each for each in self._assets() if self.model.state.records("holders", each)] or [bytes(32)]
        owned = [each for each in assets if each != bytes(32) and self._asset(each).issuer == account]
        asset = self.random.choice(owned or assets)
        if self.random.randrange(30) == 0:
            asset = self._some_collection()
        schema = self.random.choice(some) if some else self._some_schema()
        record = self._schema(schema)
        issuer = record.issuers[0] if record is not None and record.issuers else self._account()
        if self.random.randrange(30) == 0:
            issuer = self._account()
        kind = self.random.randrange(8)
        if kind <= 1 or (kind <= 5 and not some and self.random.randrange(8)):
            return build.holders(asset)
        if kind <= 3:
            return build.members(schema, issuer)
        if kind <= 5:
            return build.member_holders(asset, schema, issuer)
        groups = self._groups()
        closed = [key for key, each in groups.items() if each.closes <= self.now and each.total]
        if not closed and self.random.randrange(8):
            return build.holders(asset)
        return build.backers(self.random.choice(closed or list(groups) or [bytes(32)]))

    def _rule(self, account: bytes) -> Value:
        """Mostly a quick rule that little is asked for by."""
        electorate = self._electorate(account)
        weights = {"members": ["member"], "member_holders": ["units", "member", "root", "root"]}
        short = [1, 1_000, 3_600_000, DAY_MS]
        fields: dict[str, Any] = {
            "weight": self.random.choice(weights.get(electorate.kind, ["units"])),
            "form": self.random.choice(
                [build.yes_no()] * 3 + [build.approval(), *[build.ranked(3)] * 2, build.ranked(1)]
            ),
            "quorum_bps": self.random.choice([*[0] * 4, 1, 1, 1_000, 2_000, 5_000, 10_000]),
            "support_bps": self.random.choice([*[0] * 6, 1, 1, 3_333, 10_000]),
            "threshold_bps": self.random.choice([0, 0, 3_333, 5_000, 5_000, 5_000, 9_999]),
            "delay_ms": self.random.choice([0, 0, *short]),
            "voting_ms": self.random.choice([*short, 30 * DAY_MS]),
            "timelock_ms": self.random.choice([0, 0, *short]),
            "execution_ms": self.random.choice([*short, *[300 * DAY_MS] * 3]),
            "proposer_weight": self.random.choice([*[0] * 6, 1, 5]),
            "guardian": self.random.choice([None, self._account()]),
        }
        if fields["weight"] == "root":
            fields["support_bps"] = 0
        fields[self.random.choice(["extension_ms", "reveal_ms"])] = self.random.choice([0, *short])
        if self.random.randrange(4) == 0:
            fields["deposit"] = build.deposit(self._some_asset(), amount(self.random, 5))
        rule = build.rule(electorate, **fields)
        if asset_of(electorate) is not None:
            needed = rule.delay_ms + rule.voting_ms + rule.extension_ms + rule.reveal_ms + RECOUNT_MS
            rule.snapshot_ms = self.random.choice([-(-needed // 31)] * 3 + [-(-needed // 31) - 1] + [40 * DAY_MS] * 6)
        if self.random.randrange(25) == 0:
            wrong = self.random.choice(["quorum_bps", "threshold_bps", "voting_ms", "execution_ms", "snapshot_ms"])
            setattr(rule, wrong, self.random.choice([0, 10_001, 31_622_400_001 if wrong.endswith("ms") else 10_000]))
        return rule

    def _constitution(self, account: bytes) -> Value:
        rules = [self._rule(account) for _ in range(self.random.choice([0, 1, 1, 1, 2, 2, 3]))]
        tags = self.random.sample([each for each in sorted(OPERATIONS) if each != SET_CONSTITUTION], 30)
        tags = [each for each in tags if each not in (PROPOSE, VOTE, DELEGATE) or self.random.randrange(8) == 0]
        several = [*[[0x13, 0x30]] * 3, [0x32, 0x33], [0x11, 0x70], [0x70], tags[:3], tags[3:9], tags[9:10]]
        articles, seen = [], set()
        for group in [[SET_CONSTITUTION], *self.random.sample(several, self.random.randrange(1, 6))]:
            listed = [each for each in group if each not in seen]
            seen.update(listed)
            named = [place for place in range(len(rules)) if self.random.randrange(5)]
            keys = SET_CONSTITUTION not in listed and self.random.randrange(3) == 0
            if listed:
                articles.append(build.article(sorted(listed), named, keys=keys))
        trouble = self.random.randrange(40)
        if trouble == 0:
            articles = self.random.choice([[], articles[1:], [*articles, articles[0]], [*articles, build.article([])]])
        elif trouble == 1:
            articles[0].rules = self.random.choice([[0, 0], [9], [1, 0]])
        return build.constitution(rules, articles)

    def _issuers_of(self, constitution: Value, account: bytes) -> list[Need]:
        """Those who have to agree that what they issue is voted by."""
        assets = [self._asset(each.electorate.asset) for each in constitution.rules if asset_of(each.electorate)]
        issuers = {record.issuer: None for record in assets if record is not None and record.issuer != account}
        return [(issuer, SET_CONSTITUTION) for issuer in issuers if self.random.randrange(20)]

    def set_constitution(self) -> tuple[Value, list[Need]]:
        accounts = [each for each in self.model.state.records("accounts") if alias_of(self.model.state, each) is None]
        named = [each for each in self._people(accounts) if each not in PEOPLE and each not in self._constitutions()]
        account = self.random.choice(named or PEOPLE[5:7])
        if self.random.randrange(12) == 0:
            # Seldom one of those who are in everything.
            account = self._account()
        if self.random.randrange(12) == 0:
            return build.set_constitution(account, None), [(account, SET_CONSTITUTION)]
        made = self._constitution(account)
        return build.set_constitution(account, made), [(account, SET_CONSTITUTION), *self._issuers_of(made, account)]

    def _action(self, account: bytes, tag: int) -> Value:
        """What an account may do by an article, mostly with its own authority."""
        assets = [each for each in self._assets() if self.model.balance(each, account)]
        asset = self.random.choice(assets) if assets else self._some_asset()
        minted = [each for each in self._assets() if self._asset(each).powers.mint == account]
        made: dict[int, Callable[[], Value]] = {
            0x11: lambda: build.set_keys(account, 1, [build.grant(self.random.choice(KEYS))]),
            0x13: lambda: build.once(account, self._nonce() * 2),
            0x30: lambda: build.transfer(asset, account, self._other(account), self._amount_of(asset, account)),
            0x32: lambda: build.mint(self.random.choice(minted or [asset]), self._account(), amount(self.random, 9)),
            0x33: lambda: build.burn(asset, account, self._amount_of(asset, account)),
            0x70: lambda: build.set_constitution(account, self._constitution(account)),
            0x80: lambda: build.snapshot(asset, self.now + DAY_MS),
        }
        if tag == SET_CONSTITUTION and self.random.randrange(2):
            return build.set_constitution(account, None)
        if tag in made:
            return made[tag]()
        known = {OPERATIONS[each].name: each for each in OPERATIONS}
        doing = [action for _, action in self.actions if known.get(action.__name__) == tag]
        if not doing or PROPOSE <= tag <= EXECUTE:
            return build.once(account, bytes(32))
        operation, _ = doing[0]()
        # It may have made up something else first.
        return operation if not PROPOSE <= known[operation.kind] <= EXECUTE else build.once(account, bytes(32))

    def _actions(self, account: bytes, constitution: Value, rule: int) -> list[Value]:
        tags = [tag for each in constitution.articles if rule in each.rules for tag in each.operations]
        easy = [tag for tag in tags if tag in (0x13, 0x30, 0x33)]
        tags = easy if easy and self.random.randrange(3) else tags
        if not tags or self.random.randrange(25) == 0:
            tags = sorted(OPERATIONS)
        count = self.random.choice([0, 1, 1, 1, 2, 3]) if self.random.randrange(60) else 33
        actions = [self._action(account, self.random.choice(tags)) for _ in range(min(count, 3))]
        actions += [build.once(account, bytes(32))] * (count - len(actions))
        self.options[actions_hash(actions)] = actions
        return actions

    def _governed(self) -> tuple[bytes, Any]:
        """A governed account with its constitution, mostly one by which something can be proposed."""
        constitutions = self._constitutions()
        lively = {key: each for key, each in constitutions.items() if each.rules}
        pool = lively if lively and self.random.randrange(25) else constitutions
        if not pool or self.random.randrange(60) == 0:
            return self._account(), None
        return self.random.choice(list(pool.items()))

    def _of_electorate(self, account: bytes, electorate: Value) -> list[bytes]:
        """Those who probably have a vote; of backers, those who opened holds."""
        if electorate.kind == "backers":
            found = [each.payer for each in self._holds().values() if each.group == electorate.group]
        elif electorate.kind == "members":
            found = [each.subject for each in self._attestations(electorate.schema)]
        else:
            found = list(self.model.state.records("holders", electorate.asset))
        people = [each for each in self._people(found) if each != account or self.random.randrange(12) == 0]
        return people or [self._account()]

    def _voters(self, record: Value) -> list[bytes]:
        """Those of the electorate of a proposal that mostly have a weight in it."""
        electorate, state = record.terms.electorate, self.model.state
        found = self._of_electorate(record.account, electorate)
        if electorate.kind in ("members", "member_holders"):
            attested = self._attestations(electorate.schema)
            found = [each.subject for each in attested if each.issued < record.opened]
        asset = asset_of(electorate)
        if asset is not None and record.terms.weight != "member":
            found = [each for each in {*found, *PEOPLE} if units_in(state, asset, record.snapshot, each)]
        return sorted(each for each in self._people(found) if each != record.account)

    def propose(self) -> tuple[Value, list[Need]]:
        account, constitution = self._governed()
        if constitution is None and self.random.randrange(4):
            return self.set_constitution()
        if constitution is None or not constitution.rules:
            proposer = self._account()
            return build.propose(account, proposer, self._nonce(), 0, [[]]), [(proposer, PROPOSE)]
        rule = self.random.randrange(len(constitution.rules)) if self.random.randrange(40) else 3
        return self._proposal(account, constitution, rule)

    def _proposal(self, account: bytes, constitution: Value, rule: int) -> tuple[Value, list[Need]]:
        terms = constitution.rules[min(rule, len(constitution.rules) - 1)]
        proposer = self.random.choice(self._of_electorate(account, terms.electorate))
        if terms.deposit is not None and self.random.randrange(8):
            proposer = self._holder(terms.deposit.asset)
        count = 1 if terms.form.kind == "yes_no" else self.random.choice([2, 2, 3, 4])
        if self.random.randrange(30) == 0:
            count = self.random.choice([0, 1, 2, 16, 17])
        options = [self._actions(account, constitution, rule) if n < 4 else [] for n in range(count)]
        salt = self.random.choice(HOLD_SALTS) if self.random.randrange(3) == 0 else self._nonce()
        subject = self.random.choice([None, bytes(32), SECRETS[1]])
        operation = build.propose(account, proposer, salt, rule, options, subject=subject)
        return operation, [(proposer, PROPOSE)]

    def _some_proposal(self, fits: Callable[[Any], bool]) -> tuple[bytes, Any]:
        """A proposal, mostly one of those that fit; no record where it is none."""
        proposals = self._proposals()
        fitting = {key: each for key, each in proposals.items() if fits(each)}
        pool = fitting if fitting and self.random.randrange(12) else proposals
        if not pool or self.random.randrange(60) == 0:
            return self._account(), None
        return self.random.choice(list(pool.items()))

    def _open_now(self, record: Any) -> bool:
        return record.state.kind == "open" and starts(record) <= self.now < record.ends

    def _ballot(self, record: Value) -> Value:
        """A ballot that mostly fits, and mostly says yes."""
        kind, most = record.terms.form.kind, len(record.options)
        if self.random.randrange(25) == 0:
            kind = self.random.choice(["yes_no", "approval", "ranked"])
        if kind == "yes_no":
            yes = [[1, 0, 0]] * 4 + [[0, 1, 0], [0, 0, 1], [1, 1, 1], [2, 1, 0], [2**63, 2**63 - 1, 0], [0, 3, 7]]
            wrong = [[0, 0, 0], [1, 1], [2**64 - 1, 1, 0]]
            return build.in_shares(*self.random.choice(yes if self.random.randrange(25) else wrong))
        top = most if self.random.randrange(25) else most + 1
        if kind == "approval":
            return build.approve(*sorted(self.random.sample(range(top), self.random.randrange(top + 1))))
        most = getattr(record.terms.form, "ranks_max", 3) if self.random.randrange(25) else 3
        ranks = self.random.randrange(min(top, most) + 1)
        return build.rank(*self.random.sample(range(top), ranks))

    def _members_for(self, record: Value, voter: bytes) -> list[bytes]:
        """Those for whom somebody may vote, or nobody for the voter alone."""
        account, electorate = record.account, record.terms.electorate
        delegations = [DELEGATION_RECORD.decode(value) for _, value in self.model.state.records("delegations").values()]
        behind = [each.delegator for each in delegations if (each.account, each.to) == (account, voter)]
        behind += [each.delegator for each in delegations if each.account == account and each.to in behind]
        if electorate.kind == "backers":
            whose = {voter, *(behind if self.random.randrange(2) else [])}
            found = [key for key, each in self._holds().items() if each.group == electorate.group]
            found = [key for key in found if self._holds()[key].payer in whose]
            return self.random.sample(found, self.random.randrange(len(found) + 1))
        if not behind or self.random.randrange(3) == 0:
            return []
        chosen = self.random.sample(behind, self.random.randrange(1, len(behind) + 1))
        if self.random.randrange(2):
            chosen.append(voter)
        return chosen if self.random.randrange(20) else [*chosen, self._account()]

    def vote(self) -> tuple[Value, list[Need]]:
        proposal, record = self._some_proposal(self._open_now)
        if record is None or (not self._open_now(record) and self.random.randrange(4)):
            return self.propose() if record is not None or self.random.randrange(4) else self._vote_on(proposal, None)
        return self._vote_on(proposal, record)

    def _vote_on(self, proposal: bytes, record: Any) -> tuple[Value, list[Need]]:
        if record is None:
            voter = self._account()
            return build.vote(proposal, voter, build.in_shares(1, 0, 0)), [(voter, VOTE)]
        voters = self._voters(record) or self._of_electorate(record.account, record.terms.electorate)
        voter = self.random.choice(voters) if self.random.randrange(8) else self._account()
        ballot, members = self._ballot(record), self._members_for(record, voter)
        if record.terms.reveal_ms and self.random.randrange(40):
            salt = self.random.choice(SALTS)
            seal = ballot_seal(proposal, voter, salt, ballot)
            self.seals[seal] = salt, ballot
            ballot = build.sealed(seal)
        if members and self.random.randrange(60) == 0:
            members.append(members[0])
        return build.vote(proposal, voter, ballot, members), [(voter, VOTE)]

    def _sealed(self, proposal: bytes) -> list[tuple[bytes, Any]]:
        stored = self.model.state.records("votes", proposal)
        votes = [(member, VOTE_RECORD.decode(value)) for member, (_, value) in stored.items()]
        return [(member, vote) for member, vote in votes if vote.ballot.kind == "sealed"]

    def reveal(self) -> tuple[Value, list[Need]]:
        sealed = {key for key in self._proposals() if self._sealed(key)}
        if not sealed and self.random.randrange(8):
            return self.vote()
        proposal, record = self._some_proposal(
            lambda each: each.state.kind == "open" and each.ends <= self.now < counted(each)
        )
        if record is None or not self._sealed(proposal):
            proposal = self.random.choice(sorted(sealed)) if sealed else proposal
        return self._reveal_of(proposal), []

    def _reveal_or_vote(self, proposal: bytes, record: Any) -> tuple[Value, list[Need]]:
        if not self._sealed(proposal) and self.random.randrange(12):
            return self.transfer()
        return (self._reveal_of(proposal), []) if self.random.randrange(12) else self._vote_on(proposal, record)

    def _reveal_of(self, proposal: bytes) -> Value:
        """What a sealed vote says, often with those of the same voter that say the same."""
        votes = self._sealed(proposal)
        if not votes:
            record = self._proposals().get(proposal)
            ballot = build.in_shares(1, 0, 0) if record is None else self._ballot(record)
            return build.reveal(proposal, self._account(), ballot, bytes(16))
        member, vote = self.random.choice(votes)
        salt, ballot = self.seals.get(vote.ballot.hash, (bytes(16), build.in_shares(1, 0, 0)))
        alike = [each for each, other in votes if (other.voter, other.ballot) == (vote.voter, vote.ballot)]
        members = [] if member == vote.voter and self.random.randrange(2) else alike
        if self.random.randrange(25) == 0:
            salt = self._nonce()
        return build.reveal(proposal, vote.voter, ballot, salt, members)

    def delegate(self) -> tuple[Value, list[Need]]:
        account, constitution = self._governed()
        delegations = [DELEGATION_RECORD.decode(value) for _, value in self.model.state.records("delegations").values()]
        if delegations and self.random.randrange(5) == 0:
            some = self.random.choice(delegations)
            return build.delegate(some.account, some.delegator, None), [(some.delegator, DELEGATE)]
        pool = [self._account()]
        if constitution is not None and constitution.rules:
            pool = self._of_electorate(account, self.random.choice(constitution.rules).electorate)
        delegator = self.random.choice(pool)
        to = self._other(delegator) if self.random.randrange(2) else self.random.choice(pool)
        return build.delegate(account, delegator, to), [(delegator, DELEGATE)]

    def veto(self) -> tuple[Value, list[Need]]:
        proposal, record = self._some_proposal(
            lambda each: each.state.kind == "open" and each.terms.guardian is not None and self.now < due(each)
        )
        guardian = None if record is None else record.terms.guardian
        return build.veto(proposal, self._reason()), [] if guardian is None else [(guardian, VETO)]

    def cancel(self) -> tuple[Value, list[Need]]:
        proposal, record = self._some_proposal(
            lambda each: each.state.kind == "open" and self.now <= max(each.opened, starts(each) - 1)
        )
        if record is not None and self.now > starts(record) and self.random.randrange(4):
            return self.propose()
        return build.cancel(proposal), [] if record is None else [(record.proposer, CANCEL)]

    def conclude(self) -> tuple[Value, list[Need]]:
        proposal, record = self._some_proposal(lambda each: each.state.kind == "open" and due(each) <= self.now)
        if (record is None or record.state.kind != "open") and self.random.randrange(4):
            return self.propose()
        return self._conclusion(proposal), []

    def _conclusion(self, proposal: bytes) -> Value:
        """With the rankings that there are, seldom with others."""
        stored = self.model.state.records("rankings", proposal).values()
        found = sorted((RANKING_RECORD.decode(value).options, total) for total, value in stored)
        trouble = self.random.randrange(25)
        if trouble == 0:
            found = self.random.choice(
                [found[1:], [*found, ([5], 1)], found[::-1], [(options, 1) for options, _ in found]]
            )
        return build.conclude(proposal, [build.ranking(options, total) for options, total in found])

    def execute(self) -> tuple[Value, list[Need]]:
        proposal, record = self._some_proposal(lambda each: each.state.kind == "passed" and self.now < lapses(each))
        if (record is None or record.state.kind != "passed") and self.random.randrange(4):
            return self.conclude()
        return self._execution(proposal, record)

    def _execution(self, proposal: bytes, record: Any) -> tuple[Value, list[Need]]:
        """Of the option that passed, mostly, with whoever else has to agree."""
        if record is None:
            return build.execute(proposal, []), []
        option = getattr(record.state, "option", 0)
        if self.random.randrange(25) == 0:
            option = self.random.randrange(len(record.options))
        actions = self.options.get(record.options[option], [])
        needs: list[Need] = []
        for action in actions:
            if action.kind == "set_constitution" and action.constitution is not None:
                needs += self._issuers_of(action.constitution, action.account)
        if self.random.randrange(6) == 0:
            needs.append((self._account(), EXECUTE))
        return build.execute(proposal, actions), needs

    def _later(self, at: int, write: Callable[[], tuple[Value, list[Need]]]) -> None:
        """Put off what is written when it is due, for the ledger as it is by then."""

        def draft() -> Draft:
            operation, needs = write()
            pairs: list[Pair] = []
            for account, tag in needs:
                pairs.extend(pair for pair in self._authorizers(account, tag) if pair not in pairs)
            pairs = pairs or self._authorizers(self.random.choice(PEOPLE), EXECUTE)
            return Draft([operation], pairs[:16], self.now + min(1_000, self.model.parameters.window_ms), self._nonce())

        self.queue.append((at, draft))

    def plan_constitution(self) -> None:
        """Open an account, give it something, and let it be governed."""
        opener, salt, time = self.random.choice(PEOPLE[:3]), self._nonce(), self.model.time
        account, key = named_account(opener, salt), self.random.choice(KEYS)
        self._later(time, lambda: (build.open_account(opener, salt, 1, [build.grant(key)]), [(opener, 0x10)]))
        for asset in self._assets()[:2]:
            minter = self._asset(asset).powers.mint
            if minter is not None and not is_collection(self._asset(asset)):
                operation = build.mint(asset, account, self.random.choice([1, 50, 1_000]))
                self._later(time, lambda operation=operation, minter=minter: (operation, [(minter, 0x32)]))

        if self.random.randrange(2):
            registrar = self.random.choice(PEOPLE[:3])
            name = self.random.choice(["member", "a", "badge"])
            members = schema_id(registrar, name)
            says = build.content("nothing")
            made = build.schema(registrar, name, build.kind("nothing"), [registrar])
            self._later(time, lambda: (made, [(registrar, 0x60)]))
            for who in self.random.sample(PEOPLE[2:], self.random.choice([1, 3, 5])):
                said = build.attest(members, registrar, who, says)
                self._later(time, lambda said=said: (said, [(registrar, 0x61)]))
            time += 1
        if self.random.randrange(3) == 0:
            time = self._plan_group(opener, salt, time)

        def sets() -> tuple[Value, list[Need]]:
            made = self._constitution(account)
            needs = [(account, SET_CONSTITUTION), *self._issuers_of(made, account)]
            return build.set_constitution(account, made), needs

        self._later(time, sets)

    def _plan_group(self, owner: bytes, salt: bytes, time: int) -> int:
        """Let some put units into a group, and say when it is closed."""
        assets = [each for each in self._lasting() if self.model.state.records("holders", each)]
        if not assets:
            return time
        asset, payer = self.random.choice(assets), self._account()
        way_out = self.random.choice([None, build.by_payer()])
        terms = build.terms(build.after(0), [build.share(payer, 10_000)], time + 900 * DAY_MS, release_if=way_out)
        opens = build.open_group(owner, salt, asset, time + 1, terms)
        self._later(time, lambda: (opens, [(owner, 0x40)]))
        for _ in range(self.random.choice([1, 3, 6])):
            payer = self._holder(asset)
            units = self.random.randrange(1, max(2, self.model.balance(asset, payer) // 4))
            holds = build.hold(payer, self._nonce(), asset, min(units, 50), group=group_id(owner, salt))
            self._later(time, lambda holds=holds: (holds, [(holds.payer, 0x41)]))
        return time + 1

    def plan_referendum(self) -> None:
        """Propose something, let many vote on it, some of them late, and conclude and execute it."""
        account, constitution = self._governed()
        if constitution is None or not constitution.rules:
            return
        rule = self.random.randrange(len(constitution.rules))
        terms, time = constitution.rules[rule], self.model.time
        begin = time + terms.delay_ms
        end = begin + terms.voting_ms
        over = end + terms.extension_ms + terms.reveal_ms + terms.timelock_ms
        if over + terms.execution_ms >= END:
            return
        self.now = time
        operation, needs = self._proposal(account, constitution, rule)
        proposal = proposal_id(account, operation.proposer, operation.salt)

        def on(
            write: Callable[[Any], tuple[Value, list[Need]]], state: str = "open"
        ) -> Callable[[], tuple[Value, list[Need]]]:
            """Something about the proposal; something else if it is not there, or mostly if it is over."""

            def written() -> tuple[Value, list[Need]]:
                record = self._proposals().get(proposal)
                fits = record is not None and (record.state.kind == state or self.random.randrange(8) == 0)
                return write(record) if fits else self.mint()

            return written

        vote = on(lambda record: self._vote_on(proposal, record))

        self._later(time, lambda: (operation, needs))
        if self.random.randrange(8) == 0:
            self._later(begin - 1 if terms.delay_ms else time, vote)
        if self.random.randrange(10) == 0:
            at = self.random.choice([time, max(time, begin - 1)])
            self._later(at, lambda: (build.cancel(proposal), [(operation.proposer, CANCEL)]))
        for _ in range(self.random.choice([1, 2, 3, 5, 8])):
            self._later(begin, self.delegate if self.random.randrange(4) == 0 else vote)
        if self.random.randrange(8) == 0:
            self._later(begin, self.transfer)
        if terms.guardian is not None and self.random.randrange(8) == 0:
            self._later(begin, lambda: (build.veto(proposal, self._reason()), [(terms.guardian, VETO)]))
        for at in (end - 1, end - 1, end, end):
            if self.random.randrange(2):
                self._later(max(begin, at), vote)
        if terms.reveal_ms:
            for at in sorted(self.random.choice([end, end, end + terms.reveal_ms - 1]) for _ in range(6)):
                self._later(at, on(lambda record: self._reveal_or_vote(proposal, record)))
        due_at = end + terms.reveal_ms + terms.timelock_ms
        for at in (due_at - 1, due_at, over):
            self._later(max(end, at), on(lambda _record: (self._conclusion(proposal), [])))
        last = due_at + terms.execution_ms
        for at in sorted(max(over, self.random.choice([over, over, last - 1, last])) for _ in range(2)):
            self._later(at, on(lambda record: self._execution(proposal, record), "passed"))

    def set_parameters(self) -> tuple[Value, list[Need]]:
        governor = self.model.parameters.governor
        creators = self.random.choice(
            [build.anyone()] * 8 + [build.listed(sorted(PEOPLE[:2]))] * 3 + [build.listed([])]
        )
        operation = build.set_parameters(
            build.parameters(
                window_ms=self.random.choice([3_600_000] * 5 + [86_400_000] * 5 + [1_000, 999]),
                asset_creators=creators,
                transaction_bytes_max=self.random.choice([60_000] * 10 + [1_024, 2_000, 60_001]),
                operations_max=self.random.choice([1_000] * 10 + [1, 4, 0]),
                governor=self.random.choice([PEOPLE[-1]] * 15 + [self._account()] * 4 + [None]),
            )
        )
        return operation, [] if governor is None else [(governor, 0xA0)]

    # Signing, well and badly.

    def _sign(self, draft: Draft, **fields: Any) -> bytes:
        unsigned = build.transaction(
            fields.get("ledger", self.model.id),
            draft.valid_until,
            draft.nonce,
            draft.pairs,
            draft.operations,
            fields.get("version", 1),
        )
        keys = [account if key is None else key for account, key in draft.pairs]
        signers = [SIGNERS.get(key, build.signer("stranger")) for key in keys]
        signed = build.sign(unsigned, fields.get("signers", signers))
        self.sent.append((signed, draft))
        del self.sent[:-30]
        return signed

    def _mischief(self, draft: Draft, time: int) -> bytes:
        """A transaction that is wrong on purpose, though now and then it may still be right."""
        random = self.random
        kind = random.randrange(19)
        if kind <= 2 and self.sent:
            return random.choice(self.sent)[0]
        if kind <= 4 and self.sent:
            other = random.choice(self.sent)[1]
            return self._sign(draft._replace(nonce=other.nonce, pairs=other.pairs))
        if kind == 5:
            return self._sign(draft._replace(valid_until=time - random.choice([0, 1])))
        if kind == 6:
            return self._sign(
                draft._replace(valid_until=time + self.model.parameters.window_ms + random.choice([0, 1]))
            )
        if kind == 7:
            return self._sign(draft._replace(pairs=draft.pairs[1:]))
        if kind == 8:
            return self._sign(draft._replace(pairs=[(random.choice(PEOPLE), None)]))
        if kind == 9:
            surplus = random.choice([(random.choice(PEOPLE), None), *self._authorizers(self._account(), 0x30)])
            return self._sign(draft._replace(pairs=[*draft.pairs, surplus]))
        if kind == 10:
            return self._sign(draft._replace(pairs=[(account, random.choice(KEYS)) for account, _ in draft.pairs]))
        if kind == 11:
            return self._sign(draft._replace(pairs=[(account, None) for account, _ in draft.pairs][:1]))
        if kind == 12:
            return self._sign(draft, signers=[build.signer("forger")] * len(draft.pairs))
        if kind == 13:
            return self._sign(draft, signers=[SIGNERS[KEYS[0]]] * random.randrange(3))
        if kind == 14:
            return self._sign(draft, **random.choice([{"ledger": bytes(32)}, {"version": 2}, {"version": 0}]))
        if kind == 15:
            return self._sign(draft._replace(operations=draft.operations * random.choice([0, 2, 30])))
        if kind == 16:
            return self._sign(
                draft._replace(pairs=[*draft.pairs, *[(key, None) for key in (KEYS + PEOPLE + KEYS)]][:17])
            )
        signed = bytearray(self._sign(draft))
        if kind == 17:
            signed[random.randrange(len(signed))] ^= 1 << random.randrange(8)
            return bytes(signed)
        cut = random.randrange(len(signed))
        return random.choice([bytes(signed[:cut]), bytes(signed) + b"\0", b"", bytes(random.choice([61_028, 61_029]))])
