"""The program: finds the command, runs it, turns errors into exit codes."""

from __future__ import annotations

import os
import sys

from yarder.cli import codes
from yarder.cli.options import parse
from yarder.cli.output import say

__all__ = ["HOMES", "main"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from yarder.cli.options import Command

HOMES = ("tail", "query", "stats", "rings", "top", "level", "rotate", "reopen", "audit", "doctor")
"""Commands, in the order of the help; each has a module of its name in `yarder.cli.commands`."""

_SEARCHES = ("query",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    code = _guarded(lambda: _run(words))
    # A search tells apart "nothing found" and "could not be searched", as grep does.
    is_error = code in (codes.USAGE, codes.NO_INPUT, codes.UNAVAILABLE, codes.IO, codes.PERMISSION)
    return codes.TROUBLE if is_error and words[:1] and words[0] in _SEARCHES else code


def _command(name: str) -> Command:
    made: Command = __import__(f"yarder.cli.commands.{name}", fromlist=["COMMAND"]).COMMAND
    return made


def _run(words: list[str]) -> int:
    if words[:1] and words[0] in HOMES and "_YARDER_COMPLETE" not in os.environ:
        command = _command(words[0])
        values = parse(command, words[1:])
        if values is not None:
            return command.run(**values)
    return _typed(words)


def _typed(words: list[str]) -> int:
    try:
        import typer

        from yarder.cli.typed import application
    except ModuleNotFoundError as missing:
        if missing.name not in ("typer", "rich"):
            raise
        say("help and completion need typer and rich: pip install 'yarder[cli]'")
        return codes.USAGE
    try:
        app = application([_command(name) for name in HOMES])
        code: object = app(words, prog_name="yarder", standalone_mode=False)
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        return codes.INTERRUPTED
    except Exception as error:
        said = getattr(error, "format_message", None)
        if said is None:
            raise
        say(f"{said()} Try 'yarder --help'.")
        return codes.USAGE
    return code if isinstance(code, int) else codes.OK


def _guarded(run: Callable[[], int]) -> int:
    try:
        code = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return codes.INTERRUPTED
    except BrokenPipeError:
        # Nobody reads any more. What Python still wants to flush at its end goes nowhere, without a word.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return codes.OK
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        say(f"{place}{error.strerror or error}")
        return codes.code_of(error)
    except codes.OURS as error:
        say(str(error))
        return codes.code_of(error)
    return code
