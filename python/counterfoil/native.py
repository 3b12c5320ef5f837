"""The verifier again, in native code: the same answers, for whoever checks statements by the thousand.

`counterfoil.verify` stays the one to read, to vendor and to rely on where nothing else is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil import _core
from counterfoil.ledger import Statement
from counterfoil.verify import (
    _STATEMENT,
    CODEC,
    EMPTY_HASH,
    TABLES,
    TOLERANCE_MS,
    BalanceClaim,
    Cosignature,
    Decoded,
    Holding,
    LotAmount,
    RecordClaim,
    Verifier,
    _bounded,
    _Bytes,
    _split_question,
    _split_statement,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ID = _Bytes(32)
_TIME_LIMIT = 2**64
_PRESENT_BYTES = 1 + 16 + 2
"""What a map proof of presence has before the value: its kind, the sum, and the value's length."""


class NativeVerifier(Verifier):
    """A `counterfoil.verify.Verifier` that checks statements natively, and many at once on all cores.

    It accepts and refuses the same statements for the same reasons. Receipts, checkpoints and consistency are checked
    by the code in Python that it inherits. It remembers the last commit that it verified, by the very bytes that proved
    it, so that statements under one checkpoint cost its signature once; else it holds no state, and threads may share
    one.

    Example:
        >>> import tempfile
        >>> from counterfoil import Key, Ledger, NativeVerifier
        >>> folder = tempfile.TemporaryDirectory()
        >>> operator, roaster, ann, bob = (Key.generate() for _ in range(4))
        >>> with Ledger.create(f"{folder.name}/club.ledger", origin="club.example/beans", operator=operator) as ledger:
        ...     bean = ledger.create_asset(roaster, "BEAN")
        ...     outcome = ledger.mint(roaster, bean, to=ann.account, amount=500)
        ...     note = ledger.checkpoint()
        ...     statements = ledger.prove_balances(bean, [ann.account, bob.account])
        ...     verifier = NativeVerifier(ledger.verifier_key, ledger=ledger.id)
        >>> [claim.amount for claim in verifier.balances(statements, asset=bean)]
        [500, 0]
        >>> folder.cleanup()
    """

    def __init__(
        self,
        vkey: str,
        *,
        ledger: bytes | None = None,
        tolerance_ms: int = TOLERANCE_MS,
        witnesses: Sequence[str] = (),
        need: int | None = None,
    ) -> None:
        """Make a verifier.

        Args:
            vkey: The ledger's verifier key, `ledger.verifier_key`, from a source that is trusted.
            ledger: The ledger's id, 32 bytes. Without it, claims say which ledger they are about.
            tolerance_ms: As in `Verifier`.
            witnesses: As in `Verifier`.
            need: As in `Verifier`.

        Raises:
            TypeError: An argument of another type.
            WireError: More witnesses are needed than there are.
            ProofError: wrong_key: a text is not a verifier key, or nothing can be signed by it; ambiguous_key: a
                witness is named twice.
        """
        super().__init__(vkey, ledger=ledger, tolerance_ms=tolerance_ms, witnesses=witnesses, need=need)
        cosigners = [each.text for each in self.witnesses]
        self._native = _core.StatementVerifier(self.key.text, self.ledger, cosigners, self.need, self.tolerance_ms)

    def balances(
        self,
        statements: Iterable[Statement | bytes],
        *,
        asset: bytes | None = None,
        accounts: Iterable[bytes] | None = None,
        now_ms: int | None = None,
        max_age_ms: int | None = None,
    ) -> list[BalanceClaim]:
        """Check many statements about balances: `ledger.prove_balances(asset, accounts)`, or the bytes of each.

        Args:
            statements: Questions with their statements; or statements alone, where asset and accounts are given.
            asset: The asset that all must be about, 32 bytes.
            accounts: The account that each must be about, 32 bytes; as many, in the same order.
            now_ms: As in `balance`.
            max_age_ms: As in `balance`.

        Returns:
            A claim for each statement, in order.

        Raises:
            TypeError: A statement or an account that is not bytes.
            ValueError: Another number of accounts than of statements.
            ProofError: A statement does not prove it. The message says which, counted from 0; it is the first of those
                that are refused.
        """
        listed = [_bounded(_bytes_of(statement), f"statement {place}") for place, statement in enumerate(statements)]
        asset = None if asset is None else _ID.check(asset, "asset")
        expected = None
        if accounts is not None:
            expected = [_ID.check(account, f"accounts[{place}]") for place, account in enumerate(accounts)]
        times = self._bounds(now_ms, max_age_ms)
        claims = []
        last = None
        cosignatures: tuple[Cosignature, ...] = ()
        found = self._native.balances(listed, asset, expected, times)
        for amount, supply, of, account, lots, activity_day, commit in found:
            ledger, origin, tree_size, height, time, state_root, cosigned = commit
            # Claims about one commit share its tuple.
            if commit is not last:
                last, cosignatures = commit, self._cosignatures(cosigned)
            claim = BalanceClaim(
                amount=amount,
                supply=supply,
                asset=of,
                account=account,
                lots=tuple([LotAmount(lot, units) for lot, units in lots]),
                activity_day=activity_day,
                ledger=ledger,
                origin=origin,
                tree_size=tree_size,
                height=height,
                time=time,
                state_root=state_root,
                cosignatures=cosignatures,
            )
            claims.append(claim)
        return claims

    def _cosignatures(self, found: list[tuple[int, int]]) -> tuple[Cosignature, ...]:
        return tuple([Cosignature(self.witnesses[place], time) for place, time in found])

    def _bounds(self, now_ms: int | None, max_age_ms: int | None) -> tuple[int, int] | None:
        """The times that a commit may have, within those that a commit can say."""
        times = self._times(now_ms, max_age_ms)
        if times is None:
            return None
        oldest, newest = (min(max(time, -1), _TIME_LIMIT) for time in times)
        return oldest, newest

    def _statement(
        self,
        data: bytes,
        table: str | None,
        key: bytes | None,
        identifier: bytes | None,
        now_ms: int | None,
        max_age_ms: int | None,
    ) -> RecordClaim:
        data = _bounded(data, "statement")
        found = self._native.record(data, table, key, identifier, self._bounds(now_ms, max_age_ms))
        name, found_key, record_id, record_sum, total, raw, commit = found
        ledger, origin, tree_size, height, time, state_root, cosigned = commit
        return RecordClaim(
            table=name,
            key=found_key,
            record_id=record_id,
            present=raw is not None,
            value=None if raw is None else _value(name, record_sum, raw),
            sum=record_sum,
            total=total,
            raw=raw,
            table_root=_table_root(data),
            ledger=ledger,
            origin=origin,
            tree_size=tree_size,
            height=height,
            time=time,
            state_root=state_root,
            cosignatures=self._cosignatures(cosigned),
        )


def _table_root(data: bytes) -> bytes:
    """To which table the statement leads: it was found to prove that already."""
    statement = data if data.startswith(_STATEMENT) else _split_question(data)[3]
    directory_proof = _split_statement(statement)[1]
    return directory_proof[_PRESENT_BYTES:][:32] if directory_proof[0] == 1 else EMPTY_HASH


def _value(table: str, record_sum: int, raw: bytes) -> Decoded:
    """What a record says: it was found to be well-formed already."""
    _, layout = TABLES[table]
    return Holding.decode(record_sum, raw) if layout == "Holding" else CODEC.decode(layout, raw)


def _bytes_of(statement: object) -> object:
    """The bytes of a statement that the ledger made; anything else as it is."""
    return bytes(statement) if isinstance(statement, Statement) else statement
