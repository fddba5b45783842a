"""`read`: the records of log files, in order."""

from __future__ import annotations

from yarder.reading.problems import Problems
from yarder.reading.question import question
from yarder.record import Record

__all__ = ["Reading", "read"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self, Unpack

    from yarder._core import Scan
    from yarder.typing import Filters, LogSource


def read(source: LogSource, *, limit: int | None = None, reverse: bool = False, **filters: Unpack[Filters]) -> Reading:
    """The records of a log, live file and archives, whatever format and compression they have.

    Nothing is locked and no writer waits. A line that is no record is skipped and told in `.problems`. The files are
    those that are there now; what is rotated meanwhile is read all the same, each record once.

    Args:
        source: a file, a folder (all its logs, merged by time), an app's name, or a pipeline.
        limit: at most so many records.
        reverse: newest first. A plain file is read from its end, in pieces.
        **filters: `since`, `until` (both included): a datetime, RFC 3339 text, or how long ago as "10m"; `level`: this
            one or more severe, "=warning" exactly; `app`; `facility`: a dotted prefix; `contains`: text in the
            message, a name, or a field as `key=value`; `regex`: the same in Rust's regex syntax; `where`: fields and
            their values; `tz`: zone of human lines ("local").

    Returns:
        An iterator of `Record`. Where a format does not keep it, the id is zero, process and host are empty, pid is 0.

    Raises:
        ConfigError: with every filter that is wrong.
        OSError: when there is no such source, or it may not be read.
    """
    return Reading(question(source, **filters).scan(limit, reverse=reverse))


class Reading:
    """An iterator of records that knows what it had to skip. Made by `read`."""

    __slots__ = ("_next", "_scan")

    def __init__(self, scan: Scan):
        self._scan = scan
        self._next = self._records()

    @property
    def problems(self) -> Problems:
        """What could not be read so far."""
        return Problems.of(self._scan.problems())

    def _records(self) -> Iterator[Record]:
        make = Record.from_row
        while (rows := self._scan.next_batch()) is not None:
            yield from map(make, rows)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Record:
        return next(self._next)
