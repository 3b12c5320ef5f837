"""A creator's coin, and what is vested of it. Every call is documented as the operations that it makes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from counterfoil.desk import Desk, Done, asset_record, minor_units, span_ms
from counterfoil.distributions import Distribution
from counterfoil.exceptions import KeyReusedError
from counterfoil.lapsing import spendable
from counterfoil.ops import (
    After,
    ByPayer,
    Distribute,
    Fee,
    Hold,
    MaxHolding,
    Mint,
    Operation,
    Outcome,
    Pay,
    Payee,
    Power,
    Release,
    Renounce,
    Schedule,
    Settle,
    Share,
    Snapshot,
    SnapshotBasis,
    Terms,
    Transfer,
    asset_id,
    hold_id,
)
from counterfoil.ops.asset import SUPPLY_CAP_MAX
from counterfoil.presets import coin as coin_preset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from counterfoil.desk import Amount, Span
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger
    from counterfoil.presets import Preset
    from counterfoil.verify import AssetRecord, HoldRecord, Term

_EXCLUDED_MAX = 16
"""As many accounts as a distribution can leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vesting:
    """Units that become somebody's little by little.

    Attributes:
        done: The call that made it; None where it was looked up.
        id: The id of its hold, 32 bytes.
        payer: Whose units they were, an account id of 32 bytes.
        to: Whose they become, an account id of 32 bytes.
        amount: Minor units.
        starts: From when on time counts, ms.
        cliff: Nothing before, ms.
        ends: All from here on, ms.
        revocable: Whether the payer may take back what has not vested.
    """

    done: Done | None
    id: bytes
    payer: bytes
    to: bytes
    amount: int
    starts: int
    cliff: int
    ends: int
    revocable: bool


@dataclass(frozen=True, slots=True)
class Vested:
    """How a vesting stands, in minor units: its amount is `claimed + free + locked + revoked`, if nothing has lapsed.

    Attributes:
        claimed: What the beneficiary has fetched.
        free: What has vested beside, which `claim` would fetch.
        locked: What has not vested yet.
        revoked: What was taken back.
    """

    claimed: int
    free: int
    locked: int
    revoked: int


class Coin:
    """A creator's coin.

    Attributes:
        desk: Where somebody acts: the creator, or anybody with the coin.
        asset: The coin, an asset id of 32 bytes.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> noor, editor = Key.generate(), Key.generate()
    >>> DAY = 86_400_000
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/noor", origin="noor.example", operator=noor, time=0) as ledger:
    ...         coin = Coin.launch(ledger, noor, symbol="NOOR", cap=10**6, max_holding=20_000, founder=50_000, time=0)
    ...         vesting = coin.vest(editor.account, 7_300, cliff="90d", ends="2y", time=0)
    ...         print(coin.vested(vesting, time=90 * DAY).free)
    ...         _ = coin.claim(vesting, time=90 * DAY)
    ...         print(coin.balance(editor.account), coin.vested(vesting, time=365 * DAY).free)
    900
    900 2750
    """

    def __init__(self, ledger: Ledger, *signers: Key | Signer, asset: bytes) -> None:
        """Take a coin up again.

        Args:
            ledger: The ledger.
            signers: The keys of whoever acts: the creator, or anybody who gives coins on, vests or claims.
            asset: The coin, an asset id of 32 bytes.

        Raises:
            LookupError: There is no such asset.
        """
        self.desk = Desk(ledger, *signers)
        self.asset = asset
        asset_record(ledger, asset, "coin")

    @classmethod
    def launch(
        cls,
        ledger: Ledger,
        *creator: Key | Signer,
        symbol: str,
        preset: Preset | None = None,
        cap: Amount = SUPPLY_CAP_MAX,
        decimals: int = 0,
        max_holding: Amount | None = None,
        fee_bps: int = 0,
        founder: Amount | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Coin:
        """Launch a coin: `create`, and `mint` of the opening supply to the creator, both or none.

        Args:
            ledger: The ledger.
            creator: The keys that sign for the creator.
            symbol: 1 to 12 of `A-Z0-9.`.
            preset: What kind of asset; `presets.coin()` if None.
            cap: The most units that may ever exist at a time.
            decimals: Decimal places of a whole coin.
            max_holding: The most that an account may come to have by being paid; the creator is exempt. None: no limit.
            fee_bps: How many of 10,000 parts of each payment between others go to the creator.
            founder: How many coins the creator has from the beginning; None: none.
            key: Makes it happen once.
            dry_run: Only try it: the coin that is returned is not there, and its calls raise `LookupError`.
            time: When, ms; now if None.

        Raises:
            WireError: The symbol is none.
            RejectedError: asset_exists, creator_not_allowed, invalid_policy, supply_cap_exceeded (of the founder), …
        """
        desk = Desk(ledger, *creator)
        terms: list[Term] = []
        if fee_bps:
            terms.append(Fee(fee_bps, desk.account))
        if max_holding is not None:
            terms.append(MaxHolding(minor_units(max_holding, decimals)))
        kind = preset or coin_preset()
        kind = replace(kind, policy=(*kind.policy, *terms))
        create = kind.create(desk.account, symbol, decimals=decimals, supply_cap=minor_units(cap, decimals))
        # What is only tried is not there to be looked up.
        made = object.__new__(cls)
        made.desk, made.asset = desk, asset_id(desk.account, symbol)
        operations: list[Operation] = [create]
        if founder is not None:
            operations.append(Mint(asset=made.asset, to=desk.account, amount=minor_units(founder, decimals)))
        desk.do(operations, key=key, dry_run=dry_run, time=time)
        return made

    # Coins

    def give(
        self,
        to: bytes,
        amount: Amount,
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Give coins of this desk's account: `transfer`.

        Raises:
            RejectedError: insufficient_funds, max_holding_exceeded, same_account, …
        """
        operation = Transfer(asset=self.asset, sender=self.desk.account, to=to, amount=self.units(amount))
        return self.desk.do([operation], key=key, dry_run=dry_run, time=time)

    def give_many(
        self,
        amounts: Mapping[bytes, Amount],
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Give coins to many, all or none: `pay`.

        Args:
            amounts: How much each account gets, by its id of 32 bytes: at most some 1,200 accounts.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: no_payee, insufficient_funds, max_holding_exceeded, same_account, too_large, …
        """
        payees = [Payee(to, self.units(amount)) for to, amount in amounts.items()]
        operation = Pay(asset=self.asset, sender=self.desk.account, payees=payees)
        return self.desk.do([operation], key=key, dry_run=dry_run, time=time)

    def sell(
        self,
        buyer: Key | Signer,
        amount: Amount,
        *,
        price: Amount,
        currency: bytes,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Sell coins of this desk's account at a price that both sign: two `transfer`, both or none.

        Args:
            buyer: Who buys, and signs.
            amount: How many coins.
            price: What all of them cost.
            currency: In which asset, an id of 32 bytes.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: There is no such currency.
            RejectedError: insufficient_funds, max_holding_exceeded, asset_bound, …
        """
        cost = minor_units(price, asset_record(self.desk.ledger, currency, "currency").decimals)
        seller = self.desk.account
        operations = [
            Transfer(asset=currency, sender=buyer.account, to=seller, amount=cost),
            Transfer(asset=self.asset, sender=seller, to=buyer.account, amount=self.units(amount)),
        ]
        return self.desk.do(operations, buyer, key=key, dry_run=dry_run, time=time)

    def renounce(self, *powers: Power, key: str | None = None, dry_run: bool = False, time: int | None = None) -> Done:
        """Give powers over the coin up, for good: `renounce`, all or none.

        Args:
            powers: Which: without `Power.MINT` there are never more coins, without `Power.CHANGE` the terms stay.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: power_renounced (nobody has it), unauthorized, no_operation, …
        """
        operations = [Renounce(asset=self.asset, power=power) for power in powers]
        return self.desk.do(operations, key=key, dry_run=dry_run, time=time)

    def balance(self, account: bytes) -> int:
        """An account's coins, minor units."""
        return self.desk.ledger.balance(self.asset, account)

    # Vesting

    def vest(
        self,
        to: bytes,
        amount: Amount,
        *,
        ends: Span,
        cliff: Span = 0,
        starts: int | None = None,
        revocable: bool = False,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Vesting:
        """Let coins of this desk's account become somebody's little by little: `hold` with a schedule.

        Nothing before the cliff, then in proportion to the time since the start, all at the end. What has vested nobody
        takes back; what has not, the payer does, where the vesting is revocable.

        Args:
            to: Whose they become, an account id of 32 bytes.
            amount: How many in all.
            ends: How long after the start all have vested.
            cliff: How long after the start the first do.
            starts: From when on time counts, ms; `time` if None. It may lie in the past.
            revocable: Whether `revoke` may take back what has not vested.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            RejectedError: insufficient_funds, invalid_schedule (the cliff is after the end), deadline_passed,
                deadline_too_far, …
            KeyReusedError: The key was used for something else, or for other terms.
        """
        start = self.desk.now(time) if starts is None else starts
        terms = _terms(to, _schedule(start, cliff, ends), revocable=revocable)
        salt, units = self.desk.salt(key), self.units(amount)
        operation = Hold(payer=self.desk.account, salt=salt, asset=self.asset, amount=units, terms=terms)
        done = self.desk.do([operation], key=key, dry_run=dry_run, time=time)
        held = next(each for each in done.operations if isinstance(each, Hold))
        # The desk does not compare the times of a retry. Here only when it starts may differ.
        if starts is None and held.terms is not None and held.terms.schedule is not None:
            start = held.terms.schedule.starts
        if held.terms != _terms(to, _schedule(start, cliff, ends), revocable=revocable):
            message = f"key {key!r} was used for a hold with other terms"
            raise KeyReusedError(message)
        return self._vesting(hold_id(held.payer, held.salt), held, done)

    def claim(
        self,
        vesting: Vesting | bytes,
        *,
        part: Amount | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Pay the beneficiary what has vested: `settle`. Anybody may.

        Args:
            vesting: The vesting, or its id.
            part: How much of it; None: all that is free.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: No vesting of this coin.
            RejectedError: condition_unmet (before the cliff), not_vested (nothing is free, or less than the part),
                hold_closed (all was claimed or revoked), max_holding_exceeded (claim a part), …
        """
        amount = None if part is None else self.units(part)
        operation = Settle(hold=self._hold(vesting)[0], amount=amount)
        return self.desk.do([operation], key=key, dry_run=dry_run, time=time)

    def revoke(
        self,
        vesting: Vesting | bytes,
        *,
        part: Amount | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Take back what has not vested: `release`. What has vested stays the beneficiary's, claimed or not.

        Args:
            vesting: The vesting, or its id.
            part: How much of it; None: all that has not vested.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: No vesting of this coin.
            RejectedError: hold_pending (it is not revocable, or not this desk's), amount_exceeds_hold (so much has
                vested), hold_expired (all has), hold_closed, …
        """
        amount = None if part is None else self.units(part)
        operation = Release(hold=self._hold(vesting)[0], amount=amount)
        return self.desk.do([operation], key=key, dry_run=dry_run, time=time)

    def vested(self, vesting: Vesting | bytes, *, time: int | None = None) -> Vested:
        """How a vesting stands: what was claimed and revoked so far, and what of the rest has vested by a time.

        Args:
            vesting: The vesting, or its id.
            time: By when, ms; now if None.

        Raises:
            LookupError: No vesting of this coin.
        """
        identifier, record = self._hold(vesting)
        found, at = self._vesting(identifier, record), self.desk.now(time)
        schedule = Schedule(starts=found.starts, cliff=found.cliff, ends=found.ends)
        left = spendable(self._record(), self.desk.ledger.holding(self.asset, identifier), at)
        free = min(left, max(0, schedule.vested(record.amount, at) - record.settled))
        return Vested(record.settled, free, left - free, record.released)

    def vesting(self, identifier: bytes) -> Vesting:
        """Look a vesting up by the id of its hold.

        Raises:
            LookupError: No vesting of this coin.
        """
        return self._vesting(*self._hold(identifier))

    def vestings(self, to: bytes, *, payer: bytes | None = None) -> Iterator[Vesting]:
        """Every vesting for an account, in the order of the log, closed ones included.

        Args:
            to: The beneficiary, an account id of 32 bytes.
            payer: Whose units they were; the coin's issuer if None.

        Raises:
            ValueError: The ledger was opened with `index=False`.
        """
        wanted = self._record().issuer if payer is None else payer
        for applied in self.desk.ledger.transactions(to):
            for each in applied.signed.transaction.operations:
                if isinstance(each, Hold) and (each.payer, each.asset) == (wanted, self.asset):
                    found = _parts(each)
                    if found is not None and found[0] == to:
                        yield self._vesting(hold_id(each.payer, each.salt), each)

    # Revenue

    def share_revenue(
        self,
        asset: bytes,
        amount: Amount,
        *,
        within: Span = "90d",
        excluded: Iterable[bytes] | None = None,
        leftover: bytes | None = None,
        reference: bytes | None = None,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Distribution:
        """Share revenue out among those who hold the coin: `snapshot` and `distribute`, both or none. By its issuer.

        Who holds coins at this moment has a part, whatever is sold afterwards. `collect_all` of what is returned pays
        everybody; what is less than a unit, and what nobody collected, comes back with its `close`.

        Args:
            asset: In which asset, an id of 32 bytes.
            amount: How much, of this desk's account.
            within: How long parts are paid.
            excluded: Whose coins have no part, at most 16 accounts. None: the creator's own, and those that wait in
                holds, such as vestings, and in campaigns, the 15 largest of them; for that every holder is read.
            leftover: Who gets what is left then, an account id of 32 bytes; the creator if None.
            reference: What it is for: 32 bytes of yours, such as the salted hash of a month's books.
            key: Makes it happen once: one for each month, say.
            dry_run: Only try it: the distribution that is returned is not there, and its calls raise `LookupError`.
            time: When, ms; now if None.

        Raises:
            LookupError: There is no such asset.
            RejectedError: unauthorized (not the issuer), insufficient_funds, nothing_to_share (nobody else has any),
                too_many_snapshots, invalid_until, …
        """
        money, desk = asset_record(self.desk.ledger, asset), self.desk
        ends = desk.now(time) + span_ms(within)
        before = self._shared_before(key)
        number = self._record().snapshots_taken + 1 if before is None else before.number
        if excluded is None:
            excluded = self._nobodys() if before is None else before.excluded
        snapshot = Snapshot(asset=self.asset, until=ends)
        share = Distribute(
            fund=desk.account,
            salt=desk.salt(key),
            asset=asset,
            # Where a proposal opens a snapshot at this very moment, that one is taken, and this one is to spare.
            basis=SnapshotBasis(self.asset, number, tuple(excluded)),
            deadline=ends,
            leftover=desk.account if leftover is None else leftover,
            amount=minor_units(amount, money.decimals),
            reference=reference,
        )
        return Distribution._opened(desk, desk.do([snapshot, share], key=key, dry_run=dry_run, time=time))

    def _shared_before(self, key: str | None) -> SnapshotBasis | None:
        """The snapshot of the first call with this key, and whom it left out."""
        first = self.desk.first(key)
        bases = [each.basis for each in first.operations if isinstance(each, Distribute)] if first else []
        return next((basis for basis in bases if isinstance(basis, SnapshotBasis)), None)

    def _nobodys(self) -> tuple[bytes, ...]:
        """The creator, and the largest of the accounts that are nobody's own: holds, campaigns and the like."""
        ledger, found = self.desk.ledger, list[tuple[int, bytes]]()
        for account, holding in ledger.holders(self.asset):
            record = ledger.account(account)
            if record is not None and record.is_programme:
                found.append((-holding.amount, account))
        return self.desk.account, *(account for _, account in sorted(found)[: _EXCLUDED_MAX - 1])

    # Helpers

    def units(self, amount: Amount) -> int:
        """An amount of this coin in minor units."""
        return minor_units(amount, self._record().decimals)

    def _record(self) -> AssetRecord:
        return asset_record(self.desk.ledger, self.asset, "coin")

    def _hold(self, vesting: Vesting | bytes) -> tuple[bytes, HoldRecord]:
        identifier = vesting.id if isinstance(vesting, Vesting) else vesting
        record = self.desk.ledger.hold(identifier)
        if record is None or record.asset != self.asset or _parts(record) is None:
            message = f"vesting: expected one of this coin, found {identifier.hex()}"
            raise LookupError(message)
        return identifier, record

    def _vesting(self, identifier: bytes, hold: Hold | HoldRecord, done: Done | None = None) -> Vesting:
        found = _parts(hold)
        if found is None:
            message = f"vesting: expected one of this coin, found {identifier.hex()}"
            raise LookupError(message)
        to, schedule, revocable = found
        return Vesting(
            done=done,
            id=identifier,
            payer=hold.payer,
            to=to,
            amount=hold.amount,
            starts=schedule.starts,
            cliff=schedule.cliff,
            ends=schedule.ends,
            revocable=revocable,
        )


def _schedule(starts: int, cliff: Span, ends: Span) -> Schedule:
    return Schedule(starts=starts, cliff=starts + span_ms(cliff), ends=starts + span_ms(ends))


def _terms(to: bytes, schedule: Schedule, *, revocable: bool) -> Terms:
    """The terms of every vesting: from the cliff on anybody settles what has vested, and at the end all has."""
    return Terms(
        settle_if=After(schedule.cliff),
        release_if=ByPayer() if revocable else None,
        payees=[Share(to)],
        schedule=schedule,
        deadline=schedule.ends,
        outcome=Outcome.SETTLE,
    )


def _parts(hold: Hold | HoldRecord) -> tuple[bytes, Schedule, bool] | None:
    """Who gets it, when, and whether it is revocable; None where the hold has other terms than a vesting."""
    terms = hold.terms
    if terms is None or terms.schedule is None or len(terms.payees) != 1:
        return None
    to, revocable = terms.payees[0].to, terms.release_if is not None
    return (to, terms.schedule, revocable) if terms == _terms(to, terms.schedule, revocable=revocable) else None
