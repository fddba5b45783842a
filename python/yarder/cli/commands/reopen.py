"""`yarder reopen`."""

from __future__ import annotations

from yarder.cli.commands.ask import ask
from yarder.cli.filters import APP
from yarder.cli.options import Command

__all__ = ["COMMAND", "reopen"]


def reopen(*, app: str | None) -> int:
    """Ask the writer of running apps to open their files anew, after an outside rotation."""
    return ask(app, reopen=True)


COMMAND = Command(
    "reopen", "Ask the writer of running apps to open their files anew, after an outside rotation.", [], [APP], reopen
)
