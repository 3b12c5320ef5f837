# pragma version 0.4.3
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Balances of one Counterfoil ledger
@license Apache-2.0
@notice Checks a statement about a balance under a checkpoint that was anchored. It keeps nothing.
"""

import proofs

interface Anchor:
    def ledger() -> bytes32: view
    def root_at(tree_size: uint256) -> bytes32: view


# The contract that says which checkpoints there are.
anchor: public(immutable(Anchor))
ledger: public(immutable(bytes32))


@deploy
def __init__(anchor_address: address):
    anchor = Anchor(anchor_address)
    ledger = staticcall anchor.ledger()


@external
@view
def balance_of(
    asset: bytes32,
    account: bytes32,
    tree_size: uint256,
    record_proof: Bytes[proofs.PROOF_BYTES_MAX],
    directory_proof: Bytes[proofs.PROOF_BYTES_MAX],
    commit_entry: Bytes[proofs.COMMIT_BYTES],
    inclusion: DynArray[bytes32, proofs.INCLUSION_HASHES_MAX],
) -> (uint256, uint256, uint256):
    """
    @notice What an account holds of an asset: nothing where it has no record, or the asset no table.
    @param tree_size That of the statement's checkpoint.
    @return The account's units, all units of the asset, and the time of the commit, ms since 1970-01-01 UTC.
    """
    commit: proofs.Commit = proofs._commit(
        ledger, tree_size, staticcall anchor.root_at(tree_size), commit_entry, inclusion
    )
    root: bytes32 = proofs._table_root(
        proofs._record(commit.state_root, proofs._holders_key(asset), directory_proof)
    )
    if root == empty(bytes32):
        assert len(record_proof) == 0, "trailing_bytes"
        return 0, 0, commit.time_ms
    found: proofs.Record = proofs._record(root, proofs._tree_key(account), record_proof)
    if found.present:
        proofs._check_holding(found, record_proof)
    return found.sum, found.total, commit.time_ms
