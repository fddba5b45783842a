"""`Record`: one log event as handlers and readers see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from yarder.severity import BY_NUMBER, Level

__all__ = ["Record"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - `datetime.UTC` is the same object with one more look-up


@dataclass(frozen=True, slots=True)
class Record:
    """One log event. Frozen.

    `timestamp` is in UTC, to the microsecond; `id` is unique, sorts by time and holds producer and sequence. `caller`
    is None when the call site was not recorded. `sequence` counts the records of one producer without a gap: one that
    is missing was lost and is counted.
    """

    id: UUID
    timestamp: datetime
    level: Level
    app: str
    facility: str
    message: str
    fields: dict[str, Any]
    pid: int
    tid: int | None
    process: str
    thread: str | None
    hostname: str
    caller: str | None
    producer: int
    sequence: int

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Record:
        """From a row of `HandlerQueue.take`: the same values in the same order, id as bytes and time in nanoseconds."""
        identity, ns, level, *rest = row
        when = _EPOCH + timedelta(microseconds=ns // 1000)
        return cls(UUID(bytes=identity), when, BY_NUMBER[level], *rest)
