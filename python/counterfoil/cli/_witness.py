"""`witness`: cosign what operators show, and ask others to."""

# ruff: noqa: D301 - "\b" is Click's mark of a paragraph whose lines are kept
from __future__ import annotations

import contextlib
import time as clock
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from counterfoil.cli import _console, _inputs
from counterfoil.cli._app import EXIT_CODES, JsonOption, LedgerOption, witness_app
from counterfoil.cli._errors import CommandError, Exit, explain, found, one_line
from counterfoil.cli._verify import claim_json, cosigned_by, vkey_text
from counterfoil.verify import COSIGNATURE_NOTE, NoteKey, Verifier

if TYPE_CHECKING:
    from counterfoil.witness import Witness

_NOTE_BYTES_MAX = 1_000_000
_PORT_MAX = 65_535

DirOption = Annotated[
    Path,
    typer.Option(
        "--dir",
        envvar="COUNTERFOIL_WITNESS_DIR",
        metavar="FOLDER",
        help="The witness's folder: what it has cosigned. Never restore an older copy of it.",
        show_default=False,
    ),
]
WitnessKeyOption = Annotated[
    Path,
    typer.Option(
        "--key",
        "-k",
        envvar="COUNTERFOIL_WITNESS_KEY",
        metavar="FILE",
        help="The witness's key file, made by `counterfoil keygen` and used for nothing else.",
        show_default=False,
    ),
]
NameOption = Annotated[
    str,
    typer.Option(
        envvar="COUNTERFOIL_WITNESS_NAME",
        metavar="NAME",
        help="The witness's name: an address without https://, such as roaster.example/witness.",
        show_default=False,
    ),
]
VkeysOption = Annotated[
    list[str],
    typer.Option(
        "--vkey",
        metavar="KEY",
        help="A ledger's verifier key, from a source you trust: its text, or a file. Again for each ledger.",
        show_default=False,
    ),
]
ReplicasOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--replica",
        metavar="FOLDER",
        help="A copy of one of the ledgers: only what it has replayed as well is cosigned. Again for each.",
        show_default=False,
    ),
]


@witness_app.callback()
def _root() -> None:
    """Cosign what the operators of ledgers show, never two histories; or have others cosign yours.

    \b
      counterfoil witness key -k w.key --name roaster.example/w > roaster.vkey
      counterfoil witness serve -k w.key --name roaster.example/w \\
        --dir witness/ --vkey club.vkey
      counterfoil witness ask -l club.ledger -k operator.key \\
        --witness roaster.vkey=https://roaster.example/w
      counterfoil verify ann.statement --vkey club.vkey --witness roaster.vkey
    """


@witness_app.command(short_help="Print a witness's verifier key.", epilog=EXIT_CODES)
def key(key: WitnessKeyOption, name: NameOption) -> None:
    """Print the verifier key of a witness, for others to expect its signature with.

    \b
      counterfoil witness key -k w.key --name roaster.example/w > roaster.vkey
    """
    text = NoteKey(name, _inputs.key_from(key).public, COSIGNATURE_NOTE).text
    print(NoteKey.parse(text, COSIGNATURE_NOTE).text)


@witness_app.command(short_help="Answer logs that ask for a cosignature.", epilog=EXIT_CODES)
def serve(
    key: WitnessKeyOption,
    name: NameOption,
    directory: DirOption,
    vkey: VkeysOption,
    replica: ReplicasOption = None,
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to listen.")] = "127.0.0.1:8080",
    prefix: Annotated[str, typer.Option(metavar="PATH", help="The path under which it answers.")] = "",
) -> None:
    """Answer logs that ask for a cosignature: C2SP tlog-witness, POST PREFIX/add-checkpoint.

    It speaks HTTP: put a server in front of it that speaks HTTPS, and that bounds the time of headers. Needs
    `pip install 'counterfoil[server]'`.

    \b
      counterfoil witness serve -k w.key --name roaster.example/w \\
        --dir witness/ --vkey club.vkey --replica club.copy --prefix /w
    """
    host, port = _address(listen)
    if prefix and not prefix.startswith("/"):
        message = f"--prefix: expected a path such as /witness, found {found(prefix)}"
        raise CommandError(message)
    try:
        import uvicorn

        from counterfoil.witness_app import witness_app as application
    except ImportError as error:
        message = "witness serve needs Starlette and uvicorn: pip install 'counterfoil[server]'"
        raise CommandError(message, Exit.STORAGE) from error
    with _witness(key, name, directory, vkey, replica) as witness:
        _console.hint(f"{witness.verifier_key} listens on {listen}, for {', '.join(witness.origins)}")
        # Without a limit of connections: uvicorn waits for headers as long as it takes, so that whoever opened so many,
        # and sent nothing, would have everybody else refused.
        uvicorn.run(application(witness, prefix=prefix), host=host, port=port, server_header=False, log_level="warning")


@witness_app.command(short_help="Cosign what is published as tiles.", epilog=EXIT_CODES)
def follow(
    source: Annotated[
        str,
        typer.Argument(
            metavar="DIR|URL", help="Where the log is published: `counterfoil export tiles`.", show_default=False
        ),
    ],
    key: WitnessKeyOption,
    name: NameOption,
    directory: DirOption,
    vkey: Annotated[
        str,
        typer.Option(
            metavar="KEY",
            help="The ledger's verifier key, from a source you trust: its text, or a file.",
            show_default=False,
        ),
    ],
    replica: ReplicasOption = None,
    every: Annotated[
        float | None,
        typer.Option(min=1, metavar="SECONDS", help="Go on, and look again so often.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where the cosigned checkpoint goes, in place of the one before. Default: stdout.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Cosign the checkpoint that is published as tiles, with a proof that is made of the tiles.

    Nothing has to be sent to this witness, and it serves nothing. The operator takes in what it signs with
    `counterfoil witness add`. Two published histories are kept as evidence.

    \b
      counterfoil witness follow https://club.example/beans -k w.key \\
        --name roaster.example/w --dir witness/ --vkey club.vkey --every 60
    """
    from counterfoil.tiles import TileLog
    from counterfoil.witness import follow as follow_once

    text = vkey_text(vkey)
    log = TileLog(source, text)
    with _witness(key, name, directory, [text], replica) as witness:
        while True:
            try:
                note = follow_once(witness, log)
                if out is None:
                    print(note.decode(), end="", flush=True)
                else:
                    _replace(out, note)
            except Exception as error:
                message, code = explain(error)
                if every is None or code is Exit.BUG:
                    raise
                # The next time it may be there.
                _console.hint(one_line(message))
            if every is None:
                return
            clock.sleep(every)


@witness_app.command(short_help="Sign a checkpoint, and have witnesses cosign it.", epilog=EXIT_CODES)
def ask(
    ledger: LedgerOption,
    witness: Annotated[
        list[str],
        typer.Option(
            "--witness",
            metavar="KEY=URL",
            help="A witness: its verifier key, or a file that holds it, and its address. Again for each.",
            show_default=False,
        ),
    ],
    key: Annotated[
        Path,
        typer.Option(
            "--key", "-k", envvar="COUNTERFOIL_KEY", metavar="FILE", help="The operator's key file.", show_default=False
        ),
    ],
    need: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="K", help="How many must cosign, for exit code 0. Default: all.", show_default=False
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Sign a checkpoint, and have witnesses cosign it: what is proven under it then carries their signatures.

    The ledger is opened for writing. A service that has it open calls `counterfoil.witness.cosign` instead.

    \b
      counterfoil witness ask -k operator.key \\
        --witness roaster.vkey=https://roaster.example/w
    """
    from counterfoil.witness import cosign

    asked = dict(_asked(text) for text in witness)
    wanted = len(asked) if need is None else need
    if wanted > len(asked):
        message = f"--need: expected at most {len(asked)}, for so many witnesses are named; found {wanted}"
        raise CommandError(message)
    with _inputs.writing(ledger, key) as opened:
        opened.checkpoint()
        cosigned = cosign(opened, asked)
        signed = Verifier(opened.verifier_key, witnesses=list(asked), need=0).checkpoint(cosigned.note)
    names = {vkey: NoteKey.parse(vkey, COSIGNATURE_NOTE).name for vkey in asked}
    if json:
        failed = [{"witness": names[vkey], "message": one_line(why)} for vkey, why in cosigned.failures.items()]
        _console.emit({**claim_json(signed), "note": cosigned.note, "failures": failed})
    else:
        failures: list[tuple[str, object]] = [
            ("not cosigned by", one_line(f"{names[vkey]}: {why}")) for vkey, why in cosigned.failures.items()
        ]
        _console.fields(f"checkpoint of {signed.tree_size:,} entries", [*cosigned_by(signed), *failures])
    if len(cosigned.cosignatures) < wanted:
        message = f"cosignatures: expected {wanted} of {len(asked)} witnesses, found {len(cosigned.cosignatures)}"
        raise CommandError(message, Exit.REFUSED)


@witness_app.command(short_help="Keep the cosignatures that a file has.", epilog=EXIT_CODES)
def add(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A cosigned checkpoint. `-` is stdin.", show_default=False)
    ],
    ledger: LedgerOption,
    witness: Annotated[
        list[str],
        typer.Option(
            "--witness",
            metavar="KEY",
            help="The verifier key of a witness, or a file: only what these have signed is kept. Again for each.",
            show_default=False,
        ),
    ],
) -> None:
    """Keep the cosignatures of a checkpoint that a witness has sent, or published.

    \b
      counterfoil witness add cosigned.note --witness roaster.vkey
    """
    from counterfoil.witness import signature_lines

    note = _inputs.read_file(file, "note", _NOTE_BYTES_MAX)
    vkeys = [vkey_text(text, "--witness", COSIGNATURE_NOTE) for text in witness]
    with _inputs.writing(ledger, None) as opened:
        signed = Verifier(opened.verifier_key, witnesses=vkeys, need=1).checkpoint(note)
        # Of the others' lines nothing is known, and one of them may be in the place of a good one.
        lines = signature_lines(note, [NoteKey.parse(vkey, COSIGNATURE_NOTE) for vkey in vkeys])
        opened.add_cosignatures(f"{signed.text}\n{lines}")
    _console.fields(f"checkpoint of {signed.tree_size:,} entries", cosigned_by(signed))


@witness_app.command(short_help="What a witness has cosigned, and found.", epilog=EXIT_CODES)
def status(directory: DirOption, json: JsonOption = False) -> None:
    """What a witness has cosigned last, and which operators it has found to show two histories.

    \b
      counterfoil witness status --dir witness/
    """
    from counterfoil.witness import Memory

    memory = Memory(directory)
    with contextlib.closing(memory):
        vkey, checkpoints, equivocations = memory.key.text, memory.checkpoints(), memory.equivocations()
    if json:
        _console.emit(
            {
                "verifier_key": vkey,
                "ledgers": [claim_json(each) for each in checkpoints],
                "equivocations": [
                    {"origin": each.origin, "found_time_ms": each.time, "cleared_time_ms": each.cleared}
                    for each in equivocations
                ],
            }
        )
        return
    _console.fields(vkey, [(each.origin, f"{each.tree_size:,} entries cosigned") for each in checkpoints])
    for each in equivocations:
        state = "cosigned no more" if each.cleared is None else f"cleared at {_console.when(each.cleared)} UTC"
        _console.note(f"{each.origin}: its operator has signed two histories, found at {_console.when(each.time)} UTC")
        _console.note(f"  {state}; `counterfoil witness evidence {each.origin}` writes the evidence")


@witness_app.command(short_help="Write the evidence that an operator signed two histories.", epilog=EXIT_CODES)
def evidence(
    origin: Annotated[str, typer.Argument(metavar="ORIGIN", help="The ledger's name.", show_default=False)],
    directory: DirOption,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where it goes; `-` is stdout.")] = Path(
        "equivocation.evidence"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    clear: Annotated[
        bool, typer.Option("--clear", help="Also cosign this ledger again. The witness keeps the evidence.")
    ] = False,
) -> None:
    """Write the evidence that an operator has signed two histories. `counterfoil verify` checks it, anywhere.

    \b
      counterfoil witness evidence club.example/beans --dir witness/
      counterfoil verify equivocation.evidence --vkey club.vkey
    """
    from counterfoil.witness import Memory

    memory = Memory(directory)
    with contextlib.closing(memory):
        pieces = [each for each in memory.equivocations() if each.origin == origin]
        if not pieces:
            message = f"{found(origin)}: expected a ledger whose operator has signed two histories, found none"
            raise CommandError(message, Exit.NOT_FOUND)
        _inputs.write_file(out, pieces[-1].data, force=force)
        if clear:
            memory.clear(origin)
    if str(out) != "-":
        _console.note(f"{out}: {len(pieces[-1].data):,} bytes" + ("; it is cosigned again" if clear else ""))


@contextmanager
def _witness(key: Path, name: str, directory: Path, vkeys: list[str], replicas: list[Path] | None) -> Iterator[Witness]:
    from counterfoil.ledger import Ledger
    from counterfoil.witness import Witness

    with contextlib.ExitStack() as stack:
        opened = []
        for replica in replicas or []:
            with _console.progress("Replaying the log") as tell:
                opened.append(stack.enter_context(Ledger.open(replica, read_only=True, progress=tell)))
        keys = [vkey_text(text) for text in vkeys]
        yield stack.enter_context(Witness(directory, _inputs.key_from(key), name=name, ledgers=keys, replicas=opened))


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or len(port) > 5 or int(port) > _PORT_MAX:
        message = f"--listen: expected HOST:PORT such as 127.0.0.1:8080, found {found(text)}"
        raise CommandError(message)
    return host.strip("[]"), int(port)


def _asked(text: str) -> tuple[str, str]:
    """A witness's verifier key and its address."""
    key, equals, address = text.partition("=http")
    if not equals:
        message = (
            f"--witness: expected KEY=URL, such as roaster.vkey=https://roaster.example/witness; found {found(text)}"
        )
        raise CommandError(message)
    return vkey_text(key, "--witness", COSIGNATURE_NOTE), f"http{address}"


def _replace(path: Path, content: bytes) -> None:
    """Write a file that others may read meanwhile."""
    written = path.with_name(f".{path.name}.being-written")
    written.write_bytes(content)
    written.replace(path)
