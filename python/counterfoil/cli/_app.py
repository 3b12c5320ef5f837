"""The Typer application, and the options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from counterfoil.cli._errors import Exit, explain, one_line

EXIT_CODES = """Exit codes: 0 done; 1 refused, or not proven; 2 usage; 3 not found, or no ledger; 4 storage, or
corruption; 5 locked by another writer."""

_PROGRAM = "counterfoil"
_ORDER = (
    *("init", "keygen", "apply", "balance", "account", "asset", "log", "checkpoint"),
    *("prove", "verify", "export", "import", "audit", "witness", "proposal", "tally", "members", "balances", "journal"),
    *("fsck", "stats", "bench", "demo"),
)


class Commands(typer.core.TyperGroup):
    """A group of commands that ends every failure with one line on stderr and an exit code that means something."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,  # noqa: ANN401 - Typer's own
    ) -> Any:  # noqa: ANN401 - Typer's own
        """Run a command, and exit the process where `standalone_mode` is on."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except BaseException as error:  # noqa: BLE001 - nothing may end in a traceback
            sys.exit(_fail(error))
        if code == Exit.INTERRUPTED:
            print(f"{_PROGRAM}: interrupted", file=sys.stderr)
        sys.exit(code if isinstance(code, int) else 0)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - a class of Typer's own or of Click's, by version
        """The commands in the order in which a newcomer meets them."""
        known = {name: place for place, name in enumerate(_ORDER)}
        return sorted(super().list_commands(ctx), key=lambda name: known.get(name, len(known)))


def _fail(error: BaseException) -> int:
    if isinstance(error, (SystemExit, GeneratorExit)):
        raise error
    if os.environ.get("COUNTERFOIL_TRACEBACK"):
        raise error
    prefix = _PROGRAM
    if isinstance(error, typer.Abort):
        message, code = "interrupted", int(Exit.INTERRUPTED)
    elif hasattr(error, "format_message") and hasattr(error, "exit_code"):
        # Typer's own: an unknown option, a missing argument, a value that does not fit.
        context = getattr(error, "ctx", None)
        prefix = getattr(context, "command_path", _PROGRAM)
        message, code = f"{error.format_message()} (see {prefix} --help)", int(error.exit_code)
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message())
            return int(Exit.USAGE)
    else:
        message, code = explain(error)
    print(f"{prefix}: {one_line(message)}", file=sys.stderr)
    return int(code)


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Rich would draw a picture of a key in `did:key:`.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


def _group() -> typer.Typer:
    return typer.Typer(
        cls=Commands,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        epilog=EXIT_CODES,
    )


prove_app, members_app, balances_app, journal_app, proposal_app, export_app, witness_app = [_group() for _ in range(7)]

LedgerOption = Annotated[
    Path,
    typer.Option(
        "--ledger",
        "-l",
        envvar="COUNTERFOIL_LEDGER",
        metavar="FOLDER",
        help="The ledger's folder.",
        show_default=False,
    ),
]

KeyOption = Annotated[
    Path | None,
    typer.Option(
        "--key",
        "-k",
        envvar="COUNTERFOIL_KEY",
        metavar="FILE",
        help="The operator's key file, made by `counterfoil keygen`. It signs the checkpoint.",
        show_default=False,
    ),
]

JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print JSON: ids in hex, amounts in minor units as decimal strings, times in ms."),
]

TimeOption = Annotated[
    str | None,
    typer.Option(
        "--time",
        metavar="WHEN",
        help="When it happens: ms since 1970, or a UTC date such as 1997-01-31 or 1997-01-31T12:00. Default: now.",
        show_default=False,
    ),
]
