"""`yarder rings`: every ring of every yard of this user."""

from __future__ import annotations

from yarder.cli.codes import OK, UNAVAILABLE
from yarder.cli.filters import APP, JSON
from yarder.cli.options import Command
from yarder.cli.output import Output, bar, inert, say
from yarder.ring.yards import folders, state

__all__ = ["COMMAND", "rings", "table"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_HEAD = ("app", "pid", "process", "fill", "", "most", "accepted", "blocked", "lost", "state")


def rings(*, app: str | None, json: bool) -> int:
    """Show the rings: who writes to them, how full they are, what they lost."""
    found = [known for folder in folders(app) if (known := state(folder)) is not None]
    out = Output.stdout()
    if json:
        import json as jsonlib

        out.line(jsonlib.dumps(found))
    elif found:
        for line in table(found):
            out.line(line)
    if not found:
        say(f"no yard of {app!r} on this host" if app else "no yard on this host: nothing logs to files here")
        return UNAVAILABLE
    return OK


def table(yards: list[dict[str, Any]]) -> Iterator[str]:
    """One line for each ring under one for its yard."""
    rows = [_HEAD, *(row for yard in yards for row in _rows(yard))]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
    for row in rows:
        yield "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _rows(yard: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    writer = yard["writer_pid"]
    name = inert(yard["app"])
    if not yard["rings"]:
        yield (name, *[""] * 8, f"no ring, {_writer(writer)}")
    for ring in yard["rings"]:
        slots = ring["slots"] or 1
        lost = ", ".join(f"{count:,} {reason}" for reason, count in ring["lost"].items()) or "0"
        states = ["live" if ring["alive"] else "dead, to be drained"]
        if ring["stalled"]:
            states.append("stalled")
        if ring["pid"] == writer:
            states.append("writer")
        yield (
            name, str(ring["pid"]), inert(ring["process"]), f"{ring['used'] / slots:4.0%}", f"{bar(ring['used'] / slots, 10):10}",
            f"{ring['high_water'] / slots:.0%}", f"{ring['accepted']:,}", f"{ring['blocked']:,}", lost, ", ".join(states),
        )  # fmt: skip


def _writer(pid: int | None) -> str:
    return "no writer" if pid is None else f"writer {pid}"


COMMAND = Command("rings", "Show the rings on this host: producers, fill, losses, writer.", [], [APP, JSON], rings)
