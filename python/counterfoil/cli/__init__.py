"""The command line, `counterfoil`. See `docs/reference/cli.md`.

The native module is imported by those commands that need it, when they run: `counterfoil verify` does not.
"""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

from typing import Annotated

import typer

from counterfoil.cli import (
    _audit,
    _ballots,
    _bench,
    _check,
    _export,
    _export_ledger,
    _journal,
    _make,
    _members,
    _proposals,
    _prove,
    _read,
    _verify,
    _witness,
    _write,
)
from counterfoil.cli._app import (
    app,
    balances_app,
    export_app,
    journal_app,
    members_app,
    proposal_app,
    prove_app,
    witness_app,
)
from counterfoil.cli.demo import command as _demo

__all__ = ["app", "main"]

MODULES = (
    *(_make, _write, _read, _prove, _verify, _export, _export_ledger, _audit, _witness),
    *(_proposals, _ballots, _members, _journal, _check, _bench, _demo),
)
"""Importing them registers their commands; `_app` says in which order help lists these."""

app.add_typer(prove_app, name="prove", short_help="Write a statement or a receipt to a file.")
app.add_typer(export_app, name="export", short_help="Write the ledger out for others to read.")
app.add_typer(witness_app, name="witness", short_help="Cosign what operators show, or have others cosign yours.")
app.add_typer(proposal_app, name="proposal", short_help="What a community decides: proposals, and votes on them.")
app.add_typer(members_app, name="members", short_help="Customers and their accounts, in a store outside the ledger.")
app.add_typer(balances_app, name="balances", short_help="Balances out of a CSV file, or into one.")
app.add_typer(journal_app, name="journal", short_help="What every transaction did to balances, into a CSV file.")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"counterfoil {version('counterfoil')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """An embeddable, provable ledger: signed transactions in, provable state out.

    A first walk:

    \b
      counterfoil demo                                real purchases, replayed
      counterfoil keygen operator.key
      counterfoil init club.ledger --origin club.example/beans -k operator.key
      export COUNTERFOIL_LEDGER=club.ledger           instead of -l everywhere
      counterfoil apply signed.transactions -k operator.key
      counterfoil balance did:key:z6Mk…
      counterfoil prove balance BEAN did:key:z6Mk… --out ann.statement
      counterfoil verify ann.statement --vkey club.vkey

    Accounts are written as did:key:z6Mk…, acct1… or 64 hex digits; assets as their id in hex, as SYMBOL, or as
    ISSUER:SYMBOL where two issuers use one symbol.
    """


def main() -> None:
    """Run the command line and exit."""
    app(prog_name="counterfoil")
