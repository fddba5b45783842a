"""`yarder tail`: the last records, and those to come."""

from __future__ import annotations

from yarder.cli.codes import OK
from yarder.cli.filters import FACILITY, JSON, LEVEL, SOURCE, TEXT, TZ
from yarder.cli.options import Command, Option
from yarder.cli.output import Output, say, tell
from yarder.reading.question import question

__all__ = ["COMMAND", "tail"]

_WAIT_S = 3600.0


def tail(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    source: str,
    lines: int,
    follow: bool,
    level: str | None,
    facility: str | None,
    text: str | None,
    json: bool,
    errors_first: bool,
    tz: str,
) -> int:
    """Show the last records of a log, and with `follow` those to come."""
    asked = question(source, level=level, facility=facility, contains=text, tz=tz)
    if not follow:
        asked.files()  # a log that is not there is an error, unless it is waited for
    out = Output.stdout()
    if errors_first and lines:
        errors = question(source, level="error", facility=facility, contains=text, tz=tz).follow(lines)
        out.write(errors.next_lines(json, out.color, 0.0))
        say("above: the last errors; below: the last records")
    following = asked.follow(lines)
    if lines:
        out.write(following.next_lines(json, out.color, 0.0))
    while follow:
        out.write(following.next_lines(json, out.color, _WAIT_S))
    tell(following.problems())
    return OK


COMMAND = Command(
    "tail",
    "Show the last records of a log, and with -f those to come.",
    [SOURCE],
    [
        Option("lines", ("-n", "--lines"), int, 20, "So many records."),
        Option("follow", ("-f", "--follow"), bool, False, "Go on with what is written, through rotation."),
        LEVEL,
        FACILITY,
        TEXT,
        JSON,
        Option("errors_first", ("--errors-first",), bool, False, "Before them the last so many errors."),
        TZ,
    ],
    tail,
)
