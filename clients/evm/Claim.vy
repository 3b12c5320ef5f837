# pragma version 0.4.3
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Ether for the holders of an asset of a Counterfoil ledger
@license Apache-2.0
@notice Shares out what it was created with among those who held the asset at one checkpoint, each its part once, to the
    address that the account has attested in the ledger. Anybody may bring the proofs.
@dev An account says where its part goes by an attestation about itself, of the schema named here, whose nonce names this
    contract and this chain and whose content is the address, 20 bytes; without an expiry, and not revoked. Only the
    account's own keys can attest so, and an agent to whom it gave a mandate for the schema, whoever made the schema. So a
    statement that somebody else shows pays its account.
"""

import proofs

interface Anchor:
    def ledger() -> bytes32: view
    def root_at(tree_size: uint256) -> bytes32: view


event Claimed:
    account: indexed(bytes32)
    payee: indexed(address)
    units: uint256
    amount_wei: uint256


# Of an attestation's record: issuer, subject, nonce, issued u64, no expiry (00); bytes (02), their length u32, the
# address; not revoked (00).
ATTESTATION_BYTES: constant(uint256) = 3 * 32 + 8 + 1 + 1 + 4 + 20 + 1
RECORD_AT: constant(uint256) = proofs.VALUE_AT
# A commit may state a time that lies so far ahead of the block's.
TOLERANCE_S: constant(uint256) = 300

anchor: public(immutable(Anchor))
ledger: public(immutable(bytes32))
asset: public(immutable(bytes32))
schema: public(immutable(bytes32))
# The checkpoint whose balances count, and the root of their table.
tree_size: public(immutable(uint256))
holders_root: public(immutable(bytes32))
# What is shared out.
pool_wei: public(immutable(uint256))
# How old the commit may be under which an attestation is proven.
max_age_s: public(immutable(uint256))
# From this block time on, seconds, the owner may take what is left.
closes: public(immutable(uint256))
owner: public(immutable(address))
# In the attestations that count here.
nonce: public(immutable(bytes32))
# Which accounts have had their part.
claimed: public(HashMap[bytes32, bool])


@deploy
@payable
def __init__(
    anchor_address: address,
    asset_id: bytes32,
    schema_id: bytes32,
    age_s: uint256,
    end: uint256,
    size: uint256,
    directory_proof: Bytes[proofs.PROOF_BYTES_MAX],
    commit_entry: Bytes[proofs.COMMIT_BYTES],
    inclusion: DynArray[bytes32, proofs.INCLUSION_HASHES_MAX],
):
    """
    @param size Of the checkpoint whose balances count; it must have been anchored.
    @param directory_proof With the two that follow, of any statement about a balance of the asset at that checkpoint.
    """
    assert msg.value != 0 and msg.value < 2**128, "wrong_pool"
    assert end > block.timestamp, "wrong_end"
    anchor = Anchor(anchor_address)
    ledger = staticcall anchor.ledger()
    asset = asset_id
    schema = schema_id
    # A larger one could not be added to a time, and no claim would be paid.
    max_age_s = min(age_s, 2**128)
    closes = end
    tree_size = size
    pool_wei = msg.value
    owner = msg.sender
    nonce = sha256(concat(b"counterfoil/evm-claim/v1\n", convert(chain.id, bytes32), convert(self, bytes20)))
    commit: proofs.Commit = proofs._commit(ledger, size, staticcall anchor.root_at(size), commit_entry, inclusion)
    root: bytes32 = proofs._table_root(
        proofs._record(commit.state_root, proofs._holders_key(asset_id), directory_proof)
    )
    assert root != empty(bytes32), "no_holders"
    holders_root = root


@external
@nonreentrant
def claim(
    account: bytes32,
    holding_proof: Bytes[proofs.PROOF_BYTES_MAX],
    attested_size: uint256,
    attestation_proof: Bytes[proofs.PROOF_BYTES_MAX],
    directory_proof: Bytes[proofs.PROOF_BYTES_MAX],
    commit_entry: Bytes[proofs.COMMIT_BYTES],
    inclusion: DynArray[bytes32, proofs.INCLUSION_HASHES_MAX],
):
    """
    @notice Pay an account its part.
    @param holding_proof The record proof of the statement about its balance at the checkpoint that counts.
    @param attested_size The size of a checkpoint that was anchored; with what follows, the statement about its attestation.
    """
    assert block.timestamp < closes, "closed"
    assert not self.claimed[account], "claimed"
    holding: proofs.Record = proofs._record(holders_root, proofs._tree_key(account), holding_proof)
    assert holding.present, "no_balance"
    proofs._check_holding(holding, holding_proof)
    commit: proofs.Commit = proofs._commit(
        ledger, attested_size, staticcall anchor.root_at(attested_size), commit_entry, inclusion
    )
    assert commit.time_ms // 1000 + max_age_s >= block.timestamp, "stale"
    assert commit.time_ms // 1000 <= block.timestamp + TOLERANCE_S, "from_the_future"
    table: bytes32 = proofs._table_root(
        proofs._record(commit.state_root, proofs._attestations_key(schema), directory_proof)
    )
    assert table != empty(bytes32), "not_attested"
    key: bytes32 = proofs._attestation_key(schema, account, account, nonce)
    attestation: proofs.Record = proofs._record(table, key, attestation_proof)
    assert attestation.present, "not_attested"
    assert attestation.length == ATTESTATION_BYTES, "wrong_attestation"
    assert (
        extract32(attestation_proof, RECORD_AT) == account
        and extract32(attestation_proof, RECORD_AT + 32) == account
        and extract32(attestation_proof, RECORD_AT + 64) == nonce
    ), "wrong_record"
    assert slice(attestation_proof, RECORD_AT + 104, 6) == x"000214000000", "wrong_attestation"
    # The record's last 32 bytes, of which the address is followed by one.
    last: uint256 = convert(extract32(attestation_proof, RECORD_AT + ATTESTATION_BYTES - 32), uint256)
    assert last & 255 == 0, "wrong_attestation"
    payee: address = convert(convert((last >> 8) & convert(max_value(uint160), uint256), uint160), address)
    share: uint256 = pool_wei * holding.sum // holding.total
    assert share != 0, "no_balance"
    self.claimed[account] = True
    log Claimed(account=account, payee=payee, units=holding.sum, amount_wei=share)
    raw_call(payee, b"", value=share)


@external
@nonreentrant
def close():
    """
    @notice Give the owner what nobody has claimed.
    """
    assert msg.sender == owner, "not_owner"
    assert block.timestamp >= closes, "open"
    raw_call(owner, b"", value=self.balance)
