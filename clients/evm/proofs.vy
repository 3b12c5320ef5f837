# pragma version 0.4.3
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Proofs of a Counterfoil ledger
@license Apache-2.0
@notice Checks what hangs from one root hash of the log: that the log only grew, the commit that ends it, and records of
    the state under the commit. Functions for other contracts to import. They return what is proven or revert, for the
    reason that `counterfoil.verify` refuses the same bytes for.
@dev Formats: docs/reference/formats.md. Integers in hashes and proofs are big-endian, in a commit little-endian.
"""

# A proof may have up to 16,437 bytes by its format. These are enough for the largest value and a path on which 84
# siblings are not empty, as in a table of some 2^84 records; memory for more would have to be paid by everybody.
PROOF_BYTES_MAX: constant(uint256) = 8192
VALUE_BYTES_MAX: constant(uint256) = 4096
LOTS_MAX: constant(uint256) = 64
HOLDING_BYTES_MAX: constant(uint256) = 4 + 20 * LOTS_MAX
COMMIT_BYTES: constant(uint256) = 94
# A log has less than 2^63 entries.
TREE_SIZE_MAX: constant(uint256) = 2**63 - 1
INCLUSION_HASHES_MAX: constant(uint256) = 63
CONSISTENCY_HASHES_MAX: constant(uint256) = 64
# In a proof of presence.
VALUE_AT: constant(uint256) = 19

LEAF: constant(Bytes[1]) = b"\x10"
NODE: constant(Bytes[1]) = b"\x11"
LOG_LEAF: constant(Bytes[1]) = b"\x00"
LOG_NODE: constant(Bytes[1]) = b"\x01"
LOW_128: constant(uint256) = 2**128 - 1
LOW_64: constant(uint256) = 2**64 - 1
LOW_32: constant(uint256) = 2**32 - 1
SHA256_OF_NOTHING: constant(bytes32) = 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

# Every second byte, pair of bytes and four bytes of a word, to reverse each eight of them.
ODD_BYTES: constant(uint256) = max_value(uint256) // (2**8 + 1)
ODD_PAIRS: constant(uint256) = max_value(uint256) // (2**16 + 1)
ODD_FOURS: constant(uint256) = max_value(uint256) // (2**32 + 1)
# Every second bit, pair of bits and four bits of a word, and the lowest bit of each byte, to count bits.
ODD_BITS: constant(uint256) = max_value(uint256) // (2**1 + 1)
ODD_TWOS: constant(uint256) = max_value(uint256) // (2**2 + 1)
ODD_NIBBLES: constant(uint256) = max_value(uint256) // (2**4 + 1)
ONES: constant(uint256) = max_value(uint256) // (2**8 - 1)


struct Record:
    # Whether it is there; if not, all but `total` is 0.
    present: bool
    sum: uint256
    # The sum over the whole table.
    total: uint256
    # Of the value, which stands in its proof from VALUE_AT on.
    length: uint256
    # The value, where it is 32 bytes long.
    word: bytes32


struct Commit:
    time_ms: uint256
    state_root: bytes32


# The log: RFC 9162.


@internal
@pure
def _is_included(
    leaf: bytes32, index: uint256, tree_size: uint256, root: bytes32, proof: DynArray[bytes32, INCLUSION_HASHES_MAX]
) -> bool:
    """
    @notice Whether the leaf stands at the index, from 0, in the tree of this size and root: 2.1.3.2.
    @param leaf The leaf's hash.
    @param proof Hashes, deepest first.
    """
    if index >= tree_size:
        return False
    node: bytes32 = leaf
    place: uint256 = index
    last: uint256 = tree_size - 1
    for step: bytes32 in proof:
        if last == 0:
            return False
        if place & 1 == 1 or place == last:
            node = sha256(concat(LOG_NODE, step, node))
            # Up to where the node is a right child, or the first one.
            for _: uint256 in range(64):
                if place & 1 == 1 or place == 0:
                    break
                place >>= 1
                last >>= 1
        else:
            node = sha256(concat(LOG_NODE, node, step))
        place >>= 1
        last >>= 1
    return last == 0 and node == root


@internal
@pure
def _check_consistency(
    old_size: uint256,
    old_root: bytes32,
    new_size: uint256,
    new_root: bytes32,
    proof: DynArray[bytes32, CONSISTENCY_HASHES_MAX],
):
    """
    @notice Reverts unless the new tree begins with all of the old one: 2.1.4.2.
    @param proof Hashes, as in RFC 6962, 2.1.2.
    """
    assert old_size != 0 and old_size <= new_size, "wrong_log_proof"
    if old_size == new_size:
        assert len(proof) == 0 and old_root == new_root, "wrong_log_proof"
        return
    assert len(proof) != 0, "wrong_log_proof"
    # Where the old tree is a full subtree of the new one, its root is not repeated in the proof.
    begin: uint256 = 0
    old_node: bytes32 = old_root
    if old_size & (old_size - 1) != 0:
        old_node = proof[0]
        begin = 1
    new_node: bytes32 = old_node
    place: uint256 = old_size - 1
    last: uint256 = new_size - 1
    for _: uint256 in range(64):
        if place & 1 == 0:
            break
        place >>= 1
        last >>= 1
    for each: uint256 in range(begin, len(proof), bound=CONSISTENCY_HASHES_MAX):
        assert last != 0, "wrong_log_proof"
        step: bytes32 = proof[each]
        if place & 1 == 1 or place == last:
            old_node = sha256(concat(LOG_NODE, step, old_node))
            new_node = sha256(concat(LOG_NODE, step, new_node))
            for _: uint256 in range(64):
                if place & 1 == 1 or place == 0:
                    break
                place >>= 1
                last >>= 1
        else:
            new_node = sha256(concat(LOG_NODE, new_node, step))
        place >>= 1
        last >>= 1
    assert last == 0 and old_node == old_root and new_node == new_root, "wrong_log_proof"


@internal
@pure
def _commit(
    ledger: bytes32,
    tree_size: uint256,
    root: bytes32,
    entry: Bytes[COMMIT_BYTES],
    inclusion: DynArray[bytes32, INCLUSION_HASHES_MAX],
) -> Commit:
    """
    @notice The commit that the tree of this size and root ends with.
    @param ledger The id of the ledger whose commit it must be.
    @param tree_size 1 or more.
    @param entry 02, version u8, ledger, rules u32, height u64, time u64, through u64, state root.
    @param inclusion Hashes, deepest first.
    """
    assert len(entry) != 0 and slice(entry, 0, 1) == b"\x02", "wrong_entry"
    index: uint256 = tree_size - 1
    leaf: bytes32 = sha256(concat(LOG_LEAF, entry))
    assert self._is_included(leaf, index, tree_size, root, inclusion), "not_last_entry"
    assert len(entry) == COMMIT_BYTES, "malformed_entry"
    assert slice(entry, 1, 1) == b"\x01", "unknown_version"
    assert extract32(entry, 2) == ledger, "wrong_ledger"
    # Height, time, through and eight more bytes, each eight reversed.
    numbers: uint256 = convert(extract32(entry, 38), uint256)
    numbers = ((numbers >> 8) & ODD_BYTES) | ((numbers & ODD_BYTES) << 8)
    numbers = ((numbers >> 16) & ODD_PAIRS) | ((numbers & ODD_PAIRS) << 16)
    numbers = ((numbers >> 32) & ODD_FOURS) | ((numbers & ODD_FOURS) << 32)
    assert numbers >> 192 < index and (numbers >> 64) & LOW_64 <= index, "wrong_entry"
    return Commit(time_ms=(numbers >> 128) & LOW_64, state_root=extract32(entry, 62))


# The state: sum maps.


@internal
@pure
def _tree_key(record_id: bytes32) -> bytes32:
    """
    @notice Where a record stands in its table.
    """
    return sha256(concat(b"counterfoil/key/v1\n", record_id))


@internal
@pure
def _holders_key(asset: bytes32) -> bytes32:
    """
    @notice Where the table of an asset's balances stands in the directory.
    """
    return self._tree_key(sha256(concat(b"counterfoil/table/v1\n\x07holders", asset)))


@internal
@pure
def _attestations_key(schema: bytes32) -> bytes32:
    """
    @notice Where the table of a schema's attestations stands in the directory.
    """
    return self._tree_key(sha256(concat(b"counterfoil/table/v1\n\x0cattestations", schema)))


@internal
@pure
def _attestation_key(schema: bytes32, issuer: bytes32, subject: bytes32, nonce: bytes32) -> bytes32:
    """
    @notice Where an attestation stands in the table of its schema.
    """
    return self._tree_key(sha256(concat(b"counterfoil/attestation/v1\n", schema, issuer, subject, nonce)))


@internal
@pure
def _ones(word: uint256) -> uint256:
    """
    @notice How many bits are set, of 255 at the most: the count must fit into a byte.
    """
    counts: uint256 = word - ((word >> 1) & ODD_BITS)
    counts = (counts & ODD_TWOS) + ((counts >> 2) & ODD_TWOS)
    counts = (counts + (counts >> 4)) & ODD_NIBBLES
    return unsafe_mul(counts, ONES) >> 248


@internal
@pure
def _record(root: bytes32, key: bytes32, proof: Bytes[PROOF_BYTES_MAX]) -> Record:
    """
    @notice What the map with this root has at a tree key, or that it has nothing there.
    """
    size: uint256 = len(proof)
    assert size != 0, "truncated"
    kind: uint256 = convert(slice(proof, 0, 1), uint256)
    assert kind <= 2, "malformed_proof"
    found: Record = empty(Record)
    node: bytes32 = empty(bytes32)
    difference: uint256 = 0
    # Behind what the kind says.
    at: uint256 = 1
    if kind == 1:
        assert size >= VALUE_AT, "truncated"
        found.present = True
        found.sum = convert(slice(proof, 1, 16), uint256)
        found.length = convert(slice(proof, 17, 2), uint256)
        assert found.length <= VALUE_BYTES_MAX, "malformed_proof"
        at = VALUE_AT + found.length
        assert size >= at, "truncated"
        value_hash: bytes32 = SHA256_OF_NOTHING
        if found.length == 32:
            found.word = extract32(proof, VALUE_AT)
            value_hash = sha256(found.word)
        elif found.length != 0:
            value_hash = sha256(slice(proof, VALUE_AT, found.length))
        found.total = found.sum
        node = sha256(concat(LEAF, key, convert(convert(found.sum, uint128), bytes16), value_hash))
    elif kind == 2:
        at = 81
        assert size >= at, "truncated"
        other: bytes32 = extract32(proof, 1)
        found.total = convert(slice(proof, 33, 16), uint256)
        difference = convert(other, uint256) ^ convert(key, uint256)
        assert difference != 0, "wrong_leaf"
        node = sha256(concat(LEAF, slice(proof, 1, 80)))
    assert size >= at + 2, "truncated"
    depth: uint256 = convert(slice(proof, at, 2), uint256)
    assert depth <= 256, "malformed_proof"
    at += 2
    if depth != 0:
        # A bitmap that names a sibling, and none may name none, is followed by 48 bytes: so 32 are there to be read.
        assert size >= at + 32, "truncated"
        bitmap: uint256 = convert(extract32(proof, at), uint256)
        octets: uint256 = (depth + 7) // 8
        at += octets
        assert (bitmap << depth) >> (256 + depth - 8 * octets) == 0, "malformed_proof"
        # From here on the lowest bits are those of the deepest level.
        bitmap >>= 256 - depth
        expected: uint256 = at + 48 * (self._ones(bitmap >> 1) + (bitmap & 1))
        assert size >= expected, "truncated"
        assert size == expected, "trailing_bytes"
        assert bitmap & 1 == 1, "shallow_leaf"
        path: uint256 = convert(key, uint256) >> (256 - depth)
        assert difference >> (256 - depth) == 0, "wrong_leaf"
        at = size
        total: uint256 = found.total
        for _: uint256 in range(depth, bound=256):
            sibling: bytes32 = empty(bytes32)
            sibling_sum: uint256 = 0
            if bitmap & 1 == 1:
                at = unsafe_sub(at, 48)  # no less than where they begin: there are as many as bits
                sibling = extract32(proof, at)
                assert sibling != empty(bytes32), "empty_sibling"
                sibling_sum = convert(extract32(proof, unsafe_add(at, 16)), uint256) & LOW_128
            sum16: bytes16 = convert(convert(total << 128, bytes32), bytes16)
            sibling_sum16: bytes16 = convert(convert(sibling_sum << 128, bytes32), bytes16)
            if path & 1 == 1:
                node = sha256(concat(NODE, sibling, sibling_sum16, node, sum16))
            else:
                node = sha256(concat(NODE, node, sum16, sibling, sibling_sum16))
            total = unsafe_add(total, sibling_sum)  # both are below 2^128
            assert total <= LOW_128, "sum_overflow"
            bitmap >>= 1
            path >>= 1
        found.total = total
    else:
        assert size == at, "trailing_bytes"
    assert node == root, "wrong_root"
    return found


@internal
@pure
def _table_root(directory: Record) -> bytes32:
    """
    @notice The root of the table that the directory shows; zeros where it is absent.
    """
    assert directory.total == 0, "wrong_directory"
    if directory.present:
        assert directory.length == 32 and directory.word != empty(bytes32), "wrong_directory"
    return directory.word


@internal
@pure
def _check_holding(found: Record, proof: Bytes[PROOF_BYTES_MAX]):
    """
    @notice Reverts unless the record's value may be that of a balance: nothing, or a day u32 and for each lot, ascending,
        lot u32 and amount u128, which add up to the balance.
    @param found What the proof was found to show: a record that is there.
    """
    assert found.sum != 0, "malformed_record"
    if found.length == 0:
        return
    assert found.length >= 4 and (found.length - 4) % 20 == 0 and found.length <= HOLDING_BYTES_MAX, "malformed_record"
    total: uint256 = 0
    least: uint256 = 0
    for each: uint256 in range((found.length - 4) // 20, bound=LOTS_MAX):
        # The last 20 bytes of a word.
        word: uint256 = convert(extract32(proof, VALUE_AT + 4 + 20 * each - 12), uint256)
        lot: uint256 = (word >> 128) & LOW_32
        assert lot >= least and word & LOW_128 != 0, "malformed_record"
        least = lot + 1
        total += word & LOW_128
    assert found.length == 4 or total == found.sum, "malformed_record"
