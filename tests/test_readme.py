"""Every Python example in README.md and docs/ runs as it is written.

Each block is a program of its own, in an empty folder and a process of its own. A block under the comment
`<!-- continues -->` goes on from the block before it on the same page: both are run, one after the other.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SECONDS_MAX = 120

FENCE = re.compile(
    r"^(?P<indent>[ ]*)```python[^\n]*\n(?P<code>.*?)^(?P=indent)```[ ]*$",
    re.MULTILINE | re.DOTALL,
)
CONTINUES = re.compile(r"<!-- continues -->\s*\Z")
# counterfoil.verify is pure Python; whatever else an example imports from the package ends in the native module.
NEEDS_NATIVE = re.compile(r"^\s*(from|import) counterfoil(?!\.verify\b)", re.MULTILINE)

# A chain in the process: not on every Python.
NEEDS_CHAIN = re.compile(r"\bEthereumTesterProvider\b")


class Example(NamedTuple):
    """A block of code and the page and line where it stands."""

    page: str
    line: int
    code: str


def examples(page: str, text: str) -> list[Example]:
    """Find the Python blocks of a page."""
    found: list[Example] = []
    for match in FENCE.finditer(text):
        code = textwrap.dedent(match["code"])
        if CONTINUES.search(text[: match.start()]):
            code = f"{found[-1].code}\n{code}"
        found.append(Example(page, text.count("\n", 0, match.start()) + 1, code))
    return found


EXAMPLES = [
    example
    for page in PAGES
    for example in examples(page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8"))
]


def native_module_is_missing() -> bool:
    return importlib.util.find_spec("counterfoil") is None or importlib.util.find_spec("counterfoil._core") is None


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.page}:{example.line}")
def test_example_runs(example: Example, tmp_path: Path):
    if NEEDS_NATIVE.search(example.code) and native_module_is_missing():
        pytest.skip("the native module counterfoil._core is not built")
    if NEEDS_CHAIN.search(example.code) and importlib.util.find_spec("eth_tester") is None:
        pytest.skip("no eth_tester: the group `test` of pyproject.toml has it")
    program = tmp_path / "example.py"
    program.write_text(example.code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", program.name],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, f"{example.page}:{example.line}\n{done.stdout}{done.stderr}"


def test_the_readme_has_examples():
    assert any(example.page == "README.md" for example in EXAMPLES)


def test_blocks_are_found_with_their_indent_and_continuation():
    page = "a\n\n```python\nx = 1\n```\n\n<!-- continues -->\n```python\ny = x\n```\n\n"
    page += "- b\n\n  ```python\n  z = 2\n  ```\n"
    assert examples("p.md", page) == [
        Example("p.md", 3, "x = 1\n"),
        Example("p.md", 8, "x = 1\n\ny = x\n"),
        Example("p.md", 14, "z = 2\n"),
    ]
