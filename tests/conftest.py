"""Fixtures that all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_vectors() -> Path:
    """The folder of public test vectors, which lies beside the repository and is not part of it."""
    folder = ROOT.parent / "shared" / "vectors"
    if not folder.is_dir():
        pytest.skip(f"no shared vectors: {folder} is not there")
    return folder


# Imported by tests under their own names; collected for doctests they would be imported a second time.
collect_ignore_glob = ["model/*", "vectors/*", "chain.py", "ops/play.py", "ops/scenarios*.py"]
