"""Asking a writer, whoever it is, for something."""

from __future__ import annotations

from yarder.cli.codes import OK, UNAVAILABLE
from yarder.cli.output import say
from yarder.ring.yards import folders, state

__all__ = ["ask"]


def ask(app: str | None, *, reopen: bool) -> int:
    """Ask the writers of an app's yards, or of all, to rotate or to reopen their files."""
    from yarder._core import yard_ask

    asked = 0
    for folder in folders(app):
        found = state(folder)
        if found is None:
            continue
        if found["writer_pid"] is None:
            say(f"{found['app']} has no writer now; its next one will do it")
        asked += yard_ask(folder, reopen)
    if not asked:
        say(f"no yard of {app!r} on this host" if app else "no yard on this host: nothing logs to files here")
        return UNAVAILABLE
    return OK
