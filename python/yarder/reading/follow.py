"""`follow`: records as they are written, through every rotation."""

from __future__ import annotations

from yarder.reading.problems import Problems
from yarder.reading.question import question
from yarder.record import Record

__all__ = ["Following", "follow"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self, Unpack

    from yarder._core import Follow
    from yarder.typing import Filters, LogSource

_WAIT_S = 3600.0  # signals are looked at five times a second by native code


def follow(source: LogSource, *, last: int = 0, timeout: float | None = None, **filters: Unpack[Filters]) -> Following:
    """The records of a log as they are written, each once, through rotation, `copytruncate` and re-creation.

    The iterator waits for the next record; `Ctrl-C` ends it. The file need not be there yet; a folder is followed with
    every log that comes into it.

    Args:
        source: as in `read`.
        last: so many of the records that are there come first. With `since`, everything from then on does.
        timeout: end when no record came for so many seconds; None waits for ever.
        **filters: as in `read`.

    Raises:
        ConfigError: with every filter that is wrong.
        OSError: when the source may not be read.
    """
    first = -1 if filters.get("since") is not None else max(0, last)
    return Following(question(source, **filters).follow(first), timeout)


class Following:
    """An iterator of records to come. Made by `follow`."""

    __slots__ = ("_follow", "_next", "_timeout")

    def __init__(self, follow: Follow, timeout: float | None):
        self._follow = follow
        self._timeout = timeout
        self._next = self._records()

    @property
    def problems(self) -> Problems:
        """What could not be read so far."""
        return Problems.of(self._follow.problems())

    def _records(self) -> Iterator[Record]:
        make = Record.from_row
        while True:
            rows = self._follow.next_batch(_WAIT_S if self._timeout is None else self._timeout)
            if not rows and self._timeout is not None:
                return
            yield from map(make, rows)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Record:
        return next(self._next)
