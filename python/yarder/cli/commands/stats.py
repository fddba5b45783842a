"""`yarder stats`: each yard in one line of sums."""

from __future__ import annotations

import time

from yarder.cli.codes import OK, UNAVAILABLE
from yarder.cli.filters import APP, JSON
from yarder.cli.options import Command
from yarder.cli.output import Output, inert, say
from yarder.ring.yards import folders, state

__all__ = ["COMMAND", "stats"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def stats(*, app: str | None, json: bool) -> int:
    """Show sums over the rings of each yard."""
    found = [_sums(known) for folder in folders(app) if (known := state(folder)) is not None]
    out = Output.stdout()
    if json:
        import json as jsonlib

        out.line(jsonlib.dumps(found))
    else:
        for sums in found:
            out.line(_text(sums))
    if not found:
        say(f"no yard of {app!r} on this host" if app else "no yard on this host: nothing logs to files here")
        return UNAVAILABLE
    return OK


def _sums(yard: dict[str, Any]) -> dict[str, Any]:
    dropped: dict[str, int] = {}
    for ring in yard["rings"]:
        for reason, count in ring["lost"].items():
            dropped[reason] = dropped.get(reason, 0) + count
    beat = yard["writer_beat_ns"]
    return {
        "app": yard["app"],
        "writer_pid": yard["writer_pid"],
        "writer_age_s": round(max(0.0, time.time() - beat / 1e9), 3) if beat and yard["writer_pid"] else None,
        "producers": sum(ring["alive"] for ring in yard["rings"]),
        "dead": sum(not ring["alive"] for ring in yard["rings"]),
        "ring_used": sum(ring["used"] for ring in yard["rings"]),
        "ring_slots": sum(ring["slots"] for ring in yard["rings"]),
        "accepted": sum(ring["accepted"] for ring in yard["rings"]),
        "blocked": sum(ring["blocked"] for ring in yard["rings"]),
        "dropped": dropped,
    }


def _text(sums: dict[str, Any]) -> str:
    writer = "no writer" if sums["writer_pid"] is None else f"writer {sums['writer_pid']}"
    dead = f", {sums['dead']} dead to be drained" if sums["dead"] else ""
    dropped = ", ".join(f"{count:,} {reason}" for reason, count in sums["dropped"].items()) or "none"
    fill = sums["ring_used"] / (sums["ring_slots"] or 1)
    return (
        f"{inert(sums['app'])}: {writer}, {sums['producers']} producers{dead}, rings {fill:.0%} full,"
        f" {sums['accepted']:,} accepted, {sums['blocked']:,} waited, lost {dropped}"
    )


COMMAND = Command("stats", "Show sums over the rings of each yard.", [], [APP, JSON], stats)
