"""Compile the contracts into the Python package, for those who deploy them without a compiler.

    python clients/evm/build.py [--check]

Writes python/counterfoil/evm_contracts.json: for each contract its ABI and the bytecode that deploys it. The compiler
is the one that the sources name; it is in the group `test` of pyproject.toml.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import vyper
from vyper.compiler import compile_code
from vyper.compiler.input_bundle import FilesystemInputBundle

_FOLDER = Path(__file__).parent
_TARGET = _FOLDER.parents[1] / "python/counterfoil/evm_contracts.json"
CONTRACTS = ("Anchor", "Balances", "Claim")


def compile_contract(path: Path) -> dict[str, object]:
    """The ABI and the bytecode of one contract, which may import what lies here.

    Args:
        path: The source.
    """
    bundle = FilesystemInputBundle([_FOLDER])
    # The path would stand in the bytecode's metadata by way of its hash: the name is the same everywhere.
    made = compile_code(
        path.read_text(encoding="utf-8"),
        contract_path=path.name,
        input_bundle=bundle,
        output_formats=["abi", "bytecode"],
    )
    return {"abi": made["abi"], "bytecode": made["bytecode"]}


def render() -> str:
    """The file's contents."""
    made = {name: compile_contract(_FOLDER / f"{name}.vy") for name in CONTRACTS}
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(contract)}" for name, contract in made.items())
    return f'{{\n "vyper": {json.dumps(vyper.__version__)},\n{lines}\n}}\n'


def main() -> int:
    """Write the file, or with `--check` say whether it is as it would be written."""
    text = render()
    if "--check" not in sys.argv[1:]:
        _TARGET.write_text(text, encoding="ascii")
    elif not _TARGET.exists() or _TARGET.read_text(encoding="ascii") != text:
        print("evm: expected what build.py writes, found another evm_contracts.json; run it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
