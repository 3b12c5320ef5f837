"""Proofs checked by another process, which has `verify.py` and PyNaCl and nothing else of Counterfoil."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import counterfoil.verify
from counterfoil.cli._errors import CommandError, Exit
from counterfoil.verify import encode_question

CHECK = '''"""Check proofs with verify.py, which lies beside this file, and PyNaCl. Prints JSON.

Usage: python check.py KEYFILE PROOF...
"""

import importlib.util
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import verify


def balance(claim):
    return {"amount": str(claim.sum), "supply": str(claim.total), "time_ms": claim.time}


def tier(claim):
    attestation = claim.value if claim.present and claim.value.is_live(claim.time) else None
    return {
        "schema": claim.key.hex(),
        "issuer": attestation and attestation.issuer.hex(),
        "subject": attestation and attestation.subject.hex(),
        "level": attestation.content.value if attestation else 0,
        "expires_ms": attestation and attestation.expires,
        "time_ms": claim.time,
    }


def check(verifier, path):
    data = Path(path).read_bytes()
    try:
        if data.startswith(b"counterfoil/question"):
            claim = verifier.record(data)
            return {"ok": True, **(tier(claim) if claim.table == "attestations" else balance(claim))}
        claim = verifier.receipt(data)
        operation = claim.transaction.operations[0]
        return {
            "ok": True,
            "id": claim.id.hex(),
            "index": claim.index,
            "operation": operation.wire_name,
            "amount": str(operation.amount),
            "time_ms": claim.time,
        }
    except verify.ProofError as error:
        return {"ok": False, "reason": error.reason, "message": str(error)}


verifier = verify.Verifier(Path(sys.argv[1]).read_text().strip())
print(
    json.dumps(
        {
            "proofs": {Path(path).name: check(verifier, path) for path in sys.argv[2:]},
            "counterfoil_can_be_imported": importlib.util.find_spec("counterfoil") is not None,
            "counterfoil_modules": sorted(name for name in sys.modules if name.startswith("counterfoil")),
            "verifier": verify.__file__,
        },
        indent=2,
    )
)
'''

_SECONDS_MAX = 60


def install(folder: Path) -> None:
    """Put the verifier, one file, and a program that calls it into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "verify.py").write_bytes(Path(counterfoil.verify.__file__).read_bytes())
    (folder / "check.py").write_text(CHECK, encoding="utf-8")


def check(folder: Path, key: Path, proofs: list[Path]) -> dict[str, Any]:
    """Run that program in a process of its own.

    The interpreter is started with `-I -S`: without site-packages, environment and current folder. Of the installed
    packages it is given PyNaCl alone, so that `import counterfoil` would fail in it.

    Raises:
        CommandError: It did not run.
    """
    with tempfile.TemporaryDirectory(prefix="counterfoil-offline-") as temporary:
        packages = Path(temporary)
        for name in ("nacl", "_cffi_backend"):
            spec = importlib.util.find_spec(name)
            if spec is None or spec.origin is None:
                message = f"demo: expected PyNaCl, found no module {name}"
                raise CommandError(message, Exit.STORAGE)
            origin = Path(spec.origin)
            origin = origin.parent if spec.submodule_search_locations else origin
            (packages / origin.name).symlink_to(origin, target_is_directory=origin.is_dir())
        start = (
            "import runpy, sys; packages, program = sys.argv[1:3]; del sys.argv[1:3]; "
            "sys.path.insert(0, packages); sys.dont_write_bytecode = True; runpy.run_path(program, run_name='__main__')"
        )
        command = [sys.executable, "-I", "-S", "-c", start, str(packages), str((folder / "check.py").resolve())]
        command += [str(path.resolve()) for path in (key, *proofs)]
        try:
            done = subprocess.run(  # noqa: S603 - this interpreter, and a program that this file wrote
                command, capture_output=True, text=True, timeout=_SECONDS_MAX, check=False, cwd=temporary
            )
        except subprocess.TimeoutExpired:
            message = f"demo: expected the other process to end within {_SECONDS_MAX} s"
            raise CommandError(message, Exit.REFUSED) from None
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["nothing on stderr"]
        message = f"demo: expected the other process to end with 0, found {done.returncode}: {last[0]}"
        raise CommandError(message, Exit.REFUSED)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def flip_amount(statement: bytes, asset: bytes, account: bytes) -> tuple[bytes, int]:
    """The statement with the lowest bit of its amount flipped, and where that is: a point more, or less.

    After the question come the statement's header, the length of the record's proof, its kind, and the sum.
    """
    question = len(encode_question("holders", asset, account))
    place = question + len(b"counterfoil/statement/v1\n") + 4 + 1 + 15
    return _flip(statement, place), place


def swap_tier(statement: bytes, issuer: bytes, subject: bytes) -> tuple[bytes, int]:
    """The statement of a tier with silver made gold, or gold made silver, and where that is.

    After issuer, subject and nonce come the times of issue and expiry, the kind of content, and the level.
    """
    head = issuer + subject + bytes(32)
    place = statement.index(head) + len(head) + 8 + 9 + 1
    return statement[:place] + bytes([statement[place] ^ 3]) + statement[place + 1 :], place


def flip_entry(receipt: bytes) -> tuple[bytes, int]:
    """The receipt with one letter of the entry changed, and where that is."""
    place = receipt.index(b"\nextra ") + len(b"\nextra ") + 200
    letter = b"A" if receipt[place : place + 1] != b"A" else b"B"
    return receipt[:place] + letter + receipt[place + 1 :], place


def _flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
