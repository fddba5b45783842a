"""`yarder query`: search live file and archives, or count what is there."""

from __future__ import annotations

import sys

from yarder.cli.codes import FOUND, NONE
from yarder.cli.filters import FACILITY, JSON, LEVEL, SOURCE, TEXT, TZ
from yarder.cli.options import Command, Option
from yarder.cli.output import Output, tell
from yarder.cli.progress import Progress
from yarder.errors import ConfigError
from yarder.reading.question import question

__all__ = ["COMMAND", "query"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from yarder._core import Query


def query(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    source: str,
    since: str | None,
    until: str | None,
    level: str | None,
    facility: str | None,
    text: str | None,
    regex: str | None,
    where: list[str] | None,
    app: str | None,
    limit: int | None,
    reverse: bool,
    count: bool,
    by: str | None,
    json: bool,
    tz: str,
    no_pager: bool,
) -> int:
    """Search a log, live file and archives."""
    asked = question(
        source, since=since, until=until, level=level, facility=facility, contains=text, regex=regex, app=app, tz=tz,
        where=_pairs(where or []),
    )  # fmt: skip
    if count or by is not None:
        found = _count(asked, by, json=json)
    else:
        found = _show(asked, limit, reverse=reverse, json=json, pager=not no_pager)
    return FOUND if found else NONE


def _pairs(words: list[str]) -> dict[str, object]:
    pairs: dict[str, object] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            hint = "write a field and its value, as in user_id=7"
            raise ConfigError(f"where: {word!r} has no value; {hint}", key="where", hint=hint)
        pairs[key] = value
    return pairs


def _show(asked: Query, limit: int | None, *, reverse: bool, json: bool, pager: bool) -> bool:
    scan = asked.scan(limit, reverse=reverse)
    found = False
    with Output.paged(wanted=pager) as out, Progress(scan.progress, shown=not sys.stdout.isatty()):
        while (lines := scan.next_lines(json, out.color)) is not None:
            found = found or bool(lines)
            out.write(lines)
    tell(scan.problems())
    return found


def _count(asked: Query, by: str | None, *, json: bool) -> bool:
    out = Output.stdout()
    with Progress(asked.progress):
        total, parts, problems = asked.count(by)
    if json:
        import json as jsonlib

        named = {("" if value is None else value): count for value, count in parts.items()}
        out.line(jsonlib.dumps({"total": total} | ({"by": named} if by is not None else {})))
    elif by is None:
        out.line(str(total))
    else:
        from yarder.cli.chart import chart

        for line in chart(parts, time=by in ("minute", "hour", "day")):
            out.line(line)
    tell(problems)
    return total > 0


COMMAND = Command(
    "query",
    "Search a log, live file and archives. Exit code 0: found, 1: nothing found, 2: it could not be searched.",
    [SOURCE],
    [
        Option("since", ("--since",), str, None, "Not before: 2026-01-15T10:30, or so long ago: 10m."),
        Option("until", ("--until",), str, None, "Not after."),
        LEVEL,
        FACILITY,
        TEXT,
        Option("regex", ("-e", "--regex"), str, None, "The same as a regular expression."),
        Option("where", ("--where",), list, None, "A field and its value, k=v; may be repeated."),
        Option("app", ("--app",), str, None, "Only this app's records."),
        Option("limit", ("-n", "--limit"), int, None, "At most so many records."),
        Option("reverse", ("-r", "--reverse"), bool, False, "Newest first."),
        Option("count", ("-c", "--count"), bool, False, "Only how many there are."),
        Option("by", ("--by",), str, None, "Count by a field, level, facility, minute, hour, day ..."),
        JSON,
        TZ,
        Option("no_pager", ("--no-pager",), bool, False, "Never show the result in $PAGER."),
    ],
    query,
)
