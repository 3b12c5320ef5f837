"""What the clients in other languages are tested with, and made from, is what the Python package has."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests import proof_cases, sign_in_cases

if TYPE_CHECKING:
    from pathlib import Path


def test_the_cases_for_clients_are_what_the_verifier_says_now() -> None:
    assert proof_cases.PATH.read_text(encoding="ascii") == proof_cases.render(), "run python -m tests.proof_cases"


def test_the_reasons_for_clients_are_those_of_the_verifier(shared_vectors: Path) -> None:
    assert proof_cases.REASONS_PATH.read_text(encoding="ascii") == proof_cases.render_reasons(shared_vectors)


def test_the_sign_ins_for_clients_are_what_python_says_now() -> None:
    assert sign_in_cases.PATH.read_text(encoding="ascii") == sign_in_cases.render(), "run python -m tests.sign_in_cases"


def test_the_layouts_of_the_clients_are_those_of_the_package() -> None:
    script = proof_cases.PATH.parent / "layouts.py"
    subprocess.run([sys.executable, str(script), "--check"], check=True)
