# pragma version 0.4.3
"""
@notice The functions of proofs.vy, as they are, for the tests to call.
"""

import proofs


@external
@pure
def record(root: bytes32, key: bytes32, proof: Bytes[proofs.PROOF_BYTES_MAX]) -> proofs.Record:
    return proofs._record(root, key, proof)


@external
@pure
def is_included(
    leaf: bytes32,
    index: uint256,
    tree_size: uint256,
    root: bytes32,
    proof: DynArray[bytes32, proofs.INCLUSION_HASHES_MAX],
) -> bool:
    return proofs._is_included(leaf, index, tree_size, root, proof)


@external
@pure
def check_consistency(
    old_size: uint256,
    old_root: bytes32,
    new_size: uint256,
    new_root: bytes32,
    proof: DynArray[bytes32, proofs.CONSISTENCY_HASHES_MAX],
):
    proofs._check_consistency(old_size, old_root, new_size, new_root, proof)


@external
@pure
def attestation_keys(schema: bytes32, account: bytes32, nonce: bytes32) -> (bytes32, bytes32):
    return proofs._attestations_key(schema), proofs._attestation_key(schema, account, account, nonce)
