"""The whole ledger: from signed bytes to a status, an entry and a state root."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from tests.model import (
    account,
    asset,
    attest,
    campaign,
    distribute,
    ed25519,
    governance,
    hold,
    items,
    ledger_ops,
    log,
    move,
    snapshot,
)
from tests.model.borsh import ID, U8, U32, U64, MalformedError, Reader, Value, struct
from tests.model.state import (
    GENESIS,
    OPERATIONS,
    PARAMETERS,
    SIGNED_TRANSACTION,
    STATUSES,
    TRANSACTION,
    Context,
    RefusalError,
    State,
    record_id,
    refuse_if,
    tag_of,
)

FAMILIES = (
    account,
    asset,
    items,
    move,
    hold,
    campaign,
    attest,
    governance,
    snapshot,
    distribute,
    ledger_ops,
)

SIGNED_BYTES_MAX = 61_028
ENTRY_BYTES_MAX = 65_535
AUTHORIZERS_MAX = 16
RULES = 1

COMMIT = struct("Commit", version=U8, ledger=ID, rules=U32, height=U64, time=U64, through=U64, state_root=ID)

Outcome = tuple[str, "int | None", "int | None"]
"""The name of the status, the index of the operation that refused, the index of the entry."""

__all__ = ["STATUSES", "ModelLedger", "Outcome"]


def transaction_id(transaction: Value) -> bytes:
    """What is signed, and by what a transaction is known."""
    return sha256(b"counterfoil/transaction/v1\n" + TRANSACTION.write(transaction)).digest()


def _genesis_valid(genesis: Value) -> bool:
    origin = genesis.origin
    printable = all("\x21" <= character <= "\x7e" and character != "+" for character in origin)
    return 1 <= len(origin) <= 255 and printable and ledger_ops.parameters_valid(genesis.parameters)


class ModelLedger:
    """A ledger in memory.

    Args:
        genesis: Borsh(Genesis), which is what entry 0 has after its tag.
    """

    def __init__(self, genesis: bytes) -> None:
        self.genesis = GENESIS.decode(genesis)
        assert _genesis_valid(self.genesis)
        self.id = sha256(b"counterfoil/ledger/v1\n" + genesis).digest()
        self.entries: list[bytes] = [b"\x00" + genesis]
        self.state = State()
        self.state.put("parameters", record_id("parameters"), PARAMETERS.write(self.genesis.parameters))
        self.time: int = self.genesis.time
        """The time of the last entry that has one."""
        self.operator: bytes = self.genesis.operator
        self.commits: list[Value] = []
        self.states: dict[int, State] = {1: self.state}
        """The state after every entry below an index, from the last commit's `through` on."""
        self._seen: dict[tuple[tuple[bytes, bytes | None], bytes], tuple[int, bytes, int]] = {}

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.entries)

    def entry(self, index: int) -> bytes:
        """One entry of the log."""
        return self.entries[index]

    def log_root(self) -> bytes:
        """The root hash of the log."""
        return log.root(self.entries)

    def state_root(self) -> bytes:
        """The root of the state as it is now."""
        return self.state.root()

    @property
    def parameters(self) -> Any:
        """The parameters in force."""
        return self.state.value(PARAMETERS, "parameters", record_id("parameters"))

    def balance(self, asset: bytes, account: bytes) -> int:
        """The units of an account, lapsed ones that nobody removed yet included."""
        found = self.state.get("holders", account, asset)
        return 0 if found is None else found[0]

    def apply(self, signed: bytes, time: int) -> Outcome:
        """Apply one transaction. What is refused changes nothing."""
        self._check_time(time)
        at: list[int | None] = [None]
        draft = self.state.copy()
        try:
            first = self._apply(draft, signed, time, at)
        except RefusalError as refusal:
            return refusal.status, at[0], None
        return "ok", None, first

    def _apply(self, draft: State, signed: bytes, time: int, at: list[int | None]) -> int:
        """The order of checks of operations.md. `at` says which operation is being looked at."""
        decoded = self._check_bytes(signed)
        transaction, signatures = decoded.transaction, decoded.signatures
        authorizers = [(authorizer.account, authorizer.key) for authorizer in transaction.authorizers]
        operations = [OPERATIONS[tag_of(op)] for op in transaction.operations]

        for at[0], (known, op) in enumerate(zip(operations, transaction.operations, strict=True)):
            known.check(op)
        at[0] = None

        identity = transaction_id(transaction)
        for (account_id, key), signature in zip(authorizers, signatures, strict=True):
            valid = ed25519.verify(account_id if key is None else key, b"counterfoil/sign/v1\n" + identity, signature)
            refuse_if(not valid, "bad_signature")
        for known, op in zip(operations, transaction.operations, strict=True):
            for key, message, signature in known.signatures(op, self.id):
                refuse_if(not ed25519.verify(key, message, signature), "bad_signature")

        refuse_if(transaction.valid_until <= time, "expired")
        refuse_if(transaction.valid_until > time + self.parameters.window_ms, "too_far_ahead")

        replay = authorizers[0], transaction.nonce
        if replay in self._seen:
            valid_until, seen, index = self._seen[replay]
            if time < valid_until:
                refuse_if(seen != identity, "nonce_reused")
                return index

        records = {account_id: account.account_record(draft, account_id) for account_id, _ in authorizers}
        for account_id, key in authorizers:
            _check_authorizer(records[account_id], key)

        ctx = Context(draft, time, identity, authorizers, records, self.state, self.parameters)
        effects = b""
        for at[0], (known, op) in enumerate(zip(operations, transaction.operations, strict=True)):
            effect = known.apply(ctx, op)
            effects += b"\0" if effect is None else effect.encode()
        at[0] = None

        entry = b"\x01" + U64.write(time) + signed + U32.write(len(operations)) + effects
        refuse_if(len(entry) > ENTRY_BYTES_MAX, "too_large")

        self.state, self.time = draft, time
        self._seen[replay] = transaction.valid_until, identity, self.size
        return self._append(entry)

    def _check_bytes(self, signed: bytes) -> Any:
        """Step 1: the rules that need nothing but the bytes and the parameters in force."""
        refuse_if(not signed, "malformed")
        refuse_if(len(signed) > SIGNED_BYTES_MAX, "too_large")
        refuse_if(signed[0] != 1, "unknown_version")
        try:
            decoded = SIGNED_TRANSACTION.decode(signed)
        except MalformedError:
            status = "malformed"
            raise RefusalError(status) from None
        transaction, signatures = decoded.transaction, decoded.signatures
        parameters = self.parameters
        pairs = [(authorizer.account, authorizer.key) for authorizer in transaction.authorizers]
        refuse_if(len(TRANSACTION.write(transaction)) > parameters.transaction_bytes_max, "too_large")
        refuse_if(transaction.ledger != self.id, "wrong_ledger")
        refuse_if(not pairs, "no_authorizer")
        refuse_if(len(pairs) > AUTHORIZERS_MAX, "too_many_authorizers")
        refuse_if(len(set(pairs)) < len(pairs), "duplicate_authorizer")
        refuse_if(len(signatures) != len(pairs), "signature_count")
        refuse_if(not transaction.operations, "no_operation")
        refuse_if(len(transaction.operations) > parameters.operations_max, "too_many_operations")
        return decoded

    def commit(self, time: int, through: int | None = None) -> bytes:
        """Append a commit entry. What follows `through` is not in its state root; by default everything is in it."""
        self._check_time(time)
        self.time = time
        through = self.size if through is None else through
        assert (self.commits[-1].through if self.commits else 0) <= through <= self.size
        self.states = {index: state for index, state in self.states.items() if index >= through}
        commit = Value(
            "Commit",
            version=1,
            ledger=self.id,
            rules=RULES,
            height=len(self.commits),
            time=time,
            through=through,
            state_root=self.states[through].root(),
        )
        self.commits.append(commit)
        self._append(b"\x02" + COMMIT.write(commit))
        return self.entries[-1]

    def rotation_message(self, new_key: bytes) -> bytes:
        """What the operator's key signs to hand over to another."""
        height = self.commits[-1].height
        return b"counterfoil/operator/v1\n" + self.id + height.to_bytes(8, "big") + new_key

    def rotate(self, new_key: bytes, signature: bytes) -> bytes:
        """Append an operator entry, signed by the key that was the operator's until now."""
        assert ed25519.verify(self.operator, self.rotation_message(new_key), signature)
        self.operator = new_key
        self._append(b"\x03" + new_key + signature)
        return self.entries[-1]

    def follow(self, entry: bytes) -> None:
        """Append an entry that another ledger wrote, and insist that it is the one that belongs here."""
        tag, body = entry[0], entry[1:]
        if tag == 1:
            time, reader_at = int.from_bytes(body[:8], "little"), 8
            signed = body[reader_at : reader_at + _signed_length(body[reader_at:])]
            status, _, index = self.apply(signed, time)
            assert (status, index) == ("ok", self.size - 1)
        elif tag == 2:
            commit = COMMIT.decode(body)
            self.commit(commit.time, commit.through)
        else:
            assert tag == 3
            self.rotate(body[:32], body[32:])
        assert self.entries[-1] == entry

    def check_invariants(self) -> None:
        """Design.md, invariants 1 and 2, over the whole state."""
        for family in FAMILIES:
            family.check_invariants(self.state, self.time)
        assert all(len(entry) <= ENTRY_BYTES_MAX for entry in self.entries)
        assert all(records for records in self.state.tables.values())
        self.state.root()

    def _check_time(self, time: int) -> None:
        """Time never decreases along the log. What is refused leaves no trace, not even of its time."""
        if time < self.time:
            message = f"time goes back: {time} after {self.time}"
            raise ValueError(message)

    def _append(self, entry: bytes) -> int:
        self.entries.append(entry)
        self.states[self.size] = self.state
        return self.size - 1


def _check_authorizer(record: Any, key: bytes | None) -> None:
    """Step 6, for one authorizer."""
    if record is None:
        refuse_if(key is not None, "key_unexpected")
        return
    refuse_if(record.kind == "programme", "programme_account")
    refuse_if(record.kind == "alias", "account_aliased")
    refuse_if(key is None, "key_missing")
    refuse_if(key not in [grant.key for grant in record.keys], "unknown_key")


def _signed_length(data: bytes) -> int:
    """How many bytes at the start are the signed transaction."""
    reader = Reader(data)
    SIGNED_TRANSACTION.read(reader)
    return reader.at
