"""Write clients/proofs.json and reasons.json: `python -m tests.proof_cases`. Run it when tests/test_verify.py changes.

What the verifier in Python says of the statements, receipts and checkpoints of tests/test_verify.py, for the clients in
other languages to say the same: the claim, or the code of the refusal.

- `vkeys`, `inputs` (base64): the cases say which of them, by place
- `cases`: the method, its options (bytes are hexadecimal, numbers decimal), and the `claim` or the `reason`
- `every_byte`: an input, each of whose bytes is changed in turn by an exclusive or; the reasons, each with how often it
  follows in a row
"""

from __future__ import annotations

import base64
import inspect
import json
import sys
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterfoil.exceptions import ProofError
from counterfoil.verify import (
    Cosignature,
    NoteKey,
    Verifier,
    open_note,
    parse_log_proof,
    verify_consistency,
    verify_inclusion,
    verify_map_proof,
)

from tests import test_verify
from tests.test_log_proofs import decoded, lines
from tests.verifiers import equivocation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATH = Path(__file__).parents[1] / "clients/proofs.json"
REASONS_PATH = PATH.parent / "reasons.json"
CHANGES = (0x01, 0x80, 0xFF)
TESTS: tuple[Callable[..., None], ...] = (
    test_verify.test_a_balance,
    test_verify.test_a_balance_with_lots,
    test_verify.test_absence_is_proven,
    test_verify.test_a_state_with_one_table_and_none,
    test_verify.test_records,
    test_verify.test_a_receipt,
    test_verify.test_a_checkpoint_and_consistency,
    test_verify.test_commits_and_states_that_are_signed_but_wrong,
    test_verify.test_another_ledger_of_the_same_key,
    test_verify.test_checkpoints_that_are_signed_but_wrong,
    test_verify.test_parts_that_do_not_belong,
    test_verify.test_an_absent_table_has_no_record_proof,
    test_verify.test_a_statement_about_another_than_expected,
    test_verify.test_balances_that_contradict_themselves,
    test_verify.test_records_that_contradict_themselves,
    test_verify.test_a_table_that_is_empty_has_no_entry,
    test_verify.test_freshness,
    test_verify.test_witnesses,
    test_verify.test_too_few_witnesses,
    test_verify.test_cosignatures_that_do_not_hold,
    test_verify.test_witnesses_tell_the_time,
    test_verify.test_evidence,
    test_verify.test_evidence_that_shows_no_contradiction,
    test_verify.test_evidence_that_is_not_as_it_should_be,
    test_verify.test_entries_that_are_in_the_log_but_wrong,
    test_verify.test_the_largest_transaction,
    test_verify.test_a_receipt_of_actions,
    test_verify.test_receipts_of_actions_that_are_wrong,
    test_verify.test_what_only_an_execution_does,
    test_verify.test_a_receipt_of_slips,
    test_verify.test_a_receipt_of_slips_that_their_roles_signed_elsewhere,
    test_verify.test_a_receipt_of_forged_slips,
    test_verify.test_a_key_of_an_account_with_a_record,
    test_verify.test_applied_entries_stand_between_genesis_and_the_last_commit,
    test_verify.test_receipts_that_are_not_as_they_should_be,
)
TOLD = {
    "balance": ("amount", "supply", "asset", "account", "activity_day", "cosignatures"),
    "record": ("table", "key", "record_id", "sum", "total", "raw", "table_root", "cosignatures"),
    "receipt": ("id", "index", "entry", "root_hash", "cosignatures"),
    "checkpoint": ("origin", "tree_size", "root_hash", "cosignatures"),
    "consistency": ("origin", "tree_size", "root_hash", "cosignatures"),
    "equivocation": ("origin", "tree_size", "root_hashes"),
}
"""What a claim is compared by; statements and receipts by their moment, too."""
MOMENT = {
    "balance": ("ledger", "origin", "tree_size", "height", "time", "state_root"),
    "record": ("ledger", "origin", "tree_size", "height", "time", "state_root"),
    "receipt": ("ledger", "origin", "tree_size", "time"),
}


class Cases:
    """The cases so far."""

    def __init__(self) -> None:
        self.vkeys: list[str] = []
        self.inputs: list[bytes] = []
        self.cases: list[dict[str, Any]] = []
        self.name = ""

    def place(self, of: list[Any], value: object) -> int:
        """Where a value stands, once."""
        if value not in of:
            of.append(value)
        return of.index(value)


class Recorder:
    """A verifier that remembers what it was asked and what it said."""

    def __init__(self, cases: Cases, vkey: str, **options: Any) -> None:
        self.cases, self.vkey, self.options = cases, vkey, options
        self.verifier = Verifier(vkey, **options)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def ask(*arguments: Any, **named: Any) -> Any:
            proof = [step.hex() for step in arguments[2]] if method == "consistency" else None
            inputs = [each.encode() if isinstance(each, str) else bytes(each) for each in arguments[:2]]
            case = {
                "name": f"{self.cases.name} {len(self.cases.cases)}",
                "method": method,
                "vkey": self.cases.place(self.cases.vkeys, self.vkey),
                "inputs": [self.cases.place(self.cases.inputs, each) for each in inputs],
                "options": {name: plain(value) for name, value in (self.options | named).items()},
            }
            if proof is not None:
                case["proof"] = proof
            try:
                claim = call_of(self.verifier, method)(*arguments, **named)
            except ProofError as error:
                self.cases.cases.append(case | {"reason": error.reason})
                raise
            names = (*TOLD[method], *MOMENT.get(method, ()))
            self.cases.cases.append(case | {"claim": {name: plain(getattr(claim, name)) for name in names}})
            return claim

        return ask


def call_of(verifier: Verifier, method: str) -> Callable[..., Any]:
    """The method, of evidence as it stands in a file."""
    return partial(equivocation, verifier) if method == "equivocation" else getattr(verifier, method)


def plain(value: object) -> str | list[Any] | None:
    """A value as it stands in the file."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Cosignature):
        return [value.witness.name, str(value.time)]
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return None if value is None else str(value)


def parameters(test: Callable[..., None]) -> Iterator[tuple[Any, ...]]:
    """The arguments with which pytest calls a test."""
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    if not marks:
        yield ()
    for mark in marks:
        for values in mark.args[1]:
            yield values if len(inspect.signature(test).parameters) > 1 else (values,)


def render() -> str:
    """The file's contents."""
    cases = Cases()
    kept = test_verify.VERIFIER, test_verify.Both
    recorder: Any = partial(Recorder, cases)
    test_verify.VERIFIER = recorder(test_verify.WORLD.vkey, ledger=test_verify.WORLD.ledger)
    test_verify.Both = recorder  # type: ignore[misc]
    try:
        for test in TESTS:
            cases.name = test.__name__.removeprefix("test_").replace("_", " ")
            for arguments in parameters(test):
                test(*arguments)
    finally:
        test_verify.VERIFIER, test_verify.Both = kept  # type: ignore[misc]
    made = {
        "vkeys": cases.vkeys,
        "inputs": [base64.b64encode(each).decode() for each in cases.inputs],
        "cases": cases.cases,
        "every_byte": list(every_byte(cases)),
    }
    parts = (f'"{name}": [\n{_lines(value)}\n]' for name, value in made.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(values: list[Any]) -> str:
    return ",\n".join(json.dumps(value) for value in values)


def every_byte(cases: Cases) -> Iterator[dict[str, Any]]:
    """What each changed byte of a statement, of a receipt and of evidence is refused for."""
    world = test_verify.WORLD
    verifier = Verifier(world.vkey, ledger=world.ledger)
    asked = {"asset": test_verify.BEAN, "account": test_verify.BOB}
    for method, data, options in (
        ("balance", test_verify.BALANCE, asked),
        ("receipt", test_verify.RECEIPT, {}),
        ("equivocation", test_verify.EVIDENCE, {}),
    ):
        for change in CHANGES:
            every = (data[:at] + bytes([data[at] ^ change]) + data[at + 1 :] for at in range(len(data)))
            reasons = [test_verify.reason(call_of(verifier, method), each, **options) for each in every]
            yield {
                "method": method,
                "vkey": cases.place(cases.vkeys, world.vkey),
                "input": cases.place(cases.inputs, data),
                "options": {name: plain(value) for name, value in options.items()} | {"ledger": plain(world.ledger)},
                "change": change,
                "reasons": [[reason, len(list(group))] for reason, group in groupby(reasons)],
            }


def render_reasons(vectors: Path) -> str:
    """What the vectors of others are refused for, in their order; null where they hold."""
    found = {}
    for path in sorted((vectors / "sum-map").glob("*.json")):
        mutants = json.loads(path.read_text())["must_fail"]
        parts = ([bytes.fromhex(each[name]) for name in ("root", "key", "proof")] for each in mutants)
        found[f"sum-map/{path.name}"] = [_reason(verify_map_proof, *each) for each in parts]
    for name, call, numbers, texts in (
        ("inclusion", verify_inclusion, ("leafIdx", "treeSize"), ("leafHash", "root")),
        ("consistency", verify_consistency, ("size1", "size2"), ("root1", "root2")),
    ):
        reasons = []
        for probe in lines(vectors / f"merkle-rfc6962/{name}.jsonl"):
            first, second = (decoded(probe[text]) for text in texts)
            proof = [decoded(step) for step in probe["proof"] or []]
            counts = [probe[number] for number in numbers]
            ordered = (first, *counts, proof, second) if name == "inclusion" else (*counts, first, second, proof)
            reasons.append(_reason(call, *ordered))
        found[f"merkle-rfc6962/{name}.jsonl"] = reasons
    notes = json.loads((vectors / "signed-note/sumdb_note.json").read_text())
    found["signed-note, verifier keys"] = [_reason(NoteKey.parse, vkey) for vkey in notes["bad_vkeys"]]
    found["signed-note, notes"] = []
    for each in notes["open"]:
        note = bytes.fromhex(each["note_hex"]) if "note_hex" in each else each["note"].encode()
        # Ed25519 is the only kind of key here.
        vkeys = [vkey for vkey in each["vkeys"] if decoded(vkey.split("+", 2)[2])[:1] == b"\1"]
        found["signed-note, notes"].append(_reason(open_note, note, [NoteKey.parse(vkey) for vkey in vkeys]))
    proofs = json.loads((vectors / "tlog-proof/formats.json").read_text())
    found["tlog-proof"] = [_reason(parse_log_proof, text.encode()) for text in proofs["must_fail"]]
    return json.dumps(found, indent=1) + "\n"


def _reason(call: Callable[..., object], *arguments: object) -> str | None:
    try:
        call(*arguments)
    except ProofError as error:
        return error.reason
    return None


def main() -> None:
    """Write them; the second one where the vectors of others are."""
    PATH.write_text(render(), encoding="ascii")
    vectors = PATH.parents[2] / "shared/vectors"
    if vectors.is_dir():
        REASONS_PATH.write_text(render_reasons(vectors), encoding="ascii")
    else:
        sys.stdout.write(f"{REASONS_PATH.name} is left as it is: {vectors} is not there\n")
    sys.stdout.write(f"{PATH.name}: {PATH.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
