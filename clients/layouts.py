"""Write what the clients know of operations, records and reasons from the registries of `counterfoil.verify`.

    python clients/layouts.py [--check]

So an operation is registered once: in typescript/src/layouts.ts and go/layouts.json it comes with the others.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from counterfoil.verify import LAYOUTS, NESTED, NO_ACTIONS, OPERATIONS, REASONS, TABLES

_FOLDER = Path(__file__).parent
_HEADER = """\
/**
 * What every operation, record and entry consists of. Written by layouts.py from the Python package: do not edit it.
 *
 * Bytes are `Uint8Array`s, whole numbers of more than 32 bits are `bigint`s, and what is absent is `null`. Of what
 * is one of several `kind` says which, as it is called on the wire.
 */

import type { Bytes } from "./bytes.js";
"""
_SIMPLE = {
    "bool": "boolean",
    "str": "string",
    "id": "Bytes",
    "bytes": "Bytes",
    "Action": "Operation",
    "Operation": "Operation",
}


def main() -> int:
    """Write the files, or with `--check` say whether they are as they would be written."""
    wrong = []
    for name, text in (("typescript/src/layouts.ts", _typescript()), ("go/layouts.json", _json())):
        path = _FOLDER / name
        if "--check" not in sys.argv[1:]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            wrong.append(name)
    if wrong:
        print(f"clients: expected what layouts.py writes, found others: {', '.join(wrong)}; run it", file=sys.stderr)
    return 1 if wrong else 0


def _json() -> str:
    made = {
        "operations": [{"tag": tag, "name": name, "layout": layout} for tag, (name, layout) in OPERATIONS.items()],
        "layouts": LAYOUTS,
        "nested": NESTED,
        "no_actions": list(NO_ACTIONS),
        "tables": {table: {"keyed": keyed, "layout": layout} for table, (keyed, layout) in TABLES.items()},
    }
    return json.dumps(made, indent=1) + "\n"


def _typescript() -> str:
    parts = [_HEADER]
    parts += [_declaration(name, layout) for name, layout in LAYOUTS.items()]
    parts.append(_union("Operation", [(name, layout) for name, layout in OPERATIONS.values()]))
    parts.append(
        "/** What an account holds of an asset: all units, its last day of activity, and units by lot. */\n"
        "export interface Holding {\n  readonly amount: bigint;\n  readonly activityDay: number;\n"
        "  readonly lots: readonly LotAmount[];\n}\n"
    )
    named = [*LAYOUTS, "Operation"]
    parts.append(_interface("Layouts", {**{name: name for name in named}, '"[Action]"': "ReadonlyArray<Operation>"}))
    parts.append(_interface("Records", {table: layout for table, (_, layout) in TABLES.items()}))
    parts.append("export type TableName = keyof Records;\n")
    operations = "".join(f'  [{tag:#x}, "{name}", "{layout}"],\n' for tag, (name, layout) in OPERATIONS.items())
    parts.append(f"export const OPERATIONS: readonly (readonly [number, string, string])[] = [\n{operations}];\n")
    layouts = "".join(f'  {name}:\n    "{layout}",\n' for name, layout in LAYOUTS.items())
    parts.append(f"export const LAYOUTS: Readonly<Record<string, string>> = {{\n{layouts}}};\n")
    nested = ", ".join(f"{name}: {depth}" for name, depth in NESTED.items())
    parts.append(f"export const NESTED: Readonly<Record<string, number>> = {{ {nested} }};\n")
    actions = ", ".join(f"{tag:#x}" for tag in NO_ACTIONS)
    parts.append(f"export const NO_ACTIONS: readonly number[] = [{actions}];\n")
    tables = "".join(f'  {name}: [{str(keyed).lower()}, "{layout}"],\n' for name, (keyed, layout) in TABLES.items())
    kinds = 'keyof Layouts | "Holding"'
    parts.append(f"export const TABLES: Readonly<Record<TableName, readonly [boolean, {kinds}]>> = {{\n{tables}}};\n")
    reasons = "".join(f'  "{reason}",\n' for reason in REASONS)
    parts.append(f"/** Every value of `ProofError.reason`. */\nexport const REASONS = [\n{reasons}] as const;\n")
    parts.append("export type ReasonCode = (typeof REASONS)[number];\n")
    return "\n".join(parts)


def _declaration(name: str, layout: str) -> str:
    if not layout[0].isdigit():
        return _interface(name, dict(_fields(layout)))
    variants = [(kind, " ".join(fields)) for _, kind, *fields in (variant.split() for variant in layout.split(" | "))]
    if not any(fields for _, fields in variants):
        return f"export type {name} = {' | '.join(f'{chr(34)}{kind}{chr(34)}' for kind, _ in variants)};\n"
    return _union(name, variants)


def _union(name: str, variants: list[tuple[str, str]]) -> str:
    lines = []
    for kind, layout in variants:
        fields = [f'readonly kind: "{kind}"', *(f"readonly {field}: {made}" for field, made in _fields(layout))]
        lines.append(f"  | {{ {'; '.join(fields)} }}")
    return f"export type {name} =\n" + "\n".join(lines) + ";\n"


def _interface(name: str, fields: dict[str, str]) -> str:
    return f"export interface {name} {{\n" + "".join(f"  readonly {n}: {made};\n" for n, made in fields.items()) + "}\n"


def _fields(layout: str) -> list[tuple[str, str]]:
    parts = [field.split(":") for field in layout.split()]
    return [(re.sub(r"_(.)", lambda found: found[1].upper(), name), _type(kind)) for name, kind in parts]


def _type(kind: str) -> str:
    if kind.endswith("?"):
        return f"{_type(kind[:-1])} | null"
    if kind.startswith("["):
        return f"ReadonlyArray<{_type(kind[1:-1])}>"
    if kind in _SIMPLE or kind in LAYOUTS:
        return _SIMPLE.get(kind, kind)
    if kind.startswith("bytes"):
        return "Bytes"
    return "number" if kind in ("u8", "u16", "u32") else "bigint"


if __name__ == "__main__":
    sys.exit(main())
