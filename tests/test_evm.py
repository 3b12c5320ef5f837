"""The contracts of clients/evm, run by py-evm on proofs of real ledgers, and `counterfoil.evm`, which calls them."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from counterfoil import Key, Ledger, ops, verify
from counterfoil.exceptions import ContractError, ProofError, WireError
from counterfoil.verify import Checkpoint, Verifier, schema_id

from tests import builders

for needed in ("vyper", "web3", "eth_tester", "eth"):
    pytest.importorskip(needed, reason=f"no {needed}: the group `test` of pyproject.toml has it")

from counterfoil import evm  # noqa: E402
from eth_account import Account  # noqa: E402
from eth_account.messages import _hash_eip191_message, encode_typed_data  # noqa: E402
from web3 import EthereumTesterProvider, Web3  # noqa: E402

from tests import chain  # noqa: E402
from tests.proof_cases import PATH as PROOFS  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SIGNERS = [Account.from_key(bytes([number]) * 32) for number in (1, 2, 3)]
STRANGER = Account.from_key(b"\x09" * 32)
ADDRESSES = [signer.address for signer in SIGNERS]
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
DAY_S = 86_400


@pytest.fixture(scope="module")
def started() -> chain.Chain:
    return chain.Chain()


@pytest.fixture
def running(started: chain.Chain) -> Iterator[chain.Chain]:
    """A chain on which nothing has happened yet, and no time has passed."""
    tester = started.provider.ethereum_tester
    before = tester.take_snapshot()
    yield started
    tester.revert_to_snapshot(before)


@dataclass
class Club:
    """A ledger, and its anchor on a chain."""

    chain: chain.Chain
    ledger: Ledger
    verifier: Verifier
    anchor: evm.Anchor
    roaster: Key
    ann: Key
    bob: Key
    bean: bytes
    schema: bytes

    def checkpoint(self) -> Checkpoint:
        """A new one, verified."""
        return self.verifier.checkpoint(self.ledger.checkpoint())

    def sign(self, checkpoint: Checkpoint, count: int = 2) -> list[bytes]:
        return self.signed_by(checkpoint, SIGNERS[:count])

    def signed_by(self, checkpoint: Checkpoint, signers: list[Any]) -> list[bytes]:
        return [self.anchor.sign(checkpoint, signer, ledger=self.ledger.id) for signer in signers]

    def anchored(self) -> Checkpoint:
        """A new one, anchored."""
        checkpoint = self.checkpoint()
        proof = self.anchor.proof_from(self.ledger, checkpoint)
        self.anchor.anchor(checkpoint, self.sign(checkpoint), proof, sender=self.chain.sender)
        return checkpoint

    def call(self, checkpoint: Checkpoint, signatures: list[bytes], proof: list[bytes] | None = None) -> str | None:
        """Why the contract refuses a checkpoint that the helper would not bring; None if it takes it."""
        listed = [split_signature(each) for each in signatures]
        found = self.anchor.proof_from(self.ledger, checkpoint) if proof is None else proof
        return refused(
            self.chain.call, self.anchor.contract, "anchor", checkpoint.tree_size, checkpoint.root_hash, found, listed
        )


@pytest.fixture
def club(running: chain.Chain, tmp_path: Path) -> Iterator[Club]:
    operator, roaster, ann, bob = (Key.from_seed(bytes([number]) * 32) for number in (1, 2, 3, 4))
    with Ledger.create(tmp_path / "club.ledger", origin="club.example/beans", operator=operator) as ledger:
        bean = ledger.create_asset(roaster, "BEAN", decimals=0, supply_cap=10**9)
        ledger.mint(roaster, bean, to=ann.account, amount=300)
        ledger.mint(roaster, bean, to=bob.account, amount=100)
        ledger.execute([evm.address_schema(roaster.account)], roaster)
        anchor = evm.Anchor.deploy(running.w3, ledger=ledger.id, signers=ADDRESSES, threshold=2, sender=running.sender)
        verifier = Verifier(ledger.verifier_key, ledger=ledger.id)
        schema = schema_id(roaster.account, "evm-address")
        yield Club(running, ledger, verifier, anchor, roaster, ann, bob, bean, schema)


def refused(call: Callable[..., object], *arguments: Any, **named: Any) -> str | None:
    """The reason of a refusal; None where there is none."""
    try:
        call(*arguments, **named)
    except (ContractError, ProofError, chain.RefusedError) as error:
        return error.reason
    return None


def split_signature(signature: bytes) -> tuple[int, int, int]:
    return signature[64], int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")


def ascending(signers: list[Any]) -> list[Any]:
    return sorted(signers, key=lambda signer: int(signer.address, 16))


# The compiled contracts.


def test_the_package_has_what_the_sources_give() -> None:
    subprocess.run([sys.executable, str(chain.FOLDER / "build.py"), "--check"], check=True)


def test_every_reason_is_explained() -> None:
    sources = [(chain.FOLDER / f"{name}.vy").read_text() for name in ("proofs", "Anchor", "Balances", "Claim")]
    said = {
        reason for source in sources for reason in re.findall(r'(?:, |raise )"([a-z_0-9]+)"$', source, re.MULTILINE)
    }
    assert sum(source.count("assert ") + source.count("raise ") for source in sources) > len(said) > 30
    assert not [reason for source in sources for reason in re.findall(r"assert [^,(\n]+$", source, re.MULTILINE)]
    assert said <= {*evm.CONTRACT_REASONS, *verify.REASONS}
    assert set(evm.CONTRACT_REASONS) == said - {*verify.REASONS}


def test_without_web3_the_import_says_what_to_install() -> None:
    program = "import sys; sys.modules['web3'] = None; import counterfoil.evm"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    expected = "ImportError: counterfoil.evm needs web3: pip install 'counterfoil[evm]'\n"
    assert (done.returncode, done.stderr.splitlines(keepends=True)[-1]) == (1, expected)


# Anchoring.


def test_checkpoints_are_anchored_one_after_the_other(club: Club) -> None:
    assert (club.anchor.ledger, club.anchor.tree_size, club.anchor.frozen) == (club.ledger.id, 0, False)
    first = club.anchored()
    club.ledger.mint(club.roaster, club.bean, to=club.ann.account, amount=5)
    second = club.anchored()
    assert club.anchor.tree_size == second.tree_size > first.tree_size
    for each in (first, second):
        found = club.anchor.checkpoint(each.tree_size)
        assert (found.root_hash, club.chain.time - found.time < 60) == (each.root_hash, True)
    assert refused(club.anchor.checkpoint, first.tree_size + 1) == "unknown_checkpoint"
    # Every size from one to another, as the log grows.
    sizes = [second.tree_size]
    for _ in range(9):
        club.ledger.mint(club.roaster, club.bean, to=club.ann.account, amount=1)
        sizes.append(club.anchored().tree_size)
    assert club.anchor.tree_size == sizes[-1]


def test_anybody_may_bring_it_and_pay(club: Club) -> None:
    relay = Account.from_key(b"\x07" * 32)
    club.chain.w3.eth.send_transaction({"from": club.chain.sender, "to": relay.address, "value": 10**18})
    checkpoint = club.checkpoint()
    receipt = club.anchor.anchor(checkpoint, club.sign(checkpoint)[::-1], [], sender=relay)
    assert receipt["from"] == relay.address
    [event] = club.anchor.contract.events.Anchored().process_receipt(receipt)
    assert event["args"] == {"tree_size": checkpoint.tree_size, "root_hash": checkpoint.root_hash}


def test_what_is_not_newer_is_refused(club: Club) -> None:
    old = club.checkpoint()
    old_signatures = club.sign(old)
    first = club.checkpoint()
    signatures = club.sign(first)
    other = replace(first, root_hash=b"?" * 32)
    other_signatures = club.sign(other)
    club.anchor.anchor(first, signatures, [], sender=club.chain.sender)
    bring = partial(club.anchor.anchor, sender=club.chain.sender)
    assert refused(bring, old, old_signatures, []) == "not_newer"
    assert refused(bring, first, signatures, []) == "not_newer"
    assert refused(bring, other, other_signatures, []) == "other_root"
    assert club.anchor.proof_from(club.ledger, old) == club.anchor.proof_from(club.ledger, first) == []
    # Nor is it signed any more.
    for checkpoint, expected in ((old, "not_newer"), (first, "not_newer"), (other, "other_root")):
        with pytest.raises(ContractError, match=f"expected a tree size over {first.tree_size}") as caught:
            club.signed_by(checkpoint, SIGNERS[:1])
        assert caught.value.reason == expected
    assert refused(club.anchor.sign, first, SIGNERS[0], ledger=b"?" * 32) == "wrong_ledger"
    # Its proof empty, the first may have any size but one that no log has.
    assert club.call(replace(first, tree_size=2**63), [], []) == "too_large"
    assert club.call(replace(first, tree_size=2**63 - 1, root_hash=bytes(32)), [], []) == "no_root"


def test_what_does_not_extend_the_latest_is_refused(club: Club, tmp_path: Path) -> None:
    first = club.checkpoint()
    assert club.call(first, ordered(club, first), [b"?" * 32]) == "wrong_log_proof"
    club.anchor.anchor(first, club.sign(first), [], sender=club.chain.sender)
    club.ledger.mint(club.roaster, club.bean, to=club.ann.account, amount=5)
    second = club.checkpoint()
    proof = club.anchor.proof_from(club.ledger, second)
    signatures = club.sign(second)
    assert len(proof) > 1
    for mutant in ([], proof[:-1], [*proof, b"?" * 32], [*proof[1:], proof[0]], [*proof[:-1], b"?" * 32]):
        assert refused(club.anchor.anchor, second, signatures, mutant, sender=club.chain.sender) == "wrong_log_proof"
    # Another history of the same ledger: a backup that went on by itself.
    club.ledger.backup(tmp_path / "backup")
    with Ledger.open(tmp_path / "backup", operator=Key.from_seed(b"\x01" * 32)) as restored:
        restored.confirm(club.ledger.last_checkpoint or "")
        club.anchor.anchor(second, signatures, proof, sender=club.chain.sender)
        third = club.anchored()
        for amount in (1, 2, 3, 4):
            restored.mint(club.roaster, club.bean, to=club.bob.account, amount=amount)
        fork = club.verifier.checkpoint(restored.checkpoint())
        assert fork.tree_size > third.tree_size
        proof = restored.prove_consistency(third.tree_size, fork.tree_size)
        signatures = club.sign(fork)
        assert refused(club.anchor.anchor, fork, signatures, proof, sender=club.chain.sender) == "wrong_log_proof"


def ordered(club: Club, checkpoint: Checkpoint, signers: list[Any] | None = None) -> list[bytes]:
    return club.signed_by(checkpoint, ascending(signers or SIGNERS[:2]))


def test_signatures(club: Club) -> None:
    checkpoint = club.checkpoint()
    good = ordered(club, checkpoint)
    assert club.call(checkpoint, good) is None
    everybody = ordered(club, checkpoint, SIGNERS)
    assert club.call(checkpoint, everybody) is None
    one, two = good
    [foreign] = club.signed_by(checkpoint, [STRANGER])
    r, s, v = one[:32], int.from_bytes(one[32:64], "big"), one[64]
    malleated = r + (ORDER - s).to_bytes(32, "big") + bytes([55 - v])
    cases = {
        "too_few_signatures": [[], [one]],
        "signer_order": [[one, one], [two, one], [one, two, two]],
        "unknown_signer": [
            ordered_with(checkpoint, club, [foreign, one]),
            [one[:-1] + bytes([55 - v]), two],
            [bytes(65), two],
            [r + bytes(32) + bytes([v]), two],
            [one[:-1] + b"\x00", two],
            [one, two[:40] + bytes([two[40] ^ 1]) + two[41:]],
        ],
        "high_s": [[malleated, two]],
    }
    for expected, listed in cases.items():
        for signatures in listed:
            assert club.call(checkpoint, signatures) == expected
    # The helper refuses them before it asks: in any order; twice is once.

    def bring(*signatures: bytes) -> str | None:
        return refused(club.anchor.anchor, checkpoint, signatures, [], sender=club.chain.sender)

    assert bring(one, one) == bring(one) == "too_few_signatures"
    assert bring(one, foreign) == bring(one, b"short") == bring(one, bytes(65)) == "unknown_signer"
    assert bring(one, malleated) == "high_s"
    assert bring(two, one, two) is None
    # Wallets count otherwise, and mean the same.
    for first in (0, 35, 37):
        club.ledger.mint(club.roaster, club.bean, to=club.ann.account, amount=1)
        later = club.checkpoint()
        counted = [each[:-1] + bytes([each[64] - 27 + first]) for each in club.sign(later)]
        club.anchor.anchor(later, counted, club.anchor.proof_from(club.ledger, later), sender=club.chain.sender)
        assert club.anchor.tree_size == later.tree_size


def ordered_with(checkpoint: Checkpoint, club: Club, signatures: list[bytes]) -> list[bytes]:
    message = encode_typed_data(full_message=club.anchor.typed_data(checkpoint))
    return sorted(signatures, key=lambda each: int(Account.recover_message(message, signature=each), 16))


def test_a_signature_counts_for_one_checkpoint_of_one_contract_on_one_chain(club: Club) -> None:
    checkpoint = club.checkpoint()
    right = club.anchor.typed_data(checkpoint)
    assert right["domain"]["chainId"] == club.chain.w3.eth.chain_id

    def signed(**changed: object) -> list[bytes]:
        domain = {name: changed.get(name, value) for name, value in right["domain"].items()}
        message = {name: changed.get(name, value) for name, value in right["message"].items()}
        data = right | {"domain": domain, "message": message}
        return [bytes(each.sign_typed_data(full_message=data).signature) for each in ascending(SIGNERS)]

    assert club.call(checkpoint, signed()) is None
    for changed in (
        {"chainId": 1},
        {"verifyingContract": ADDRESSES[0]},
        {"name": "Counterfoil"},
        {"version": "2"},
        {"ledger": b"?" * 32},
        {"epoch": 2},
        {"tree_size": checkpoint.tree_size + 1},
        {"root_hash": b"?" * 32},
    ):
        assert club.call(checkpoint, signed(**changed)) == "unknown_signer", changed
    # A second anchor of the same ledger and signers takes none that was made for the first.
    again = evm.Anchor.deploy(
        club.chain.w3, ledger=club.ledger.id, signers=ADDRESSES, threshold=2, sender=club.chain.sender
    )
    signatures = club.sign(checkpoint)
    assert refused(again.anchor, checkpoint, signatures, [], sender=club.chain.sender) == "unknown_signer"


def test_the_digest_is_that_of_eip_712(club: Club) -> None:
    checkpoint = club.checkpoint()
    data = club.anchor.typed_data(checkpoint)
    [digest] = club.chain.call(club.anchor.contract, "checkpoint_digest", checkpoint.tree_size, checkpoint.root_hash)
    assert digest == _hash_eip191_message(encode_typed_data(full_message=data))
    for count in (1, 2, 16):
        signers = [Account.from_key(bytes([100 + number]) * 32).address for number in range(count)]
        data = club.anchor.signers_typed_data(signers, count)
        [digest] = club.chain.call(
            club.anchor.contract, "signers_digest", data["message"]["signers"], data["message"]["threshold"]
        )
        assert digest == _hash_eip191_message(encode_typed_data(full_message=data))


@pytest.mark.parametrize(
    ("signers", "threshold", "expected"),
    [
        ([], 0, "wrong_threshold"),
        ([], 1, "wrong_threshold"),
        (ADDRESSES, 0, "wrong_threshold"),
        (ADDRESSES, 4, "wrong_threshold"),
        ([ADDRESSES[0]] * 2, 1, "signer_order"),
        (["0x" + "00" * 20, ADDRESSES[0]], 1, "signer_order"),
    ],
)
def test_signers_that_cannot_be(club: Club, signers: list[str], threshold: int, expected: str) -> None:
    sender = club.chain.sender
    given = {"signers": signers, "threshold": threshold, "sender": sender}
    assert refused(evm.Anchor.deploy, club.chain.w3, ledger=club.ledger.id, **given) == expected
    signatures = [club.anchor.sign_signers(signers, threshold, each) for each in SIGNERS]
    assert refused(club.anchor.replace_signers, signers, threshold, signatures, sender=sender) == expected


def test_what_no_contract_would_take(club: Club) -> None:
    many = [Account.from_key(bytes([100 + number]) * 32).address for number in range(17)]
    given = {"ledger": club.ledger.id, "threshold": 1, "sender": club.chain.sender}
    with pytest.raises(WireError, match="signers: expected at most 16, found 17"):
        evm.Anchor.deploy(club.chain.w3, signers=many, **given)
    checkpoint = club.checkpoint()
    with pytest.raises(WireError, match="proof: expected 32 bytes, found 31"):
        club.anchor.anchor(checkpoint, club.sign(checkpoint), [bytes(31)], sender=club.chain.sender)


def test_signers_replace_themselves(club: Club) -> None:
    first = club.anchored()
    old = club.checkpoint()
    old_signatures = club.sign(old)
    new = [SIGNERS[1], STRANGER]
    addresses = [each.address for each in new]
    signatures = [club.anchor.sign_signers(addresses, 2, each) for each in SIGNERS]

    def replaced(*given: bytes) -> Any:
        return club.anchor.replace_signers(addresses, 2, given, sender=club.chain.sender)

    assert refused(replaced, signatures[0]) == "too_few_signatures"
    assert refused(replaced, *old_signatures) == "unknown_signer"
    receipt = replaced(*signatures[:2])
    [event] = club.anchor.contract.events.SignersReplaced().process_receipt(receipt)
    assert sorted(event["args"]["signers"]) == sorted(addresses)
    assert (event["args"]["epoch"], event["args"]["threshold"]) == (2, 2)
    # What was signed before counts no longer, not even by who stayed; and it cannot be done twice by the same.
    proof = club.anchor.proof_from(club.ledger, old)

    def bring(signed: list[bytes]) -> str | None:
        return refused(club.anchor.anchor, old, signed, proof, sender=club.chain.sender)

    assert bring(old_signatures) == "unknown_signer"
    assert refused(replaced, *signatures[:2]) == "unknown_signer"
    assert bring(club.sign(old)) == "unknown_signer"
    assert bring(club.signed_by(old, new)) is None
    assert club.anchor.checkpoint(first.tree_size).root_hash == first.root_hash


def test_a_fork_freezes_it_for_good(club: Club) -> None:
    anchored = club.anchored()
    statement = club.ledger.prove_balance(club.bean, club.ann.account)
    balances = evm.Balances.deploy(club.chain.w3, anchor=club.anchor.address, sender=club.chain.sender)
    assert balances.balance_of(statement).amount == 300
    other = replace(anchored, root_hash=b"?" * 32)
    signed = signatures_over(club, other)
    report = partial(club.anchor.report_fork, sender=club.chain.sender)
    assert refused(report, anchored, anchored, signed) == "no_fork"
    assert refused(report, anchored, replace(other, tree_size=1), signed) == "no_fork"
    assert refused(report, anchored, other, signed[:1]) == "too_few_signatures"
    assert refused(report, anchored, other, [signed[0], b"?" * 65]) == "unknown_signer"
    assert refused(report, anchored, other, [signed[0], b"\xff" * 65]) == "high_s"
    # Against a root that is not anchored the first one needs signatures, too.
    unknown = replace(anchored, root_hash=b"!" * 32)
    assert refused(report, unknown, other, signed) == "too_few_signatures"
    assert refused(report, other, anchored, signatures_over(club, anchored)) == "too_few_signatures"
    assert refused(club.chain.call, club.anchor.contract, "report_fork", 1, b"a" * 32, [], b"a" * 32, []) == "no_fork"
    assert not club.anchor.frozen
    receipt = report(anchored, other, signed)
    [event] = club.anchor.contract.events.Forked().process_receipt(receipt)
    assert (event["args"]["first_root"], event["args"]["second_root"]) == (anchored.root_hash, b"?" * 32)
    assert club.anchor.frozen
    newer = club.checkpoint()
    signatures = club.sign(newer)
    proof = club.ledger.prove_consistency(anchored.tree_size, newer.tree_size)
    swap = [club.anchor.sign_signers(ADDRESSES, 1, each) for each in SIGNERS]
    sender = club.chain.sender
    assert refused(club.anchor.anchor, newer, signatures, proof, sender=sender) == "frozen"
    assert refused(club.anchor.replace_signers, ADDRESSES, 1, swap, sender=sender) == "frozen"
    assert refused(report, anchored, other, signed) == "frozen"
    assert refused(balances.balance_of, statement) == "frozen"


def signatures_over(club: Club, checkpoint: Checkpoint) -> list[bytes]:
    """By signers who do not ask whether they should."""
    data = club.anchor.typed_data(checkpoint)
    return [bytes(each.sign_typed_data(full_message=data).signature) for each in SIGNERS[:2]]


def test_a_fork_of_what_was_never_anchored(club: Club) -> None:
    club.anchored()
    first = Checkpoint("club.example/beans", 1_000, b"a" * 32)
    second = replace(first, root_hash=b"b" * 32)
    signed = [signatures_over(club, each) for each in (first, second)]
    report = partial(club.anchor.report_fork, sender=club.chain.sender)
    assert refused(report, first, second, signed[1], signed[1]) == "unknown_signer"
    assert refused(report, first, second, signed[0], signed[0]) == "unknown_signer"
    report(first, second, signed[1], signed[0])
    assert club.anchor.frozen


# Balances.


def test_balances_of_a_real_ledger(club: Club) -> None:
    balances = evm.Balances.deploy(club.chain.w3, anchor=club.anchor.address, sender=club.chain.sender)
    for _ in range(3):
        checkpoint = club.anchored()
        for account in (club.ann.account, club.bob.account, club.roaster.account, b"?" * 32):
            for asset in (club.bean, b"?" * 32):
                statement = club.ledger.prove_balance(asset, account)
                claim = club.verifier.balance(bytes(statement))
                found = balances.balance_of(statement, asset=asset, account=account)
                assert (found.amount, found.supply, found.time) == (claim.amount, claim.supply, claim.time)
                assert claim.tree_size == checkpoint.tree_size
        club.ledger.transfer(club.ann, club.bean, to=club.bob.account, amount=7)
    # Statements under older checkpoints remain provable; those under one that nobody anchored are not.
    assert balances.balance_of(statement).time == claim.time
    club.checkpoint()
    assert refused(balances.balance_of, club.ledger.prove_balance(club.bean, club.ann.account)) == (
        "unknown_checkpoint"
    )
    assert refused(balances.balance_of, statement, asset=club.bean) == "wrong_question"
    assert refused(balances.balance_of, statement, account=club.ann.account) == "wrong_question"
    assert refused(balances.balance_of, club.ledger.prove("assets", club.bean)) == "wrong_question"


NOT_ON_CHAIN = {
    # The question, the note and its signatures, and the verifier's clock: the anchor and the caller answer for them.
    *(
        "malformed_question",
        "unknown_table",
        "wrong_question",
        "malformed_statement",
        "malformed_note",
        "bad_signature",
    ),
    *("malformed_checkpoint", "wrong_key", "wrong_origin", "ambiguous_key", "too_few_witnesses", "wrong_time"),
    *("stale", "from_the_future", "too_long"),
}


def balance_cases() -> list[dict[str, Any]]:
    """The balances of clients/proofs.json, each with its statement's bytes."""
    data = json.loads(PROOFS.read_text())
    inputs = [base64.b64decode(each) for each in data["inputs"]]
    cases = [case for case in data["cases"] if case["method"] == "balance"]
    return [case | {"data": inputs[case["inputs"][0]]} for case in cases]


def test_balances_that_every_client_is_asked_about(running: chain.Chain) -> None:
    seen = {"accepted": 0, "refused": 0}
    contracts: dict[tuple[bytes, Checkpoint], evm.Balances] = {}
    for case in balance_cases():
        options = case["options"]
        if case.get("reason") in NOT_ON_CHAIN:
            continue
        asset, account = (bytes.fromhex(options.get(name) or "") for name in ("asset", "account"))
        data = case["data"]
        if data.startswith(verify._STATEMENT):
            data = verify.encode_question("holders", asset, account) + data
        if reason := refused(evm.split_statement, data):
            assert reason == case["reason"], case["name"]
            seen["refused"] += 1
            continue
        parts = evm.split_statement(data)
        # A contract always knows which ledger it asks about.
        known = options.get("ledger") or case.get("claim", {}).get("ledger")
        ledger = bytes.fromhex(known) if known else builders.World.example().ledger
        if not parts.checkpoint.tree_size or parts.checkpoint.root_hash == bytes(32):
            # Neither an empty log nor a root that is no hash is ever anchored.
            assert case["reason"] == "not_last_entry"
            seen["refused"] += 1
            continue
        of = ledger, parts.checkpoint
        if of not in contracts:
            contracts[of] = anchored_balances(running, *of)
        asked = evm.Balances.arguments(parts)
        if "claim" in case:
            seen["accepted"] += 1
            found = running.call(contracts[of].contract, "balance_of", *asked)
            assert found == tuple(int(case["claim"][name]) for name in ("amount", "supply", "time")), case["name"]
        else:
            seen["refused"] += 1
            reason = refused(running.call, contracts[of].contract, "balance_of", *asked)
            assert reason == case["reason"], case["name"]
    assert seen == {"accepted": 29, "refused": 45}


def anchored(running: chain.Chain, ledger: bytes, checkpoint: Checkpoint) -> evm.Anchor:
    """The anchor of a ledger with this checkpoint, of one signer."""
    given = {"signers": ADDRESSES[:1], "threshold": 1, "sender": running.sender}
    anchor = evm.Anchor.deploy(running.w3, ledger=ledger, **given)
    anchor.anchor(checkpoint, [anchor.sign(checkpoint, SIGNERS[0], ledger=anchor.ledger)], [], sender=running.sender)
    return anchor


def anchored_balances(running: chain.Chain, ledger: bytes, checkpoint: Checkpoint) -> evm.Balances:
    """The contract, for a ledger whose only anchored checkpoint is this one."""
    return evm.Balances.deploy(running.w3, anchor=anchored(running, ledger, checkpoint).address, sender=running.sender)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (lambda entry: entry, None),
        (lambda entry: b"\x01" + entry[1:], "wrong_entry"),
        (lambda entry: b"\x03" + entry[1:], "wrong_entry"),
        (lambda _: b"", "wrong_entry"),
        (lambda entry: entry[:-1], "malformed_entry"),
        (lambda _: b"\x02", "malformed_entry"),
        (lambda entry: entry[:1] + b"\x02" + entry[2:], "unknown_version"),
        (lambda entry: entry[:2] + bytes(32) + entry[34:], "wrong_ledger"),
        (lambda entry: entry[:38] + builders.u(8, 3) + entry[46:], "wrong_entry"),  # the height is the index
        (lambda entry: entry[:54] + builders.u(8, 4) + entry[62:], "wrong_entry"),  # through what comes after
        (lambda entry: entry[:54] + b"\xff" * 8 + entry[62:], "wrong_entry"),
    ],
)
def test_what_ends_a_log_and_is_no_commit(
    running: chain.Chain, changed: Callable[[bytes], bytes], expected: str | None
) -> None:
    # A contract is not asked through a note and a question: these are the last entries of logs that are anchored.
    world = builders.World.example()
    log = world.log()
    log[-1] = changed(log[-1])
    checkpoint = Checkpoint(world.origin, len(log), builders.log_root(log))
    contract = anchored_balances(running, world.ledger, checkpoint).contract
    record_proof, directory_proof, *_ = world.parts("holders", builders.BEAN, builders.BOB)
    parts = builders.BEAN, builders.BOB, len(log), record_proof, directory_proof, log[-1]
    inclusion = builders.inclusion(log, len(log) - 1)
    assert refused(running.call, contract, "balance_of", *parts, inclusion) == expected


@pytest.mark.soak
def test_whatever_byte_is_changed_it_is_no_proof(running: chain.Chain) -> None:
    # All of them where there is time; else every third.
    step = 1 if os.environ.get("COUNTERFOIL_SOAK") else 3
    world = builders.World.example()
    parts = evm.split_statement(world.question("holders", builders.BEAN, builders.BOB))
    contract = anchored_balances(running, world.ledger, parts.checkpoint).contract
    asked = list(evm.Balances.arguments(parts))
    call = partial(running.call, contract, "balance_of")
    assert call(*asked) == (120, 1_320, builders.TIME + 5_000)
    count = 0
    for place, value in enumerate(asked):
        if isinstance(value, int):
            assert refused(call, *asked[:2], value + 1, *asked[3:]) == "unknown_checkpoint"
            continue
        joined = b"".join(value) if isinstance(value, list) else value
        for at in range(0, len(joined), step):
            changed = joined[:at] + bytes([joined[at] ^ (1 << at % 8)]) + joined[at + 1 :]
            listed = [changed[each : each + 32] for each in range(0, len(changed), 32)]
            given = [*asked[:place], listed if isinstance(value, list) else changed, *asked[place + 1 :]]
            count += 1
            # Another question may have another answer, nothing; it does not have this one.
            reason = refused(call, *given)
            assert reason or (place < 2 and call(*given) != (120, 1_320, builders.TIME + 5_000)), (place, at)
    assert count > 800 / step


def test_lots_that_contradict_the_balance(running: chain.Chain) -> None:
    big = builders.holding(1, [(number, 1) for number in range(64)])
    right = {
        5: builders.holding(20_000, [(672, 2), (673, 3)]),
        6: builders.holding(7, []),
        7: b"",
        64: big,
    }
    wrong = {
        11: builders.holding(20_000, [(673, 3), (672, 8)]),
        12: builders.holding(20_000, [(672, 6), (672, 6)]),
        13: builders.holding(20_000, [(672, 13), (673, 0)]),
        14: builders.holding(20_000, [(672, 13)]),
        15: b"\0" * 3,
        16: builders.holding(0, [(0, 16)])[:-1],
        17: b"\0" * 23,
        65: builders.holding(1, [(number, 1) for number in range(65)]),
        0: b"",
    }
    world = builders.World.example()
    records = {builders.sha256(builders.big(4, units)): (units, value) for units, value in (right | wrong).items()}
    world.tables = {("holders", builders.CUP): records}
    parts = evm.split_statement(world.question("holders", builders.CUP, b"?" * 32))
    balances = anchored_balances(running, world.ledger, parts.checkpoint)
    for units in right | wrong:
        statement = world.question("holders", builders.CUP, builders.sha256(builders.big(4, units)))
        expected = refused(Verifier(world.vkey).balance, statement)
        assert refused(balances.balance_of, statement) == expected
        assert expected == ("malformed_record" if units in wrong else None)
        if units in right:
            assert balances.balance_of(statement).amount == units


def test_a_statement_that_the_contract_cannot_read() -> None:
    world = builders.World.example()
    parts = world.parts("holders", builders.BEAN, builders.BOB)
    longer = bytes(evm.PROOF_BYTES_MAX + 1)
    for place, part, expected in (
        (0, longer, "too_long"),
        (1, longer, "too_long"),
        (2, parts[2] + b"\0", "malformed_entry"),
        (3, bytes(64 * 32), "too_long"),
        (4, b"no note", "malformed_checkpoint"),
        (4, parts[4].replace(b"\n", b"\r"), "malformed_checkpoint"),
    ):
        changed = builders.join_statement([*parts[:place], part, *parts[place + 1 :]])
        data = builders.question("holders", builders.BEAN, builders.BOB) + changed
        assert refused(evm.split_statement, data) == expected


# Claims.


@dataclass
class Airdrop:
    """A claim that is open, and what is needed to make it."""

    club: Club
    contract: evm.Claim
    held: dict[bytes, Any]

    def attest(self, key: Key, payee: str, **changed: Any) -> None:
        self.club.ledger.execute([replace(self.contract.attest(key.account, payee), **changed)], key)

    def statement(self, account: bytes) -> Any:
        return self.club.ledger.prove("attestations", self.contract.attestation_id(account), key=self.club.schema)

    def claim(self, key: Key) -> str | None:
        account = key.account
        return refused(
            self.contract.claim, account, self.held[account], self.statement(account), sender=self.club.chain.sender
        )


POOL_WEI = 10**18


@pytest.fixture
def airdrop(club: Club) -> Airdrop:
    club.anchored()
    keys = (club.ann, club.bob, club.roaster)
    held = {key.account: club.ledger.prove_balance(club.bean, key.account) for key in keys}
    contract = evm.Claim.deploy(
        club.chain.w3,
        anchor=club.anchor.address,
        schema=club.schema,
        statement=held[club.roaster.account],
        closes=club.chain.time + 7 * DAY_S,
        max_age_s=DAY_S,
        amount_wei=POOL_WEI,
        sender=club.chain.sender,
    )
    return Airdrop(club, contract, held)


def new_address() -> str:
    return str(Account.create().address)


def test_a_claim_is_paid_once_to_where_the_account_said(airdrop: Airdrop) -> None:
    club = airdrop.club
    payee = new_address()
    airdrop.attest(club.ann, payee)
    # The beans go on; the balance that counts is that of the checkpoint.
    club.ledger.transfer(club.ann, club.bean, to=club.bob.account, amount=300)
    club.anchored()
    receipt = airdrop.contract.claim(
        club.ann.account, airdrop.held[club.ann.account], airdrop.statement(club.ann.account), sender=club.chain.sender
    )
    assert club.chain.w3.eth.get_balance(payee) == POOL_WEI * 300 // 400
    [event] = airdrop.contract.contract.events.Claimed().process_receipt(receipt)
    assert event["args"] == {
        "account": club.ann.account,
        "payee": payee,
        "units": 300,
        "amount_wei": POOL_WEI * 300 // 400,
    }
    assert airdrop.claim(club.ann) == "claimed"
    # Nor with what she had given on: one checkpoint counts for all.
    other = club.ledger.prove_balance(club.bean, club.bob.account)
    said = airdrop.statement(club.bob.account)
    assert refused(airdrop.contract.claim, club.bob.account, other, said, sender=club.chain.sender) == "wrong_question"
    assert airdrop.claim(club.bob) == "not_attested"
    airdrop.attest(club.bob, payee)
    club.anchored()
    assert airdrop.claim(club.bob) is None
    assert club.chain.w3.eth.get_balance(payee) == POOL_WEI
    assert club.chain.w3.eth.get_balance(airdrop.contract.address) == 0


def test_nobody_claims_with_the_statement_of_another(airdrop: Airdrop) -> None:
    club = airdrop.club
    eve = Key.from_seed(b"\x05" * 32)
    thief = new_address()
    # Eve attests about herself; about Ann; and Ann about Eve.
    airdrop.attest(eve, thief)
    for issuer, subject in ((eve, club.ann), (club.ann, eve)):
        operation = replace(
            airdrop.contract.attest(issuer.account, thief), issuer=issuer.account, subject=subject.account
        )
        club.ledger.execute([operation], issuer)
    # A schema that Eve made says what it says; what counts is who attests.
    club.ledger.execute([evm.address_schema(eve.account, "mine")], eve)
    mine = schema_id(eve.account, "mine")
    club.ledger.execute([replace(airdrop.contract.attest(eve.account, thief), schema=mine)], eve)
    club.anchored()
    held = airdrop.held[club.ann.account]

    def prove(issuer: Key, subject: Key, schema: bytes = club.schema) -> Any:
        nonce = airdrop.contract.nonce
        identifier = verify.attestation_id(schema, issuer.account, subject.account, nonce)
        return club.ledger.prove("attestations", identifier, key=schema)

    forged = [prove(eve, eve), prove(eve, club.ann), prove(club.ann, eve), prove(eve, eve, mine)]
    for each in forged:
        assert club.verifier.record(bytes(each)).present
        claim = airdrop.contract.claim
        assert refused(claim, club.ann.account, held, each, sender=club.chain.sender) == "wrong_question"
        # The contract itself, which does not see the question.
        assert raw_claim(airdrop, club.ann.account, held, each) in ("wrong_root", "wrong_leaf")
        assert raw_claim(airdrop, eve.account, held, each) in ("wrong_root", "wrong_leaf")
    assert club.chain.w3.eth.get_balance(thief) == 0
    # With her own absence she gets nothing, attested or not.
    absent = club.ledger.prove_balance(club.bean, eve.account)
    assert raw_claim(airdrop, eve.account, absent, forged[0]) in ("no_balance", "wrong_root")


def raw_claim(airdrop: Airdrop, account: bytes, balance: Any, attestation: Any) -> str | None:
    """What the contract says, without the helper."""
    held, said = evm.split_statement(balance), evm.split_statement(attestation)
    return refused(
        airdrop.club.chain.call,
        airdrop.contract.contract,
        "claim",
        account,
        held.record_proof,
        said.checkpoint.tree_size,
        said.record_proof,
        said.directory_proof,
        said.commit_entry,
        list(said.inclusion),
    )


def test_attestations_that_do_not_count(airdrop: Airdrop) -> None:
    club = airdrop.club
    payee = new_address()
    club.anchored()
    assert airdrop.claim(club.ann) == "not_attested"
    # For another contract, another chain: another nonce.
    airdrop.attest(club.ann, payee, nonce=bytes(32))
    club.anchored()
    assert airdrop.claim(club.ann) == "not_attested"
    # One that expires, though it is live.
    airdrop.attest(club.ann, payee, expires=club.ledger.time + 2_000)
    club.anchored()
    assert airdrop.claim(club.ann) == "wrong_attestation"
    # One that was revoked.
    airdrop.attest(club.bob, payee)
    attested = club.anchored()
    revoke = ops.Revoke(
        schema=club.schema, issuer=club.bob.account, subject=club.bob.account, nonce=airdrop.contract.nonce
    )
    club.ledger.execute([revoke], club.bob)
    club.anchored()
    assert attested.tree_size < club.anchor.tree_size
    assert airdrop.claim(club.bob) == "wrong_attestation"
    # Attested anew, it counts.
    other = new_address()
    airdrop.attest(club.bob, other)
    assert airdrop.claim(club.bob) == "wrong_attestation"  # the last statement that there is
    club.checkpoint()
    assert airdrop.claim(club.bob) == "unknown_checkpoint"
    club.anchored()
    assert airdrop.claim(club.bob) is None
    assert club.chain.w3.eth.get_balance(payee) == 0
    assert club.chain.w3.eth.get_balance(other) == POOL_WEI // 4


@pytest.mark.parametrize(
    "content",
    [verify.Bytes(b"a" * 19), verify.Bytes(b"a" * 21), verify.Integer(7), verify.Commitment(b"a" * 20 + bytes(12))],
)
def test_attestations_of_something_else(airdrop: Airdrop, content: Any) -> None:
    club = airdrop.club
    kinds = {verify.Integer: verify.IntegerRange(0, 9), verify.Commitment: verify.CommitmentKind()}
    kind = kinds.get(type(content), verify.BytesUpTo(21))
    club.ledger.execute([ops.Schema(creator=club.ann.account, name="other", content=kind)], club.ann)
    schema = schema_id(club.ann.account, "other")
    contract = evm.Claim.deploy(
        club.chain.w3,
        anchor=club.anchor.address,
        schema=schema,
        statement=airdrop.held[club.ann.account],
        closes=club.chain.time + DAY_S,
        max_age_s=DAY_S,
        amount_wei=1,
        sender=club.chain.sender,
    )
    club.ledger.execute([replace(contract.attest(club.ann.account, new_address()), content=content)], club.ann)
    club.anchored()
    said = club.ledger.prove("attestations", contract.attestation_id(club.ann.account), key=schema)
    held = airdrop.held[club.ann.account]
    assert refused(contract.claim, club.ann.account, held, said, sender=club.chain.sender) == "wrong_attestation"


def test_an_attestation_is_proven_by_a_fresh_checkpoint(airdrop: Airdrop) -> None:
    club = airdrop.club
    airdrop.attest(club.ann, new_address())
    club.anchored()
    club.chain.travel(2 * DAY_S)
    assert airdrop.claim(club.ann) == "stale"
    club.chain.travel(6 * DAY_S)
    assert airdrop.claim(club.ann) == "closed"


@pytest.mark.parametrize(
    ("changed", "ahead_s", "expected"),
    [
        ({}, 0, None),
        ({}, 290, None),
        ({}, 310, "from_the_future"),
        ({}, -DAY_S - 10, "stale"),
        ({"issuer": builders.BOB}, 0, "wrong_record"),
        ({"subject": builders.BOB}, 0, "wrong_record"),
        ({"nonce": bytes(32)}, 0, "wrong_record"),
        ({"expires": b"\x01" + bytes(8)}, 0, "wrong_attestation"),
        ({"content": b"\x02" + builders.u(4, 21) + b"a" * 20}, 0, "wrong_attestation"),
        ({"content": b"\x01" + builders.u(4, 20) + b"a" * 20}, 0, "wrong_attestation"),
        ({"revoked": b"\x01"}, 0, "wrong_attestation"),
        ({"revoked": b"\x00\x00"}, 0, "wrong_attestation"),
    ],
)
def test_attestations_and_times_that_no_ledger_has(
    running: chain.Chain, changed: dict[str, bytes], ahead_s: int, expected: str | None
) -> None:
    world, schema = builders.World.example(), b"s" * 32
    held = world.question("holders", builders.BEAN, builders.ANN)
    anchor = anchored(running, world.ledger, evm.split_statement(held).checkpoint)
    contract = evm.Claim.deploy(
        running.w3,
        anchor=anchor.address,
        schema=schema,
        statement=held,
        closes=running.time + DAY_S,
        max_age_s=DAY_S,
        amount_wei=1_320,
        sender=running.sender,
    )
    record = {
        "issuer": builders.ANN,
        "subject": builders.ANN,
        "nonce": contract.nonce,
        "issued": builders.u(8, 7),
        "expires": b"\x00",
        "content": b"\x02" + builders.u(4, 20) + b"a" * 20,
        "revoked": b"\x00",
    }
    value = b"".join((record | changed).values())
    # Under the id that an attestation of Ann's about herself has, whatever it says.
    world.entries = world.log()
    world.tables["attestations", schema] = {contract.attestation_id(builders.ANN): (0, value)}
    world.commit_parts["time"] = (running.time + ahead_s) * 1_000
    said = world.question("attestations", schema, contract.attestation_id(builders.ANN))
    checkpoint = evm.split_statement(said).checkpoint
    proof = builders.consistency(world.log(), anchor.tree_size)
    anchor.anchor(checkpoint, [anchor.sign(checkpoint, SIGNERS[0], ledger=anchor.ledger)], proof, sender=running.sender)
    payee = Web3.to_checksum_address("0x" + (b"a" * 20).hex())
    before = running.w3.eth.get_balance(payee)
    assert refused(contract.claim, builders.ANN, held, said, sender=running.sender) == expected
    assert running.w3.eth.get_balance(payee) == before + (0 if expected else 380)


def test_what_is_left_goes_back_when_it_is_over(airdrop: Airdrop) -> None:
    club = airdrop.club
    airdrop.attest(club.bob, new_address())
    club.anchored()
    assert airdrop.claim(club.bob) is None
    stranger = club.chain.w3.eth.accounts[1]
    assert refused(airdrop.contract.close, sender=stranger) == "not_owner"
    assert refused(airdrop.contract.close, sender=club.chain.sender) == "open"
    # A fork does not hold it up.
    anchored = club.anchor.checkpoint(club.anchor.tree_size)
    first = Checkpoint("club.example/beans", anchored.tree_size, anchored.root_hash)
    second = replace(first, root_hash=b"?" * 32)
    club.anchor.report_fork(first, second, signatures_over(club, second), sender=club.chain.sender)
    assert airdrop.claim(club.ann) == "frozen"
    club.chain.travel(7 * DAY_S)
    before = club.chain.w3.eth.get_balance(club.chain.sender)
    receipt = airdrop.contract.close(sender=club.chain.sender)
    paid = receipt["gasUsed"] * receipt["effectiveGasPrice"]
    assert club.chain.w3.eth.get_balance(club.chain.sender) == before - paid + POOL_WEI * 3 // 4


def test_an_attestation_of_any_age(airdrop: Airdrop) -> None:
    club = airdrop.club
    held = airdrop.held[club.bob.account]
    given = {"anchor": club.anchor.address, "schema": club.schema, "statement": held, "max_age_s": 2**256 - 1}
    end = club.chain.time + 7 * DAY_S
    claim = evm.Claim.deploy(club.chain.w3, closes=end, amount_wei=POOL_WEI, sender=club.chain.sender, **given)
    club.ledger.execute([claim.attest(club.bob.account, new_address())], club.bob)
    club.anchored()
    said = club.ledger.prove("attestations", claim.attestation_id(club.bob.account), key=club.schema)
    club.chain.travel(6 * DAY_S)
    assert refused(claim.claim, club.bob.account, held, said, sender=club.chain.sender) is None


def test_a_part_of_less_than_a_wei(airdrop: Airdrop) -> None:
    club = airdrop.club
    held = airdrop.held[club.bob.account]
    given = {"anchor": club.anchor.address, "schema": club.schema, "statement": held, "max_age_s": DAY_S}
    end = club.chain.time + DAY_S
    claim = evm.Claim.deploy(club.chain.w3, closes=end, amount_wei=3, sender=club.chain.sender, **given)
    club.ledger.execute([claim.attest(club.bob.account, new_address())], club.bob)
    club.anchored()
    said = club.ledger.prove("attestations", claim.attestation_id(club.bob.account), key=club.schema)
    assert refused(claim.claim, club.bob.account, held, said, sender=club.chain.sender) == "no_balance"


def test_a_payee_that_takes_no_ether(airdrop: Airdrop) -> None:
    club = airdrop.club
    airdrop.attest(club.ann, club.anchor.address)
    club.anchored()
    assert airdrop.claim(club.ann) == "reverted"
    # Nothing was paid, and nothing is lost: the account says another address.
    revoke = ops.Revoke(
        schema=club.schema, issuer=club.ann.account, subject=club.ann.account, nonce=airdrop.contract.nonce
    )
    club.ledger.execute([revoke], club.ann)
    airdrop.attest(club.ann, new_address())
    club.anchored()
    assert airdrop.claim(club.ann) is None


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"amount_wei": 0}, "wrong_pool"),
        ({"closes": 1}, "wrong_end"),
        ({"asset": b"?" * 32}, "no_holders"),
        ({"table": "assets"}, "wrong_question"),
        ({"later": True}, "unknown_checkpoint"),
    ],
)
def test_a_claim_that_cannot_be(club: Club, changed: dict[str, Any], expected: str) -> None:
    club.anchored()
    if changed.pop("later", False):
        club.checkpoint()
    statement = club.ledger.prove_balance(changed.pop("asset", club.bean), club.ann.account)
    if changed.pop("table", None):
        statement = club.ledger.prove("assets", club.bean)
    given = {"closes": club.chain.time + DAY_S, "amount_wei": 1} | changed
    given |= {"anchor": club.anchor.address, "schema": club.schema, "statement": statement, "max_age_s": DAY_S}
    assert refused(evm.Claim.deploy, club.chain.w3, sender=club.chain.sender, **given) == expected


# A node.


class NodeProvider(EthereumTesterProvider):
    """The chain as a node tells of it over JSON-RPC: a revert is an error with its data."""

    def make_request(self, method: Any, params: Any) -> Any:
        try:
            return super().make_request(method, params)
        except Exception as error:
            text = str(error)
            if not text.startswith("execution reverted"):
                raise
            reason = text.removeprefix("execution reverted: ").encode()
            data = (
                "0x08c379a0" + (bytes(31) + b"\x20" + len(reason).to_bytes(32, "big") + reason.ljust(32, b"\0")).hex()
            )
            return {"id": 1, "jsonrpc": "2.0", "error": {"code": 3, "message": text, "data": data}}


def test_the_reason_as_a_node_tells_it(club: Club) -> None:
    node = NodeProvider(club.chain.provider.ethereum_tester)
    anchor = evm.Anchor(Web3(node), club.anchor.address)
    checkpoint = club.anchored()
    balances = evm.Balances.deploy(Web3(node), anchor=anchor.address, sender=club.chain.sender)
    club.checkpoint()
    statement = club.ledger.prove_balance(club.bean, club.ann.account)
    with pytest.raises(ContractError, match="no checkpoint of this size is anchored") as caught:
        balances.balance_of(statement)
    assert caught.value.reason == "unknown_checkpoint"
    signatures = signatures_over(club, checkpoint)
    with pytest.raises(ContractError, match="is not larger than the latest one") as caught:
        anchor.anchor(checkpoint, signatures, [], sender=club.chain.sender)
    assert caught.value.reason == "not_newer"


class RacedProvider(EthereumTesterProvider):
    """A chain on which somebody is faster: before the first transaction comes another."""

    def __init__(self, tester: Any, first: Callable[[], object]) -> None:
        super().__init__(tester)
        self.first = [first]

    def make_request(self, method: Any, params: Any) -> Any:
        if method == "eth_sendTransaction" and self.first:
            self.first.pop()()
        return super().make_request(method, params)


def test_another_relay_was_faster(club: Club) -> None:
    checkpoint = club.checkpoint()
    signatures = club.sign(checkpoint)

    def first() -> object:
        return club.anchor.anchor(checkpoint, signatures, [], sender=club.chain.sender)

    provider = RacedProvider(club.chain.provider.ethereum_tester, first)
    anchor = evm.Anchor(Web3(provider), club.anchor.address)
    with pytest.raises(ContractError, match=r"anchor: transaction 0x[0-9a-f]{64}: reverted") as caught:
        anchor.anchor(checkpoint, signatures, [], sender=club.chain.sender)
    assert caught.value.reason == "reverted"
    assert club.anchor.tree_size == checkpoint.tree_size
