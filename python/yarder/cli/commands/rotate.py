"""`yarder rotate`."""

from __future__ import annotations

from yarder.cli.commands.ask import ask
from yarder.cli.filters import APP
from yarder.cli.options import Command

__all__ = ["COMMAND", "rotate"]


def rotate(*, app: str | None) -> int:
    """Ask the writer of running apps to rotate their files now."""
    return ask(app, reopen=False)


COMMAND = Command("rotate", "Ask the writer of running apps to rotate their files now.", [], [APP], rotate)
