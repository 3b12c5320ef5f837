"""Anchor a ledger's checkpoints in an EVM chain, and prove balances to contracts there.

Needs web3: `pip install 'counterfoil[evm]'`. The contracts, in Vyper, are in `clients/evm` of the repository; compiled,
they come with this package. Whatever they would refuse is refused here before anything is sent, with the contract's
own reason.

Addresses are texts, `0x…`. A sender is an address for which the node signs, or a `LocalAccount` of eth-account, whose
key signs here. Times of blocks are seconds, amounts of ether are wei.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from counterfoil.exceptions import ContractError
from counterfoil.ops import Attest, Schema
from counterfoil.verify import (
    Bytes,
    BytesUpTo,
    Checkpoint,
    _bad_wire,
    _Bytes,
    _check_version,
    _expect_question,
    _refuse,
    _split_question,
    _split_statement,
    attestation_id,
)

try:
    from eth_account import Account
    from eth_account.messages import encode_typed_data
    from eth_account.signers.local import LocalAccount
    from web3 import Web3
    from web3.exceptions import ContractLogicError
except ImportError as error:
    _missing = "counterfoil.evm needs web3: pip install 'counterfoil[evm]'"
    raise ImportError(_missing, name="web3") from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from web3.contract import Contract
    from web3.types import TxReceipt

    from counterfoil.ledger import Ledger, Statement

__all__ = [
    "CONTRACT_REASONS",
    "Anchor",
    "Anchored",
    "Balances",
    "Claim",
    "ContractError",
    "OnChainBalance",
    "StatementParts",
    "address_schema",
    "split_statement",
]

Sender: TypeAlias = "LocalAccount | str"

COMMIT_BYTES = 94
SIGNERS_MAX = 16
INCLUSION_HASHES_MAX = 63
PROOF_BYTES_MAX = 8_192
"""The longest map proof that the contracts read. Paths of 84 siblings fit, beside the longest value."""

CONTRACT_REASONS: dict[str, str] = {
    "frozen": "its signers have signed two histories",
    "not_newer": "the checkpoint is not larger than the latest one",
    "other_root": "another root is anchored at this size",
    "too_large": "a log has less than 2**63 entries",
    "no_root": "a root of 32 zero bytes, which is no hash",
    "too_few_signatures": "fewer signatures than its threshold",
    "high_s": "a signature with the higher one of its two values of s",
    "unknown_signer": "a signature by somebody else, or over something else",
    "signer_order": "signers that do not strictly ascend by their addresses",
    "wrong_threshold": "a threshold that is not 1 to the number of signers",
    "no_fork": "the two roots are the same",
    "unknown_checkpoint": "no checkpoint of this size is anchored",
    "wrong_pool": "no ether, or 2**128 wei or more",
    "wrong_end": "its end has passed",
    "no_holders": "nobody held the asset at the checkpoint",
    "closed": "its end has passed",
    "open": "its end has not come",
    "not_owner": "another sender than its owner",
    "claimed": "the account has had its part",
    "no_balance": "the account held nothing, or too little for a part",
    "not_attested": "the account has not attested where its part goes",
    "wrong_attestation": "the attestation is revoked, expires, or is not of an address",
}
"""Why the contracts refuse a call, where it is not for a proof: those codes are `counterfoil.verify.REASONS`."""

_DOMAIN = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
_CHECKPOINT = [
    {"name": "ledger", "type": "bytes32"},
    {"name": "epoch", "type": "uint256"},
    {"name": "tree_size", "type": "uint256"},
    {"name": "root_hash", "type": "bytes32"},
]
_SIGNERS = [
    {"name": "ledger", "type": "bytes32"},
    {"name": "epoch", "type": "uint256"},
    {"name": "threshold", "type": "uint256"},
    {"name": "signers", "type": "address[]"},
]
_REVERTED = "execution reverted"
_ERROR_SELECTOR = "08c379a0"
"""Of Error(string), with which contracts say a reason."""
_CODE = re.compile("[a-z_]{1,32}")
_S_MAX = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_ID = _Bytes(32)


@functools.cache
def artefacts() -> dict[str, dict[str, Any]]:
    """The compiled contracts by name, each with its `abi` and the `bytecode` that deploys it."""
    text = resources.files("counterfoil").joinpath("evm_contracts.json").read_text(encoding="ascii")
    made: dict[str, Any] = json.loads(text)
    del made["vyper"]
    return made


# --------------------------------------------------------------------------------------------------------------------
# What the contracts are asked


@dataclass(frozen=True, slots=True)
class StatementParts:
    """A statement in the parts that a contract takes.

    Attributes:
        table: The table that it is about.
        key: The table key: the asset's id, say; or empty.
        record_id: The record's id, 32 bytes.
        record_proof: A map proof; empty where the table is absent.
        directory_proof: A map proof.
        commit_entry: 94 bytes.
        inclusion: Hashes of 32 bytes, deepest first.
        checkpoint: What its note says. Its signature is not looked at: the contract asks the anchor instead.
    """

    table: str
    key: bytes
    record_id: bytes
    record_proof: bytes
    directory_proof: bytes
    commit_entry: bytes
    inclusion: tuple[bytes, ...]
    checkpoint: Checkpoint


def split_statement(
    statement: Statement | bytes,
    *,
    table: str | None = None,
    key: bytes | None = None,
    record_id: bytes | None = None,
) -> StatementParts:
    """Take a question with its statement apart. Nothing is proven by that: the contract checks the parts.

    Args:
        statement: `ledger.prove_balance(…)`, `ledger.prove(…)`, or the bytes of one.
        table: The table that it must be about.
        key: The table key that it must be about, 32 bytes or empty.
        record_id: The record that it must be about, 32 bytes.

    Raises:
        ProofError: malformed_question, unknown_table, wrong_question, malformed_statement, truncated, trailing_bytes,
            wrong_entry, unknown_version, malformed_entry, malformed_checkpoint; too_long: longer than the contracts
            read it.
    """
    found_table, found_key, found_id, rest = _split_question(bytes(statement))
    _expect_question((table, key, record_id), (found_table, found_key, found_id))
    record_proof, directory_proof, entry, inclusion, note = _split_statement(rest)
    for name, part in (("record proof", record_proof), ("directory proof", directory_proof)):
        if len(part) > PROOF_BYTES_MAX:
            _refuse("too_long", f"statement, {name}", f"at most {PROOF_BYTES_MAX:,} bytes", f"{len(part):,}")
    if entry[:1] != b"\x02":
        _refuse("wrong_entry", "statement, entry", "tag 02 (commit)", entry[:1].hex() or "no bytes")
    if len(entry) > COMMIT_BYTES:
        _check_version("commit", entry[1])
        _refuse("malformed_entry", "statement, commit entry", f"{COMMIT_BYTES} bytes", len(entry))
    if len(inclusion) > INCLUSION_HASHES_MAX:
        _refuse("too_long", "statement, inclusion hashes", f"at most {INCLUSION_HASHES_MAX}", len(inclusion))
    text = note.decode("utf-8", "replace").rpartition("\n\n")[0] + "\n"
    return StatementParts(
        found_table,
        found_key,
        found_id,
        record_proof,
        directory_proof,
        entry,
        tuple(inclusion),
        Checkpoint.parse(text),
    )


def address_schema(creator: bytes, name: str = "evm-address") -> Schema:
    """The operation that makes a schema by which accounts say where on an EVM chain they want to be paid.

    Args:
        creator: An account id, 32 bytes. It has no say in what others attest.
        name: 1 to 32 of `a-z0-9._-`.
    """
    return Schema(creator=creator, name=name, content=BytesUpTo(20))


# --------------------------------------------------------------------------------------------------------------------
# The contracts


class _Deployed:
    """A contract at an address."""

    _name: str

    def __init__(self, w3: Web3, address: str) -> None:
        """Use the contract at an address.

        Args:
            w3: The connection to a node.
            address: Where the contract is.
        """
        self.w3 = w3
        self.contract: Contract = w3.eth.contract(
            address=Web3.to_checksum_address(address), abi=artefacts()[self._name]["abi"]
        )

    @property
    def address(self) -> str:
        """Where the contract is."""
        return str(self.contract.address)

    @classmethod
    def _create(cls, w3: Web3, sender: Sender, *arguments: object, value: int = 0) -> str:
        made = artefacts()[cls._name]
        constructor = w3.eth.contract(abi=made["abi"], bytecode=made["bytecode"]).constructor(*arguments)
        return str(_send(w3, constructor, sender, f"{cls._name}, deploying", value=value)["contractAddress"])

    def _send(self, sender: Sender, call: str, *arguments: object) -> TxReceipt:
        function = self.contract.get_function_by_name(call)(*arguments)
        return _send(self.w3, function, sender, f"{self._name} {self.address}, {call}")

    def _read(self, call: str, *arguments: object) -> Any:  # noqa: ANN401 - as the ABI has it
        try:
            return self.contract.get_function_by_name(call)(*arguments).call()
        except Exception as error:  # noqa: BLE001 - see _refuse_as
            _refuse_as(error, f"{self._name} {self.address}, {call}")


@dataclass(frozen=True, slots=True)
class Anchored:
    """A checkpoint that was anchored.

    Attributes:
        tree_size: The size of the log.
        root_hash: Its root, 32 bytes.
        time: The time of the block in which it was anchored, seconds since 1970-01-01 UTC.
    """

    tree_size: int
    root_hash: bytes
    time: int


class Anchor(_Deployed):
    """The contract `Anchor`: the checkpoints of one ledger, on an EVM chain."""

    _name = "Anchor"

    @classmethod
    def deploy(cls, w3: Web3, *, ledger: bytes, signers: Sequence[str], threshold: int, sender: Sender) -> Anchor:
        """Create one.

        Args:
            w3: The connection to a node.
            ledger: The ledger's id, 32 bytes.
            signers: The addresses of those who sign checkpoints for it, at most 16.
            threshold: How many of them must have signed.
            sender: Who pays for it. It has no power over it.

        Raises:
            ContractError: wrong_threshold, signer_order (one of them twice).
            WireError: More than 16 signers.
        """
        return cls(w3, cls._create(w3, sender, _ID.check(ledger, "ledger"), _ascending(signers), threshold))

    @property
    def ledger(self) -> bytes:
        """The ledger's id, 32 bytes."""
        return bytes(self._read("ledger"))

    @property
    def tree_size(self) -> int:
        """The size of the latest checkpoint; 0 before the first."""
        return int(self._read("tree_size"))

    @property
    def frozen(self) -> bool:
        """Whether its signers were shown to have signed two histories."""
        return bool(self._read("frozen"))

    def checkpoint(self, tree_size: int) -> Anchored:
        """The checkpoint of this size.

        Raises:
            ContractError: unknown_checkpoint: none of this size is anchored.
        """
        root_hash, time = self._read("checkpoints", tree_size)
        if not time:
            _refuse_call("unknown_checkpoint", f"Anchor {self.address}, tree size {tree_size}")
        return Anchored(tree_size, bytes(root_hash), int(time))

    def typed_data(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """What the signers sign of a checkpoint: EIP-712, as `eth_signTypedData_v4` takes it."""
        values = {"tree_size": checkpoint.tree_size, "root_hash": checkpoint.root_hash}
        return self._typed_data("Checkpoint", _CHECKPOINT, values)

    def sign(self, checkpoint: Checkpoint, signer: LocalAccount, *, ledger: bytes) -> bytes:
        """Sign a checkpoint for this contract.

        Whoever signs answers for it: verify its note, and that it extends the last one that you have signed, with
        `counterfoil.verify.Verifier.consistency`; better still, replay the log.

        Args:
            checkpoint: What `verifier.checkpoint(note)` or `verifier.consistency(…)` returned.
            signer: The key.
            ledger: The id of the ledger whose checkpoint it is, 32 bytes: a checkpoint does not say it.

        Returns:
            A signature of 65 bytes: r, s, v.

        Raises:
            ContractError: wrong_ledger: the contract is about another; not_newer, other_root: it would not be taken,
                and might be evidence against the signer.
        """
        if (found := self.ledger) != ledger:
            what = f"Anchor {self.address}, ledger: expected {ledger.hex()}, found {found.hex()}"
            _refuse_call("wrong_ledger", what)
        latest = self.tree_size
        if checkpoint.tree_size <= latest:
            what = (
                f"Anchor {self.address}, checkpoint: expected a tree size over {latest}, found {checkpoint.tree_size}"
            )
            known = self._read("checkpoints", checkpoint.tree_size)
            is_other = bool(known[1]) and bytes(known[0]) != checkpoint.root_hash
            _refuse_call("other_root" if is_other else "not_newer", what)
        return _sign(signer, self.typed_data(checkpoint))

    def proof_from(self, ledger: Ledger, checkpoint: Checkpoint) -> list[bytes]:
        """The consistency proof that this contract asks for with a checkpoint; empty for the first.

        It is empty for one that is not newer, too, which the contract refuses without looking at it.
        """
        latest = self.tree_size
        return ledger.prove_consistency(latest, checkpoint.tree_size) if 0 < latest < checkpoint.tree_size else []

    def anchor(
        self, checkpoint: Checkpoint, signatures: Sequence[bytes], proof: Sequence[bytes], *, sender: Sender
    ) -> TxReceipt:
        """Anchor a checkpoint. Anybody may who has the signatures.

        Args:
            checkpoint: The checkpoint.
            signatures: By enough signers, in any order, 65 bytes each.
            proof: `proof_from(ledger, checkpoint)`, or the same from elsewhere.
            sender: Who pays for it.

        Returns:
            The receipt of the transaction. On a chain that may still drop the block, wait for what it calls final.

        Raises:
            ContractError: frozen, not_newer, other_root, too_few_signatures, unknown_signer, high_s, wrong_log_proof.
            WireError: A hash that has not 32 bytes.
        """
        ordered = self._ordered(self.typed_data(checkpoint), signatures)
        hashes = [_ID.check(step, "proof") for step in proof]
        return self._send(sender, "anchor", checkpoint.tree_size, checkpoint.root_hash, hashes, ordered)

    def signers_typed_data(self, signers: Sequence[str], threshold: int) -> dict[str, Any]:
        """What the signers sign of those who shall replace them: EIP-712."""
        return self._typed_data("Signers", _SIGNERS, {"threshold": threshold, "signers": _ascending(signers)})

    def sign_signers(self, signers: Sequence[str], threshold: int, signer: LocalAccount) -> bytes:
        """Sign that these shall replace the signers of now: 65 bytes."""
        return _sign(signer, self.signers_typed_data(signers, threshold))

    def replace_signers(
        self, signers: Sequence[str], threshold: int, signatures: Sequence[bytes], *, sender: Sender
    ) -> TxReceipt:
        """Replace the signers. What those of now have signed and nobody has brought yet is worth nothing from then on.

        Args:
            signers: The addresses of the new ones, at most 16.
            threshold: How many of them must have signed a checkpoint.
            signatures: By enough of the signers of now: `sign_signers`.
            sender: Who pays for it.

        Raises:
            ContractError: frozen, too_few_signatures, unknown_signer, high_s, wrong_threshold, signer_order.
            WireError: More than 16 signers.
        """
        ordered = self._ordered(self.signers_typed_data(signers, threshold), signatures)
        return self._send(sender, "replace_signers", _ascending(signers), threshold, ordered)

    def report_fork(
        self,
        first: Checkpoint,
        second: Checkpoint,
        second_signatures: Sequence[bytes],
        first_signatures: Sequence[bytes] = (),
        *,
        sender: Sender,
    ) -> TxReceipt:
        """Freeze the contract for good, with proof that its signers have signed two histories.

        Args:
            first: A checkpoint: one that is anchored, or another that they have signed.
            second: Another root of the same size.
            second_signatures: By enough signers, over the second.
            first_signatures: By enough signers, over the first; not needed where it is anchored.
            sender: Who pays for it.

        Raises:
            ContractError: frozen, no_fork, too_few_signatures, unknown_signer, high_s.
        """
        if first.tree_size != second.tree_size or first.root_hash == second.root_hash:
            what = (
                f"fork: expected two roots of one size, found {first.tree_size} {first.root_hash.hex()} and "
                f"{second.tree_size} {second.root_hash.hex()}"
            )
            _refuse_call("no_fork", what)
        return self._send(
            sender,
            "report_fork",
            first.tree_size,
            first.root_hash,
            self._ordered(self.typed_data(first), first_signatures) if first_signatures else [],
            second.root_hash,
            self._ordered(self.typed_data(second), second_signatures),
        )

    def _typed_data(self, kind: str, fields: list[dict[str, str]], values: dict[str, Any]) -> dict[str, Any]:
        return {
            "types": {"EIP712Domain": _DOMAIN, kind: fields},
            "primaryType": kind,
            "domain": {
                "name": "Counterfoil Anchor",
                "version": "1",
                "chainId": self.w3.eth.chain_id,
                "verifyingContract": self.address,
            },
            "message": {"ledger": self.ledger, "epoch": self._read("epoch"), **values},
        }

    def _ordered(self, typed_data: dict[str, Any], signatures: Sequence[bytes]) -> list[tuple[int, int, int]]:
        """The signatures as the contract takes them, each signer's once, ascending; what it would refuse is refused."""
        what = f"Anchor {self.address}, signature"
        message = encode_typed_data(full_message=typed_data)
        epoch = typed_data["message"]["epoch"]
        found: dict[int, tuple[int, int, int]] = {}
        for signature in signatures:
            if len(signature) != 65:
                _refuse_call("unknown_signer", f"{what}: expected 65 bytes, found {len(signature)}")
            r, s, v = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:64], signature[64:]))
            if s > _S_MAX:
                _refuse_call("high_s", what)
            try:
                signer = Account.recover_message(message, signature=signature)
            except Exception:  # noqa: BLE001 - eth-keys has many kinds for what is no signature
                signer = None
            if signer is None or self._read("epoch_of", signer) != epoch:
                _refuse_call("unknown_signer", f"{what}: expected one by a signer, found {signer or 'none'}")
            # Some wallets count from 0, or from 35 with the chain in it; the contract's ecrecover from 27.
            found[int(signer, 16)] = (v + 27 if v < 2 else 28 - v % 2, r, s)
        threshold = self._read("threshold")
        if len(found) < threshold:
            what = f"{what}s: expected {threshold} by different signers, found {len(found)}"
            _refuse_call("too_few_signatures", what)
        return [signature for _, signature in sorted(found.items())]


@dataclass(frozen=True, slots=True)
class OnChainBalance:
    """What a contract found that a statement proves.

    Attributes:
        amount: The account's units; 0 where it holds none.
        supply: All units of the asset.
        time: The time of the commit, ms since 1970-01-01 UTC.
    """

    amount: int
    supply: int
    time: int


class Balances(_Deployed):
    """The contract `Balances`: checks statements about balances under anchored checkpoints."""

    _name = "Balances"

    @classmethod
    def deploy(cls, w3: Web3, *, anchor: str, sender: Sender) -> Balances:
        """Create one for the anchor at this address."""
        return cls(w3, cls._create(w3, sender, Web3.to_checksum_address(anchor)))

    def balance_of(
        self, statement: Statement | bytes, *, asset: bytes | None = None, account: bytes | None = None
    ) -> OnChainBalance:
        """What a statement about a balance proves, found by the contract. Nothing is sent.

        Args:
            statement: `ledger.prove_balance(asset, account)`, or its bytes.
            asset: The asset that it must be about, 32 bytes.
            account: The account that it must be about, 32 bytes.

        Raises:
            ProofError: It is no statement about that.
            ContractError: frozen, unknown_checkpoint, or why it is no proof, one of `counterfoil.verify.REASONS`.
        """
        parts = split_statement(statement, table="holders", key=asset, record_id=account)
        amount, supply, time = self._read("balance_of", *self.arguments(parts))
        return OnChainBalance(int(amount), int(supply), int(time))

    @staticmethod
    def arguments(parts: StatementParts) -> tuple[object, ...]:
        """What `balance_of` of the contract takes, in order: for whoever encodes the call."""
        return (
            parts.key,
            parts.record_id,
            parts.checkpoint.tree_size,
            parts.record_proof,
            parts.directory_proof,
            parts.commit_entry,
            list(parts.inclusion),
        )


class Claim(_Deployed):
    """The contract `Claim`: ether for those who held an asset at a checkpoint, to addresses that they attest."""

    _name = "Claim"

    @classmethod
    def deploy(
        cls,
        w3: Web3,
        *,
        anchor: str,
        schema: bytes,
        statement: Statement | bytes,
        closes: int,
        max_age_s: int,
        amount_wei: int,
        sender: Sender,
    ) -> Claim:
        """Create one, with what it shares out.

        Args:
            w3: The connection to a node.
            anchor: The address of the ledger's anchor.
            schema: The id of the schema by which accounts attest addresses: see `address_schema`.
            statement: Any one about a balance of the asset, at the anchored checkpoint whose balances count.
            closes: From this block time on, seconds, the sender may take back what nobody has claimed.
            max_age_s: How old the commit may be under which an attestation is proven.
            amount_wei: What is shared out.
            sender: Who pays.

        Raises:
            ProofError: It is no statement about a balance.
            ContractError: wrong_pool, wrong_end, frozen, unknown_checkpoint, no_holders, or why the statement is no
                proof.
        """
        parts = split_statement(statement, table="holders")
        address = cls._create(
            w3,
            sender,
            Web3.to_checksum_address(anchor),
            parts.key,
            _ID.check(schema, "schema"),
            max_age_s,
            closes,
            parts.checkpoint.tree_size,
            parts.directory_proof,
            parts.commit_entry,
            list(parts.inclusion),
            value=amount_wei,
        )
        return cls(w3, address)

    @property
    def nonce(self) -> bytes:
        """The nonce of attestations that count here: SHA-256 of a domain, the chain's id and the contract's address."""
        chain_id = self.w3.eth.chain_id.to_bytes(32, "big")
        return hashlib.sha256(b"counterfoil/evm-claim/v1\n" + chain_id + bytes.fromhex(self.address[2:])).digest()

    def attest(self, account: bytes, payee: str) -> Attest:
        """The operation by which an account says where its part goes. The account signs it, like any other.

        Args:
            account: The account's id, 32 bytes.
            payee: The address that it chooses.
        """
        content = Bytes(bytes.fromhex(Web3.to_checksum_address(payee)[2:]))
        return Attest(schema=self._schema, issuer=account, subject=account, nonce=self.nonce, content=content)

    def attestation_id(self, account: bytes) -> bytes:
        """The record id of that attestation, for `ledger.prove("attestations", …, key=schema)`."""
        return attestation_id(self._schema, account, account, self.nonce)

    def claim(
        self, account: bytes, balance: Statement | bytes, attestation: Statement | bytes, *, sender: Sender
    ) -> TxReceipt:
        """Have an account's part paid to the address that it has attested.

        Args:
            account: The account's id, 32 bytes.
            balance: The statement about its balance at the checkpoint that counts.
            attestation: The statement about its attestation, at that or another anchored checkpoint.
            sender: Who pays for the transaction; anybody may.

        Raises:
            ProofError: A statement is about something else.
            ContractError: closed, claimed, no_balance, stale, from_the_future, not_attested, wrong_attestation, frozen,
                unknown_checkpoint, payee (its address takes no ether), or why a statement is no proof.
        """
        held = split_statement(balance, table="holders", key=bytes(self._read("asset")), record_id=account)
        if held.checkpoint.tree_size != (counts := self._read("tree_size")):
            _refuse("wrong_question", "statement, tree size", counts, held.checkpoint.tree_size)
        said = split_statement(
            attestation, table="attestations", key=self._schema, record_id=self.attestation_id(account)
        )
        return self._send(
            sender,
            "claim",
            account,
            held.record_proof,
            said.checkpoint.tree_size,
            said.record_proof,
            said.directory_proof,
            said.commit_entry,
            list(said.inclusion),
        )

    def close(self, *, sender: Sender) -> TxReceipt:
        """Give the owner what nobody has claimed.

        Raises:
            ContractError: not_owner, open.
        """
        return self._send(sender, "close")

    @property
    def _schema(self) -> bytes:
        return bytes(self._read("schema"))


# --------------------------------------------------------------------------------------------------------------------
# Sending


def _send(w3: Web3, function: Any, sender: Sender, what: str, *, value: int = 0) -> TxReceipt:  # noqa: ANN401 - web3's
    """Send a call and wait until it is in a block. The node tries it first: what would revert is not sent."""
    local = sender if isinstance(sender, LocalAccount) else None
    address = Web3.to_checksum_address(local.address if local else str(sender))
    try:
        transaction = function.build_transaction({"from": address, "value": value})
    except Exception as error:  # noqa: BLE001 - see _refuse_as
        _refuse_as(error, what)
    if local is None:
        sent = w3.eth.send_transaction(transaction)
    else:
        transaction["nonce"] = w3.eth.get_transaction_count(address, "pending")
        sent = w3.eth.send_raw_transaction(local.sign_transaction(transaction).raw_transaction)
    receipt = w3.eth.wait_for_transaction_receipt(sent)
    if receipt["status"] != 1:
        # What came in between has made it fail: another's, say, who anchored the same.
        _refuse_call("reverted", f"{what}: transaction {sent.to_0x_hex()}")
    return receipt


def _refuse_as(error: Exception, what: str) -> NoReturn:
    """Refuse for the reason with which a contract reverts: its text, which is a code. Other errors go on."""
    text = str(error.message if isinstance(error, ContractLogicError) else error)
    # The chain of eth-tester, for tests, has an error of its own with the same text.
    if not isinstance(error, ContractLogicError) and not text.startswith(_REVERTED):
        raise error
    data = getattr(error, "data", None)
    data = data.removeprefix("0x") if isinstance(data, str) else ""
    if data.startswith(_ERROR_SELECTOR):
        encoded = bytes.fromhex(data[8:])
        reason = encoded[64 : 64 + int.from_bytes(encoded[32:64], "big")].decode("utf-8", "replace")
    else:
        reason = text.removeprefix(_REVERTED).removeprefix(": ")
    # No code: a call that the contract cannot decode, or ran out of gas.
    _refuse_call(reason if _CODE.fullmatch(reason) else "reverted", what)


def _refuse_call(reason: str, what: str) -> NoReturn:
    explained = CONTRACT_REASONS.get(reason)
    message = f"{what}: {reason}" + (f": {explained}" if explained else "")
    raise ContractError(message, reason) from None


def _sign(signer: LocalAccount, typed_data: dict[str, Any]) -> bytes:
    return bytes(signer.sign_typed_data(full_message=typed_data).signature)


def _ascending(addresses: Sequence[str]) -> list[str]:
    if len(addresses) > SIGNERS_MAX:
        _bad_wire("signers", f"at most {SIGNERS_MAX}", len(addresses))
    return sorted((Web3.to_checksum_address(address) for address in addresses), key=lambda address: int(address, 16))
