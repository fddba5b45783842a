"""`yarder top`: the rings, again and again."""

from __future__ import annotations

import sys
import threading

from yarder.cli.codes import OK
from yarder.cli.commands.rings import table
from yarder.cli.filters import APP
from yarder.cli.options import Command, Option
from yarder.cli.output import Output
from yarder.ring.yards import folders, state

__all__ = ["COMMAND", "top"]

_HOME = b"\x1b[H\x1b[2J"


def top(*, app: str | None, every: int, rounds: int | None) -> int:
    """Show the rings every few seconds until Ctrl-C, or so many times."""
    out = Output.stdout()
    shown = 0
    while rounds is None or shown < rounds:
        if shown:
            threading.Event().wait(every)
        yards = [known for folder in folders(app) if (known := state(folder)) is not None]
        lines = list(table(yards)) if yards else ["no yard on this host: nothing logs to files here"]
        clear = _HOME if sys.stdout.isatty() else b""
        out.write(clear + "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
        shown += 1
    return OK


COMMAND = Command(
    "top",
    "Show the rings on this host, again and again.",
    [],
    [
        APP,
        Option("every", ("-s", "--every"), int, 1, "Seconds between two looks."),
        Option("rounds", ("-n", "--rounds"), int, None, "Look so many times, then end."),
    ],
    top,
)
