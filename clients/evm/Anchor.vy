# pragma version 0.4.3
# pragma optimize gas
# SPDX-License-Identifier: Apache-2.0
"""
@title Checkpoints of one Counterfoil ledger
@license Apache-2.0
@notice Takes a newer checkpoint when enough of the signers have signed it and it extends the one before. Anybody may
    bring it, and anybody may freeze the contract for good with proof that the signers have signed two histories.
@dev A signature is ECDSA over an EIP-712 digest. It counts for this contract on this chain, and while the signers are
    those of its epoch. The Ed25519 signature of the ledger's operator cannot be checked here: the signers do, before
    they sign.
"""

import proofs

struct Signature:
    v: uint8
    r: uint256
    s: uint256


struct Checkpoint:
    root_hash: bytes32
    # When it was anchored: the block's time, in seconds. 0: it was not.
    time: uint256


event Anchored:
    tree_size: indexed(uint256)
    root_hash: bytes32


event SignersReplaced:
    epoch: uint256
    threshold: uint256
    signers: DynArray[address, SIGNERS_MAX]


event Forked:
    tree_size: indexed(uint256)
    first_root: bytes32
    second_root: bytes32


SIGNERS_MAX: constant(uint256) = 16
# Half of secp256k1's order: of s and its negative, which sign the same, only the lower one counts.
S_MAX: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168

DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
NAME: constant(bytes32) = keccak256("Counterfoil Anchor")
VERSION: constant(bytes32) = keccak256("1")
CHECKPOINT_TYPE: constant(bytes32) = keccak256(
    "Checkpoint(bytes32 ledger,uint256 epoch,uint256 tree_size,bytes32 root_hash)"
)
SIGNERS_TYPE: constant(bytes32) = keccak256(
    "Signers(bytes32 ledger,uint256 epoch,uint256 threshold,address[] signers)"
)

# The ledger's id.
ledger: public(immutable(bytes32))
# The size of the latest checkpoint; 0 before the first.
tree_size: public(uint256)
# Every one that was anchored, by its size.
checkpoints: public(HashMap[uint256, Checkpoint])
# Whether the signers have signed two histories.
frozen: public(bool)
# How often the signers were set; and for each address, when last it was among them.
epoch: public(uint256)
epoch_of: public(HashMap[address, uint256])
# How many of them a checkpoint needs.
threshold: public(uint256)


@deploy
def __init__(ledger_id: bytes32, signers: DynArray[address, SIGNERS_MAX], threshold: uint256):
    """
    @param signers Strictly ascending.
    """
    ledger = ledger_id
    self._set_signers(signers, threshold)


@external
def anchor(
    tree_size: uint256,
    root_hash: bytes32,
    proof: DynArray[bytes32, proofs.CONSISTENCY_HASHES_MAX],
    signatures: DynArray[Signature, SIGNERS_MAX],
):
    """
    @notice Take a newer checkpoint.
    @param proof Of consistency with the latest one, RFC 6962, 2.1.2; empty for the first.
    @param signatures By `threshold` or more signers, ascending by their addresses.
    """
    assert not self.frozen, "frozen"
    latest: uint256 = self.tree_size
    if tree_size <= latest:
        assert tree_size != latest or root_hash == self.checkpoints[latest].root_hash, "other_root"
        raise "not_newer"
    assert tree_size <= proofs.TREE_SIZE_MAX, "too_large"
    assert root_hash != empty(bytes32), "no_root"
    self._check_signatures(self._checkpoint_digest(tree_size, root_hash), signatures)
    if latest == 0:
        assert len(proof) == 0, "wrong_log_proof"
    else:
        proofs._check_consistency(latest, self.checkpoints[latest].root_hash, tree_size, root_hash, proof)
    self.tree_size = tree_size
    self.checkpoints[tree_size] = Checkpoint(root_hash=root_hash, time=block.timestamp)
    log Anchored(tree_size=tree_size, root_hash=root_hash)


@external
def replace_signers(
    signers: DynArray[address, SIGNERS_MAX], threshold: uint256, signatures: DynArray[Signature, SIGNERS_MAX]
):
    """
    @notice Replace all signers, by those of now. What they have signed before counts no longer.
    """
    assert not self.frozen, "frozen"
    self._check_signatures(self._signers_digest(signers, threshold), signatures)
    self._set_signers(signers, threshold)


@external
def report_fork(
    tree_size: uint256,
    first_root: bytes32,
    first_signatures: DynArray[Signature, SIGNERS_MAX],
    second_root: bytes32,
    second_signatures: DynArray[Signature, SIGNERS_MAX],
):
    """
    @notice Freeze this contract for good: the signers have signed two roots of one size.
    @param first_signatures Not looked at where the first root is the one that was anchored.
    """
    assert not self.frozen, "frozen"
    assert first_root != second_root, "no_fork"
    anchored: Checkpoint = self.checkpoints[tree_size]
    if anchored.time == 0 or anchored.root_hash != first_root:
        self._check_signatures(self._checkpoint_digest(tree_size, first_root), first_signatures)
    self._check_signatures(self._checkpoint_digest(tree_size, second_root), second_signatures)
    self.frozen = True
    log Forked(tree_size=tree_size, first_root=first_root, second_root=second_root)


@external
@view
def root_at(tree_size: uint256) -> bytes32:
    """
    @notice The root of the checkpoint of this size that was anchored. Reverts where none was, and once frozen.
    """
    assert not self.frozen, "frozen"
    # No hash is zero: the time need not be read.
    found: bytes32 = self.checkpoints[tree_size].root_hash
    assert found != empty(bytes32), "unknown_checkpoint"
    return found


@external
@view
def checkpoint_digest(tree_size: uint256, root_hash: bytes32) -> bytes32:
    """
    @notice What the signers sign of a checkpoint.
    """
    return self._checkpoint_digest(tree_size, root_hash)


@external
@view
def signers_digest(signers: DynArray[address, SIGNERS_MAX], threshold: uint256) -> bytes32:
    """
    @notice What the signers sign of those who shall replace them.
    """
    return self._signers_digest(signers, threshold)


@internal
def _set_signers(signers: DynArray[address, SIGNERS_MAX], threshold: uint256):
    assert threshold != 0 and threshold <= len(signers), "wrong_threshold"
    epoch: uint256 = self.epoch + 1
    last: uint160 = 0
    for signer: address in signers:
        number: uint160 = convert(signer, uint160)
        assert number > last, "signer_order"
        last = number
        self.epoch_of[signer] = epoch
    self.epoch = epoch
    self.threshold = threshold
    log SignersReplaced(epoch=epoch, threshold=threshold, signers=signers)


@internal
@view
def _check_signatures(digest: bytes32, signatures: DynArray[Signature, SIGNERS_MAX]):
    """
    @notice Reverts unless every signature is by another signer, and they are enough.
    """
    assert len(signatures) >= self.threshold, "too_few_signatures"
    epoch: uint256 = self.epoch
    last: uint160 = 0
    for signature: Signature in signatures:
        assert signature.s <= S_MAX, "high_s"
        signer: address = ecrecover(digest, signature.v, signature.r, signature.s)
        # Nobody is at the address 0, which stands for a signature by none.
        assert self.epoch_of[signer] == epoch, "unknown_signer"
        number: uint160 = convert(signer, uint160)
        assert number > last, "signer_order"
        last = number


@internal
@view
def _checkpoint_digest(tree_size: uint256, root_hash: bytes32) -> bytes32:
    return self._digest(keccak256(abi_encode(CHECKPOINT_TYPE, ledger, self.epoch, tree_size, root_hash)))


@internal
@view
def _signers_digest(signers: DynArray[address, SIGNERS_MAX], threshold: uint256) -> bytes32:
    # EIP-712: the hash of the addresses, each as a word, without their count.
    words: Bytes[64 + 32 * SIGNERS_MAX] = abi_encode(signers)
    listed: bytes32 = keccak256(slice(words, 64, 32 * len(signers)))
    return self._digest(keccak256(abi_encode(SIGNERS_TYPE, ledger, self.epoch, threshold, listed)))


@internal
@view
def _digest(message: bytes32) -> bytes32:
    # Made anew each time: a chain that splits has another id from then on.
    domain: bytes32 = keccak256(abi_encode(DOMAIN_TYPE, NAME, VERSION, chain.id, self))
    return keccak256(concat(b"\x19\x01", domain, message))
