"""`clear`: take old records out of files."""

from __future__ import annotations

from typing import NamedTuple

from yarder._core import clear_records
from yarder.reading.source import paths
from yarder.reading.when import nanoseconds

__all__ = ["Cleared", "clear"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from yarder.typing import LogSource


class Cleared(NamedTuple):
    """What `clear` did."""

    removed: int
    """Records taken out."""
    kept: int
    """Records left."""
    unread: int
    """Lines left because nobody could read them."""


def clear(source: LogSource, before: datetime | timedelta | str, *, tz: str = "local") -> Cleared:
    """Take the records before a time out of live file and archives. Each file is replaced at once or not at all.

    Lines that cannot be read stay. An archive that becomes empty is removed.

    Args:
        source: as in `read`.
        before: as `since` in `read`; a record of exactly this time stays.
        tz: zone of human lines.

    Raises:
        ConfigError: when the time is none.
        BlockingIOError: when a writer has a live file open; use `Pipeline.clear` then.
        OSError: when a file cannot be read or written.
    """
    moment = nanoseconds(before, "before")
    done = [clear_records(path, moment, tz) for path in paths(source)]
    return Cleared(*(sum(part) for part in zip(*done, strict=True))) if done else Cleared(0, 0, 0)
