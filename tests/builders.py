"""Statements and receipts from scratch: sum maps, log trees and notes, written apart from the code under test.

Nothing here is imported from `counterfoil`, and Borsh is spelled out by hand: a mistake in the verifier must not be
repeated by what tests it.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field, replace

from nacl.signing import SigningKey

EMPTY = bytes(32)


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def u(size: int, number: int) -> bytes:
    """Little-endian, as Borsh has it."""
    return number.to_bytes(size, "little")


def big(size: int, number: int) -> bytes:
    return number.to_bytes(size, "big")


# The sum map: {tree key: (sum, value)}.

Leaves = dict[bytes, tuple[int, bytes]]


def tree_key(record_id: bytes) -> bytes:
    return sha256(b"counterfoil/key/v1\n", record_id)


def bit(key: bytes, depth: int) -> int:
    return key[depth // 8] >> (7 - depth % 8) & 1


def leaf_node(key: bytes, leaf: tuple[int, bytes]) -> tuple[bytes, int]:
    return sha256(b"\x10", key, big(16, leaf[0]), sha256(leaf[1])), leaf[0]


def join(left: tuple[bytes, int], right: tuple[bytes, int]) -> tuple[bytes, int]:
    assert left[1] + right[1] < 2**128
    return sha256(b"\x11", left[0], big(16, left[1]), right[0], big(16, right[1])), left[1] + right[1]


def map_root(leaves: Leaves, depth: int = 0) -> tuple[bytes, int]:
    """The root hash and the sum of a map."""
    if not leaves:
        return EMPTY, 0
    if len(leaves) == 1:
        [(key, leaf)] = leaves.items()
        return leaf_node(key, leaf)
    return join(*(map_root(half, depth + 1) for half in halves(leaves, depth)))


def halves(leaves: Leaves, depth: int) -> tuple[Leaves, Leaves]:
    return tuple({key: leaf for key, leaf in leaves.items() if bit(key, depth) == side} for side in (0, 1))


def map_proof(leaves: Leaves, key: bytes) -> bytes:
    """The proof of what is at a tree key, or that nothing is."""
    siblings = []
    depth = 0
    while len(leaves) > 1:
        pair = halves(leaves, depth)
        siblings.append(map_root(pair[1 - bit(key, depth)], depth + 1))
        leaves = pair[bit(key, depth)]
        depth += 1
    if not leaves:
        head = b"\x00"
    elif key in leaves:
        total, value = leaves[key]
        head = b"\x01" + big(16, total) + big(2, len(value)) + value
    else:
        [(other, (total, value))] = leaves.items()
        head = b"\x02" + other + big(16, total) + sha256(value)
    bits = "".join("0" if hashed == EMPTY else "1" for hashed, _ in siblings)
    bits += "0" * (-len(bits) % 8)
    bitmap = bytes(int(bits[place : place + 8], 2) for place in range(0, len(bits), 8))
    listed = b"".join(hashed + big(16, total) for hashed, total in siblings if hashed != EMPTY)
    return head + big(2, len(siblings)) + bitmap + listed


# The log: RFC 6962.


def log_root(entries: list[bytes]) -> bytes:
    if not entries:
        return sha256()
    if len(entries) == 1:
        return sha256(b"\x00", entries[0])
    split = 1 << (len(entries) - 1).bit_length() - 1
    return sha256(b"\x01", log_root(entries[:split]), log_root(entries[split:]))


def inclusion(entries: list[bytes], index: int) -> list[bytes]:
    if len(entries) <= 1:
        return []
    split = 1 << (len(entries) - 1).bit_length() - 1
    if index < split:
        return [*inclusion(entries[:split], index), log_root(entries[split:])]
    return [*inclusion(entries[split:], index - split), log_root(entries[:split])]


def consistency(entries: list[bytes], size: int, *, whole: bool = True) -> list[bytes]:
    """RFC 6962, 2.1.2."""
    if size == len(entries):
        return [] if whole else [log_root(entries)]
    split = 1 << (len(entries) - 1).bit_length() - 1
    if size <= split:
        return [*consistency(entries[:split], size, whole=whole), log_root(entries[split:])]
    return [*consistency(entries[split:], size - split, whole=False), log_root(entries[:split])]


# Notes: C2SP.


def vkey(name: str, key: SigningKey) -> str:
    return f"{name}+{key_hash(name, key).hex()}+{base64.b64encode(b'%c' % 1 + bytes(key.verify_key)).decode()}"


def key_hash(name: str, key: SigningKey) -> bytes:
    return sha256(name.encode(), b"\n\x01", bytes(key.verify_key))[:4]


def sign_note(text: str, name: str, key: SigningKey) -> bytes:
    signature = key_hash(name, key) + key.sign(text.encode()).signature
    return f"{text}\n— {name} {base64.b64encode(signature).decode()}\n".encode()


def cosigner_key(name: str, key: SigningKey) -> str:
    """A witness's verifier key, for cosignature/v1."""
    data = b"\x04" + bytes(key.verify_key)
    hashed = sha256(name.encode(), b"\n", data)[:4].hex()
    return f"{name}+{hashed}+{base64.b64encode(data).decode()}"


def cosign(note: bytes, name: str, key: SigningKey, time: int, stated: int | None = None) -> bytes:
    """The line that a witness adds to a checkpoint, which may state another time than is signed."""
    text = note[: note.rindex(b"\n\n") + 1].decode()
    signature = key.sign(f"cosignature/v1\ntime {time}\n{text}".encode()).signature
    hashed = bytes.fromhex(cosigner_key(name, key).split("+")[1])
    signed = hashed + big(8, time if stated is None else stated) + signature
    return f"— {name} {base64.b64encode(signed).decode()}\n".encode()


# A ledger with a state and a log that are simply stated.

BEAN_ISSUER = sha256(b"roaster")


def record_id(kind: str, *parts: bytes) -> bytes:
    return sha256(b"counterfoil/", kind.encode(), b"/v1\n", *parts)


BEAN = record_id("asset", BEAN_ISSUER, b"\x04BEAN")
RATING = record_id("schema", BEAN_ISSUER, b"\x06rating")
CUP = record_id("asset", BEAN_ISSUER, b"\x03CUP")
BADGE = record_id("asset", BEAN_ISSUER, b"\x05BADGE")
ANN_KEY, BOB_KEY = SigningKey(sha256(b"ann")), SigningKey(sha256(b"bob"))
ANN, BOB = bytes(ANN_KEY.verify_key), bytes(BOB_KEY.verify_key)
NOBODY = sha256(b"nobody")
CLUB = sha256(b"club")
TIME = 1_770_000_000_000


def transfer(amount: int, sender: bytes = ANN, to: bytes = BOB, asset: bytes = BEAN) -> bytes:
    return b"\x30" + asset + sender + to + u(16, amount) + b"\x00"


def claim(ledger: bytes, signers: list[SigningKey], amount: int = 120, campaign: bytes = sha256(b"fair")) -> bytes:
    """A claim of two slips, each signed by these keys for the roles in their places."""
    slips = b""
    for number in (1, 2):
        slip = u(16, number) + u(8, TIME + 60_000) + u(16, amount) + b"\x00" + u(4, 1) + ANN + b"\x01" + sha256(b"game")
        message = b"counterfoil/slip/v1\n" + ledger + sha256(campaign, slip)
        signed = [u(1, role) + bytes(key.verify_key) + key.sign(message).signature for role, key in enumerate(signers)]
        slips += slip + u(4, len(signed)) + b"".join(signed)
    return b"\x52" + campaign + u(4, 2) + slips


def transaction(ledger: bytes, operations: list[bytes], signers: list[SigningKey], **parts: object) -> bytes:
    """A signed transaction of key accounts. `parts` replaces version, valid_until, nonce, authorizers, signatures."""
    listed = [bytes(key.verify_key) + b"\x00" for key in signers]
    authorizers = parts.get("authorizers", listed)
    body = u(1, parts.get("version", 1)) + ledger + u(8, parts.get("valid_until", TIME + 60_000))
    body += parts.get("nonce", b"n" * 16) + u(4, len(authorizers)) + b"".join(authorizers)
    body += u(4, len(operations)) + b"".join(operations)
    message = b"counterfoil/sign/v1\n" + transaction_id(body)
    signatures = parts.get("signatures", [key.sign(message).signature for key in signers])
    return body + u(4, len(signatures)) + b"".join(signatures)


def transaction_id(body: bytes) -> bytes:
    return record_id("transaction", body)


def applied(signed: bytes, effects: list[bytes], time: int = TIME) -> bytes:
    return b"\x01" + u(8, time) + signed + u(4, len(effects)) + b"".join(effects)


def moved(taken: list[tuple[int, int]], lapsed: list[tuple[int, int]]) -> bytes:
    lists = [u(4, len(lots)) + b"".join(u(4, lot) + u(16, amount) for lot, amount in lots) for lots in (taken, lapsed)]
    return b"\x01" + lists[0] + lists[1]


def executed(effects: list[bytes]) -> bytes:
    return b"\x02" + u(4, len(effects)) + b"".join(effects)


def genesis(origin: str, operator: bytes) -> bytes:
    parameters = u(8, 3_600_000) + b"\x00" + u(4, 60_000) + u(2, 1_000) + b"\x00"
    return u(4, len(origin)) + origin.encode() + operator + u(8, TIME - 1_000) + b"s" * 16 + parameters


def holding(day: int, lots: list[tuple[int, int]]) -> bytes:
    return big(4, day) + b"".join(big(4, lot) + big(16, amount) for lot, amount in lots)


def hold_terms(condition: bytes = b"\x09") -> bytes:
    """Terms that pay Bob, by default if the payer signs."""
    return condition + b"\x00" + u(4, 1) + BOB + u(2, 10_000) + b"\x00" + u(8, TIME + 10**9) + b"\x00"


def hold_record(terms: bytes, version: int = 1) -> bytes:
    """A hold of 9 beans of Ann's, of which 4 are settled."""
    return u(1, version) + ANN + b"s" * 16 + BEAN + u(16, 9) + u(16, 4) + u(16, 0) + b"\x01" + terms + b"\x00"


def group_record(terms: bytes, version: int = 1) -> bytes:
    """A group of Bob's with 2 holds, which have 13 beans of the 21 that they were given."""
    return u(1, version) + BOB + b"s" * 16 + BEAN + u(8, TIME) + terms + u(8, 2) + u(16, 13) + u(16, 21)


def rule() -> bytes:
    """Half of what holders of beans vote: 1 day to wait, 2 to vote, 3 to execute; Bob is the guardian."""
    return (
        b"\x00"
        + BEAN
        + b"\x00\x00"
        + u(2, 1_000)
        + u(2, 0)
        + u(2, 5_000)
        + u(8, 86_400_000)
        + u(8, 172_800_000)
        + (bytes(24) + u(8, 259_200_000) + u(8, 3_600_000) + u(16, 9) + b"\x01" + BOB + b"\x01" + CUP + u(16, 3))
    )


def constitution() -> bytes:
    """Transfers by this rule alone; the constitution never changes."""
    return u(4, 1) + rule() + u(4, 2) + u(4, 1) + b"\x30\x00" + u(4, 1) + b"\x00" + u(4, 1) + b"\x70\x00" + u(4, 0)


def proposal_record(version: int = 1, state: bytes = b"\x02" + u(8, TIME) + u(2, 7) + b"\x00") -> bytes:
    """A proposal of Ann's that was vetoed."""
    record = (
        u(1, version) + BEAN_ISSUER + ANN + b"p" * 16 + sha256(constitution()) + b"\x00" + rule() + sha256(b"title")
    )
    record += b"\x01" + sha256(b"subject") + u(4, 1) + sha256(b"actions") + b"\x01" + u(4, 2) + u(16, 1_320)
    record += u(8, TIME) + u(8, TIME + 259_200_000) + u(4, 3) + u(16, 380) + u(16, 0) + u(16, 5)
    return record + u(16, 385) + u(16, 380) + u(8, 2) + state


def distribution_record(version: int = 1, basis: bytes | None = None) -> bytes:
    """A distribution of 90 cups of the roaster's among those who had beans in the second snapshot."""
    record = u(1, version) + BEAN_ISSUER + b"d" * 16 + CUP + u(16, 90)
    record += b"\x00" + BEAN + u(4, 2) + u(4, 1) + BEAN_ISSUER if basis is None else basis
    record += u(16, 1_320) + u(8, TIME) + u(8, TIME + 10**9) + BEAN_ISSUER + b"\x01" + sha256(b"june")
    return record + u(16, 25) + u(8, 1) + b"\x00"


@dataclass
class World:
    """A ledger's state and log. Change what you like, then ask for a statement: it is signed as it stands."""

    origin: str = "club.example/beans"
    operator: SigningKey = field(default_factory=lambda: SigningKey(sha256(b"operator")))
    tables: dict[tuple[str, bytes], dict[bytes, tuple[int, bytes]]] = field(default_factory=dict)
    entries: list[bytes] = field(default_factory=list)
    directory_sum: int = 0
    commit_parts: dict[str, int | bytes] = field(default_factory=dict)
    after_commit: list[bytes] = field(default_factory=list)

    @classmethod
    def example(cls) -> World:
        """Ann has 380 beans, Bob 120; of cups, which have lots and inactivity, Bob has 12; a few empty tables."""
        world = cls()
        world.entries = [b"\x00" + genesis(world.origin, bytes(world.operator.verify_key))]
        world.entries.append(world.applied_entry())
        world.entries += [b"\x02" + world.commit(1)]
        holders = {ANN: (380, b""), BOB: (120, b"")}
        holders |= {sha256(b"member", bytes([number])): (number + 1, b"") for number in range(40)}
        world.tables[("holders", BEAN)] = holders
        world.tables[("holders", CUP)] = {BOB: (12, holding(20_000, [(672, 5), (673, 7)]))}
        world.tables[("lots", CUP)] = {
            record_id("lot", CUP, big(4, lot)): (amount, u(4, lot) + u(16, amount) + bytes(96))
            for lot, amount in ((672, 5), (673, 7))
        }
        world.tables[("accounts", b"")] = {
            ANN: (0, b"\x00" + u(4, 1) + b"\x01" + u(4, 1) + BOB + b"\x01" + u(4, 2) + b"\x30\x31"),
            NOBODY: (0, b"\x01\x04"),
            BEAN_ISSUER: (0, b"\x02" + u(4, 3) + BOB),
            CLUB: (0, b"\x03" + u(4, 1) + b"\x01" + u(4, 1) + BOB + b"\x00"),
        }
        asset = b"\x01" + BEAN_ISSUER + u(4, 4) + b"BEAN" + b"\x00" + u(16, 10**9) + u(4, 0) + b"\x00" * 5
        asset += b"\x00" + u(8, 0) + u(8, 1) + u(16, 30) + u(16, 1_320) + bytes(64) + b"\x00\x00"
        asset += u(4, 2) + u(4, 2) + u(4, 1) + u(8, TIME + 1) + u(4, 2) + u(8, TIME + 2 * 10**9)
        world.tables[("assets", b"")] = {BEAN: (0, asset)}
        mandate = BEAN_ISSUER + BOB + BEAN + u(4, 1) + b"\x32" + u(16, 500) + u(8, 86_400_000) + u(8, TIME)
        mandate += u(8, TIME + 10**9) + u(8, 0) + u(16, 20)
        world.tables[("mandates", b"")] = {record_id("mandate", BEAN_ISSUER, BOB, BEAN): (0, mandate)}
        once = ANN + b"k" * 32 + b"t" * 32
        world.tables[("once", b"")] = {record_id("once", ANN, b"k" * 32): (0, once)}
        world.tables[("holds", b"")] = {record_id("hold", ANN, b"s" * 16): (0, hold_record(hold_terms()))}
        world.tables[("hold_groups", b"")] = {record_id("group", BOB, b"s" * 16): (0, group_record(hold_terms()))}
        world.tables[("freezes", BEAN)] = {ANN: (0, u(8, TIME) + u(2, 7) + b"\x00")}
        schema = b"\x01" + BEAN_ISSUER + u(4, 6) + b"rating" + b"\x01" + b"\xff" * 8 + u(8, 5)
        schema += u(4, 1) + BEAN_ISSUER + b"\x01" + CUP + BOB + b"\x01" + u(8, 1)
        world.tables[("schemas", b"")] = {RATING: (0, schema)}
        rated = BEAN_ISSUER + ANN + bytes(32) + u(8, TIME) + b"\x01" + u(8, TIME + 9_000) + b"\x01" + b"\xff" * 8
        gone = BEAN_ISSUER + BOB + bytes(32) + u(8, TIME) + b"\x00" + b"\x01" + u(8, 5)
        world.tables[("attestations", RATING)] = {
            record_id("attestation", RATING, BEAN_ISSUER, ANN, bytes(32)): (0, rated + b"\x00"),
            record_id("attestation", RATING, BEAN_ISSUER, BOB, bytes(32)): (
                0,
                gone + b"\x01" + u(8, TIME + 1) + u(2, 7) + b"\x00",
            ),
        }
        redeemed = BOB + ANN + b"o" * 32 + u(8, TIME) + u(16, 9) + u(16, 2) + u(4, 1) + u(4, 672) + u(16, 7)
        world.tables[("redemptions", CUP)] = {record_id("redemption", CUP, BOB, b"o" * 32): (0, redeemed)}
        world.tables[("debts", BEAN)] = {ANN: (30, u(8, TIME))}
        guardians = b"\x02" + u(4, 2) + BOB + NOBODY + u(8, 86_400_000)
        world.tables[("guardians", b"")] = {ANN: (0, guardians)}
        recovery = u(8, TIME) + u(8, TIME + 86_400_000) + b"\x01" + u(4, 1) + BOB + b"\x00"
        world.tables[("recoveries", b"")] = {ANN: (0, recovery)}
        world.tables[("constitutions", b"")] = {CLUB: (0, b"\x01" + u(8, TIME) + constitution())}
        proposal = record_id("proposal", BEAN_ISSUER, ANN, b"p" * 16)
        world.tables[("proposals", b"")] = {proposal: (0, proposal_record())}
        world.tables[("votes", proposal)] = {
            ANN: (380, BOB + b"\x01" + u(16, 380) + b"\x00" + u(4, 3) + u(8, 1) + u(8, 0) + u(8, 0)),
            BOB: (0, BOB + b"\x00" + u(16, 120) + b"\x03" + sha256(b"ballot")),
        }
        world.tables[("rankings", proposal)] = {
            record_id("ranking", proposal, b"\x02\x00" + b"\xff" * 14): (7, u(4, 2) + b"\x02\x00")
        }
        delegation = CLUB + ANN + BOB + u(8, TIME)
        world.tables[("delegations", b"")] = {record_id("delegation", CLUB, ANN): (0, delegation)}
        resolution = CLUB + sha256(rule()) + sha256(b"subject") + b"\x01" + proposal + u(8, TIME)
        world.tables[("resolutions", b"")] = {
            record_id("resolution", CLUB, sha256(rule()), sha256(b"subject")): (0, resolution)
        }
        snapshot = BEAN + u(4, 2) + u(8, TIME) + u(8, TIME + 2 * 10**9) + u(16, 1_320)
        world.tables[("snapshots", b"")] = {record_id("snapshot", BEAN, big(4, 2)): (0, snapshot)}
        world.tables[("saved", BEAN)] = {ANN: (0, u(4, 2) + u(4, 1) + u(16, 0) + u(4, 2) + u(16, 400))}
        distribution = record_id("distribution", BEAN_ISSUER, b"d" * 16)
        world.tables[("distributions", b"")] = {distribution: (0, distribution_record())}
        world.tables[("collected", distribution)] = {ANN: (25, u(8, TIME))}
        plain = u(4, 1) + u(4, 9) + u(4, 0) + b"\x00"
        rare = u(4, 258) + u(4, 3) + u(4, 2) + u(4, 1) * 2 + b"\x01" + RATING
        world.tables[("designs", BADGE)] = {
            record_id("design", BADGE, big(4, 1)): (0, plain + u(4, 4) + u(4, 2)),
            record_id("design", BADGE, big(4, 258)): (0, rare + u(4, 1) + u(4, 0)),
        }
        world.tables[("items", BADGE)] = {
            record_id("item", BADGE, big(4, design), big(4, edition)): (
                1,
                u(4, design) + u(4, edition) + owner + u(8, TIME),
            )
            for design, edition, owner in ((1, 3, ANN), (1, 4, BOB), (258, 1, ANN))
        }
        parameters = u(8, 3_600_000) + b"\x00" + u(4, 60_000) + u(2, 1_000) + b"\x00"
        world.tables[("parameters", b"")] = {record_id("parameters"): (0, parameters)}
        return world

    @property
    def ledger(self) -> bytes:
        return record_id("ledger", genesis(self.origin, bytes(self.operator.verify_key)))

    @property
    def vkey(self) -> str:
        return vkey(self.origin, self.operator)

    def applied_entry(self) -> bytes:
        signed = transaction(self.ledger, [transfer(120), transfer(3, BOB, ANN)], [ANN_KEY, BOB_KEY])
        return applied(signed, [moved([(672, 100), (673, 20)], [(5, 1)]), b"\x00"])

    def directory(self) -> Leaves:
        leaves = {}
        for (table, key), records in self.tables.items():
            root, _ = map_root({tree_key(one): leaf for one, leaf in records.items()})
            leaves[self.table_key(table, key)] = (self.directory_sum, root)
        return leaves

    def table_key(self, table: str, key: bytes) -> bytes:
        return tree_key(record_id("table", bytes([len(table)]), table.encode(), key))

    def commit(self, height: int) -> bytes:
        parts = {
            "version": 1,
            "ledger": self.ledger,
            "rules": 1,
            "height": height,
            "time": TIME + 5_000,
            "through": 2,
            "state_root": map_root(self.directory())[0],
        } | self.commit_parts
        sizes = {"version": 1, "rules": 4, "height": 8, "time": 8, "through": 8}
        return b"".join(part if isinstance(part, bytes) else u(sizes[name], part) for name, part in parts.items())

    def log(self) -> list[bytes]:
        return [*self.entries, b"\x02" + self.commit(2), *self.after_commit]

    def note(self, **lines: str) -> bytes:
        """The checkpoint; `origin`, `tree_size`, `root_hash` and `rest` replace its lines."""
        log = self.log()
        text = f"{lines.get('origin', self.origin)}\n{lines.get('tree_size', str(len(log)))}\n"
        text += f"{lines.get('root_hash', base64.b64encode(log_root(log)).decode())}\n{lines.get('rest', '')}"
        return sign_note(text, self.origin, self.operator)

    def parts(self, table: str, key: bytes, identifier: bytes) -> list[bytes]:
        """The five parts of a statement."""
        records = {tree_key(one): leaf for one, leaf in self.tables.get((table, key), {}).items()}
        log = self.log()
        index = len(log) - 1 - len(self.after_commit)
        return [
            map_proof(records, tree_key(identifier)) if records else b"",
            map_proof(self.directory(), self.table_key(table, key)),
            log[index],
            b"".join(inclusion(log, index)),
            self.note(),
        ]

    def statement(self, table: str, key: bytes, identifier: bytes) -> bytes:
        return join_statement(self.parts(table, key, identifier))

    def question(self, table: str, key: bytes, identifier: bytes) -> bytes:
        """The question and its statement: what is stored in a file."""
        return question(table, key, identifier) + self.statement(table, key, identifier)

    def receipt(self, index: int = 1, entry: bytes | None = None, note: bytes | None = None) -> bytes:
        log = self.log()
        hashes = [base64.b64encode(step).decode() for step in inclusion(log, index)]
        lines = ["c2sp.org/tlog-proof@v1", f"extra {base64.b64encode(entry or log[index]).decode()}", f"index {index}"]
        return "\n".join([*lines, *hashes, "", ""]).encode() + (note or self.note())

    def with_entry(self, entry: bytes) -> World:
        """The same with another applied entry at index 1."""
        return replace(self, entries=[self.entries[0], entry, *self.entries[2:]])


def question(table: str, key: bytes, identifier: bytes) -> bytes:
    return b"counterfoil/question/v1\n" + bytes([len(table)]) + table.encode() + bytes([len(key)]) + key + identifier


def join_statement(parts: list[bytes]) -> bytes:
    return b"counterfoil/statement/v1\n" + b"".join(big(4, len(part)) + part for part in parts)
