"""Check what a Counterfoil ledger hands out, without trusting the service that runs it.

This one file is the whole verifier. It needs Python's standard library and PyNaCl, neither the native module nor the
rest of Counterfoil, so it may be copied into a client under any name. Formats: `docs/reference/formats.md`.

```python
verifier = Verifier(vkey_text)
claim = verifier.balance(statement_bytes)  # or it raises ProofError
print(claim.amount, "of", claim.supply)
```

Times are milliseconds since 1970-01-01 UTC, amounts are integers of minor units, ids and hashes are 32 bytes.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import itertools
import re
import time as clock
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NoReturn, TypeAlias, TypeVar

from nacl import bindings
from nacl.exceptions import BadSignatureError

# --------------------------------------------------------------------------------------------------------------------
# Errors


class LedgerError(Exception):
    """Base of every exception that Counterfoil raises of its own."""


class WireError(LedgerError, ValueError):
    """Bytes or values that cannot be decoded or encoded. The message says what, what was expected, what was found."""


class UnknownOperationError(WireError):
    """An operation that this version does not know. Their tags are only ever added: a later one may."""


class SignatureError(LedgerError, ValueError):
    """A signature that does not hold, a signer that is missing, or a key that is none."""


REASONS: tuple[str, ...] = (
    "too_long",  # more bytes than any proof has
    "malformed_question",  # the question before the statement
    "malformed_statement",  # the parts of the statement
    "malformed_receipt",  # the lines of the receipt
    "malformed_note",  # the lines of a signed note
    "malformed_checkpoint",  # the three lines of the note's text
    "malformed_entry",  # an entry of the log
    "malformed_record",  # the value of a record
    "malformed_transaction",  # what no ledger would have applied
    "malformed_proof",  # a map proof that is not encoded the one way
    "truncated",  # fewer bytes than the lengths announce
    "trailing_bytes",  # more bytes than the lengths announce
    "wrong_question",  # about another table, asset, account or record than expected
    "unknown_table",  # a table that this version does not know
    "wrong_key",  # not signed by the expected key
    "ambiguous_key",  # two expected keys have one name and hash
    "bad_signature",  # a signature of the note that does not hold
    "bad_transaction_signature",  # a signature of the transaction, or of a slip in it, that does not hold
    "wrong_origin",  # a checkpoint of another log
    "wrong_ledger",  # a commit or transaction of another ledger
    "wrong_entry",  # an entry of another kind, or in an impossible place
    "not_last_entry",  # the commit is not what the checkpoint ends with
    "unknown_version",  # a version or an operation that this one does not know: made by a newer Counterfoil
    "wrong_log_proof",  # the inclusion or consistency proof gives another root
    "empty_sibling",  # a listed sibling that is empty
    "shallow_leaf",  # the deepest sibling is empty: such a tree is never built
    "wrong_leaf",  # the other leaf that is shown cannot stand for absence
    "sum_overflow",  # sums of 2**128 or more
    "wrong_root",  # the map proof gives another root
    "wrong_sum",  # a sum that contradicts its record
    "wrong_record",  # a record under an id that is not its own
    "wrong_directory",  # a table that the directory cannot have
    "stale",  # older than asked
    "from_the_future",  # newer than the verifier's clock allows
    "too_few_witnesses",  # fewer of the expected witnesses have cosigned than are needed
    "wrong_time",  # too few of them at about the time that the commit says
    "no_contradiction",  # two checkpoints that may both be of one history
)
"""Every value of `ProofError.reason`. Codes are added, never renamed."""


class RefusedError(LedgerError, ValueError):
    """What somebody handed in is refused, for a reason that has a name.

    Attributes:
        reason: A short stable code.
    """

    def __init__(self, message: str, reason: str) -> None:
        """Make the error.

        Args:
            message: What, what was expected, what was found.
            reason: The code.
        """
        super().__init__(message, reason)
        self.reason = reason

    def __str__(self) -> str:
        """The message alone."""
        return str(self.args[0])


class ProofError(RefusedError):
    """What was handed out does not prove what it claims: `reason` is one of `REASONS`."""


def _refuse(reason: str, what: str, expected: object, found: object) -> NoReturn:
    message = f"{what}: expected {expected}, found {found}"
    raise ProofError(message, reason)


def _check_version(what: str, found: int) -> None:
    """Every format that is known here is its first."""
    if found != 1:
        _refuse("unknown_version", f"{what}, version", 1, f"{found}{_NEWER if found > 1 else ''}")


_NEWER = ": made by a newer Counterfoil"
_NEWER_FILE = re.compile(rb"counterfoil/[a-z-]{1,20}/v([2-9]|[1-9][0-9]{1,2})\n")


def check_file_version(data: bytes, what: str) -> None:
    """Tell a file of a later version from one that is none of ours.

    Args:
        data: The file.
        what: What it should be, for the message.

    Raises:
        ProofError: unknown_version: it begins as `counterfoil/…/v2` and later ones do.
    """
    found = _NEWER_FILE.match(data)
    if found:
        _check_version(what, int(found[1]))


def _bad_wire(what: str, expected: object, found: object) -> NoReturn:
    message = f"{what}: expected {expected}, found {found}"
    raise WireError(message)


# --------------------------------------------------------------------------------------------------------------------
# The registries: operations, layouts, tables. Adding an operation adds one line to OPERATIONS.

OPERATIONS: dict[int, tuple[str, str]] = {
    0x10: ("open", "opener:id salt:bytes16 threshold:u8 keys:[KeyGrant]"),
    0x11: ("set_keys", "account:id threshold:u8 keys:[KeyGrant]"),
    0x12: ("mandate", "account:id agent:id asset:id limit:Limit?"),
    0x13: ("once", "account:id key:bytes32"),
    0x14: ("set_guardians", "account:id threshold:u8 guardians:[id] delay_ms:u64"),
    0x15: ("recover", "account:id threshold:u8 keys:[KeyGrant]"),
    0x16: ("cancel_recovery", "account:id"),
    0x17: ("finish_recovery", "account:id"),
    0x18: ("alias", "account:id into:id"),
    0x20: ("create", "issuer:id symbol:str decimals:u8 supply_cap:u128 policy:[Term] powers:Powers"),
    0x21: ("change", "asset:id supply_cap:u128? policy:[Term]?"),
    0x22: ("renounce", "asset:id power:Power"),
    0x23: ("freeze", "asset:id account:id frozen:bool reason:Reason"),
    0x24: ("pause", "asset:id paused:bool reason:Reason"),
    0x25: ("design", "asset:id design:u32 editions:u32 set:[u32] content:bytes32?"),
    0x26: ("issue_item", "asset:id design:u32 to:id"),
    0x27: ("give_item", "asset:id item:Item sender:id to:id"),
    0x28: ("sell_item", "asset:id item:Item seller:id buyer:id currency:id price:u128"),
    0x29: ("burn_item", "asset:id item:Item sender:id"),
    0x2A: ("complete_set", "asset:id design:u32 sender:id items:[Item]"),
    0x2B: ("sunset", "asset:id at:u64"),
    0x30: ("transfer", "asset:id sender:id to:id amount:u128 reference:bytes32?"),
    0x31: ("pay", "asset:id sender:id payees:[Payee] reference:bytes32?"),
    0x32: ("mint", "asset:id to:id amount:u128 reference:bytes32?"),
    0x33: ("burn", "asset:id sender:id amount:u128 reference:bytes32?"),
    0x34: ("claw_back", "asset:id sender:id to:id amount:u128 reason:Reason"),
    0x35: ("sweep", "asset:id accounts:[id]"),
    0x40: ("open_group", "owner:id salt:bytes16 asset:id closes:u64 terms:Terms"),
    0x41: ("hold", "payer:id salt:bytes16 asset:id amount:u128 terms:Terms? group:id?"),
    0x42: ("settle", "hold:id amount:u128? to:id? preimages:[bytes32]"),
    0x43: ("release", "hold:id amount:u128? preimages:[bytes32]"),
    0x50: ("open_campaign", "owner:id salt:bytes16 asset:id amount:u128 terms:CampaignTerms"),
    0x51: ("fund_campaign", "campaign:id asset:id sender:id amount:u128"),
    0x52: ("claim", "campaign:id slips:[SignedSlip]"),
    0x53: ("close_campaign", "campaign:id"),
    0x60: (
        "schema",
        "creator:id name:str content:ContentKind issuers:[id] subjects:Requirement? revocable:bool",
    ),
    0x61: ("attest", "schema:id issuer:id subject:id nonce:bytes32 expires:u64? content:Content"),
    0x62: ("revoke", "schema:id issuer:id subject:id nonce:bytes32 reason:Reason"),
    0x36: ("redeem", "asset:id sender:id at:id order:bytes32 amount:u128"),
    0x37: ("refund", "asset:id sender:id order:bytes32 amount:u128"),
    0x70: ("set_constitution", "account:id constitution:Constitution?"),
    0x71: (
        "propose",
        "account:id proposer:id salt:bytes16 rule:u8 title:bytes32 subject:bytes32? options:[[Action]]",
    ),
    0x72: ("vote", "proposal:id voter:id members:[id] ballot:Ballot"),
    0x73: ("reveal", "proposal:id voter:id members:[id] ballot:Ballot salt:bytes16"),
    0x74: ("delegate", "account:id delegator:id to:id?"),
    0x75: ("veto", "proposal:id reason:Reason"),
    0x76: ("cancel", "proposal:id"),
    0x77: ("conclude", "proposal:id rankings:[Ranking]"),
    0x78: ("execute", "proposal:id actions:[Action]"),
    0x80: ("snapshot", "asset:id until:u64"),
    0x81: ("release_snapshot", "asset:id number:u32"),
    0x82: (
        "distribute",
        "fund:id salt:bytes16 asset:id amount:u128? basis:Basis deadline:u64 leftover:id reference:bytes32?",
    ),
    0x83: ("collect", "distribution:id parts:[Part]"),
    0x84: ("close_distribution", "distribution:id"),
    0xA0: ("set_parameters", "parameters:Parameters"),
}
"""Every operation: its tag, its name, and the layout of its fields."""

NO_ACTIONS = range(0x71, 0x79)
"""The operations that no proposal is about: proposals themselves. So an `Action`, which is any other, never nests."""

LAYOUTS: dict[str, str] = {
    "Reason": "code:u16 evidence:bytes32?",
    "KeyGrant": "key:id scope:[u8]?",
    "Limit": "operations:[u8] cap:u128 window_ms:u64 until:u64",
    "Payee": "to:id amount:u128",
    "Powers": "mint:id? freeze:id? pause:id? claw_back:id? change:id?",
    "Power": "0 mint | 1 freeze | 2 pause | 3 claw_back | 4 change",
    "Period": "0 day | 1 month",
    "Term": (
        "0 bound | 1 lots period:Period | 2 fixed_expiry days:u32 | 3 inactivity_expiry days:u32 | 4 strict_lots | "
        "5 debt_floor units:u128 | 6 no_reinstatement | 7 items | 8 royalty bps:u16 to:id | "
        "9 notice ms:u64 | 10 fee bps:u16 to:id | 11 max_holding units:u128 | 12 attested schema:id issuer:id | "
        "13 sunset ms:u64"
    ),
    # `00 anyone | 01 listed { accounts }` has the bytes of an optional list: None is anyone.
    "Parameters": "window_ms:u64 asset_creators:[id]? transaction_bytes_max:u32 operations_max:u16 governor:id?",
    "Genesis": "origin:str operator:id time:u64 salt:bytes16 parameters:Parameters",
    "Authorizer": "account:id key:id?",
    "Transaction": "version:u8 ledger:id valid_until:u64 nonce:bytes16 authorizers:[Authorizer] operations:[Operation]",
    "SignedTransaction": "transaction:Transaction signatures:[bytes64]",
    "LotAmount": "lot:u32 amount:u128",
    "Effect": "0 nothing | 1 moved taken:[LotAmount] lapsed:[LotAmount] | 2 executed effects:[ActionEffect]",
    # What an action of a proposal did: all but `executed`, so that effects nest no more than actions do.
    "ActionEffect": "0 nothing | 1 moved taken:[LotAmount] lapsed:[LotAmount]",
    "Applied": "time:u64 signed:SignedTransaction effects:[Effect]",
    "Commit": "version:u8 ledger:id rules:u32 height:u64 time:u64 through:u64 state_root:id",
    "OperatorChange": "new_key:id signature:bytes64",
    "AccountRecord": (
        "0 keyed epoch:u32 threshold:u8 keys:[KeyGrant] | 1 programme family:u8 | 2 alias epoch:u32 into:id | "
        "3 governed epoch:u32 threshold:u8 keys:[KeyGrant]"
    ),
    "MandateRecord": (
        "account:id agent:id asset:id operations:[u8] cap:u128 window_ms:u64 since:u64 until:u64 window:u64 spent:u128"
    ),
    "OnceRecord": "account:id key:bytes32 transaction:id",
    "AssetRecord": (
        "version:u8 issuer:id symbol:str decimals:u8 supply_cap:u128 policy:[Term] powers:Powers paused:bool "
        "frozen_accounts:u64 debtors:u64 owed:u128 minted:u128 burned:u128 redeemed:u128 swept:u128 clawed_back:u128 "
        "pending:PendingPolicy? sunset:u64? snapshots_taken:u32 snapshots:[LiveSnapshot]"
    ),
    "LiveSnapshot": "number:u32 until:u64",
    "PendingPolicy": "policy:[Term] since:u64 due:u64",
    "LotRecord": (
        "lot:u32 issued:u128 burned:u128 redeemed:u128 expired:u128 clawed_back:u128 merged_in:u128 merged_out:u128"
    ),
    "FreezeRecord": "since:u64 reason:Reason",
    "Condition": (
        "0 all_of of:[Condition] | 1 any_of of:[Condition] | 2 not of:Condition | 3 after time:u64 | "
        "4 preimage hash:bytes32 | 5 signed_by threshold:u8 accounts:[id] | "
        "6 attested schema:id issuer:id subject:id? | 7 group_total group:id at_least:u128 | "
        "8 resolved account:id rule:bytes32 subject:bytes32 option:u8 | 9 by_payer"
    ),
    "Share": "to:id bps:u16",
    "Schedule": "starts:u64 cliff:u64 ends:u64",
    "Outcome": "0 release | 1 settle",
    "Terms": (
        "settle_if:Condition release_if:Condition? payees:[Share] schedule:Schedule? deadline:u64 outcome:Outcome"
    ),
    "Item": "design:u32 edition:u32",
    "DesignRecord": "design:u32 editions:u32 set:[u32] content:bytes32? issued:u32 burned:u32",
    "ItemRecord": "item:Item owner:id since:u64",
    "Role": "account:id? bps:u16 signs:bool",
    "Cap": "units:u128 claims:u32 window_ms:u64",
    "Counted": "window:u64 units:u128 claims:u32",
    "CampaignTerms": (
        "roles:[Role] claim_max:u128 eligible:Requirement? member_cap:Cap? total_cap:Cap? pending_ms:u64 notice_ms:u64 "
        "ends:u64"
    ),
    "Slip": "nonce:bytes16 valid_until:u64 amount:u128 floor:u128? parties:[id] reference:bytes32?",
    "RoleSignature": "role:u8 key:id signature:bytes64",
    "SignedSlip": "slip:Slip signatures:[RoleSignature]",
    "CampaignRecord": (
        "version:u8 owner:id salt:bytes16 asset:id terms:CampaignTerms since:u64 ends:u64 closed:bool claims:u64 "
        "counted:Counted"
    ),
    "ClaimantRecord": "counted:Counted",
    "HoldRecord": (
        "version:u8 payer:id salt:bytes16 asset:id amount:u128 settled:u128 released:u128 terms:Terms? group:id?"
    ),
    "GroupRecord": (
        "version:u8 owner:id salt:bytes16 asset:id closes:u64 terms:Terms holds:u64 total:u128 put_in:u128"
    ),
    "ContentKind": "0 nothing | 1 integer least:i64 most:i64 | 2 bytes most:u16 | 3 commitment | 4 edge",
    "Content": "0 nothing | 1 integer value:i64 | 2 bytes value:bytes | 3 commitment hash:bytes32 | 4 edge to:id",
    "Requirement": "schema:id issuer:id",
    "SchemaRecord": (
        "version:u8 creator:id name:str content:ContentKind issuers:[id] subjects:Requirement? revocable:bool live:u64"
    ),
    "Revocation": "time:u64 reason:Reason",
    "AttestationRecord": (
        "issuer:id subject:id nonce:bytes32 issued:u64 expires:u64? content:Content revoked:Revocation?"
    ),
    "RedemptionRecord": ("sender:id at:id order:bytes32 time:u64 amount:u128 refunded:u128 lots:[LotAmount]"),
    "DebtRecord": "since:u64",
    "GuardiansRecord": "threshold:u8 guardians:[id] delay_ms:u64",
    "RecoveryRecord": "started:u64 due:u64 threshold:u8 keys:[KeyGrant]",
    "Constitution": "rules:[Rule] articles:[Article]",
    "Article": "operations:[u8] keys:bool rules:[u8]",
    "Rule": (
        "electorate:Electorate weight:Weight form:Form quorum_bps:u16 support_bps:u16 threshold_bps:u16 delay_ms:u64 "
        "voting_ms:u64 extension_ms:u64 reveal_ms:u64 timelock_ms:u64 execution_ms:u64 snapshot_ms:u64 "
        "proposer_weight:u128 guardian:id? deposit:Deposit?"
    ),
    "Electorate": (
        "0 holders asset:id | 1 members schema:id issuer:id | 2 member_holders asset:id schema:id issuer:id | "
        "3 backers group:id"
    ),
    "Weight": "0 units | 1 member | 2 root",
    "Form": "0 yes_no | 1 approval | 2 ranked ranks_max:u8",
    "Deposit": "asset:id amount:u128",
    "ConstitutionRecord": "version:u8 since:u64 constitution:Constitution",
    "Ballot": "0 shares shares:[u64] | 1 approve options:[u8] | 2 rank options:[u8] | 3 sealed hash:bytes32",
    "Ranking": "options:[u8] weight:u128",
    "State": (
        "0 open | 1 cancelled time:u64 | 2 vetoed time:u64 reason:Reason | 3 failed time:u64 | "
        "4 passed option:u8 time:u64 | 5 executed option:u8 time:u64"
    ),
    "ProposalRecord": (
        "version:u8 account:id proposer:id salt:bytes16 constitution:bytes32 rule:u8 terms:Rule title:bytes32 "
        "subject:bytes32? options:[bytes32] snapshot:u32? electorate:u128 opened:u64 ends:u64 counts:[u128] cast:u128 "
        "decided:u128 voters:u64 state:State"
    ),
    "VoteRecord": "voter:id hops:u8 weight:u128 ballot:Ballot",
    "RankingRecord": "options:[u8]",
    "DelegationRecord": "account:id delegator:id to:id since:u64",
    "ResolutionRecord": "account:id rule:bytes32 subject:bytes32 option:u8 proposal:id time:u64",
    "SnapshotRecord": "asset:id number:u32 opened:u64 until:u64 supply:u128",
    "SavedBalance": "number:u32 units:u128",
    "SavedRecord": "balances:[SavedBalance]",
    "Basis": (
        "0 snapshot asset:id number:u32 excluded:[id] | 1 members schema:id issuer:id | 2 leaves root:bytes32 "
        "total:u128 | 3 group group:id"
    ),
    "Part": "of:id proof:bytes",
    "DistributionRecord": (
        "version:u8 fund:id salt:bytes16 asset:id amount:u128 basis:Basis whole:u128 opened:u64 deadline:u64 "
        "leftover:id reference:bytes32? collected:u128 parts:u64 closed:bool"
    ),
    "CollectedRecord": "time:u64",
}
"""The Borsh layout of everything else.

A structure is `name:type` for each field; an enum is `tag name fields… | …`. Types are `u8` to `u128`, `i64`, `bool`,
`str`, `id` and `bytesN` (bytes of fixed length), `bytes` (of any length), `[T]` (a list), `T?` (present or absent),
`Operation`, `Action` (any operation but those of `NO_ACTIONS`), or the name of another layout.
"""

NESTED: dict[str, int] = {"Condition": 4}
"""The layouts that contain themselves, and how deep they may."""

TABLES: dict[str, tuple[bool, str]] = {
    "parameters": (False, "Parameters"),
    "accounts": (False, "AccountRecord"),
    "mandates": (False, "MandateRecord"),
    "once": (False, "OnceRecord"),
    "assets": (False, "AssetRecord"),
    "holders": (True, "Holding"),
    "lots": (True, "LotRecord"),
    "freezes": (True, "FreezeRecord"),
    "holds": (False, "HoldRecord"),
    "hold_groups": (False, "GroupRecord"),
    "designs": (True, "DesignRecord"),
    "items": (True, "ItemRecord"),
    "campaigns": (False, "CampaignRecord"),
    "claimants": (True, "ClaimantRecord"),
    "schemas": (False, "SchemaRecord"),
    "attestations": (True, "AttestationRecord"),
    "redemptions": (True, "RedemptionRecord"),
    "debts": (True, "DebtRecord"),
    "guardians": (False, "GuardiansRecord"),
    "recoveries": (False, "RecoveryRecord"),
    "constitutions": (False, "ConstitutionRecord"),
    "proposals": (False, "ProposalRecord"),
    "votes": (True, "VoteRecord"),
    "rankings": (True, "RankingRecord"),
    "delegations": (False, "DelegationRecord"),
    "resolutions": (False, "ResolutionRecord"),
    "snapshots": (False, "SnapshotRecord"),
    "saved": (True, "SavedRecord"),
    "distributions": (False, "DistributionRecord"),
    "collected": (True, "CollectedRecord"),
}
"""Every table: whether it has a table key, 32 bytes (else that is empty), and what its values are."""

ENTRIES: dict[int, str] = {0: "Genesis", 1: "Applied", 2: "Commit", 3: "OperatorChange"}
"""The entries of the log: tag and layout."""

ENTRY_BYTES_MAX = 65_535
TRANSACTION_BYTES_MAX = 60_000
SIGNED_TRANSACTION_BYTES_MAX = 61_028
AUTHORIZERS_MAX = 16
LOTS_MAX = 64
VALUE_BYTES_MAX = 4_096
NOTE_BYTES_MAX = 1_000_000
NOTE_SIGNATURES_MAX = 100
DATA_BYTES_MAX = 2 * NOTE_BYTES_MAX
TOLERANCE_MS = 300_000
EMPTY_HASH = bytes(32)

Node = TypeVar("Node")
"""What `fold_map` joins: a hash and a sum, and whatever else its caller keeps of a subtree."""

# --------------------------------------------------------------------------------------------------------------------
# What is proven, and the verifier


@dataclass(frozen=True, slots=True)
class Cosignature:
    """That a witness has seen a checkpoint, and that it only adds to those that the witness had seen before.

    Attributes:
        witness: Who.
        time: When, seconds since 1970-01-01 UTC, by the witness's clock.
    """

    witness: NoteKey
    time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceClaim:
    """A balance that was proven, and the supply with it.

    Attributes:
        amount: The account's units; 0 where it holds none.
        supply: All units of the asset.
        asset: The asset's id, 32 bytes.
        account: The account's id, 32 bytes.
        lots: Units by lot, ascending; none for an asset without lots.
        activity_day: The last day of activity, days since 1970-01-01 UTC; 0 where the asset does not count it.
        ledger: The ledger's id, 32 bytes.
        origin: The ledger's name.
        tree_size: The size of the log.
        height: The number of the commit.
        time: The time of the commit, ms.
        state_root: The state's root hash, 32 bytes.
        cosignatures: Those of the verifier's witnesses.
    """

    amount: int
    supply: int
    asset: bytes
    account: bytes
    lots: tuple[LotAmount, ...]
    activity_day: int
    ledger: bytes
    origin: str
    tree_size: int
    height: int
    time: int
    state_root: bytes
    cosignatures: tuple[Cosignature, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordClaim:
    """A record that was proven to be there, or not to be.

    Attributes:
        table: The table's name.
        key: The table key: the id of the asset, schema, campaign, proposal or distribution whose table it is, or
            empty.
        record_id: The record's id, 32 bytes.
        present: Whether the record is there.
        value: The record: `AccountRecord`, `AssetRecord`, `Holding` and so on, by the table; None where it is absent.
        sum: The record's sum; 0 where it is absent.
        total: The sum over the table.
        raw: The value's bytes; None where it is absent.
        table_root: The table's root hash, 32 bytes: what `map_root` makes of all its records; zeros where it has none.
        ledger: The ledger's id, 32 bytes.
        origin: The ledger's name.
        tree_size: The size of the log.
        height: The number of the commit.
        time: The time of the commit, ms.
        state_root: The state's root hash, 32 bytes.
        cosignatures: Those of the verifier's witnesses.
    """

    table: str
    key: bytes
    record_id: bytes
    present: bool
    value: Any
    sum: int
    total: int
    raw: bytes | None
    table_root: bytes
    ledger: bytes
    origin: str
    tree_size: int
    height: int
    time: int
    state_root: bytes
    cosignatures: tuple[Cosignature, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptClaim:
    """A transaction that was proven to be applied.

    Attributes:
        id: The transaction's id, 32 bytes.
        index: Its index in the log.
        time: When it was applied, ms.
        transaction: What was signed.
        effects: What it did that the transaction does not tell, one for each operation.
        signed: The signed transaction's bytes.
        entry: The entry's bytes.
        ledger: The ledger's id, 32 bytes.
        origin: The ledger's name.
        tree_size: The size of the log.
        root_hash: The root hash of the log, 32 bytes.
        cosignatures: Those of the verifier's witnesses.
    """

    id: bytes
    index: int
    time: int
    transaction: Transaction
    effects: tuple[Effect, ...]
    signed: bytes
    entry: bytes
    ledger: bytes
    origin: str
    tree_size: int
    root_hash: bytes
    cosignatures: tuple[Cosignature, ...] = ()


class Verifier:
    r"""Checks statements, receipts and checkpoints of one ledger against its operator's key.

    Every method returns what was proven or raises `ProofError`; none returns a boolean. For bytes of any kind no other
    exception leaves it. A verifier holds no state, so threads may share one.

    >>> verifier = Verifier("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    >>> try:
    ...     verifier.balance(b"you have 1,000 points")
    ... except ProofError as error:
    ...     print(error, "--", error.reason)
    question: expected 'counterfoil/question/v1\n' at the beginning, found other bytes -- malformed_question
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
            tolerance_ms: How far a commit's time may lie from the times at which witnesses cosigned, and from the
                verifier's clock when freshness is asked for.
            witnesses: The verifier keys of witnesses, from sources that are trusted, for cosignature/v1. What they have
                cosigned, the operator cannot have denied to others.
            need: How many of them must have cosigned; all if None.

        Raises:
            TypeError: An argument of another type.
            WireError: More are needed than there are.
            ProofError: wrong_key: a text is not a verifier key; ambiguous_key: a witness is named twice.
        """
        self.key = NoteKey.parse(vkey)
        if isinstance(witnesses, str):
            message = "witnesses: expected a list of verifier keys, found str"
            raise TypeError(message)
        self.witnesses = tuple(NoteKey.parse(each, kind=COSIGNATURE_NOTE) for each in witnesses)
        if len(set(self.witnesses)) != len(self.witnesses):
            _refuse("ambiguous_key", "witnesses", "each once", "one twice")
        self.need = len(self.witnesses) if need is None else _Integer(4).check(need, "need")
        if self.need > len(self.witnesses):
            _bad_wire("need", f"at most {len(self.witnesses)} witnesses", self.need)
        self.ledger = None if ledger is None else _Bytes(32).check(ledger, "ledger")
        self.tolerance_ms = _Integer(8).check(tolerance_ms, "tolerance_ms")

    def balance(
        self,
        data: bytes,
        *,
        asset: bytes | None = None,
        account: bytes | None = None,
        now_ms: int | None = None,
        max_age_ms: int | None = None,
    ) -> BalanceClaim:
        """Check a statement about what an account holds of an asset: `bytes(ledger.prove_balance(asset, account))`.

        Args:
            data: The question and its statement; or the statement alone, where both asset and account are given.
            asset: The asset that it must be about, 32 bytes.
            account: The account that it must be about, 32 bytes.
            now_ms: The time now; given, the commit must be fresh. Unless `max_age_ms` says otherwise, its time
                must lie within `tolerance_ms` of this.
            max_age_ms: How old the commit may be. The clock is read where `now_ms` is not given.

        Returns:
            The balance, 0 included: that nothing is there is proven as well.

        Raises:
            ProofError: The statement does not prove it; `reason` says why.
        """
        asset = None if asset is None else _Bytes(32).check(asset, "asset")
        account = None if account is None else _Bytes(32).check(account, "account")
        claim = self._statement(data, "holders", asset, account, now_ms, max_age_ms)
        holding = claim.value if claim.present else Holding(0)
        return BalanceClaim(
            amount=claim.sum,
            supply=claim.total,
            asset=claim.key,
            account=claim.record_id,
            lots=holding.lots,
            activity_day=holding.activity_day,
            ledger=claim.ledger,
            origin=claim.origin,
            tree_size=claim.tree_size,
            height=claim.height,
            time=claim.time,
            state_root=claim.state_root,
            cosignatures=claim.cosignatures,
        )

    def record(
        self,
        data: bytes,
        *,
        table: str | None = None,
        key: bytes | None = None,
        record_id: bytes | None = None,
        now_ms: int | None = None,
        max_age_ms: int | None = None,
    ) -> RecordClaim:
        """Check a statement about a record of any table.

        Args:
            data: The question and its statement; or the statement alone, where the record is given in full.
            table: The table that it must be about; see `TABLES`.
            key: The table key that it must be about: the id of an asset, schema, campaign, proposal or distribution,
                or empty.
            record_id: The record that it must be about, 32 bytes.
            now_ms: As in `balance`.
            max_age_ms: As in `balance`.

        Returns:
            The record, or its absence.

        Raises:
            ProofError: The statement does not prove it; `reason` says why.
        """
        if table is not None and table not in TABLES:
            _refuse("unknown_table", "table", f"one of {', '.join(TABLES)}", _describe(table))
        if key is not None or (table is not None and not TABLES[table][0]):
            key = _Bytes(32 if key else 0).check(key or b"", "key")
        record_id = None if record_id is None else _Bytes(32).check(record_id, "record_id")
        return self._statement(data, table, key, record_id, now_ms, max_age_ms)

    def receipt(self, data: bytes) -> ReceiptClaim:
        """Check a receipt: that a transaction was applied, and that those whom it names have signed it.

        So have those who signed the slips that it claims. Whether a key was one of its account's keys at that time is
        not in the receipt: the ledger checked that before it applied the transaction, and everybody who replays the log
        checks it again.

        Args:
            data: `bytes(ledger.prove_transaction(id))`.

        Returns:
            The transaction, when it was applied, and what it did.

        Raises:
            ProofError: The receipt does not prove it; `reason` says why.
        """
        parts = parse_log_proof(_bounded(data, "receipt"))
        if parts.extra is None:
            _refuse("malformed_receipt", "receipt", "an extra line with the entry", "none")
        checkpoint = self.checkpoint(parts.note)
        entry = parts.extra
        verify_inclusion(leaf_hash(entry), parts.index, checkpoint.tree_size, parts.hashes, checkpoint.root_hash)
        if entry[:1] != b"\x01":
            _refuse("wrong_entry", "receipt, entry", "tag 01 (applied)", entry[:1].hex() or "no bytes")
        if not 0 < parts.index < checkpoint.tree_size - 1:
            where = f"an index between the genesis and the last entry, {checkpoint.tree_size - 1}"
            _refuse("wrong_entry", "receipt, index", where, parts.index)
        if len(entry) > ENTRY_BYTES_MAX:
            _refuse("malformed_entry", "receipt, entry", f"at most {ENTRY_BYTES_MAX:,} bytes", f"{len(entry):,}")
        if len(entry) > _VERSION_PLACE:
            _check_version("transaction", entry[_VERSION_PLACE])
        try:
            applied: Applied = decode_applied(entry)
        except UnknownOperationError as error:
            message = f"receipt, entry: {error}{_NEWER}"
            raise ProofError(message, "unknown_version") from None
        except WireError as error:
            message = f"receipt, entry: {error}"
            raise ProofError(message, "malformed_entry") from None
        transaction = applied.signed.transaction
        ledger = self._ledger(transaction.ledger, "receipt")
        encoded = CODEC.encode("Transaction", transaction)
        if len(encoded) > TRANSACTION_BYTES_MAX:
            expected = f"at most {TRANSACTION_BYTES_MAX:,} bytes"
            _refuse("malformed_transaction", "receipt, transaction", expected, f"{len(encoded):,}")
        identifier = transaction_id(encoded)
        _check_transaction(applied, identifier)
        return ReceiptClaim(
            id=identifier,
            index=parts.index,
            time=applied.time,
            transaction=transaction,
            effects=applied.effects,
            signed=CODEC.encode("SignedTransaction", applied.signed),
            entry=entry,
            ledger=ledger,
            origin=checkpoint.origin,
            tree_size=checkpoint.tree_size,
            root_hash=checkpoint.root_hash,
            cosignatures=checkpoint.cosignatures,
        )

    def checkpoint(self, note: bytes | str) -> Checkpoint:
        """Check a checkpoint: `ledger.checkpoint()`.

        Args:
            note: The signed note.

        Returns:
            The size and the root of the log that the operator signed.

        Raises:
            ProofError: malformed_note, malformed_checkpoint, wrong_key, bad_signature, wrong_origin, too_few_witnesses.
        """
        checkpoint = self._signed(note, self.witnesses)
        self._check_witnesses("too_few_witnesses", checkpoint.cosignatures)
        return checkpoint

    def _signed(self, note: bytes | str, witnesses: Sequence[NoteKey] = ()) -> Checkpoint:
        if isinstance(note, str):
            if len(note) > NOTE_BYTES_MAX:
                _refuse("too_long", "note", f"at most {NOTE_BYTES_MAX:,} characters", f"{len(note):,}")
            note = note.encode("utf-8", "replace")
        opened = open_note(_bounded(note, "note"), [self.key, *witnesses])
        if self.key not in opened.signers:
            _refuse("wrong_key", "note, signatures", f"one by {self.key.name}", "those of witnesses alone")
        checkpoint = replace(Checkpoint.parse(opened.text), cosignatures=opened.cosignatures)
        if checkpoint.origin != self.key.name:
            _refuse("wrong_origin", "checkpoint, origin", self.key.name, _describe(checkpoint.origin))
        return checkpoint

    def consistency(self, old_note: bytes | str, new_note: bytes | str, proof: Sequence[bytes]) -> Checkpoint:
        """Check that the log only grew between two checkpoints.

        Args:
            old_note: The earlier checkpoint.
            new_note: The later one.
            proof: The hashes of the consistency proof, 32 bytes each.

        Returns:
            The later checkpoint.

        Raises:
            ProofError: One of the checkpoints is refused, or wrong_log_proof.
        """
        old, new = self.checkpoint(old_note), self.checkpoint(new_note)
        if len(proof) > 128:
            _refuse("wrong_log_proof", "consistency proof", "at most 128 hashes", len(proof))
        verify_consistency(old.tree_size, new.tree_size, old.root_hash, new.root_hash, [bytes(step) for step in proof])
        return new

    def equivocation(
        self, first_note: bytes | str, second_note: bytes | str, proof: Sequence[bytes] = ()
    ) -> Equivocation:
        """Check that two checkpoints contradict each other: that the operator signed two histories.

        That a log grew is for its operator to prove, and that it did not cannot be shown by two checkpoints alone, but
        where they are of one size. Of two sizes it takes what the tree of the larger one has at the smaller size.

        Args:
            first_note: One checkpoint. Who has cosigned them does not matter.
            second_note: Another one, of the same size or a larger one.
            proof: Of a larger one, 32 bytes each: the root that its tree has at the size of the first, and then the
                consistency proof from that size to its own. Nothing, where the sizes are the same.

        Returns:
            What they contradict each other in; its `bytes` are the evidence, for others to check.

        Raises:
            ProofError: One of the checkpoints is refused; no_contradiction, wrong_log_proof.
        """
        first, second = self._signed(first_note), self._signed(second_note)
        root = second.root_hash
        if first.tree_size != second.tree_size:
            if not 1 < len(proof) <= 128:
                expected = f"what the tree of {second.tree_size} entries has at {first.tree_size}"
                _refuse("no_contradiction", "equivocation, proof", expected, f"{len(proof)} hashes")
            root, *steps = (bytes(step) for step in proof)
            verify_consistency(first.tree_size, second.tree_size, root, second.root_hash, steps)
        elif proof:
            _refuse("wrong_log_proof", "equivocation, proof", "no hashes for equal sizes", len(proof))
        if root == first.root_hash:
            _refuse("no_contradiction", f"roots at {first.tree_size} entries", "two", f"one, {root.hex()}")
        return Equivocation(
            first_note=first_note.encode() if isinstance(first_note, str) else bytes(first_note),
            second_note=second_note.encode() if isinstance(second_note, str) else bytes(second_note),
            proof=tuple(bytes(step) for step in proof),
            origin=first.origin,
            tree_size=first.tree_size,
            root_hashes=(first.root_hash, root),
        )

    def _check_witnesses(self, reason: str, found: Sequence[Cosignature]) -> None:
        if len(found) < self.need:
            names = ", ".join(each.witness.name for each in found) or "none"
            _refuse(reason, "checkpoint, cosignatures", f"{self.need} of {len(self.witnesses)} witnesses", names)

    def _ledger(self, found: bytes, what: str) -> bytes:
        if self.ledger is not None and found != self.ledger:
            _refuse("wrong_ledger", f"{what}, ledger", self.ledger.hex(), found.hex())
        return found

    def _statement(
        self,
        data: bytes,
        table: str | None,
        key: bytes | None,
        identifier: bytes | None,
        now_ms: int | None,
        max_age_ms: int | None,
    ) -> RecordClaim:
        """What a statement says of a record; the arguments that are given are what it must be about."""
        data = _bounded(data, "statement")
        if data.startswith(_STATEMENT) and table is not None and key is not None and identifier is not None:
            statement = data
        else:
            found_table, found_key, found_identifier, statement = _split_question(data)
            _expect_question((table, key, identifier), (found_table, found_key, found_identifier))
            table, key, identifier = found_table, found_key, found_identifier
        keyed, _ = TABLES[table]
        if len(key) != (32 if keyed else 0):
            _refuse("malformed_question", f"question, key of {table}", f"{32 if keyed else 0} bytes", len(key))
        record_proof, directory_proof, entry, hashes, note = _split_statement(statement)
        checkpoint = self.checkpoint(note)
        commit = _last_commit(entry, hashes, checkpoint)
        self._ledger(commit.ledger, "commit")
        near = [each for each in checkpoint.cosignatures if abs(each.time * 1_000 - commit.time) <= self.tolerance_ms]
        self._check_witnesses("wrong_time", near)
        times = self._times(now_ms, max_age_ms)
        if times is not None:
            oldest, newest = times
            if commit.time < oldest:
                _refuse("stale", "commit, time", f"{oldest} ms or later", f"{commit.time} ms")
            if commit.time > newest:
                _refuse("from_the_future", "commit, time", f"{newest} ms or earlier", f"{commit.time} ms")
        table_root = _find_table(commit.state_root, table_id(table, key), directory_proof)
        found_record = _find_record(table_root, identifier, record_proof)
        value = None
        if found_record.value is not None:
            value = decode_record(table, key, identifier, found_record.sum, found_record.value)
        return RecordClaim(
            table=table,
            key=key,
            record_id=identifier,
            present=found_record.value is not None,
            value=value,
            sum=found_record.sum,
            total=found_record.total,
            raw=found_record.value,
            table_root=table_root,
            ledger=commit.ledger,
            origin=checkpoint.origin,
            tree_size=checkpoint.tree_size,
            height=commit.height,
            time=commit.time,
            state_root=commit.state_root,
            cosignatures=checkpoint.cosignatures,
        )

    def _times(self, now_ms: int | None, max_age_ms: int | None) -> tuple[int, int] | None:
        """The first and the last time that a commit may have, ms; None where none was asked for."""
        if now_ms is None and max_age_ms is None:
            return None
        now = clock.time_ns() // 1_000_000 if now_ms is None else now_ms
        return now - (self.tolerance_ms if max_age_ms is None else max_age_ms), now + self.tolerance_ms


RECEIPT = b"c2sp.org/tlog-proof@v1\n"
"""How a receipt begins."""
_STATEMENT = b"counterfoil/statement/v1\n"
_QUESTION = b"counterfoil/question/v1\n"
_VERSION_PLACE = 9
"""Where the transaction's version stands in an applied entry: after the tag and the time."""


def _bounded(data: object, what: str) -> bytes:
    """The bytes, unless they are more than any proof has: before they are copied or looked into."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        message = f"{what}: expected bytes, found {type(data).__name__}"
        raise TypeError(message)
    size = data.nbytes if isinstance(data, memoryview) else len(data)
    if size > DATA_BYTES_MAX:
        _refuse("too_long", what, f"at most {DATA_BYTES_MAX:,} bytes", f"{size:,}")
    return bytes(data)


def _text_of(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.hex() or "no bytes"


def encode_question(table: str, key: bytes, record_id: bytes) -> bytes:
    """What stands before a statement in a file: which record it is about.

    Args:
        table: The table's name.
        key: The table key: the id of the asset, schema, campaign, proposal or distribution whose table it is, or empty.
        record_id: The record's id, 32 bytes.
    """
    return _QUESTION + bytes([len(table)]) + table.encode() + bytes([len(key)]) + key + record_id


def _expect_question(expected: Sequence[bytes | str | None], found: Sequence[bytes | str]) -> None:
    """Table, table key and record id must be those that are expected; None is any."""
    for part, one, other in zip(("table", "table key", "record id"), expected, found, strict=True):
        if one is not None and other != one:
            _refuse("wrong_question", f"question, {part}", _text_of(one), _text_of(other))


def _split_question(data: bytes) -> tuple[str, bytes, bytes, bytes]:
    if not data.startswith(_QUESTION):
        check_file_version(data, "question")
        found = "a statement without its question" if data.startswith(_STATEMENT) else "other bytes"
        _refuse("malformed_question", "question", f"{_QUESTION.decode()!r} at the beginning", found)
    parts = _Parts(data, "question")
    parts.place = len(_QUESTION)
    name = parts.take(parts.integer(1, "length of table name"), "table name")
    table = name.decode("ascii", "replace")
    if table not in TABLES:
        _refuse("unknown_table", "question, table", f"one of {', '.join(TABLES)}", _describe(table))
    key = parts.take(parts.integer(1, "length of table key"), "table key")
    identifier = parts.take(32, "record id")
    return table, key, identifier, data[parts.place :]


def _split_statement(statement: bytes) -> tuple[bytes, bytes, bytes, list[bytes], bytes]:
    if not statement.startswith(_STATEMENT):
        check_file_version(statement, "statement")
        _refuse("malformed_statement", "statement", f"{_STATEMENT.decode()!r} at the beginning", "other bytes")
    parts = _Parts(statement, "statement")
    parts.place = len(_STATEMENT)
    names = ("record proof", "directory proof", "commit entry", "inclusion hashes", "checkpoint note")
    taken = [parts.take(parts.integer(4, f"length of {name}"), name) for name in names]
    parts.end()
    joined = taken[3]
    if len(joined) % 32 or len(joined) > 64 * 32:
        _refuse("malformed_statement", "statement, inclusion hashes", "at most 64 times 32 bytes", len(joined))
    hashes = [joined[place : place + 32] for place in range(0, len(joined), 32)]
    return taken[0], taken[1], taken[2], hashes, taken[4]


def _last_commit(entry: bytes, hashes: Sequence[bytes], checkpoint: Checkpoint) -> Commit:
    """The commit that the checkpointed tree ends with."""
    if entry[:1] != b"\x02":
        _refuse("wrong_entry", "statement, entry", "tag 02 (commit)", entry[:1].hex() or "no bytes")
    if checkpoint.tree_size == 0:
        _refuse("not_last_entry", "checkpoint, tree size", "1 or more", 0)
    index = checkpoint.tree_size - 1
    try:
        verify_inclusion(leaf_hash(entry), index, checkpoint.tree_size, hashes, checkpoint.root_hash)
    except ProofError as error:
        message = f"commit is not the last entry, {index}: {error}"
        raise ProofError(message, "not_last_entry") from None
    if len(entry) > 1:
        _check_version("commit", entry[1])
    try:
        commit: Commit = CODEC.decode("Commit", entry[1:])
    except WireError as error:
        message = f"commit: {error}"
        raise ProofError(message, "malformed_entry") from None
    if not commit.height < index or not commit.through <= index:
        _refuse("wrong_entry", f"commit at index {index}", "height below, through at most that", commit)
    return commit


def _find_table(state_root: bytes, table: bytes, directory_proof: bytes) -> bytes:
    """The root hash of a table, zeros where it has no records."""
    directory = verify_map_proof(state_root, tree_key(table), directory_proof)
    if directory.total:
        _refuse("wrong_directory", "directory, sum", 0, directory.total)
    if directory.value is None:
        return EMPTY_HASH
    if len(directory.value) != 32 or directory.value == EMPTY_HASH:
        _refuse(
            "wrong_directory", "directory, value", "the root hash of a table that has records", directory.value.hex()
        )
    return directory.value


def _find_record(table_root: bytes, identifier: bytes, record_proof: bytes) -> MapResult:
    if table_root != EMPTY_HASH:
        return verify_map_proof(table_root, tree_key(identifier), record_proof)
    if record_proof:
        _refuse("trailing_bytes", "record proof", "no bytes, for the table is absent", len(record_proof))
    return MapResult(0, 0, None)


def decode_record(table: str, key: bytes, identifier: bytes, record_sum: int, raw: bytes) -> Decoded:
    """What a record says whose sum and bytes were proven.

    Args:
        table: The table's name; see `TABLES`.
        key: The table key, or empty.
        identifier: The record's id, 32 bytes.
        record_sum: Its sum.
        raw: Its value.

    Raises:
        ProofError: unknown_version, malformed_record, wrong_record (it is that of another id), wrong_sum.
    """
    layout = TABLES[table][1]
    if raw and LAYOUTS.get(layout, "").startswith("version:u8 "):
        _check_version(f"record of {table}", raw[0])
    try:
        value: Decoded = Holding.decode(record_sum, raw) if layout == "Holding" else CODEC.decode(layout, raw)
    except WireError as error:
        message = f"record of {table}: {error}"
        raise ProofError(message, "malformed_record") from None
    # A record names itself: under another id it would be taken for another's.
    own = value.own_id(key) if hasattr(value, "own_id") else None
    if own is not None and own != identifier:
        _refuse("wrong_record", f"record of {table}, id", identifier.hex(), _text_of(own))
    if isinstance(value, (DebtRecord, RankingRecord, CollectedRecord)):
        if not record_sum:
            _refuse("wrong_sum", f"record of {table}, sum", "1 or more", 0)
        return value
    expected = getattr(value, "own_sum", 0)
    if expected != record_sum:
        _refuse("wrong_sum", f"record of {table}, sum", expected, record_sum)
    return value


def _check_transaction(applied: Applied, identifier: bytes) -> None:
    """What holds of every transaction that a ledger applied, as far as its own bytes tell."""
    reason = "malformed_transaction"
    signed, transaction = applied.signed, applied.signed.transaction
    count = len(transaction.authorizers)
    if not 1 <= count <= AUTHORIZERS_MAX:
        _refuse(reason, "transaction, authorizers", f"1 to {AUTHORIZERS_MAX}", count)
    if len(set(transaction.authorizers)) != count:
        _refuse(reason, "transaction, authorizers", "distinct ones", "one twice")
    if len(signed.signatures) != count:
        _refuse(reason, "transaction, signatures", f"one for each of {count} authorizers", len(signed.signatures))
    if not transaction.operations:
        _refuse(reason, "transaction, operations", "1 or more", 0)
    if applied.time >= transaction.valid_until:
        _refuse(reason, "transaction, time", f"before valid_until, {transaction.valid_until} ms", f"{applied.time} ms")
    message = sign_message(identifier)
    try:
        for authorizer, signature in zip(transaction.authorizers, signed.signatures, strict=True):
            verify_signature(authorizer.public_key, message, signature)
        for operation in transaction.operations:
            for each in operation.actions if operation.wire_name == "execute" else (operation,):
                _check_slips(each, transaction.ledger)
    except SignatureError as error:
        _refuse("bad_transaction_signature", "transaction, signature", "one that holds", error)


def _check_slips(operation: Operation, ledger: bytes) -> None:
    """What others have signed of a claim is part of it, and was checked together with its own signatures."""
    if operation.wire_name == "claim":
        for signed in operation.slips:
            message = signed.slip.message(ledger, operation.campaign)
            for each in signed.signatures:
                verify_signature(each.key, message, each.signature)


# --------------------------------------------------------------------------------------------------------------------
# What records, transactions and entries say


class Encodable:
    """Base of the values that have a layout. Making one checks its fields; `bytes()` gives its Borsh encoding.

    Raises:
        TypeError: A field is of another type: a float or a bool where an integer is due, say.
        WireError: A field is out of range, or bytes are of another length.
    """

    __slots__ = ()
    _fields: ClassVar[_Struct]
    wire_tag: ClassVar[int | None] = None
    """The tag of a variant of an enum; None for structures."""

    def __post_init__(self) -> None:
        """Check the fields and bring them into their one form."""
        self._fields.check_fields(self)

    def __bytes__(self) -> bytes:
        """The Borsh encoding, with the tag first where there is one."""
        out = bytearray() if self.wire_tag is None else bytearray([self.wire_tag])
        self._fields.write(out, self)
        return bytes(out)


@dataclass(frozen=True, slots=True)
class Reason(Encodable):
    """Why somebody used a power.

    Attributes:
        code: The brand's own number, u16.
        evidence: A hash of what it rests on, 32 bytes.
    """

    code: int = 0
    evidence: bytes | None = None


@dataclass(frozen=True, slots=True)
class KeyGrant(Encodable):
    """A key of an account, and what it may sign for.

    Attributes:
        key: The Ed25519 public key, 32 bytes.
        scope: Operations, as classes, names or tags; kept as tags, ascending. None covers everything.
    """

    key: bytes
    scope: Collection[Any] | None = None

    def __post_init__(self) -> None:
        """Turn the scope into ascending tags, then check."""
        if self.scope is not None:
            object.__setattr__(self, "scope", operation_tags(self.scope, "KeyGrant.scope"))
        Encodable.__post_init__(self)

    def covers(self, tag: int) -> bool:
        """Whether the key may sign for the operation with this tag."""
        return self.scope is None or tag in self.scope


def operation_tags(operations: Collection[Any], where: str = "operations") -> tuple[int, ...]:
    """The tags of operations that are given as classes, names or tags, ascending.

    Args:
        operations: For instance `["mint", 0x33, Transfer]`.
        where: What to call them in messages.

    Raises:
        TypeError: Not a collection of these.
        WireError: An unknown name.

    >>> [hex(tag) for tag in operation_tags(["mint", "transfer"])]
    ['0x30', '0x32']
    """
    if isinstance(operations, (str, bytes)) or not isinstance(operations, Collection):
        message = f"{where}: expected a list of operations, found {_describe(operations)}"
        raise TypeError(message)
    tags = []
    names = {name: tag for tag, (name, _) in OPERATIONS.items()}
    for operation in operations:
        tag = getattr(operation, "wire_tag", operation)
        if isinstance(tag, str):
            if tag not in names:
                _bad_wire(where, f"one of {', '.join(names)}", _describe(tag))
            tag = names[tag]
        if isinstance(tag, bool) or not isinstance(tag, int):
            message = f"{where}: expected operations as classes, names or tags, found {type(operation).__name__}"
            raise TypeError(message)
        tags.append(tag)
    return tuple(sorted(tags))


class Power(enum.IntEnum):
    """A power over an asset, which an account holds until it is renounced."""

    MINT = 0
    FREEZE = 1
    PAUSE = 2
    CLAW_BACK = 3
    CHANGE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Powers(Encodable):
    """Who holds which power over an asset; None where nobody does, for good. Account ids, 32 bytes each."""

    mint: bytes | None = None
    freeze: bytes | None = None
    pause: bytes | None = None
    claw_back: bytes | None = None
    change: bytes | None = None


class Period(enum.IntEnum):
    """What the units of an asset with lots are counted by: the UTC day or month in which they were minted."""

    DAY = 0
    MONTH = 1


@dataclass(frozen=True, slots=True)
class Bound(Encodable):
    """Policy: units move only from or to the issuer."""

    wire_tag: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class Lots(Encodable):
    """Policy: units are counted by the period in which they were minted.

    Attributes:
        period: Day or month.
    """

    wire_tag: ClassVar[int] = 1
    period: Period


@dataclass(frozen=True, slots=True)
class FixedExpiry(Encodable):
    """Policy, only with lots: a lot lapses so many days after its period.

    Attributes:
        days: 1 to 36,500.
    """

    wire_tag: ClassVar[int] = 2
    days: int


@dataclass(frozen=True, slots=True)
class InactivityExpiry(Encodable):
    """Policy: a whole balance lapses so many days after its last activity.

    Attributes:
        days: 1 to 36,500.
    """

    wire_tag: ClassVar[int] = 3
    days: int


@dataclass(frozen=True, slots=True)
class StrictLots(Encodable):
    """Policy, only with lots: a credit that would make a 65th lot is refused, where lots would else be merged."""

    wire_tag: ClassVar[int] = 4


@dataclass(frozen=True, slots=True)
class DebtFloor(Encodable):
    """Policy: a claw back may take more than an account has; what is missing it owes the issuer.

    Attributes:
        units: The most that an account may owe, 1 to 10^38 - 1.
    """

    wire_tag: ClassVar[int] = 5
    units: int


@dataclass(frozen=True, slots=True)
class NoReinstatement(Encodable):
    """Policy, only with fixed expiry: what lapsed while it was redeemed lapses when it is refunded."""

    wire_tag: ClassVar[int] = 6


@dataclass(frozen=True, slots=True)
class Items(Encodable):
    """Policy: the asset is a collection of items, each with an owner, instead of units."""

    wire_tag: ClassVar[int] = 7


@dataclass(frozen=True, slots=True)
class Royalty(Encodable):
    """Policy, only with items: of the price of each sale a part goes to an account, and only sales move items.

    Attributes:
        bps: How many of 10,000 parts, 1 to 10,000.
        to: The account's id, 32 bytes.
    """

    wire_tag: ClassVar[int] = 8
    bps: int
    to: bytes


@dataclass(frozen=True, slots=True)
class Notice(Encodable):
    """Policy: a change of it that is for the worse of those who hold the asset is announced before it holds.

    Attributes:
        ms: How long before, 1 ms to 36,525 days. It may only be raised.
    """

    wire_tag: ClassVar[int] = 9
    ms: int


@dataclass(frozen=True, slots=True)
class Fee(Encodable):
    """Policy: of each payment between members a part goes to an account.

    Attributes:
        bps: How many of 10,000 parts, 1 to 10,000.
        to: The account's id, 32 bytes.
    """

    wire_tag: ClassVar[int] = 10
    bps: int
    to: bytes


@dataclass(frozen=True, slots=True)
class MaxHolding(Encodable):
    """Policy: no payment makes the balance of an account larger than this.

    Attributes:
        units: The most that an account may have, 1 to 10^38 - 1.
    """

    wire_tag: ClassVar[int] = 11
    units: int


@dataclass(frozen=True, slots=True)
class AttestedHolders(Encodable):
    """Policy: who is paid must have a live attestation, with the nonce of zeros.

    Attributes:
        schema: The schema's id, 32 bytes.
        issuer: The id of the account that must have attested it, 32 bytes.
    """

    wire_tag: ClassVar[int] = 12
    schema: bytes
    issuer: bytes


@dataclass(frozen=True, slots=True)
class SunsetNotice(Encodable):
    """Policy: whoever may change it may let the asset end, so long before at the earliest.

    Attributes:
        ms: How long before, 1 ms to 36,525 days. It may only be raised.
    """

    wire_tag: ClassVar[int] = 13
    ms: int


Term: TypeAlias = (
    Bound
    | Lots
    | FixedExpiry
    | InactivityExpiry
    | StrictLots
    | DebtFloor
    | NoReinstatement
    | Items
    | Royalty
    | Notice
    | Fee
    | MaxHolding
    | AttestedHolders
    | SunsetNotice
)
"""A term of an asset's policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters(Encodable):
    """The rules of the ledger itself.

    Attributes:
        window_ms: How far ahead `valid_until` may lie: 1,000 to 86,400,000 ms.
        asset_creators: The accounts that may create assets, 1 to 64, kept ascending; None is anybody.
        transaction_bytes_max: The most bytes of a transaction without its signatures: 1,024 to 60,000.
        operations_max: The most operations of a transaction: 1 to 1,000.
        governor: The account whose authority changes these parameters; nobody's when None.
    """

    window_ms: int = 3_600_000
    asset_creators: Sequence[bytes] | None = None
    transaction_bytes_max: int = TRANSACTION_BYTES_MAX
    operations_max: int = 1_000
    governor: bytes | None = None

    def own_id(self, _key: bytes) -> bytes:
        """The id of their record, which tells nothing more."""
        return record_id("parameters")

    def __post_init__(self) -> None:
        """Put the creators in order and check the types; whether the ledger takes the values is its to say."""
        Encodable.__post_init__(self)
        if self.asset_creators is not None:
            object.__setattr__(self, "asset_creators", tuple(sorted(self.asset_creators)))

    def validate(self) -> None:
        """Check the values as the ledger does.

        Raises:
            WireError: A value that the ledger refuses with `invalid_parameters`.
        """
        for name, least, most in (
            ("window_ms", 1_000, 86_400_000),
            ("transaction_bytes_max", 1_024, TRANSACTION_BYTES_MAX),
            ("operations_max", 1, 1_000),
        ):
            if not least <= getattr(self, name) <= most:
                _bad_wire(f"Parameters.{name}", f"{least:,} to {most:,}", f"{getattr(self, name):,}")
        if self.asset_creators is not None:
            if not 1 <= len(self.asset_creators) <= 64:
                _bad_wire("Parameters.asset_creators", "1 to 64 accounts", len(self.asset_creators))
            if not _ascending(self.asset_creators):
                _bad_wire("Parameters.asset_creators", "accounts strictly ascending", "one twice, or out of order")


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesis(Encodable):
    """How a ledger begins: the first entry of its log.

    Attributes:
        origin: A DNS-like name with a path, the name in every checkpoint: 1 to 255 printable ASCII characters, no `+`.
        operator: The Ed25519 public key that signs checkpoints, 32 bytes.
        time: Creation time, ms.
        salt: 16 bytes that make two ledgers of one origin differ.
        parameters: The first parameters.
    """

    origin: str
    operator: bytes
    time: int
    salt: bytes
    parameters: Parameters

    @property
    def ledger_id(self) -> bytes:
        """The id of the ledger that begins so, 32 bytes."""
        return record_id("ledger", bytes(self))

    def validate(self) -> None:
        """Check the values as the ledger does.

        Raises:
            WireError: An origin or parameters that cannot begin a ledger.
        """
        _check_origin(self.origin, "Genesis.origin")
        self.parameters.validate()


@dataclass(frozen=True, slots=True)
class Authorizer(Encodable):
    """An account that signs a transaction, and the key with which it does.

    Attributes:
        account: The account's id, 32 bytes.
        key: One of the keys of its record; None exactly when the account has no record, and its id is the key.
    """

    account: bytes
    key: bytes | None = None

    @property
    def public_key(self) -> bytes:
        """The key that must have signed, 32 bytes."""
        return self.account if self.key is None else self.key


class Structure:
    """Named fields that the verifier has no class of its own for: `payee.amount` and so on.

    Attributes:
        wire_name: The name of its layout.
        wire_fields: Its fields by name.
    """

    __slots__ = ("wire_fields", "wire_name")

    def __init__(self, wire_name: str, wire_fields: Mapping[str, Decoded]) -> None:
        """Made by the codec."""
        self.wire_name = wire_name
        self.wire_fields = dict(wire_fields)

    def __getattr__(self, name: str) -> Decoded:
        """A field."""
        if name.startswith(("_", "wire_")) or name not in self.wire_fields:
            raise AttributeError(name)
        return self.wire_fields[name]

    def __eq__(self, other: object) -> bool:
        """The same structure with the same fields."""
        if not isinstance(other, Structure):
            return NotImplemented
        return (self.wire_name, self.wire_fields) == (other.wire_name, other.wire_fields)

    def __hash__(self) -> int:
        """Equal structures have equal hashes."""
        return hash((self.wire_name, tuple(self.wire_fields.values())))

    def __repr__(self) -> str:
        """The name and the fields."""
        return f"{self.wire_name}({', '.join(f'{name}={value!r}' for name, value in self.wire_fields.items())})"


class Operation(Structure):
    """An operation as the verifier reads it: `operation.amount` and so on, by the names in the reference.

    Attributes:
        wire_tag: Its tag.
        wire_name: Its name, as in `OPERATIONS`.
        wire_fields: Its fields by name.
    """

    __slots__ = ("wire_tag",)

    def __init__(self, wire_tag: int, wire_name: str, wire_fields: Mapping[str, Decoded]) -> None:
        """Made by the codec."""
        super().__init__(wire_name, wire_fields)
        self.wire_tag = wire_tag


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction as the verifier reads it.

    Attributes:
        version: 1.
        ledger: The ledger that it is for, 32 bytes.
        valid_until: It was not to be applied at this time or later, ms.
        nonce: 16 bytes.
        authorizers: Who signed.
        operations: What they wanted.
    """

    version: int
    ledger: bytes
    valid_until: int
    nonce: bytes
    authorizers: tuple[Authorizer, ...]
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction and one signature for each authorizer, in order.

    Attributes:
        transaction: What was signed.
        signatures: 64 bytes each.
    """

    transaction: Transaction
    signatures: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LotAmount(Encodable):
    """Some units of one lot.

    Attributes:
        lot: The issue period; 0 for the lapsed units of an asset without lots.
        amount: Minor units, never 0.
    """

    lot: int
    amount: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What an operation did that the transaction does not tell.

    Attributes:
        taken: Units taken from the sender, by lot, ascending; empty for assets without lots.
        lapsed: Lapsed units removed on the way, by lot, ascending.
    """

    taken: tuple[LotAmount, ...] = ()
    lapsed: tuple[LotAmount, ...] = ()

    @property
    def wire_tag(self) -> int:
        """0 nothing, 1 moved; 2 executed, of the class for that."""
        return 1 if self.taken or self.lapsed else 0

    @classmethod
    def _from_wire(cls, values: Mapping[str, Decoded]) -> Effect:
        return cls(**values)


@dataclass(frozen=True, slots=True, init=False)
class Executed(Effect):
    """What `execute` did: what each action of the proposal did. What was taken and what lapsed stands there.

    Attributes:
        effects: One for each action, none of which is `Executed`.
    """

    effects: tuple[Effect, ...] = ()

    def __init__(self, effects: Sequence[Effect]) -> None:
        """Make it of the effects of the actions, in order.

        Raises:
            WireError: One of them is of an `execute` itself.
        """
        if any(isinstance(effect, Executed) for effect in effects):
            _bad_wire("Executed.effects", "effects of actions", "one of an execute")
        for name, value in (("taken", ()), ("lapsed", ()), ("effects", tuple(effects))):
            object.__setattr__(self, name, value)

    @property
    def wire_tag(self) -> int:
        """2, executed."""
        return 2


@dataclass(frozen=True, slots=True)
class Applied:
    """The entry of a transaction that was applied.

    Attributes:
        time: When, ms.
        signed: What.
        effects: One for each operation.
    """

    time: int
    signed: SignedTransaction
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Commit(Encodable):
    """The entry that says what the state is.

    Attributes:
        version: 1.
        ledger: The ledger's id, 32 bytes.
        rules: The number of the rules that hold from the next entry on.
        height: Commits are counted from 0.
        time: When, ms.
        through: The state is that after every entry below this index.
        state_root: The directory's root hash, 32 bytes.
    """

    version: int
    ledger: bytes
    rules: int
    height: int
    time: int
    through: int
    state_root: bytes


@dataclass(frozen=True, slots=True)
class OperatorChange(Encodable):
    """The entry after which another key signs checkpoints.

    Attributes:
        new_key: An Ed25519 public key, 32 bytes.
        signature: By the old key, over `message()`, 64 bytes.
    """

    new_key: bytes
    signature: bytes

    @staticmethod
    def message(ledger: bytes, height: int, new_key: bytes) -> bytes:
        """What the old key signs.

        Args:
            ledger: The ledger's id.
            height: The height of the last commit before the entry.
            new_key: The new public key.
        """
        return b"counterfoil/operator/v1\n" + ledger + height.to_bytes(8, "big") + new_key


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """The keys of an account that has a record, the account that it is an alias of, or the mark of a programme account.

    A governed account has keys, too; its constitution says for what they do not suffice.

    Attributes:
        epoch: How often the keys were set, or those of another account taken, after the account was opened.
        threshold: How many of the keys must sign; 0 for an alias and for a programme account.
        keys: The keys, ascending; none for an alias and for a programme account.
        family: The family of operations that a programme account belongs to; else None.
        into: The account that an alias is one of, which signs for it; else None.
        is_governed: Whether the account has a constitution: see the table `constitutions`.
    """

    epoch: int = 0
    threshold: int = 0
    keys: tuple[KeyGrant, ...] = ()
    family: int | None = None
    into: bytes | None = None
    is_governed: bool = False

    @property
    def wire_tag(self) -> int:
        """0 keyed, 1 programme, 2 alias, 3 governed."""
        if self.is_governed:
            return 3
        if self.is_alias:
            return 2
        return 1 if self.is_programme else 0

    @property
    def is_programme(self) -> bool:
        """Whether this is a programme account, for which nobody signs."""
        return self.family is not None

    @property
    def is_alias(self) -> bool:
        """Whether another account signs for this one."""
        return self.into is not None

    @classmethod
    def _from_variant(cls, variant: str, values: Mapping[str, Decoded]) -> AccountRecord:
        return cls(**values, is_governed=variant == "governed")


@dataclass(frozen=True, slots=True)
class GuardiansRecord(Encodable):
    """The accounts that may together set an account's keys, after a delay.

    Attributes:
        threshold: How many of the guardians must sign.
        guardians: Account ids, 32 bytes each, ascending.
        delay_ms: How long a recovery waits; meanwhile the account may cancel it.
    """

    threshold: int
    guardians: tuple[bytes, ...]
    delay_ms: int


@dataclass(frozen=True, slots=True)
class RecoveryRecord(Encodable):
    """The keys that guardians want an account to have.

    Attributes:
        started: When the guardians asked for it, ms.
        due: From when on anybody may finish it, ms.
        threshold: How many of the keys must sign.
        keys: The keys, ascending.
    """

    started: int
    due: int
    threshold: int
    keys: tuple[KeyGrant, ...]


@dataclass(frozen=True, slots=True)
class MandateRecord(Encodable):
    """What an agent may do for an account.

    Attributes:
        account: Whose units or power it is.
        agent: Who may act.
        asset: Of this asset; a schema's id where the operations are attest and revoke.
        operations: Tags of the operations, ascending.
        cap: The most units in each window; attestations made or revoked count 1 each.
        window_ms: The length of a window.
        since: When the first window began, ms.
        until: When the mandate ends, ms.
        window: The number of the window in which it was last used.
        spent: What was spent in that window.
    """

    account: bytes
    agent: bytes
    asset: bytes
    operations: tuple[int, ...]
    cap: int
    window_ms: int
    since: int
    until: int
    window: int
    spent: int

    def own_id(self, _key: bytes) -> bytes:
        """The id under which it stands."""
        return mandate_id(self.account, self.agent, self.asset)


@dataclass(frozen=True, slots=True)
class OnceRecord(Encodable):
    """That an account used a key once, for ever.

    Attributes:
        account: Whose.
        key: The key, 32 bytes.
        transaction: The id of the transaction that used it.
    """

    account: bytes
    key: bytes
    transaction: bytes

    def own_id(self, _key: bytes) -> bytes:
        """The id under which it stands."""
        return once_id(self.account, self.key)


@dataclass(frozen=True, slots=True)
class PendingPolicy(Encodable):
    """A policy of an asset that was announced.

    Attributes:
        policy: All terms, ascending by tag.
        since: When it was announced, ms.
        due: From when on it holds, ms.
    """

    policy: tuple[Term, ...]
    since: int
    due: int


@dataclass(frozen=True, slots=True)
class LiveSnapshot(Encodable):
    """A snapshot that an asset's record lists.

    Attributes:
        number: Which it is, from 1 on.
        until: It is live before this time, ms.
    """

    number: int
    until: int


@dataclass(frozen=True, slots=True)
class AssetRecord(Encodable):
    """An asset: what it is, who has power over it, and its totals.

    Attributes:
        version: 1.
        issuer: The account that created it.
        symbol: 1 to 12 of `A-Z0-9.`.
        decimals: Decimal places of a whole unit.
        supply_cap: The most units that may exist at a time.
        policy: Terms, ascending by tag, without what was announced and holds by now: see `policy_at`.
        powers: Who holds which power.
        paused: Whether transfers, payments, mints, burns, redemptions and refunds are refused.
        frozen_accounts: How many accounts are frozen.
        debtors: How many accounts owe the issuer units.
        owed: Units that they owe in all.
        minted: Units ever minted.
        burned: Units ever burned.
        redeemed: Units redeemed and not given back.
        swept: Units ever lapsed and removed.
        clawed_back: Units ever clawed back; these are still in the supply.
        pending: The policy that was announced, if one was.
        sunset: From when on nothing of it is left, ms, if that was announced.
        snapshots_taken: How many snapshots were ever opened: the number of the last.
        snapshots: The listed ones, ascending by number: see `snapshots_at`.
    """

    version: int
    issuer: bytes
    symbol: str
    decimals: int
    supply_cap: int
    policy: tuple[Term, ...]
    powers: Powers
    paused: bool
    frozen_accounts: int
    debtors: int
    owed: int
    minted: int
    burned: int
    redeemed: int
    swept: int
    clawed_back: int
    pending: PendingPolicy | None = None
    sunset: int | None = None
    snapshots_taken: int = 0
    snapshots: tuple[LiveSnapshot, ...] = ()

    def snapshots_at(self, time: int) -> tuple[LiveSnapshot, ...]:
        """The snapshots that are live at a time, in ms: one that has ended stays listed until another is opened."""
        return tuple([listed for listed in self.snapshots if time < listed.until])

    def policy_at(self, time: int) -> tuple[Term, ...]:
        """The terms in force at a time, in ms: what was announced holds from then on by itself."""
        if self.pending is not None and self.pending.due <= time:
            return self.pending.policy
        return self.policy

    @property
    def supply(self) -> int:
        """The units that exist now."""
        return self.minted - self.burned - self.redeemed - self.swept

    def own_id(self, _key: bytes) -> bytes:
        """The id under which it stands."""
        return _asset_id(self.issuer, self.symbol.encode())


@dataclass(frozen=True, slots=True)
class LotRecord(Encodable):
    """The totals of one lot of an asset.

    Attributes:
        lot: The issue period.
        issued: Units minted in it.
        burned: Of those, burned.
        redeemed: Of those, redeemed and not given back.
        expired: Of those, lapsed and removed.
        clawed_back: Of those, clawed back; these are still outstanding.
        merged_in: Units that came from earlier lots: merged with this one, or lapsed there before they were refunded.
        merged_out: Units that went to later lots.
    """

    lot: int
    issued: int
    burned: int
    redeemed: int
    expired: int
    clawed_back: int
    merged_in: int
    merged_out: int

    @property
    def own_sum(self) -> int:
        """The outstanding units, which are the record's sum."""
        return self.issued + self.merged_in - self.merged_out - self.burned - self.redeemed - self.expired

    def own_id(self, key: bytes) -> bytes:
        """The id under which it stands, in the table of this asset."""
        return lot_id(key, self.lot)


@dataclass(frozen=True, slots=True)
class FreezeRecord(Encodable):
    """That an account may neither send nor receive an asset.

    Attributes:
        since: When it was frozen, ms.
        reason: Why.
    """

    since: int
    reason: Reason


class _Plain(Encodable):
    """A condition that is made of no others."""

    __slots__ = ()
    depth: ClassVar[int] = 1
    """How deep conditions are nested in it, itself counted."""


class _Compound(Encodable):
    """A condition that is made of others."""

    __slots__ = ()
    of: Condition | Sequence[Condition]

    def __post_init__(self) -> None:
        """Check what it is made of and how deep that is nested."""
        Encodable.__post_init__(self)
        most = NESTED["Condition"]
        if self.depth > most:
            _bad_wire(type(self).__name__, f"conditions nested at most {most} deep", self.depth)

    @property
    def depth(self) -> int:
        """How deep conditions are nested in it, itself counted."""
        parts = (self.of,) if isinstance(self.of, Encodable) else self.of
        return 1 + max((part.depth for part in parts), default=0)


@dataclass(frozen=True, slots=True)
class AllOf(_Compound):
    """Condition: every one of these holds.

    Attributes:
        of: One or more conditions.
    """

    wire_tag: ClassVar[int] = 0
    of: Sequence[Condition]


@dataclass(frozen=True, slots=True)
class AnyOf(_Compound):
    """Condition: at least one of these holds.

    Attributes:
        of: One or more conditions.
    """

    wire_tag: ClassVar[int] = 1
    of: Sequence[Condition]


@dataclass(frozen=True, slots=True)
class Not(_Compound):
    """Condition: this one does not hold.

    Attributes:
        of: A condition.
    """

    wire_tag: ClassVar[int] = 2
    of: Condition


@dataclass(frozen=True, slots=True)
class After(_Plain):
    """Condition: the time has come.

    Attributes:
        time: From then on, ms.
    """

    wire_tag: ClassVar[int] = 3
    time: int


@dataclass(frozen=True, slots=True)
class Preimage(_Plain):
    """Condition: whoever settles shows 32 bytes.

    Attributes:
        hash: Their SHA-256, 32 bytes.
    """

    wire_tag: ClassVar[int] = 4
    hash: bytes


@dataclass(frozen=True, slots=True)
class SignedBy(_Plain):
    """Condition: so many of these accounts sign the operation.

    Attributes:
        threshold: How many of them.
        accounts: 1 to 16 account ids, 32 bytes each, kept ascending.
    """

    wire_tag: ClassVar[int] = 5
    threshold: int
    accounts: Sequence[bytes]

    def __post_init__(self) -> None:
        """Check the fields and put the accounts in order."""
        Encodable.__post_init__(self)
        object.__setattr__(self, "accounts", tuple(sorted(self.accounts)))


@dataclass(frozen=True, slots=True)
class Attested(_Plain):
    """Condition: somebody has a live attestation, with a nonce of zeros.

    Attributes:
        schema: By this schema, an id of 32 bytes.
        issuer: From this account, 32 bytes.
        subject: Who has it, an account id of 32 bytes; None is the hold's payer.
    """

    wire_tag: ClassVar[int] = 6
    schema: bytes
    issuer: bytes
    subject: bytes | None = None


@dataclass(frozen=True, slots=True)
class GroupTotal(_Plain):
    """Condition: the holds of a group have so much in all: a goal is reached.

    Attributes:
        group: The group's id, 32 bytes.
        at_least: Minor units.
    """

    wire_tag: ClassVar[int] = 7
    group: bytes
    at_least: int


@dataclass(frozen=True, slots=True)
class Resolved(_Plain):
    """Condition: a proposal about this subject passed, with this option.

    Attributes:
        account: The governed account, 32 bytes.
        rule: The hash of the rule by which it passed, 32 bytes: `rule_hash(rule)`.
        subject: What it was about, 32 bytes: a milestone's number, say.
        option: Which of its options passed; 0 is yes.
    """

    wire_tag: ClassVar[int] = 8
    account: bytes
    rule: bytes
    subject: bytes
    option: int = 0


@dataclass(frozen=True, slots=True)
class ByPayer(_Plain):
    """Condition: the hold's payer signs the operation."""

    wire_tag: ClassVar[int] = 9


Condition: TypeAlias = "AllOf | AnyOf | Not | After | Preimage | SignedBy | Attested | GroupTotal | Resolved | ByPayer"
"""What must be true for a hold to be settled, or to be released early."""


@dataclass(frozen=True, slots=True)
class Share(Encodable):
    """A payee's part.

    Attributes:
        to: An account id, 32 bytes.
        bps: How many of 10,000 parts.
    """

    to: bytes
    bps: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Encodable):
    """Units that may be settled little by little: nothing before the cliff, then in proportion to the time.

    Attributes:
        starts: From when on time counts, ms.
        cliff: Nothing before, ms.
        ends: All from here on, ms.
    """

    starts: int
    cliff: int
    ends: int

    def vested(self, amount: int, time: int) -> int:
        """How much of an amount may have been settled by a time, ms.

        >>> Schedule(starts=0, cliff=10, ends=40).vested(100, 9), Schedule(starts=0, cliff=10, ends=40).vested(100, 10)
        (0, 25)
        """
        if time >= self.ends:
            return amount
        return 0 if time < self.cliff else amount * (time - self.starts) // (self.ends - self.starts)


class Outcome(enum.IntEnum):
    """What happens with what a hold has left at its deadline."""

    RELEASE = 0
    SETTLE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms(Encodable):
    """When the units of a hold go where.

    Attributes:
        settle_if: When they go to the payees, before the deadline.
        deadline: From then on only the outcome counts, ms.
        payees: Who is paid, in which parts of 10,000; where nobody is named, whoever settles names a payee.
        release_if: When they go back to the payer before the deadline; None is never.
        schedule: How much may be settled by when.
        outcome: What happens with the rest at the deadline.
    """

    settle_if: Condition
    deadline: int
    payees: Sequence[Share] = ()
    release_if: Condition | None = None
    schedule: Schedule | None = None
    outcome: Outcome = Outcome.RELEASE


@dataclass(frozen=True, slots=True)
class HoldRecord(Encodable):
    """A hold. What it has left is the balance of its account, which has the hold's id.

    Attributes:
        version: 1.
        payer: Whose units they were, an account id of 32 bytes.
        salt: 16 bytes.
        asset: The asset's id, 32 bytes.
        amount: Units put in.
        settled: Units settled so far.
        released: Units released so far.
        terms: Its own terms; None where its group has them.
        group: The group's id, 32 bytes; None where it has terms of its own.
    """

    version: int
    payer: bytes
    salt: bytes
    asset: bytes
    amount: int
    settled: int
    released: int
    terms: Terms | None
    group: bytes | None

    def own_id(self, _key: bytes) -> bytes:
        """The id under which it stands."""
        return hold_id(self.payer, self.salt)


@dataclass(frozen=True, slots=True)
class GroupRecord(Encodable):
    """A group of holds with the same terms.

    Attributes:
        version: 1.
        owner: Who opened it, an account id of 32 bytes.
        salt: 16 bytes.
        asset: The asset's id, 32 bytes.
        closes: From when on there are no more holds, ms.
        terms: The terms of every hold in it.
        holds: How many holds were ever put in.
        total: Units ever put in, less those released before the deadline.
        put_in: Units ever put in.
    """

    version: int
    owner: bytes
    salt: bytes
    asset: bytes
    closes: int
    terms: Terms
    holds: int
    total: int
    put_in: int

    def own_id(self, _key: bytes) -> bytes:
        """The id under which it stands."""
        return group_id(self.owner, self.salt)


@dataclass(frozen=True, slots=True)
class NoContent(Encodable):
    """Of a schema: its attestations say nothing but that they are there."""

    wire_tag: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class IntegerRange(Encodable):
    """Of a schema: its attestations say an integer.

    Attributes:
        least: The smallest, i64.
        most: The largest, i64.
    """

    wire_tag: ClassVar[int] = 1
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class BytesUpTo(Encodable):
    """Of a schema: its attestations say some bytes, at least one.

    Attributes:
        most: How many at the most, 1 to 256.
    """

    wire_tag: ClassVar[int] = 2
    most: int


@dataclass(frozen=True, slots=True)
class CommitmentKind(Encodable):
    """Of a schema: its attestations say the hash of something that is kept elsewhere."""

    wire_tag: ClassVar[int] = 3


@dataclass(frozen=True, slots=True)
class EdgeKind(Encodable):
    """Of a schema: its attestations lead from their subject to another account, and never in a circle."""

    wire_tag: ClassVar[int] = 4


ContentKind: TypeAlias = NoContent | IntegerRange | BytesUpTo | CommitmentKind | EdgeKind
"""What the attestations of a schema say."""


@dataclass(frozen=True, slots=True)
class Nothing(Encodable):
    """An attestation says nothing but that it is there."""

    wire_tag: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class Integer(Encodable):
    """An attestation says an integer.

    Attributes:
        value: The integer, i64.
    """

    wire_tag: ClassVar[int] = 1
    value: int


@dataclass(frozen=True, slots=True)
class Bytes(Encodable):
    """An attestation says some bytes.

    Attributes:
        value: The bytes.
    """

    wire_tag: ClassVar[int] = 2
    value: bytes


@dataclass(frozen=True, slots=True)
class Commitment(Encodable):
    """An attestation says the hash of something that is kept elsewhere.

    Attributes:
        hash: SHA-256 of a salt and what is meant, 32 bytes.
    """

    wire_tag: ClassVar[int] = 3
    hash: bytes


@dataclass(frozen=True, slots=True)
class Edge(Encodable):
    """An attestation leads from its subject to another account: to who referred it, say.

    Attributes:
        to: That account, 32 bytes.
    """

    wire_tag: ClassVar[int] = 4
    to: bytes


Content: TypeAlias = Nothing | Integer | Bytes | Commitment | Edge
"""What an attestation says."""


@dataclass(frozen=True, slots=True)
class Requirement(Encodable):
    """A live attestation, with a nonce of zeros, that a subject must have.

    Attributes:
        schema: By this schema, 32 bytes.
        issuer: From this issuer, 32 bytes.
    """

    schema: bytes
    issuer: bytes


@dataclass(frozen=True, slots=True)
class SchemaRecord(Encodable):
    """What may be attested, by whom and of whom.

    Attributes:
        version: 1.
        creator: The account that created it.
        name: 1 to 32 of `a-z0-9._-`.
        content: What its attestations say.
        issuers: Who may attest, ascending; none means anybody.
        subjects: What a subject must have been attested before; None requires nothing.
        revocable: Whether attestations can be revoked.
        live: How many attestations were neither revoked nor replaced; expired ones are among them.
    """

    version: int
    creator: bytes
    name: str
    content: ContentKind
    issuers: tuple[bytes, ...]
    subjects: Requirement | None
    revocable: bool
    live: int

    def own_id(self, _key: bytes) -> bytes:
        """The id under which it stands."""
        return _schema_id(self.creator, self.name.encode())


@dataclass(frozen=True, slots=True)
class Revocation(Encodable):
    """When and why an attestation was revoked.

    Attributes:
        time: When, ms.
        reason: Why.
    """

    time: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class AttestationRecord(Encodable):
    """What an issuer says of a subject, and whether it was taken back.

    Attributes:
        issuer: Who says it.
        subject: Of whom.
        nonce: Tells attestations of one subject apart; 32 zero bytes for what there can be one of.
        issued: When it was said, ms.
        expires: From when on it holds no longer, ms; None where it lasts.
        content: What is said.
        revoked: When and why it was revoked; None where it was not.
    """

    issuer: bytes
    subject: bytes
    nonce: bytes
    issued: int
    expires: int | None
    content: Content
    revoked: Revocation | None

    def is_live(self, time: int) -> bool:
        """Whether it holds at this time, ms: neither revoked nor expired.

        A proof tells of the time of its commit, `claim.value.is_live(claim.time)`: whether the attestation was revoked
        since, only a newer one tells.
        """
        return self.revoked is None and (self.expires is None or time < self.expires)

    def was_member(self, time: int) -> bool:
        """Whether it made somebody a member at a time that is over, ms, by what this record still tells.

        *Member at a time* in the reference of operations: who was revoked or has expired since was one, who was
        attested anew since was not.
        """
        is_revoked = self.revoked is not None and self.revoked.time <= time
        return self.issued < time and not is_revoked and (self.expires is None or time < self.expires)

    def own_id(self, key: bytes) -> bytes:
        """The id under which it stands."""
        return attestation_id(key, self.issuer, self.subject, self.nonce)


@dataclass(frozen=True, slots=True, order=True)
class Item(Encodable):
    """Which item of a collection.

    Attributes:
        design: The design's number.
        edition: The number of the edition, from 1 on.
    """

    design: int
    edition: int


@dataclass(frozen=True, slots=True)
class DesignRecord(Encodable):
    """A design of a collection.

    Attributes:
        design: Its number.
        editions: How many editions there may ever be.
        set: What a member burns to get one: numbers of designs, ascending; none where only the issuer makes it.
        content: A hash of what it looks like, 32 bytes.
        issued: How many editions were ever made: the number of the last.
        burned: How many of them were destroyed.
    """

    design: int
    editions: int
    set: tuple[int, ...]
    content: bytes | None
    issued: int
    burned: int

    def own_id(self, key: bytes) -> bytes:
        """The id under which it stands, in the table of this asset."""
        return design_id(key, self.design)


@dataclass(frozen=True, slots=True)
class ItemRecord(Encodable):
    """An item of a collection.

    Attributes:
        item: Which it is.
        owner: Whose it is, an account id of 32 bytes.
        since: Since when it is, ms.
    """

    own_sum: ClassVar[int] = 1
    item: Item
    owner: bytes
    since: int

    def own_id(self, key: bytes) -> bytes:
        """The id under which it stands, in the table of this asset."""
        return item_id(key, self.item)


@dataclass(frozen=True, slots=True)
class Role(Encodable):
    """One who takes part in the slips of a campaign.

    Attributes:
        account: An account id of 32 bytes; None where each slip names one.
        bps: How many of 10,000 parts of what is paid are its.
        signs: Whether it must sign: the slip, or the transaction that claims.
    """

    account: bytes | None = None
    bps: int = 0
    signs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap(Encodable):
    """How much may be claimed in each window; the first begins when the campaign is opened.

    Attributes:
        units: Minor units.
        claims: Slips.
        window_ms: The length of a window.
    """

    units: int
    claims: int = 2**32 - 1
    window_ms: int


@dataclass(frozen=True, slots=True)
class Counted(Encodable):
    """What was claimed in a window.

    Attributes:
        window: Its number.
        units: Minor units.
        claims: Slips.
    """

    window: int
    units: int
    claims: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignTerms(Encodable):
    """What a campaign pays for.

    Attributes:
        roles: Who takes part in a slip, 1 to 8; the first is the member.
        claim_max: The most that is paid for one slip, minor units.
        ends: From when on it pays no more, ms.
        eligible: What the member must have been attested.
        member_cap: What one member may have in each window.
        total_cap: What all members together may have in each window.
        pending_ms: How long what is paid is held, so that the owner may release it; 0: it is paid at once.
        notice_ms: How long before its end the owner must say so, if it is to end before its time.
    """

    roles: Sequence[Role]
    claim_max: int
    ends: int
    eligible: Requirement | None = None
    member_cap: Cap | None = None
    total_cap: Cap | None = None
    pending_ms: int = 0
    notice_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip(Encodable):
    """A paper that says that somebody has earned something of a campaign, for those to sign who must.

    Attributes:
        nonce: 16 bytes. A campaign pays once for each member and nonce.
        valid_until: It may be paid before this time, ms.
        amount: What is paid in all, minor units.
        parties: Who has the roles that the terms leave open, in order; account ids of 32 bytes.
        floor: What the member wants at least, minor units.
        reference: A salted hash of what it is for, 32 bytes.
    """

    nonce: bytes
    valid_until: int
    amount: int
    parties: Sequence[bytes] = ()
    floor: int | None = None
    reference: bytes | None = None

    def message(self, ledger: bytes, campaign: bytes) -> bytes:
        """What is signed.

        Args:
            ledger: The ledger's id, 32 bytes.
            campaign: The campaign's id, 32 bytes.
        """
        return b"counterfoil/slip/v1\n" + ledger + hashlib.sha256(campaign + bytes(self)).digest()


@dataclass(frozen=True, slots=True)
class RoleSignature(Encodable):
    """A signature on a slip.

    Attributes:
        role: The position of the role in the campaign's terms.
        key: The Ed25519 public key, 32 bytes.
        signature: The signature, 64 bytes.
    """

    role: int
    key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedSlip(Encodable):
    """A slip and the signatures on it.

    Attributes:
        slip: What was signed, together with the campaign's id.
        signatures: By those who must sign, unless they sign the transaction that claims.
    """

    slip: Slip
    signatures: Sequence[RoleSignature] = ()


@dataclass(frozen=True, slots=True)
class CampaignRecord(Encodable):
    """A campaign. What it has left is the balance of its account, which has the campaign's id.

    Attributes:
        version: 1.
        owner: Who pays, an account id of 32 bytes.
        salt: 16 bytes.
        asset: What it pays, an asset id of 32 bytes.
        terms: What it pays for.
        since: When it was opened, ms.
        ends: From when on it pays no more, ms: the terms' end, or an earlier one that the owner gave notice of.
        closed: Whether it has given back what it had left.
        claims: Slips ever paid.
        counted: What was claimed in the window of the last claim, where the terms have a cap for all.
    """

    version: int
    owner: bytes
    salt: bytes
    asset: bytes
    terms: CampaignTerms
    since: int
    ends: int
    closed: bool
    claims: int
    counted: Counted

    def own_id(self, _key: bytes) -> bytes:
        """The id under which it stands."""
        return campaign_id(self.owner, self.salt)


@dataclass(frozen=True, slots=True)
class ClaimantRecord(Encodable):
    """What a member claimed of a campaign that caps each member.

    Attributes:
        counted: In the window of the last claim.
    """

    counted: Counted


@dataclass(frozen=True, slots=True)
class RedemptionRecord(Encodable):
    """Units that were redeemed for something outside the ledger.

    Attributes:
        sender: Whose units they were.
        at: Where they were redeemed: the account that may refund them.
        order: The salted hash of the order, 32 bytes.
        time: When, ms.
        amount: Units redeemed.
        refunded: Of those, given back.
        lots: Of those, not given back, by lot, ascending; none for an asset without lots.
    """

    sender: bytes
    at: bytes
    order: bytes
    time: int
    amount: int
    refunded: int
    lots: tuple[LotAmount, ...]

    def own_id(self, key: bytes) -> bytes:
        """The id under which it stands, in the table of this asset."""
        return redemption_id(key, self.sender, self.order)


@dataclass(frozen=True, slots=True)
class DebtRecord(Encodable):
    """That an account owes the issuer units. How many is the record's sum, never 0.

    Attributes:
        since: Since when it has owed some, ms.
    """

    since: int


@dataclass(frozen=True, slots=True)
class HoldersElectorate(Encodable):
    """Who votes: the holders of an asset.

    Attributes:
        asset: The asset's id, 32 bytes. Its issuer is the governed account, or agrees.
    """

    wire_tag: ClassVar[int] = 0
    asset: bytes


@dataclass(frozen=True, slots=True)
class MembersElectorate(Encodable):
    """Who votes: the members of a club, each of whom has an attestation with the nonce of zeros.

    Attributes:
        schema: By this schema, 32 bytes, which lists this issuer and nobody else.
        issuer: From this account, 32 bytes.
    """

    wire_tag: ClassVar[int] = 1
    schema: bytes
    issuer: bytes


@dataclass(frozen=True, slots=True)
class MemberHoldersElectorate(Encodable):
    """Who votes: the holders of an asset who are members of a club as well.

    Attributes:
        asset: The asset's id, 32 bytes.
        schema: As of `MembersElectorate`.
        issuer: As of `MembersElectorate`.
    """

    wire_tag: ClassVar[int] = 2
    asset: bytes
    schema: bytes
    issuer: bytes


@dataclass(frozen=True, slots=True)
class BackersElectorate(Encodable):
    """Who votes: the payers of a group of holds, each hold for what is left in it.

    Attributes:
        group: The group's id, 32 bytes.
    """

    wire_tag: ClassVar[int] = 3
    group: bytes


Electorate: TypeAlias = HoldersElectorate | MembersElectorate | MemberHoldersElectorate | BackersElectorate
"""Who votes on a proposal."""


class Weight(enum.IntEnum):
    """What a vote counts: the member's units, one for each member, or the square root of the units."""

    UNITS = 0
    MEMBER = 1
    ROOT = 2


@dataclass(frozen=True, slots=True)
class YesNo(Encodable):
    """How is voted: yes, no or abstention, on one option."""

    wire_tag: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class Approval(Encodable):
    """How is voted: for as many of the options as one likes; the one with the greatest count wins."""

    wire_tag: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Ranked(Encodable):
    """How is voted: by a ranking of the options, counted as an instant run-off.

    Attributes:
        ranks_max: How many options a ballot may rank, 1 to 16.
    """

    wire_tag: ClassVar[int] = 2
    ranks_max: int


Form: TypeAlias = YesNo | Approval | Ranked
"""How is voted on a proposal."""


@dataclass(frozen=True, slots=True)
class Deposit(Encodable):
    """What a proposer puts down, and loses if too few vote or the guardian says no.

    Attributes:
        asset: The asset's id, 32 bytes.
        amount: Minor units, 1 to 10^38 - 1.
    """

    asset: bytes
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Encodable):
    """How an account decides. Times are ms, at most 366 days each; bps are so many of 10,000 parts.

    Attributes:
        electorate: Who votes.
        voting_ms: How long the vote is open.
        execution_ms: How long what passed may be executed.
        weight: What a vote counts.
        form: How is voted.
        quorum_bps: How much of the electorate must vote.
        support_bps: How much of the electorate must be for it.
        threshold_bps: More than how much of what was decided, abstentions apart, must be for it; 5,000 is a majority.
        delay_ms: From the proposal to the vote; meanwhile it may be cancelled.
        extension_ms: How long the vote is open from when its quorum is reached late.
        reveal_ms: How long sealed ballots may be revealed after the vote; 0: ballots are not sealed.
        timelock_ms: From the vote's end to its conclusion; meanwhile the guardian may veto.
        snapshot_ms: How old the snapshot of balances may be; 0 without an asset in the electorate.
        proposer_weight: What the proposer's own vote must count.
        guardian: Who may veto, an account id of 32 bytes; None is nobody.
        deposit: What the proposer puts down.
    """

    electorate: Electorate
    voting_ms: int
    execution_ms: int
    weight: Weight = Weight.UNITS
    form: Form = field(default_factory=YesNo)
    quorum_bps: int = 0
    support_bps: int = 0
    threshold_bps: int = 5_000
    delay_ms: int = 0
    extension_ms: int = 0
    reveal_ms: int = 0
    timelock_ms: int = 0
    snapshot_ms: int = 0
    proposer_weight: int = 0
    guardian: bytes | None = None
    deposit: Deposit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article(Encodable):
    """Who may do some operations in an account's name.

    Attributes:
        operations: Which, as classes, names or tags; kept as tags, ascending.
        keys: Whether the account's keys may.
        rules: By which rules of the constitution a proposal may: their positions, kept ascending.
    """

    operations: Collection[Any]
    keys: bool = False
    rules: Sequence[int] = ()

    def __post_init__(self) -> None:
        """Turn the operations into ascending tags, check, and put the rules in order."""
        object.__setattr__(self, "operations", operation_tags(self.operations, "Article.operations"))
        Encodable.__post_init__(self)
        object.__setattr__(self, "rules", tuple(sorted(self.rules)))


@dataclass(frozen=True, slots=True)
class Constitution(Encodable):
    """Who may do what in an account's name. What no article lists is for its keys alone.

    Attributes:
        rules: How the account decides, at most 8.
        articles: Who may do which operations, 1 to 16; one lists `set_constitution`, and not for the keys.
    """

    rules: Sequence[Rule]
    articles: Sequence[Article]

    def article(self, tag: int) -> Article | None:
        """The article that lists the operation with this tag; None where there is none."""
        return next((article for article in self.articles if tag in article.operations), None)


@dataclass(frozen=True, slots=True)
class ConstitutionRecord(Encodable):
    """The constitution of a governed account.

    Attributes:
        version: 1.
        since: Since when it is in force, ms.
        constitution: What it says.
    """

    version: int
    since: int
    constitution: Constitution


@dataclass(frozen=True, slots=True)
class Shares(Encodable):
    """A ballot of yes, no and abstention, each with a share of the vote.

    Attributes:
        shares: Three of them, in proportion to each other; `[1, 0, 0]` is yes.
    """

    wire_tag: ClassVar[int] = 0
    shares: Sequence[int]


@dataclass(frozen=True, slots=True)
class Approve(Encodable):
    """A ballot for some of the options.

    Attributes:
        options: Their positions, kept ascending; none is an abstention.
    """

    wire_tag: ClassVar[int] = 1
    options: Sequence[int]

    def __post_init__(self) -> None:
        """Check the fields and put the options in order."""
        Encodable.__post_init__(self)
        object.__setattr__(self, "options", tuple(sorted(self.options)))


@dataclass(frozen=True, slots=True)
class Rank(Encodable):
    """A ballot that ranks some of the options.

    Attributes:
        options: Their positions, best first; none is an abstention.
    """

    wire_tag: ClassVar[int] = 2
    options: Sequence[int]


@dataclass(frozen=True, slots=True)
class Sealed(Encodable):
    """A ballot that is revealed after the vote.

    Attributes:
        hash: `ballot_seal` of the proposal, the voter, a salt and the ballot, 32 bytes.
    """

    wire_tag: ClassVar[int] = 3
    hash: bytes


Ballot: TypeAlias = Shares | Approve | Rank | Sealed
"""What a voter says."""


@dataclass(frozen=True, slots=True)
class Ranking(Encodable):
    """How much weight ranked the options in one way.

    Attributes:
        options: Positions of options, best first.
        weight: Of all ballots that rank them so.
    """

    options: Sequence[int]
    weight: int


@dataclass(frozen=True, slots=True)
class ProposalOpen(Encodable):
    """A proposal's state: it is open, until somebody concludes it."""

    wire_tag: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class ProposalCancelled(Encodable):
    """A proposal's state: its proposer cancelled it.

    Attributes:
        time: When, ms.
    """

    wire_tag: ClassVar[int] = 1
    time: int


@dataclass(frozen=True, slots=True)
class ProposalVetoed(Encodable):
    """A proposal's state: its rule's guardian vetoed it.

    Attributes:
        time: When, ms.
        reason: Why.
    """

    wire_tag: ClassVar[int] = 2
    time: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class ProposalFailed(Encodable):
    """A proposal's state: it did not pass.

    Attributes:
        time: When that was concluded, ms.
    """

    wire_tag: ClassVar[int] = 3
    time: int


@dataclass(frozen=True, slots=True)
class ProposalPassed(Encodable):
    """A proposal's state: it passed, and may be executed.

    Attributes:
        option: Which option passed.
        time: When that was concluded, ms.
    """

    wire_tag: ClassVar[int] = 4
    option: int
    time: int


@dataclass(frozen=True, slots=True)
class ProposalExecuted(Encodable):
    """A proposal's state: what passed was executed.

    Attributes:
        option: Which option passed.
        time: When it was executed, ms.
    """

    wire_tag: ClassVar[int] = 5
    option: int
    time: int


ProposalState: TypeAlias = (
    ProposalOpen | ProposalCancelled | ProposalVetoed | ProposalFailed | ProposalPassed | ProposalExecuted
)
"""What became of a proposal."""


@dataclass(frozen=True, slots=True)
class ProposalRecord(Encodable):
    """A proposal, and how the vote on it stands.

    Attributes:
        version: 1.
        account: The governed account, 32 bytes.
        proposer: Who proposed it, an account id of 32 bytes.
        salt: 16 bytes.
        constitution: The hash of the constitution under which it was opened, 32 bytes.
        rule: The position of its rule in that.
        terms: The rule itself.
        title: A hash of what members read, 32 bytes.
        subject: What the resolution is about that it leads to, 32 bytes; None: it leads to none.
        options: For each option the hash of its actions, 32 bytes.
        snapshot: The number of the snapshot of balances; None where the electorate has no asset.
        electorate: What all votes together could count; for a rule of roots, how many members there were.
        opened: When it was proposed, ms.
        ends: When the vote ends, ms.
        counts: What was voted: yes, no and abstentions; or each option and abstentions.
        cast: What counts for the quorum.
        decided: What was cast, abstentions apart.
        voters: How many votes are counted.
        state: What became of it.
    """

    version: int
    account: bytes
    proposer: bytes
    salt: bytes
    constitution: bytes
    rule: int
    terms: Rule
    title: bytes
    subject: bytes | None
    options: tuple[bytes, ...]
    snapshot: int | None
    electorate: int
    opened: int
    ends: int
    counts: tuple[int, ...]
    cast: int
    decided: int
    voters: int
    state: ProposalState

    @property
    def starts(self) -> int:
        """From when on is voted, ms."""
        return min(self.opened + self.terms.delay_ms, _TIME_MAX)

    @property
    def counted(self) -> int:
        """When the last ballot may have been revealed, ms."""
        return min(self.ends + self.terms.reveal_ms, _TIME_MAX)

    @property
    def due(self) -> int:
        """From when on it may be concluded, ms."""
        return min(self.counted + self.terms.timelock_ms, _TIME_MAX)

    @property
    def lapses(self) -> int:
        """From when on it may no more be executed, ms."""
        return min(self.due + self.terms.execution_ms, _TIME_MAX)

    def own_id(self, _key: bytes) -> bytes:
        """The id under which it stands."""
        return proposal_id(self.account, self.proposer, self.salt)


_TIME_MAX = 2**64 - 1


@dataclass(frozen=True, slots=True)
class VoteRecord(Encodable):
    """A member's vote on a proposal.

    Attributes:
        voter: Who cast it, an account id of 32 bytes: the member, or whom it delegated its vote to.
        hops: By how many delegations.
        weight: What it counts.
        ballot: What it says.
    """

    voter: bytes
    hops: int
    weight: int
    ballot: Ballot

    @property
    def own_sum(self) -> int:
        """What is counted, which is the record's sum: nothing of a sealed ballot."""
        return 0 if isinstance(self.ballot, Sealed) else self.weight


@dataclass(frozen=True, slots=True)
class RankingRecord(Encodable):
    """That ballots on a proposal rank its options so. What they count together is the record's sum, never 0.

    Attributes:
        options: Positions of options, best first.
    """

    options: tuple[int, ...]

    def own_id(self, key: bytes) -> bytes:
        """The id under which it stands, in the table of this proposal."""
        return ranking_id(key, self.options)


@dataclass(frozen=True, slots=True)
class DelegationRecord(Encodable):
    """That an account votes for another on a governed account's proposals, unless that one votes itself.

    Attributes:
        account: The governed account, 32 bytes.
        delegator: Whose votes, an account id of 32 bytes.
        to: Who casts them, an account id of 32 bytes.
        since: Since when, ms.
    """

    account: bytes
    delegator: bytes
    to: bytes
    since: int

    def own_id(self, _key: bytes) -> bytes:
        """The id under which it stands."""
        return delegation_id(self.account, self.delegator)


@dataclass(frozen=True, slots=True)
class ResolutionRecord(Encodable):
    """What a governed account decided about a subject, once and for good.

    Attributes:
        account: The governed account, 32 bytes.
        rule: The hash of the rule by which it did, 32 bytes.
        subject: What it is about, 32 bytes.
        option: Which option passed; 0 is yes.
        proposal: The proposal's id, 32 bytes.
        time: When it was concluded, ms.
    """

    account: bytes
    rule: bytes
    subject: bytes
    option: int
    proposal: bytes
    time: int

    def own_id(self, _key: bytes) -> bytes:
        """The id under which it stands."""
        return resolution_id(self.account, self.rule, self.subject)


@dataclass(frozen=True, slots=True)
class SnapshotRecord(Encodable):
    """That the balances of an asset can be read as they stood at a time.

    Attributes:
        asset: The asset's id, 32 bytes.
        number: Which snapshot of the asset it is, from 1 on.
        opened: When it was opened, ms.
        until: It is live before this time, ms.
        supply: The asset's units when it was opened.
    """

    asset: bytes
    number: int
    opened: int
    until: int
    supply: int

    def own_id(self, _key: bytes) -> bytes:
        """The id under which it stands."""
        return snapshot_id(self.asset, self.number)


@dataclass(frozen=True, slots=True)
class SavedBalance(Encodable):
    """A balance as it was before it first changed after a snapshot.

    Attributes:
        number: The newest snapshot that was live then.
        units: The balance.
    """

    number: int
    units: int


@dataclass(frozen=True, slots=True)
class SavedRecord(Encodable):
    """What an account had in snapshots of an asset, as far as it has changed since.

    Attributes:
        balances: Ascending by number.
    """

    balances: tuple[SavedBalance, ...]

    def units_at(self, number: int) -> int | None:
        """What the account had in a live snapshot; None where that is what it has now.

        >>> SavedRecord((SavedBalance(2, 50), SavedBalance(5, 0))).units_at(3)
        0
        """
        return next((saved.units for saved in self.balances if saved.number >= number), None)


@dataclass(frozen=True, slots=True)
class SnapshotBasis(Encodable):
    """Who has a part: the holders of an asset, in proportion to what they had in a snapshot.

    Attributes:
        asset: The asset's id, 32 bytes.
        number: The snapshot's number.
        excluded: Accounts that have no part, 32 bytes each, at most 16, kept ascending.
    """

    wire_tag: ClassVar[int] = 0
    asset: bytes
    number: int
    excluded: Sequence[bytes] = ()

    def __post_init__(self) -> None:
        """Check the fields and put the accounts in order."""
        Encodable.__post_init__(self)
        object.__setattr__(self, "excluded", tuple(sorted(self.excluded)))


@dataclass(frozen=True, slots=True)
class MembersBasis(Encodable):
    """Who has a part: the members of a club, the same each.

    Attributes:
        schema: Those who have an attestation by this schema, 32 bytes,
        issuer: from this account, 32 bytes, which alone may give it.
    """

    wire_tag: ClassVar[int] = 1
    schema: bytes
    issuer: bytes


@dataclass(frozen=True, slots=True)
class LeavesBasis(Encodable):
    """Who has a part: the accounts of a list that was made elsewhere, each what the list says.

    Attributes:
        root: The root hash of the list as a sum map, 32 bytes.
        total: What it adds up to, minor units, 1 to 10^38 - 1.
    """

    wire_tag: ClassVar[int] = 2
    root: bytes
    total: int


@dataclass(frozen=True, slots=True)
class GroupBasis(Encodable):
    """Who has a part: the payers of a group of holds, in proportion to what they put in.

    Attributes:
        group: The group's id, 32 bytes.
    """

    wire_tag: ClassVar[int] = 3
    group: bytes


Basis: TypeAlias = SnapshotBasis | MembersBasis | LeavesBasis | GroupBasis
"""Who has a part in a distribution, and how much."""


@dataclass(frozen=True, slots=True)
class Part(Encodable):
    """Whose part of a distribution is paid.

    Attributes:
        of: An account id of 32 bytes; of a group, the id of a hold.
        proof: Of leaves, a map proof that the account is on the list; else none.
    """

    of: bytes
    proof: bytes = b""


@dataclass(frozen=True, slots=True)
class DistributionRecord(Encodable):
    """A distribution. What it has left is the balance of its account, which has the distribution's id.

    Attributes:
        version: 1.
        fund: Who pays, an account id of 32 bytes.
        salt: 16 bytes.
        asset: What it pays, an asset id of 32 bytes.
        amount: What it was given, minor units.
        basis: Who has a part.
        whole: What all parts count together: a part is the amount times its weight by this, rounded down.
        opened: When it was opened, ms.
        deadline: From when on it pays no more, ms.
        leftover: Who gets what is left then, an account id of 32 bytes.
        reference: A salted hash of what it is for, 32 bytes.
        collected: What it has paid, minor units.
        parts: How many parts it has paid.
        closed: Whether it has given away what was left.
    """

    version: int
    fund: bytes
    salt: bytes
    asset: bytes
    amount: int
    basis: Basis
    whole: int
    opened: int
    deadline: int
    leftover: bytes
    reference: bytes | None
    collected: int
    parts: int
    closed: bool

    def own_id(self, _key: bytes) -> bytes:
        """The id under which it stands."""
        return distribution_id(self.fund, self.salt)


@dataclass(frozen=True, slots=True)
class CollectedRecord(Encodable):
    """That a part of a distribution was paid. How much is the record's sum, never 0.

    Attributes:
        time: When, ms.
    """

    time: int


@dataclass(frozen=True, slots=True)
class Holding:
    """What an account holds of an asset.

    Attributes:
        amount: All units.
        activity_day: The last day of activity, days since 1970-01-01 UTC; 0 where the asset does not count it.
        lots: Units by lot, ascending; none for an asset without lots.
    """

    amount: int
    activity_day: int = 0
    lots: tuple[LotAmount, ...] = ()

    @property
    def own_sum(self) -> int:
        """All units, which are the record's sum."""
        return self.amount

    @classmethod
    def decode(cls, amount: int, value: bytes) -> Holding:
        """The holding that a record of the table `holders` tells.

        Args:
            amount: The record's sum.
            value: The record's value.

        Raises:
            WireError: The value contradicts itself or the sum.
        """
        if amount == 0:
            _bad_wire("holding", "a balance", "0, for which there is no record")
        if not value:
            return cls(amount)
        count, rest = divmod(len(value) - 4, 20)
        if rest or not 0 <= count <= LOTS_MAX:
            _bad_wire("holding", "0 or 4 + 20 n bytes, n at most 64", len(value))
        pairs = [
            (int.from_bytes(value[place : place + 4], "big"), int.from_bytes(value[place + 4 : place + 20], "big"))
            for place in range(4, len(value), 20)
        ]
        lots = tuple(LotAmount(lot, units) for lot, units in pairs)
        _check_lots(lots, "holding")
        if lots and sum(lot.amount for lot in lots) != amount:
            _bad_wire("holding", f"lots that add up to {amount}", sum(lot.amount for lot in lots))
        return cls(amount, int.from_bytes(value[:4], "big"), lots)


def _check_lots(lots: Sequence[LotAmount], what: str) -> None:
    if not _ascending([lot.lot for lot in lots]):
        _bad_wire(what, "lots strictly ascending", [lot.lot for lot in lots])
    if not all(lot.amount for lot in lots):
        _bad_wire(what, "lots that are not empty", "a lot of 0 units")


def _ascending(values: Sequence[Any]) -> bool:
    return all(left < right for left, right in itertools.pairwise(values))


def _is_origin(origin: str) -> bool:
    return 1 <= len(origin) <= 255 and all("!" <= letter <= "~" and letter != "+" for letter in origin)


def _check_origin(origin: str, what: str) -> None:
    if not _is_origin(origin):
        _bad_wire(what, "1 to 255 printable ASCII characters without space and '+'", _describe(origin))


def decode_applied(entry: bytes, codec: Codec | None = None) -> Decoded:
    """The applied transaction of an entry with tag 01, checked for what every such entry keeps.

    Args:
        entry: The entry's bytes.
        codec: Another codec, which makes other classes.

    Raises:
        WireError: Not such an entry.
    """
    if entry[:1] != b"\x01":
        _bad_wire("entry", "tag 01 (applied)", entry[:1].hex() or "no bytes")
    applied = (codec or CODEC).decode("Applied", entry[1:])
    operations = applied.signed.transaction.operations
    if len(applied.effects) != len(operations):
        _bad_wire("Applied.effects", f"one for each of {len(operations)} operations", len(applied.effects))
    for operation, effect in zip(operations, applied.effects, strict=True):
        for each in _effects_of(operation, effect):
            _check_lots(each.taken, "Effect.taken")
            _check_lots(each.lapsed, "Effect.lapsed")
    return applied


def _effects_of(operation: Operation, effect: Effect) -> Sequence[Effect]:
    """The effect of an operation, or those of the actions that it executed."""
    if operation.wire_name != "execute":
        if isinstance(effect, Executed):
            _bad_wire("Applied.effects", f"one that {operation.wire_name} has", "executed")
        return (effect,)
    if not isinstance(effect, Executed):
        _bad_wire("Applied.effects", "executed, of an execute", "another one")
    if len(effect.effects) != len(operation.actions):
        _bad_wire("Executed.effects", f"one for each of {len(operation.actions)} actions", len(effect.effects))
    return effect.effects


# --------------------------------------------------------------------------------------------------------------------
# Ids


def record_id(kind: str, *parts: bytes) -> bytes:
    """The id of a record: SHA-256 of its kind and its fixed-width parts, 32 bytes.

    >>> record_id("parameters").hex()[:16]
    'e8cedc30cf765bc9'
    """
    return hashlib.sha256(b"counterfoil/" + kind.encode() + b"/v1\n" + b"".join(parts)).digest()


def named_account(opener: bytes, salt: bytes) -> bytes:
    """The id of the named account that `opener` opens with `salt`.

    Args:
        opener: An account id, 32 bytes.
        salt: 16 bytes.

    Raises:
        TypeError: Not bytes.
        WireError: Bytes of another length.
    """
    return record_id("account", _Bytes(32).check(opener, "opener"), _Bytes(16).check(salt, "salt"))


def asset_id(issuer: bytes, symbol: str) -> bytes:
    """The id of the asset that `issuer` creates as `symbol`.

    Args:
        issuer: An account id, 32 bytes.
        symbol: 1 to 12 of `A-Z0-9.`.

    Raises:
        TypeError: Not bytes, not a text.
        WireError: Bytes of another length, or no such symbol.
    """
    letters = _Text().check(symbol, "symbol").encode()
    if not (1 <= len(letters) <= 12 and all(letter in b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789." for letter in letters)):
        _bad_wire("symbol", "1 to 12 of A-Z, 0-9 and '.'", _describe(symbol))
    return _asset_id(_Bytes(32).check(issuer, "issuer"), letters)


def _asset_id(issuer: bytes, letters: bytes) -> bytes:
    # No asset has a symbol whose length does not fit into its byte; a record that tells of one has no id of its own.
    return record_id("asset", issuer, bytes([len(letters)]), letters) if len(letters) < 256 else b""


def mandate_id(account: bytes, agent: bytes, asset: bytes) -> bytes:
    """The record id of a mandate. All 32 bytes."""
    return record_id("mandate", account, agent, asset)


def once_id(account: bytes, key: bytes) -> bytes:
    """The record id of a key used once. Both 32 bytes."""
    return record_id("once", account, key)


def lot_id(asset: bytes, lot: int) -> bytes:
    """The record id of a lot's totals: the asset's id, 32 bytes, and the lot, u32."""
    return record_id("lot", asset, lot.to_bytes(4, "big"))


def hold_id(payer: bytes, salt: bytes) -> bytes:
    """The id of a hold, and of its account."""
    return record_id("hold", payer, salt)


def group_id(owner: bytes, salt: bytes) -> bytes:
    """The id of a group of holds."""
    return record_id("group", owner, salt)


def schema_id(creator: bytes, name: str) -> bytes:
    """The id of the schema that `creator` creates as `name`.

    Args:
        creator: An account id, 32 bytes.
        name: 1 to 32 of `a-z0-9._-`.

    Raises:
        TypeError: Not bytes, not a text.
        WireError: Bytes of another length, or no such name.
    """
    letters = _Text().check(name, "name").encode()
    if not (
        1 <= len(letters) <= 32 and all(letter in b"abcdefghijklmnopqrstuvwxyz0123456789._-" for letter in letters)
    ):
        _bad_wire("name", "1 to 32 of a-z, 0-9, '.', '_' and '-'", _describe(name))
    return _schema_id(_Bytes(32).check(creator, "creator"), letters)


def _schema_id(creator: bytes, letters: bytes) -> bytes:
    # As with assets: a record that tells of a longer name has no id of its own.
    return record_id("schema", creator, bytes([len(letters)]), letters) if len(letters) < 256 else b""


def attestation_id(schema: bytes, issuer: bytes, subject: bytes, nonce: bytes = bytes(32)) -> bytes:
    """The record id of an attestation. All 32 bytes; the nonce is zeros for what there can be one of."""
    return record_id("attestation", schema, issuer, subject, nonce)


def design_id(asset: bytes, design: int) -> bytes:
    """The id of a design of a collection."""
    return record_id("design", asset, design.to_bytes(4, "big"))


def item_id(asset: bytes, item: Item) -> bytes:
    """The id of an item of a collection."""
    return record_id("item", asset, item.design.to_bytes(4, "big"), item.edition.to_bytes(4, "big"))


def campaign_id(owner: bytes, salt: bytes) -> bytes:
    """The id of a campaign, and of its account."""
    return record_id("campaign", owner, salt)


def claim_key(member: bytes, nonce: bytes) -> bytes:
    """The key that a campaign uses once for ever when it pays a member's slip of this nonce."""
    return hashlib.sha256(member + nonce).digest()


def pending_hold_id(campaign: bytes, member: bytes, nonce: bytes, transaction: bytes) -> bytes:
    """The id of the hold into which a claim was paid by this transaction, where the campaign holds what it pays."""
    return hold_id(campaign, hashlib.sha256(claim_key(member, nonce) + transaction).digest()[:16])


def redemption_id(asset: bytes, sender: bytes, order: bytes) -> bytes:
    """The record id of what a sender redeemed for an order. All 32 bytes."""
    return record_id("redemption", asset, sender, order)


def snapshot_id(asset: bytes, number: int) -> bytes:
    """The record id of a snapshot: the asset's id, 32 bytes, and its number, u32."""
    return record_id("snapshot", asset, number.to_bytes(4, "big"))


def distribution_id(fund: bytes, salt: bytes) -> bytes:
    """The id of a distribution, and of its account."""
    return record_id("distribution", fund, salt)


def proposal_id(account: bytes, proposer: bytes, salt: bytes) -> bytes:
    """The id of a proposal, and of the account that has its deposit."""
    return record_id("proposal", account, proposer, salt)


def ranking_id(proposal: bytes, options: Sequence[int]) -> bytes:
    """The record id of how often a ranking was given to a proposal: its options, best first."""
    # A record of more options than there can be has no id of its own.
    return record_id("ranking", proposal, bytes(options).ljust(16, b"\xff")) if len(options) <= 16 else b""


def delegation_id(account: bytes, delegator: bytes) -> bytes:
    """The record id of who votes on an account's proposals for a delegator. Both 32 bytes."""
    return record_id("delegation", account, delegator)


def resolution_id(account: bytes, rule: bytes, subject: bytes) -> bytes:
    """The record id of what an account decided about a subject: the rule's hash and the subject have 32 bytes."""
    return record_id("resolution", account, rule, subject)


def table_id(table: str, table_key: bytes = b"") -> bytes:
    """The directory's record id of a table: its name, and its key where there is one for each asset, say."""
    return record_id("table", bytes([len(table)]), table.encode(), table_key)


def rule_hash(rule: Rule) -> bytes:
    """The hash by which the condition `Resolved` and resolutions name a rule, 32 bytes."""
    return hashlib.sha256(bytes(rule)).digest()


def constitution_hash(constitution: Constitution) -> bytes:
    """The hash by which a proposal names the constitution under which it was opened, 32 bytes."""
    return hashlib.sha256(bytes(constitution)).digest()


def actions_hash(actions: Sequence[Any]) -> bytes:
    """The hash by which a proposal names the actions of an option, 32 bytes.

    Args:
        actions: Operations, in order.

    Raises:
        WireError: One is an operation of proposals themselves, which no proposal is about.

    >>> actions_hash([]).hex()[:16]
    'd11bb05b6f1af2b1'
    """
    return hashlib.sha256(b"counterfoil/actions/v1\n" + CODEC.encode("[Action]", tuple(actions))).digest()


def ballot_seal(proposal: bytes, voter: bytes, salt: bytes, ballot: Ballot) -> bytes:
    """The hash of a sealed ballot, which its reveal must show the ballot of, 32 bytes.

    Args:
        proposal: The proposal's id, 32 bytes.
        voter: The id of the account that votes, 32 bytes.
        salt: 16 random bytes, another for each ballot: without them whoever guesses the ballot knows it.
        ballot: What it says.

    Raises:
        TypeError: Not bytes.
        WireError: Bytes of another length.
    """
    named = (("proposal", 32, proposal), ("voter", 32, voter), ("salt", 16, salt))
    parts = b"".join([_Bytes(size).check(value, name) for name, size, value in named])
    return hashlib.sha256(b"counterfoil/ballot/v1\n" + parts + bytes(ballot)).digest()


def transaction_id(transaction: bytes) -> bytes:
    """The id of the transaction with these bytes, without its signatures."""
    return record_id("transaction", transaction)


def sign_message(identifier: bytes) -> bytes:
    """What the authorizers of the transaction with this id sign."""
    return b"counterfoil/sign/v1\n" + identifier


# --------------------------------------------------------------------------------------------------------------------
# Account texts

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32M = 0x2BC830A3
_DID_KEY = "did:key:z"
_NAMED_PREFIX = "acct"


def encode_did_key(account: bytes) -> str:
    """The text of a key account: `did:key:z6Mk…`.

    Args:
        account: Its public key, 32 bytes.

    Raises:
        TypeError: Not bytes.
        WireError: Bytes of another length.

    >>> encode_did_key(bytes.fromhex("3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"))
    'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp'
    """
    return _DID_KEY + encode_base58(b"\xed\x01" + _Bytes(32).check(account, "account"))


def encode_base58(data: bytes) -> str:
    """The text of bytes in Bitcoin's base58, which did:key has.

    >>> encode_base58(bytes([0, 1]))
    '12'
    """
    number = int.from_bytes(data, "big")
    letters = ""
    while number:
        number, digit = divmod(number, 58)
        letters = _BASE58[digit] + letters
    return _BASE58[0] * (len(data) - len(data.lstrip(b"\0"))) + letters


def encode_named_account(account: bytes) -> str:
    """The text of a named account: bech32m, `acct1…`.

    Args:
        account: Its id, 32 bytes.

    Raises:
        TypeError: Not bytes.
        WireError: Bytes of another length.

    >>> encode_named_account(bytes(32))
    'acct1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqz9nrfj'
    """
    number = int.from_bytes(_Bytes(32).check(account, "account"), "big") << 4
    data = [(number >> shift) & 31 for shift in range(255, -1, -5)]
    checksum = _bech32_checksum([*data, 0, 0, 0, 0, 0, 0]) ^ _BECH32M
    data += [(checksum >> shift) & 31 for shift in range(25, -1, -5)]
    return _NAMED_PREFIX + "1" + "".join(_BECH32[value] for value in data)


def decode_account(text: str) -> bytes:
    """The id that an account text spells, 32 bytes: `did:key:z6Mk…` or `acct1…`.

    Each account has one text of each kind; anything else is refused.

    Raises:
        TypeError: Not a text.
        WireError: Neither of the two texts.

    >>> decode_account(encode_named_account(bytes(range(32)))) == bytes(range(32))
    True
    """
    if not isinstance(text, str):
        message = f"account: expected a text, found {type(text).__name__}"
        raise TypeError(message)
    account = None
    if len(text) <= 80 and text.isascii():
        account = _decode_did_key(text) if text.startswith(_DID_KEY) else _decode_named_account(text)
    if account is None:
        _bad_wire("account", "did:key:z6Mk… or acct1…", _describe(text))
    return account


def _decode_did_key(text: str) -> bytes | None:
    number = 0
    for letter in text[len(_DID_KEY) :]:
        digit = _BASE58.find(letter)
        if digit < 0:
            return None
        number = number * 58 + digit
    if number >> 256 != 0xED01:
        return None
    account = (number & ((1 << 256) - 1)).to_bytes(32, "big")
    return account if encode_did_key(account) == text else None


def _decode_named_account(text: str) -> bytes | None:
    data = [_BECH32.find(letter) for letter in text[5:]]
    if not text.startswith(_NAMED_PREFIX + "1") or len(data) != 58 or min(data) < 0:
        return None
    number = 0
    for value in data[:52]:
        number = number << 5 | value
    account = (number >> 4).to_bytes(32, "big")
    # Encoding again checks the checksum and the four bits of padding at once.
    return account if encode_named_account(account) == text else None


def _bech32_checksum(data: Sequence[int]) -> int:
    prefix = [ord(letter) for letter in _NAMED_PREFIX]
    checksum = 1
    for value in [*(letter >> 5 for letter in prefix), 0, *(letter & 31 for letter in prefix), *data]:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> bit & 1:
                checksum ^= generator
    return checksum


# --------------------------------------------------------------------------------------------------------------------
# The sum map


@dataclass(frozen=True, slots=True)
class MapResult:
    """What a map proof shows.

    Attributes:
        total: The sum over the whole map.
        sum: The record's sum; 0 where there is none.
        value: The record's value; None where the record is not there.
    """

    total: int
    sum: int
    value: bytes | None


def tree_key(identifier: bytes) -> bytes:
    """Where a record stands in its table: SHA-256 of its id, so that nobody chooses the path."""
    return record_id("key", identifier)


def verify_map_proof(root: bytes, key: bytes, proof: bytes) -> MapResult:
    """Check a proof of presence or absence in a sum map.

    Args:
        root: The map's root hash, 32 bytes.
        key: The tree key asked about, 32 bytes.
        proof: The proof.

    Returns:
        The record, if it is there, and the sum over the whole map.

    Raises:
        ProofError: malformed_proof, truncated, trailing_bytes, empty_sibling, shallow_leaf, wrong_leaf, sum_overflow,
            wrong_root.
    """
    parts = _Parts(proof, "map proof")
    kind = parts.integer(1, "kind")
    value: bytes | None = None
    leaf_sum, node = 0, EMPTY_HASH
    other: bytes | None = None
    if kind == 1:
        leaf_sum = parts.integer(16, "sum")
        length = parts.integer(2, "value length")
        if length > VALUE_BYTES_MAX:
            _refuse("malformed_proof", "map proof, value", f"at most {VALUE_BYTES_MAX:,} bytes", f"{length:,}")
        value = parts.take(length, "value")
        node = map_leaf(key, leaf_sum, hashlib.sha256(value).digest())
    elif kind == 2:
        other = parts.take(32, "other key")
        leaf_sum = parts.integer(16, "sum")
        node = map_leaf(other, leaf_sum, parts.take(32, "value hash"))
    elif kind != 0:
        _refuse("malformed_proof", "map proof, kind", "0, 1 or 2", kind)
    depth = parts.integer(2, "depth")
    if depth > 256:
        _refuse("malformed_proof", "map proof, depth", "at most 256", depth)
    bitmap = parts.integer((depth + 7) // 8, "bitmap")
    padding = -depth % 8
    if bitmap & ((1 << padding) - 1):
        _refuse("malformed_proof", "map proof, bitmap", "padding bits of 0", "1")
    bitmap >>= padding
    siblings = []
    for level in range(depth):
        sibling, sibling_sum = EMPTY_HASH, 0
        if bitmap >> (depth - 1 - level) & 1:
            sibling, sibling_sum = parts.take(32, "sibling"), parts.integer(16, "sibling's sum")
            if sibling == EMPTY_HASH:
                _refuse("empty_sibling", f"map proof, sibling at depth {level}", "a hash", "32 zero bytes (empty)")
        siblings.append((sibling, sibling_sum))
    parts.end()
    if depth and not bitmap & 1:
        _refuse("shallow_leaf", "map proof, deepest sibling", "one that is not empty", "an empty one")
    # So far the form, which every verifier checks first; from here what it says.
    path = int.from_bytes(key, "big")
    if other is not None:
        difference = path ^ int.from_bytes(other, "big")
        if difference == 0:
            _refuse("wrong_leaf", "map proof, other leaf", "another key than the one asked", "the same")
        if difference >> (256 - depth):
            _refuse("wrong_leaf", "map proof, other leaf", f"a key with the same first {depth} bits", "another")
    total = leaf_sum
    for level in range(depth - 1, -1, -1):
        here, there = (node, total), siblings[level]
        node, total = map_node(there, here) if path >> (255 - level) & 1 else map_node(here, there)
    if node != root:
        _refuse("wrong_root", "map proof, root", root.hex(), node.hex())
    return MapResult(total, leaf_sum if value is not None else 0, value)


def map_root(records: Iterable[tuple[bytes, int, bytes]]) -> tuple[bytes, int]:
    """The root hash and the sum of a table, from all of its records: whoever has them all knows that none is missing.

    Args:
        records: The id, the sum and the value of each, in the order of the tree, which is that of `tree_key`. None is
            kept: a table of any size may pass through.

    Returns:
        What `RecordClaim.table_root` and `total` must be.

    Raises:
        ProofError: wrong_leaf (the order is another, or a record is there twice), sum_overflow.

    >>> map_root([])[1], map_root([(b"a" * 32, 7, b"")])[0].hex()[:16]
    (0, '2c9f12f15cb90ae8')
    """
    leaves = ((tree_key(identifier), record_sum, value) for identifier, record_sum, value in records)
    nodes = ((key, (map_leaf(key, leaf, hashlib.sha256(value).digest()), leaf)) for key, leaf, value in leaves)
    return fold_map(nodes, map_node, (EMPTY_HASH, 0))


def fold_map(leaves: Iterable[tuple[bytes, Node]], join: Callable[[Node, Node], Node], empty: Node) -> Node:
    """Join the leaves of a sum map until one node is left, its root.

    Args:
        leaves: The tree key and the node of each, strictly ascending by key.
        join: The node above two halves, either of which may be empty.
        empty: What stands where nothing is.

    Raises:
        ProofError: wrong_leaf: the keys do not ascend.
    """
    # Left halves that wait for their right ones, deeper and deeper, each with its depth.
    waiting: list[tuple[int, Node]] = []
    shared_before = -1
    path, node = -1, empty

    def rise(depth: int, end: int) -> Node:
        """The node at the depth `end` above the present one, which is at `depth`."""
        risen = node
        while depth > end:
            if waiting and waiting[-1][0] == depth:
                risen = join(waiting.pop()[1], risen)
            elif path >> (256 - depth) & 1:
                risen = join(empty, risen)
            else:
                risen = join(risen, empty)
            depth -= 1
        return risen

    for key, leaf in leaves:
        following = int.from_bytes(key, "big")
        if following <= path:
            _refuse("wrong_leaf", "list of records", "each once, in the order of the tree", "another order")
        if path >= 0:
            shared = 256 - (path ^ following).bit_length()
            # A leaf stands as high as it is alone.
            waiting.append((shared + 1, rise(max(shared_before, shared) + 1, shared + 1)))
            shared_before = shared
        path, node = following, leaf
    return rise(shared_before + 1, 0)


def map_leaf(key: bytes, leaf_sum: int, value_hash: bytes) -> bytes:
    """The hash of a leaf: its tree key, its sum, and the hash of its value."""
    return hashlib.sha256(b"\x10" + key + leaf_sum.to_bytes(16, "big") + value_hash).digest()


def map_node(left: tuple[bytes, int], right: tuple[bytes, int]) -> tuple[bytes, int]:
    """The hash and the sum of the node above two halves, of which these are the hashes and the sums.

    Raises:
        ProofError: sum_overflow.
    """
    total = left[1] + right[1]
    if total >> 128:
        _refuse("sum_overflow", "sum of a map's node", "less than 2**128", "more")
    halves = left[0] + left[1].to_bytes(16, "big") + right[0] + right[1].to_bytes(16, "big")
    return hashlib.sha256(b"\x11" + halves).digest(), total


class _Parts:
    """Big-endian parts of proofs, taken from the front."""

    def __init__(self, data: bytes, what: str) -> None:
        self.data = data
        self.what = what
        self.place = 0

    def take(self, count: int, part: str) -> bytes:
        end = self.place + count
        if end > len(self.data):
            left = len(self.data) - self.place
            _refuse("truncated", f"{self.what}, {part}", f"{count} bytes at byte {self.place}", left)
        taken = self.data[self.place : end]
        self.place = end
        return taken

    def integer(self, count: int, part: str) -> int:
        return int.from_bytes(self.take(count, part), "big")

    def end(self) -> None:
        if self.place != len(self.data):
            _refuse("trailing_bytes", self.what, f"{self.place} bytes", len(self.data))


# --------------------------------------------------------------------------------------------------------------------
# The log: RFC 6962


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry in the log's tree."""
    return hashlib.sha256(b"\x00" + entry).digest()


def _log_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _check_hashes(hashes: Sequence[bytes], what: str) -> None:
    for hashed in hashes:
        if len(hashed) != 32:
            _refuse("wrong_log_proof", what, "hashes of 32 bytes", len(hashed))


def verify_inclusion(leaf: bytes, index: int, tree_size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf stands at an index of a log.

    Args:
        leaf: Its hash, see `leaf_hash`.
        index: Counted from 0.
        tree_size: How many leaves the tree has.
        proof: Hashes, deepest first.
        root: The root hash of that tree.

    Raises:
        ProofError: wrong_log_proof.
    """
    _check_hashes([leaf, root, *proof], "inclusion proof")
    if not 0 <= index < tree_size:
        _refuse("wrong_log_proof", "inclusion proof, index", f"less than the tree size {tree_size}", index)
    node, last, place = leaf, tree_size - 1, index
    # RFC 9162, 2.1.3.2.
    for step in proof:
        if last == 0:
            _refuse("wrong_log_proof", "inclusion proof", "fewer hashes", len(proof))
        if place & 1 or place == last:
            node = _log_node(step, node)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            node = _log_node(node, step)
        place >>= 1
        last >>= 1
    if last:
        _refuse("wrong_log_proof", "inclusion proof", "more hashes", len(proof))
    if node != root:
        _refuse("wrong_log_proof", "inclusion proof, root", root.hex(), node.hex())


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that a log only grew: that its first `old_size` leaves are those of the old tree.

    Args:
        old_size: Leaves of the old tree, 1 or more.
        new_size: Leaves of the new tree.
        old_root: Root hash of the old tree.
        new_root: Root hash of the new tree.
        proof: Hashes, as in RFC 6962, 2.1.2.

    Raises:
        ProofError: wrong_log_proof.
    """
    _check_hashes([old_root, new_root, *proof], "consistency proof")
    if not 1 <= old_size <= new_size:
        _refuse("wrong_log_proof", "consistency proof, sizes", f"1 to {new_size} for the old tree", old_size)
    if old_size == new_size:
        if proof:
            _refuse("wrong_log_proof", "consistency proof", "no hashes for equal sizes", len(proof))
        if old_root != new_root:
            _refuse("wrong_log_proof", "consistency proof, root", old_root.hex(), new_root.hex())
        return
    if not proof:
        _refuse("wrong_log_proof", "consistency proof", "more hashes", 0)
    # RFC 9162, 2.1.4.2. Where the old tree is a full subtree of the new one, its root is not repeated in the proof.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place >>= 1
        last >>= 1
    old_node = new_node = path[0]
    for step in path[1:]:
        if last == 0:
            _refuse("wrong_log_proof", "consistency proof", "fewer hashes", len(proof))
        if place & 1 or place == last:
            old_node, new_node = _log_node(step, old_node), _log_node(step, new_node)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            new_node = _log_node(new_node, step)
        place >>= 1
        last >>= 1
    if last:
        _refuse("wrong_log_proof", "consistency proof", "more hashes", len(proof))
    if old_node != old_root:
        _refuse("wrong_log_proof", "consistency proof, old root", old_root.hex(), old_node.hex())
    if new_node != new_root:
        _refuse("wrong_log_proof", "consistency proof, new root", new_root.hex(), new_node.hex())


# --------------------------------------------------------------------------------------------------------------------
# Receipts: C2SP tlog-proof


@dataclass(frozen=True, slots=True)
class LogProof:
    """The parts of a C2SP tlog-proof.

    Attributes:
        extra: What the extra line carries: in a receipt, the entry.
        index: Of the entry, from 0.
        hashes: The inclusion proof, 32 bytes each, deepest first.
        note: The checkpoint.
    """

    extra: bytes | None
    index: int
    hashes: tuple[bytes, ...]
    note: bytes


def parse_log_proof(data: bytes) -> LogProof:
    """Read a C2SP tlog-proof file, strictly.

    Raises:
        ProofError: malformed_receipt.
    """
    reason = "malformed_receipt"
    head, separator, note = data.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    if first != RECEIPT[:-1]:
        _refuse(reason, "receipt, first line", RECEIPT[:-1].decode(), _describe(first[:60]))
    if not separator:
        _refuse(reason, "receipt", "an empty line before the checkpoint", "none")
    extra = _base64(lines.pop(0)[6:], reason, "receipt, extra") if lines and lines[0][:6] == b"extra " else None
    if not lines or lines[0][:6] != b"index ":
        _refuse(reason, "receipt", "a line 'index N'", ascii(lines[0][:60]) if lines else "none")
    index = _decimal(lines.pop(0)[6:], reason, "receipt, index")
    if len(lines) > 63:
        _refuse(reason, "receipt", "at most 63 hashes", len(lines))
    return LogProof(extra, index, tuple(_hash(line, reason, "receipt, inclusion proof") for line in lines), note)


def _decimal(digits: bytes, reason: str, what: str) -> int:
    if not (digits.isdigit() and len(digits) <= 20 and (digits == b"0" or digits[:1] != b"0")):
        _refuse(reason, what, "a decimal number without leading zeros", ascii(digits[:60]))
    number = int(digits)
    if number >> 63:
        _refuse(reason, what, "a number below 2**63", number)
    return number


def _base64(text: bytes, reason: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        data = None
    # Encoding again refuses what is decoded but not written so: bits after the end, missing padding.
    if data is None or base64.b64encode(data) != text:
        _refuse(reason, what, "base64", ascii(text[:60]))
    return data


def _hash(text: bytes, reason: str, what: str) -> bytes:
    data = _base64(text, reason, what)
    if len(data) != 32:
        _refuse(reason, what, "a hash of 32 bytes", len(data))
    return data


# --------------------------------------------------------------------------------------------------------------------
# Checkpoints: C2SP signed notes

_ED25519_NOTE = 1
COSIGNATURE_NOTE = 4
"""The kind of key with which witnesses cosign: C2SP tlog-cosignature, cosignature/v1."""
_DASH = "— "


@dataclass(frozen=True, slots=True)
class NoteKey:
    """Who signs notes: what a verifier key text says.

    Attributes:
        name: The key's name; of a ledger's operator, the origin.
        public_key: Ed25519, 32 bytes.
        kind: What it signs: 1 notes, 4 (`COSIGNATURE_NOTE`) what it has seen, and when.
    """

    name: str
    public_key: bytes
    kind: int = _ED25519_NOTE

    @property
    def key_hash(self) -> bytes:
        """The 4 bytes that tell keys of one name apart."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public_key).digest()[:4]

    @property
    def text(self) -> str:
        """The verifier key: name, key hash and public key."""
        encoded = base64.b64encode(bytes([self.kind]) + self.public_key).decode()
        return f"{self.name}+{self.key_hash.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str, kind: int = _ED25519_NOTE) -> NoteKey:
        """Read a verifier key, strictly. Whitespace around it is left off, for it comes from files.

        Args:
            text: The text.
            kind: What it must sign: see `NoteKey.kind`.

        Raises:
            TypeError: Not a text.
            ProofError: wrong_key: not a verifier key for Ed25519, or its hash is not its own.

        >>> NoteKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").name
        'example.com/foo'
        """
        if not isinstance(text, str):
            message = f"verifier key: expected a text, found {type(text).__name__}"
            raise TypeError(message)
        text = text.strip()
        parts = text.split("+", 2)
        if len(text) > 1_000 or len(parts) != 3 or not _is_key_name(parts[0]):
            _refuse("wrong_key", "verifier key", "name+hash+key, like example.com/foo+530d903a+Aeky…", _describe(text))
        name, key_hash, encoded = parts
        data = _base64(encoded.encode("utf-8", "replace"), "wrong_key", "verifier key, key")
        if data[:1] != bytes([kind]) or len(data) != 33:
            _refuse(
                "wrong_key", "verifier key, key", f"{kind:02x} and 32 bytes", f"{data[:1].hex()}, {len(data)} bytes"
            )
        key = cls(name, data[1:], kind)
        if key_hash != key.key_hash.hex():
            _refuse("wrong_key", "verifier key, hash", key.key_hash.hex(), _describe(key_hash))
        return key


def _is_key_name(name: str) -> bool:
    # Not `isprintable`, whose answer depends on the version of Unicode that this Python knows. Lone surrogates cannot
    # be written as UTF-8.
    return bool(name) and not any(
        letter.isspace() or letter == "+" or letter < " " or "\ud800" <= letter <= "\udfff" for letter in name
    )


@dataclass(frozen=True, slots=True)
class Note:
    """A note whose expected signatures hold.

    Attributes:
        text: What was signed, with its last newline.
        signers: Which of the expected keys signed, in order of the signatures.
        cosignatures: Of those that are witnesses, when.
    """

    text: str
    signers: tuple[NoteKey, ...]
    cosignatures: tuple[Cosignature, ...] = ()


def open_note(note: bytes, keys: Sequence[NoteKey]) -> Note:
    """Read a C2SP signed note and check its signatures by these keys. Signatures by other keys are left out.

    Args:
        note: The note.
        keys: The expected keys.

    Raises:
        ProofError: malformed_note; bad_signature (by one of the keys); ambiguous_key; wrong_key (none of them signed).
    """
    reason = "malformed_note"
    if len(note) > NOTE_BYTES_MAX:
        _refuse("too_long", "note", f"at most {NOTE_BYTES_MAX:,} bytes", f"{len(note):,}")
    try:
        whole = note.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(reason, f"note, byte {error.start}", "UTF-8", note[error.start : error.start + 1].hex())
    if any(byte < 0x20 and byte != 0x0A for byte in note):
        _refuse(reason, "note", "no control characters", "one")
    signed, separator, block = whole.rpartition("\n\n")
    if not separator or not block.endswith("\n"):
        _refuse(reason, "note", "an empty line, signature lines and a newline", "another end")
    text, lines = signed + "\n", block[:-1].split("\n")
    if len(lines) > NOTE_SIGNATURES_MAX:
        _refuse(reason, "note", f"at most {NOTE_SIGNATURES_MAX} signatures", len(lines))
    signers: list[NoteKey] = []
    cosignatures: list[Cosignature] = []
    for line in lines:
        name, space, encoded = line[len(_DASH) :].partition(" ")
        if not line.startswith(_DASH) or not space or not _is_key_name(name):
            _refuse(reason, "note, signature line", "'— name base64'", _describe(line))
        data = _base64(encoded.encode("utf-8"), reason, "note, signature")
        if len(data) < 5:
            _refuse(reason, "note, signature", "5 bytes or more", len(data))
        known = [key for key in keys if (key.name, key.key_hash) == (name, data[:4])]
        if len(known) > 1:
            _refuse("ambiguous_key", "note, expected keys", f"one key {known[0].text}", len(known))
        if not known or known[0] in signers:
            continue
        message, signature = text.encode(), data[4:]
        if known[0].kind == COSIGNATURE_NOTE:
            cosignatures.append(Cosignature(known[0], int.from_bytes(data[4:12], "big")))
            message, signature = cosigned_message(text, cosignatures[-1].time), data[12:]
        try:
            verify_signature(known[0].public_key, message, signature)
        except SignatureError as error:
            _refuse("bad_signature", f"note, signature by {name}", "one that holds", error)
        signers.append(known[0])
    if not signers:
        expected = " or ".join(f"{key.name}+{key.key_hash.hex()}" for key in keys) or "a known key"
        found = ", ".join(_describe(line[len(_DASH) :].partition(" ")[0]) for line in lines[:3])
        _refuse("wrong_key", "note, signatures", f"one by {expected}", f"by {found}, none with that key")
    return Note(text, tuple(signers), tuple(cosignatures))


def cosigned_message(text: str, time: int) -> bytes:
    """What a witness signs of a checkpoint: C2SP tlog-cosignature, cosignature/v1.

    Args:
        text: The checkpoint's three lines.
        time: When, seconds since 1970-01-01 UTC.
    """
    return f"cosignature/v1\ntime {time}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says of a log.

    Attributes:
        origin: The log's name.
        tree_size: How many entries it has.
        root_hash: The root hash of its tree, 32 bytes.
        cosignatures: Those of the verifier's witnesses.
    """

    origin: str
    tree_size: int
    root_hash: bytes
    cosignatures: tuple[Cosignature, ...] = ()

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.tree_size}\n{base64.b64encode(self.root_hash).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the text of a C2SP checkpoint, strictly: three lines and nothing more.

        Raises:
            ProofError: malformed_checkpoint.
        """
        reason = "malformed_checkpoint"
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            _refuse(reason, "checkpoint", "three lines", f"{len(lines) - 1}")
        tree_size, root_hash = (line.encode("utf-8", "replace") for line in lines[1:3])
        if not _is_origin(lines[0]):
            _refuse(reason, "checkpoint, origin", "1 to 255 printable ASCII characters without +", _describe(lines[0]))
        size = _decimal(tree_size, reason, "checkpoint, tree size")
        return cls(lines[0], size, _hash(root_hash, reason, "checkpoint, root hash"))


@dataclass(frozen=True, slots=True)
class Equivocation:
    """That an operator has signed two histories of one log: `bytes` of it are the evidence.

    Attributes:
        first_note: A checkpoint.
        second_note: One that contradicts it.
        proof: What the tree of the second one has at the size of the first, where the second one is larger.
        origin: The log's name.
        tree_size: The size at which it has two roots.
        root_hashes: The one that the first says, and the one that the second says or implies, 32 bytes each.
    """

    first_note: bytes
    second_note: bytes
    proof: tuple[bytes, ...]
    origin: str
    tree_size: int
    root_hashes: tuple[bytes, bytes]

    def __bytes__(self) -> bytes:
        """The evidence."""
        parts = (self.first_note, self.second_note, b"".join(self.proof))
        return EQUIVOCATION + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


EQUIVOCATION = b"counterfoil/equivocation/v1\n"
"""How evidence that an operator has signed two histories begins."""


def split_equivocation(data: bytes) -> tuple[bytes, bytes, list[bytes]]:
    """The parts of such evidence, in the order in which `Verifier.equivocation` takes them.

    Raises:
        ProofError: too_long, malformed_note, unknown_version, truncated, trailing_bytes.
    """
    data = _bounded(data, "equivocation")
    if not data.startswith(EQUIVOCATION):
        check_file_version(data, "equivocation")
        _refuse("malformed_note", "equivocation", f"{EQUIVOCATION.decode()!r} at the beginning", "other bytes")
    parts = _Parts(data, "equivocation")
    parts.place = len(EQUIVOCATION)
    first, second, joined = (
        parts.take(parts.integer(4, f"length of {name}"), name) for name in ("first note", "second note", "proof")
    )
    parts.end()
    return first, second, [joined[place : place + 32] for place in range(0, len(joined), 32)]


# --------------------------------------------------------------------------------------------------------------------
# The signature rule

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_MINUS_ONE = pow(2, (_P - 1) // 4, _P)

_Point: TypeAlias = tuple[int, int, int, int]
"""Extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z."""

_IDENTITY: _Point = (0, 1, 1, 0)


def verify_signature(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Check an Ed25519 signature by the ledger's rule.

    The rule: both points are canonical encodings and not of small order, S < L, and the cofactored equation holds.
    PyNaCl accepts no signature that the rule refuses; where it refuses, the rule itself decides.

    Args:
        public_key: 32 bytes.
        message: Any bytes.
        signature: 64 bytes.

    Raises:
        SignatureError: The signature does not hold.
    """
    if len(public_key) != 32 or len(signature) != 64:
        what = f"a key of 32 and a signature of 64 bytes, found {len(public_key)} and {len(signature)}"
        message_text = f"signature: expected {what}"
        raise SignatureError(message_text)
    try:
        bindings.crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        fault = _signature_fault(public_key, message, signature)
        if fault is not None:
            message_text = f"signature by {public_key.hex()}: {fault}"
            raise SignatureError(message_text) from None


def is_public_key(key: bytes) -> bool:
    """Whether 32 bytes are a canonical encoding of a point that is not of small order.

    >>> is_public_key(bytes(32)), is_public_key(b"X" + b"f" * 31)
    (False, True)
    """
    return _public_point(key) is not None


def _signature_fault(public_key: bytes, message: bytes, signature: bytes) -> str | None:
    """Why the signature does not hold, by the rule alone."""
    nonce, scalar = signature[:32], int.from_bytes(signature[32:], "little")
    if scalar >= _L:
        return "expected S below the order of the group, found a larger one"
    key_point, nonce_point = _public_point(public_key), _public_point(nonce)
    if key_point is None:
        return "expected a key that is a canonical point of large order, found none"
    if nonce_point is None:
        return "expected an R that is a canonical point of large order, found none"
    challenge = int.from_bytes(hashlib.sha512(nonce + public_key + message).digest(), "little") % _L
    difference = _add(_multiply(scalar, _BASE), _negate(_add(nonce_point, _multiply(challenge, key_point))))
    if not _is_identity(_multiply(8, difference)):
        return "expected 8(S·B - R - k·A) = 0, found another point: other bytes were signed, or by another key"
    return None


def _public_point(encoded: bytes) -> _Point | None:
    """The point, unless its encoding is not canonical or its order is small."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= _P:
        return None
    x = _recover_x(y, sign)
    if x is None:
        return None
    point = (x, y, 1, x * y % _P)
    return None if _is_identity(_multiply(8, point)) else point


def _recover_x(y: int, sign: int) -> int | None:
    """RFC 8032, 5.1.3."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if square == 0:
        return None if sign else 0
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _SQRT_MINUS_ONE % _P
    if (x * x - square) % _P:
        return None
    return x if x & 1 == sign else _P - x


def _add(left: _Point, right: _Point) -> _Point:
    """RFC 8032, 5.1.4; complete, so that it doubles as well."""
    a = (left[1] - left[0]) * (right[1] - right[0]) % _P
    b = (left[1] + left[0]) * (right[1] + right[0]) % _P
    c = 2 * left[3] * right[3] * _D % _P
    d = 2 * left[2] * right[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(scalar: int, point: _Point) -> _Point:
    total = _IDENTITY
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point = _add(point, point)
        scalar >>= 1
    return total


def _negate(point: _Point) -> _Point:
    return -point[0] % _P, point[1], point[2], -point[3] % _P


def _is_identity(point: _Point) -> bool:
    return point[0] % _P == 0 and (point[1] - point[2]) % _P == 0


_BASE_Y = 4 * pow(5, -1, _P) % _P
_BASE_X = _recover_x(_BASE_Y, 0) or 0
_BASE: _Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)


# --------------------------------------------------------------------------------------------------------------------
# The Borsh codec: types made from layout strings

Decoded: TypeAlias = Any
"""A decoded value. Its Python type follows from a layout string, which no annotation can say."""

Made = TypeVar("Made")


def _describe(value: object) -> str:
    """A short text for messages: never long, never failing, whatever the value."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value.bit_length() <= 192 else f"an integer of {value.bit_length()} bits"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"{len(value)} bytes"
    if isinstance(value, str):
        return ascii(value) if len(value) <= 60 else f"{value[:40]!a} and {len(value) - 40:,} more characters"
    return type(value).__name__


class _Reader:
    """Bytes and a place in them."""

    __slots__ = ("data", "depth", "place")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0
        self.depth = 0

    def take(self, count: int) -> bytes:
        end = self.place + count
        if end > len(self.data):
            _bad_wire(f"at byte {self.place}", f"{count} more bytes", len(self.data) - self.place)
        part = self.data[self.place : end]
        self.place = end
        return part

    def integer(self, count: int) -> int:
        return int.from_bytes(self.take(count), "little")


class _Type:
    """How one type is read, written, and checked when a person makes a value."""

    def read(self, reader: _Reader) -> Decoded:
        """The value at the reader's place."""
        raise NotImplementedError

    def write(self, out: bytearray, value: Decoded) -> None:
        """Append a checked value."""
        raise NotImplementedError

    def check(self, value: Decoded, where: str) -> Decoded:
        """The value in its one Python form, or TypeError or WireError."""
        raise NotImplementedError


class _Integer(_Type):
    def __init__(self, size: int, *, signed: bool = False) -> None:
        self.size = size
        self.signed = signed
        self.least = -1 << (8 * size - 1) if signed else 0
        self.limit = self.least + (1 << (8 * size))

    def read(self, reader: _Reader) -> int:
        return int.from_bytes(reader.take(self.size), "little", signed=self.signed)

    def write(self, out: bytearray, value: Decoded) -> None:
        out += value.to_bytes(self.size, "little", signed=self.signed)

    def check(self, value: Decoded, where: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            message = f"{where}: expected an int, found {type(value).__name__}"
            raise TypeError(message)
        if not self.least <= value < self.limit:
            bits = 8 * self.size
            expected = f"from -2**{bits - 1} to 2**{bits - 1} - 1" if self.signed else f"from 0 to 2**{bits} - 1"
            _bad_wire(where, f"an integer {expected}", _describe(value))
        return int(value)


class _Boolean(_Type):
    def read(self, reader: _Reader) -> bool:
        place, byte = reader.place, reader.integer(1)
        if byte > 1:
            _bad_wire(f"at byte {place}", "a boolean, 00 or 01", f"{byte:02x}")
        return byte == 1

    def write(self, out: bytearray, value: Decoded) -> None:
        out.append(1 if value else 0)

    def check(self, value: Decoded, where: str) -> bool:
        if not isinstance(value, bool):
            message = f"{where}: expected a bool, found {type(value).__name__}"
            raise TypeError(message)
        return value


class _Bytes(_Type):
    def __init__(self, size: int) -> None:
        self.size = size

    def read(self, reader: _Reader) -> bytes:
        return reader.take(self.size)

    def write(self, out: bytearray, value: Decoded) -> None:
        out += value

    def check(self, value: Decoded, where: str) -> bytes:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            hint = "; decode_account() reads account texts" if isinstance(value, str) else ""
            hint = "; did you mean its .account?" if hasattr(value, "account") else hint
            message = f"{where}: expected {self.size} bytes, found {type(value).__name__}{hint}"
            raise TypeError(message)
        if len(value) != self.size:
            _bad_wire(where, f"{self.size} bytes", len(value))
        return bytes(value)


class _AnyBytes(_Type):
    """Bytes of any length, which stands before them."""

    def read(self, reader: _Reader) -> bytes:
        return reader.take(reader.integer(4))

    def write(self, out: bytearray, value: Decoded) -> None:
        out += len(value).to_bytes(4, "little")
        out += value

    def check(self, value: Decoded, where: str) -> bytes:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            message = f"{where}: expected bytes, found {type(value).__name__}"
            raise TypeError(message)
        size = value.nbytes if isinstance(value, memoryview) else len(value)
        if size > TRANSACTION_BYTES_MAX:
            _bad_wire(where, f"at most {TRANSACTION_BYTES_MAX:,} bytes", f"{size:,}")
        return bytes(value)


class _Text(_Type):
    def read(self, reader: _Reader) -> str:
        length = reader.integer(4)
        place, part = reader.place, reader.take(length)
        try:
            return part.decode("utf-8")
        except UnicodeDecodeError as error:
            _bad_wire(f"at byte {place + error.start}", "UTF-8", f"{part[error.start]:02x}")

    def write(self, out: bytearray, value: Decoded) -> None:
        part = value.encode("utf-8")
        out += len(part).to_bytes(4, "little")
        out += part

    def check(self, value: Decoded, where: str) -> str:
        if not isinstance(value, str):
            message = f"{where}: expected a str, found {type(value).__name__}"
            raise TypeError(message)
        try:
            size = len(value.encode("utf-8"))
        except UnicodeEncodeError as error:
            _bad_wire(where, "Unicode text", f"the lone surrogate {value[error.start]!a} at {error.start}")
        if size > TRANSACTION_BYTES_MAX:
            _bad_wire(where, f"text of at most {TRANSACTION_BYTES_MAX:,} bytes", f"{size:,}")
        return str(value)


class _List(_Type):
    def __init__(self, element: _Type) -> None:
        self.element = element

    def read(self, reader: _Reader) -> tuple[Decoded, ...]:
        place, count = reader.place, reader.integer(4)
        # Every element takes a byte or more, so that a false count is refused before anything is allocated for it.
        if count > len(reader.data) - reader.place:
            _bad_wire(f"at byte {place}", f"at most {len(reader.data) - reader.place} elements", count)
        return tuple([self.element.read(reader) for _ in range(count)])

    def write(self, out: bytearray, value: Decoded) -> None:
        out += len(value).to_bytes(4, "little")
        for element in value:
            self.element.write(out, element)

    def check(self, value: Decoded, where: str) -> tuple[Decoded, ...]:
        # Bytes and text are sequences too, but never of what is meant here.
        if isinstance(value, (str, bytes, bytearray, memoryview, Mapping)) or not isinstance(value, Collection):
            message = f"{where}: expected a list, found {type(value).__name__}"
            raise TypeError(message)
        if len(value) > TRANSACTION_BYTES_MAX:
            _bad_wire(where, f"a list of at most {TRANSACTION_BYTES_MAX:,}", f"{len(value):,}")
        return tuple([self.element.check(element, f"{where}[{index}]") for index, element in enumerate(value)])


class _Option(_Type):
    def __init__(self, element: _Type) -> None:
        self.element = element

    def read(self, reader: _Reader) -> Decoded:
        place, tag = reader.place, reader.integer(1)
        if tag > 1:
            _bad_wire(f"at byte {place}", "00 (absent) or 01 (present)", f"{tag:02x}")
        return self.element.read(reader) if tag else None

    def write(self, out: bytearray, value: Decoded) -> None:
        out.append(0 if value is None else 1)
        if value is not None:
            self.element.write(out, value)

    def check(self, value: Decoded, where: str) -> Decoded:
        return None if value is None else self.element.check(value, where)


class _Struct(_Type):
    """Named fields; values are instances of `made`, or of `Structure` where there is no such class."""

    def __init__(self, name: str, fields: list[tuple[str, _Type]], made: type | None) -> None:
        self.name = name
        self.fields = fields
        self.made = made
        self.make: Callable[[dict[str, Decoded]], Decoded] = lambda values: Structure(name, values)
        if made is not None:
            self.make = getattr(made, "_from_wire", None) or (lambda values: _build(made, values))
        # A class of several variants that have the same fields must be told which it is.
        of_variant: Callable[[str, dict[str, Decoded]], Decoded] | None = getattr(made, "_from_variant", None)
        if of_variant is not None:
            self.make = lambda values: of_variant(name, values)

    def read(self, reader: _Reader) -> Decoded:
        return self.make({name: kind.read(reader) for name, kind in self.fields})

    def write(self, out: bytearray, value: Decoded) -> None:
        for name, kind in self.fields:
            kind.write(out, getattr(value, name))

    def check(self, value: Decoded, where: str) -> Decoded:
        if self.made is None or not isinstance(value, self.made):
            message = f"{where}: expected {self.name}, found {type(value).__name__}"
            raise TypeError(message)
        return value

    def check_fields(self, value: Decoded) -> None:
        """Bring the fields of a value that a person made into their one form."""
        for name, kind in self.fields:
            object.__setattr__(value, name, kind.check(getattr(value, name), f"{type(value).__name__}.{name}"))


def _build(made: type[Made], values: Mapping[str, Decoded]) -> Made:
    """An instance of exactly what was read: making it in the ordinary way would put lists in order, for one thing."""
    instance = object.__new__(made)
    for name, value in values.items():
        object.__setattr__(instance, name, value)
    return instance


class _Enum(_Type):
    """One of several structures, told apart by a tag. Values say theirs: `wire_tag`."""

    def __init__(self, name: str, variants: dict[int, _Struct]) -> None:
        self.name = name
        self.variants = variants
        self.made = tuple(variant.made for variant in variants.values() if variant.made is not None)

    def read(self, reader: _Reader) -> Decoded:
        place, tag = reader.place, reader.integer(1)
        variant = self.variants.get(tag)
        if variant is None:
            message = f"at byte {place}: expected a known tag of {self.name}, found {tag:02x}"
            raise (UnknownOperationError if self.name == "Operation" else WireError)(message)
        return variant.read(reader)

    def write(self, out: bytearray, value: Decoded) -> None:
        out.append(value.wire_tag)
        self.variants[value.wire_tag].write(out, value)

    def check(self, value: Decoded, where: str) -> Decoded:
        if not isinstance(value, self.made):
            expected = ", ".join(made.__name__ for made in self.made)
            message = f"{where}: expected one of {expected}; found {type(value).__name__}"
            raise TypeError(message)
        return value


class _Choice(_Type):
    """One of several names: an IntEnum."""

    def __init__(self, name: str, made: type[enum.IntEnum]) -> None:
        self.name = name
        self.made = made

    def read(self, reader: _Reader) -> enum.IntEnum:
        place, tag = reader.place, reader.integer(1)
        try:
            return self.made(tag)
        except ValueError:
            _bad_wire(f"at byte {place}", f"a known tag of {self.name}", f"{tag:02x}")

    def write(self, out: bytearray, value: Decoded) -> None:
        out.append(int(value))

    def check(self, value: Decoded, where: str) -> enum.IntEnum:
        if isinstance(value, str) and value.upper() in self.made.__members__:
            return self.made[value.upper()]
        if not isinstance(value, self.made):
            message = f"{where}: expected one of {', '.join(self.made.__members__)}; found {_describe(value)}"
            raise TypeError(message)
        return value


class _Nested(_Type):
    """A type within itself, at most so deep: it is looked up when it is needed, when all of it is known."""

    def __init__(self, codec: Codec, name: str, depth_max: int) -> None:
        self.codec = codec
        self.name = name
        self.depth_max = depth_max

    def read(self, reader: _Reader) -> Decoded:
        reader.depth += 1
        if reader.depth >= self.depth_max:
            _bad_wire(f"at byte {reader.place}", f"{self.name} nested at most {self.depth_max} deep", "deeper")
        value = self.codec.type_of(self.name).read(reader)
        reader.depth -= 1
        return value

    def write(self, out: bytearray, value: Decoded) -> None:
        self.codec.type_of(self.name).write(out, value)

    def check(self, value: Decoded, where: str) -> Decoded:
        return self.codec.type_of(self.name).check(value, where)


class _Action(_Type):
    """Any operation that a proposal may be about: looked up when it is needed, when all of them are known."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    def read(self, reader: _Reader) -> Decoded:
        place, tag = reader.place, reader.integer(1)
        if tag in NO_ACTIONS:
            _bad_wire(f"at byte {place}", "an operation that a proposal may be about", OPERATIONS[tag][0])
        reader.place = place
        return self.codec.type_of("Operation").read(reader)

    def write(self, out: bytearray, value: Decoded) -> None:
        self._refuse("action", value)
        self.codec.type_of("Operation").write(out, value)

    def check(self, value: Decoded, where: str) -> Decoded:
        value = self.codec.type_of("Operation").check(value, where)
        self._refuse(where, value)
        return value

    @staticmethod
    def _refuse(where: str, value: Decoded) -> None:
        if value.wire_tag in NO_ACTIONS:
            _bad_wire(where, "an operation that a proposal may be about", value.wire_name)


class Codec:
    """Reads and writes values by the names of their layouts.

    Args:
        classes: What is made of a structure or of an enum's variant, by the name of its layout, or by the name of the
            enum, a dot and the name of the variant.
    """

    def __init__(self, classes: Mapping[str, type]) -> None:
        """Make a codec for these classes."""
        self.classes: dict[str, type] = {}
        self._types: dict[str, _Type] = {}
        for name, made in classes.items():
            self.add(name, made)

    def add(self, name: str, made: type) -> None:
        """Make instances of this class from the layout with this name, whose parts have been added before."""
        self.classes[name] = made
        self._types.clear()
        if issubclass(made, Encodable) and "_fields" not in vars(made):
            made._fields = self._fields_of(name, made)

    def _fields_of(self, name: str, made: type) -> _Struct:
        layout, _, variant = name.partition(".")
        kind = self.type_of(layout)
        if isinstance(kind, _Enum):
            return next(fields for fields in kind.variants.values() if fields.made is made and fields.name == variant)
        return self.structure(layout)

    def decode(self, name: str, data: bytes) -> Decoded:
        """The one value that exactly these bytes encode.

        Raises:
            WireError: The bytes end early or late, or are not the value's one encoding.
        """
        reader = _Reader(data)
        try:
            value = self.type_of(name).read(reader)
        except WireError as error:
            message = f"{name}, {error}"
            raise type(error)(message) from None
        if reader.place != len(data):
            _bad_wire(name, f"{reader.place} bytes", f"{len(data)}")
        if self.encode(name, value) != data:
            _bad_wire(name, "the value's one encoding", "another one")
        return value

    def encode(self, name: str, value: Decoded) -> bytes:
        """The bytes of a value that this codec or the value's own class made."""
        out = bytearray()
        self.type_of(name).write(out, value)
        return bytes(out)

    def fields(self, name: str, layout: str, made: type | None) -> _Struct:
        """The structure with these fields."""
        parts = [part.partition(":") for part in layout.split()]
        return _Struct(name, [(field, self.type_of(kind)) for field, _, kind in parts], made)

    def structure(self, name: str) -> _Struct:
        """The structure with this layout."""
        kind = self.type_of(name)
        if not isinstance(kind, _Struct):
            message = f"{name} is no structure"
            raise TypeError(message)
        return kind

    def type_of(self, text: str) -> _Type:
        """The type that this text spells."""
        found = self._types.get(text)
        if found is None:
            if text in NESTED:
                self._types[text] = _Nested(self, text, NESTED[text])
            found = self._types[text] = self._compile(text)
        return found

    def _compile(self, text: str) -> _Type:
        if text.endswith("?"):
            return _Option(self.type_of(text[:-1]))
        if text.startswith("["):
            return _List(self.type_of(text[1:-1]))
        if text == "Action":
            return _Action(self)
        if text == "Operation":
            return _Enum(text, {tag: self._operation(tag, *line) for tag, line in OPERATIONS.items()})
        if text in LAYOUTS:
            return self._compile_layout(text, LAYOUTS[text])
        if text in ("bool", "str"):
            return _Boolean() if text == "bool" else _Text()
        if text == "bytes":
            return _AnyBytes()
        if text == "id" or text.startswith("bytes"):
            return _Bytes(32 if text == "id" else int(text[5:]))
        return _Integer(int(text[1:]) // 8, signed=text[0] == "i")

    def _operation(self, tag: int, name: str, layout: str) -> _Struct:
        fields = self.fields(name, layout, self.classes.get(f"Operation.{name}"))
        if fields.made is None:
            fields.make = lambda values: Operation(tag, name, values)
        return fields

    def _compile_layout(self, name: str, layout: str) -> _Type:
        made = self.classes.get(name)
        if not layout[0].isdigit():
            return self.fields(name, layout, made)
        if made is not None and issubclass(made, enum.IntEnum):
            return _Choice(name, made)
        variants: dict[int, _Struct] = {}
        for variant in layout.split(" | "):
            tag, variant_name, *rest = variant.split()
            class_of_variant = self.classes.get(f"{name}.{variant_name}", made)
            variants[int(tag)] = self.fields(variant_name, " ".join(rest), class_of_variant)
        return _Enum(name, variants)


CODEC = Codec(
    {
        "Condition.all_of": AllOf,
        "Condition.any_of": AnyOf,
        "Condition.not": Not,
        "Condition.after": After,
        "Condition.preimage": Preimage,
        "Condition.signed_by": SignedBy,
        "Condition.attested": Attested,
        "Condition.group_total": GroupTotal,
        "Condition.resolved": Resolved,
        "Condition.by_payer": ByPayer,
        "Share": Share,
        "Schedule": Schedule,
        "Outcome": Outcome,
        "Terms": Terms,
        "Requirement": Requirement,
        "Item": Item,
        "DesignRecord": DesignRecord,
        "ItemRecord": ItemRecord,
        "Role": Role,
        "Cap": Cap,
        "Counted": Counted,
        "CampaignTerms": CampaignTerms,
        "Slip": Slip,
        "RoleSignature": RoleSignature,
        "SignedSlip": SignedSlip,
        "CampaignRecord": CampaignRecord,
        "ClaimantRecord": ClaimantRecord,
        "HoldRecord": HoldRecord,
        "GroupRecord": GroupRecord,
        "Reason": Reason,
        "KeyGrant": KeyGrant,
        "Powers": Powers,
        "Power": Power,
        "Period": Period,
        "Term.bound": Bound,
        "Term.lots": Lots,
        "Term.fixed_expiry": FixedExpiry,
        "Term.inactivity_expiry": InactivityExpiry,
        "Term.strict_lots": StrictLots,
        "Term.debt_floor": DebtFloor,
        "Term.no_reinstatement": NoReinstatement,
        "Term.items": Items,
        "Term.royalty": Royalty,
        "Term.notice": Notice,
        "Term.fee": Fee,
        "Term.max_holding": MaxHolding,
        "Term.attested": AttestedHolders,
        "Term.sunset": SunsetNotice,
        "Parameters": Parameters,
        "Genesis": Genesis,
        "Authorizer": Authorizer,
        "Transaction": Transaction,
        "SignedTransaction": SignedTransaction,
        "LotAmount": LotAmount,
        "Effect": Effect,
        "ActionEffect": Effect,
        "Effect.executed": Executed,
        "Applied": Applied,
        "Commit": Commit,
        "OperatorChange": OperatorChange,
        "AccountRecord": AccountRecord,
        "MandateRecord": MandateRecord,
        "OnceRecord": OnceRecord,
        "PendingPolicy": PendingPolicy,
        "LiveSnapshot": LiveSnapshot,
        "AssetRecord": AssetRecord,
        "LotRecord": LotRecord,
        "FreezeRecord": FreezeRecord,
        "ContentKind.nothing": NoContent,
        "ContentKind.integer": IntegerRange,
        "ContentKind.bytes": BytesUpTo,
        "ContentKind.commitment": CommitmentKind,
        "ContentKind.edge": EdgeKind,
        "Content.nothing": Nothing,
        "Content.integer": Integer,
        "Content.bytes": Bytes,
        "Content.commitment": Commitment,
        "Content.edge": Edge,
        "SchemaRecord": SchemaRecord,
        "Revocation": Revocation,
        "AttestationRecord": AttestationRecord,
        "RedemptionRecord": RedemptionRecord,
        "DebtRecord": DebtRecord,
        "GuardiansRecord": GuardiansRecord,
        "RecoveryRecord": RecoveryRecord,
        "Electorate.holders": HoldersElectorate,
        "Electorate.members": MembersElectorate,
        "Electorate.member_holders": MemberHoldersElectorate,
        "Electorate.backers": BackersElectorate,
        "Weight": Weight,
        "Form.yes_no": YesNo,
        "Form.approval": Approval,
        "Form.ranked": Ranked,
        "Deposit": Deposit,
        "Rule": Rule,
        "Article": Article,
        "Constitution": Constitution,
        "ConstitutionRecord": ConstitutionRecord,
        "Ballot.shares": Shares,
        "Ballot.approve": Approve,
        "Ballot.rank": Rank,
        "Ballot.sealed": Sealed,
        "Ranking": Ranking,
        "State.open": ProposalOpen,
        "State.cancelled": ProposalCancelled,
        "State.vetoed": ProposalVetoed,
        "State.failed": ProposalFailed,
        "State.passed": ProposalPassed,
        "State.executed": ProposalExecuted,
        "ProposalRecord": ProposalRecord,
        "VoteRecord": VoteRecord,
        "RankingRecord": RankingRecord,
        "DelegationRecord": DelegationRecord,
        "ResolutionRecord": ResolutionRecord,
        "SnapshotRecord": SnapshotRecord,
        "SavedBalance": SavedBalance,
        "SavedRecord": SavedRecord,
        "Basis.snapshot": SnapshotBasis,
        "Basis.members": MembersBasis,
        "Basis.leaves": LeavesBasis,
        "Basis.group": GroupBasis,
        "Part": Part,
        "DistributionRecord": DistributionRecord,
        "CollectedRecord": CollectedRecord,
    }
)
"""Reads and writes everything, with the classes of this file."""
