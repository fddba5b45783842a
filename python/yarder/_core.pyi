"""The native half of yarder, in the order a record meets it. Users import none of these names from here."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from os import PathLike
from pathlib import Path
from typing import Any, Final, TypeAlias, final

__all__ = [
    "CONTEXT",
    "CONTEXT_KEYS",
    "LOSS_REASONS",
    "RECORD_HEAD_BYTES",
    "SLOT_BYTES",
    "VERSION",
    "Fields",
    "Follow",
    "HandlerQueue",
    "Logger",
    "Producer",
    "Query",
    "Ring",
    "Scan",
    "audit_log",
    "clear_records",
    "event",
    "percent",
    "yard_ask",
    "yard_level",
    "yard_state",
]

_Report: TypeAlias = tuple[int, list[tuple[Path, int, str]]]

VERSION: Final[str]
"""Version of the native module; equals the package's."""

SLOT_BYTES: Final[int]
"""Bytes of one slot of a ring: 256."""

RECORD_HEAD_BYTES: Final[int]
"""Bytes before a record's first section: 48 (docs/specs/record.md)."""

LOSS_REASONS: Final[tuple[str, ...]]
"""Names of the loss reasons, in the order of their numbers (docs/specs/ring.md)."""

CONTEXT_KEYS: Final[tuple[str, ...]]
"""Keywords of a log call that are not fields: exc_info, stack_info, stacklevel, extra, fields."""

CONTEXT: Final[ContextVar[Fields | None]]
"""Fields of `yarder.context`; read by every call once a `Fields` for it was made."""

@final
class Fields:
    """Encoded fields, immutable. Cost: as a log call with the same fields."""

    def __new__(cls, mapping: Mapping[str, object], base: Fields | None = None, /) -> Fields: ...
    def __len__(self) -> int: ...
    def as_dict(self) -> dict[str, Any]:
        """The fields as Python values, as a reader of the record would see them."""

@final
class Logger:
    """A handle to log with; cheap, immutable, safe in every thread. Made by `yarder.get_logger` and `Producer.logger`.

    The methods take a message, its %-arguments and, as keywords, fields; they return None and raise nothing for
    what happens inside yarder. A call below the level costs about one native call.
    """

    @property
    def facility(self) -> str: ...
    @property
    def fields(self) -> dict[str, Any]:
        """The bound fields."""
    def emergency(self, msg: object, /, *args: object, **fields: Any) -> None: ...
    def alert(self, msg: object, /, *args: object, **fields: Any) -> None: ...
    def critical(self, msg: object, /, *args: object, **fields: Any) -> None: ...
    def error(self, msg: object, /, *args: object, **fields: Any) -> None: ...
    def warning(self, msg: object, /, *args: object, **fields: Any) -> None: ...
    def notice(self, msg: object, /, *args: object, **fields: Any) -> None: ...
    def info(self, msg: object, /, *args: object, **fields: Any) -> None: ...
    def debug(self, msg: object, /, *args: object, **fields: Any) -> None: ...
    def trace(self, msg: object, /, *args: object, **fields: Any) -> None: ...
    def fatal(self, msg: object, /, *args: object, **fields: Any) -> None: ...
    def err(self, msg: object, /, *args: object, **fields: Any) -> None: ...
    def warn(self, msg: object, /, *args: object, **fields: Any) -> None: ...
    def exception(self, msg: object, /, *args: object, **fields: Any) -> None:
        """`error` with the exception that is being handled."""
    def log(self, level: int | str, msg: object, /, *args: object, **fields: Any) -> None:
        """Log at a level given at run time: a `Level`, its number, a name, or stdlib's number."""
    def bind(self, **fields: Any) -> Logger:
        """A logger that adds these fields to every record; later binds win."""
    def unbind(self, *names: str) -> Logger:
        """A logger without these bound fields; unknown names are ignored."""
    def is_enabled(self, level: int | str, /) -> bool: ...
    def __copy__(self) -> Logger: ...
    def __deepcopy__(self, memo: object, /) -> Logger: ...

@final
class Producer:
    """What loggers of one pipeline write to: this process's ring and its place in the yard.

    `starter` is called once, at the first call that passes while nothing is attached (zero configuration).
    """

    def __new__(cls, starter: object | None = None) -> Producer: ...
    def logger(self, facility: str | None = None, *, library: bool = False) -> Logger:
        """A logger; None: the app's own facility. `library`: says nothing until something is attached."""
    def attach(
        self,
        *,
        app: str,
        yard: str | None,
        plan: str | None,
        local: str | None,
        policy: int,
        block_ms: Sequence[float],
        ring_slots: int,
        max_record_bytes: int,
        sync: bool,
        sync_ms: float,
        caller: bool,
        levels: Mapping[str, int],
        queues: Sequence[HandlerQueue],
    ) -> None:
        """Make a ring and write to it from now on; what the ring before holds is still written.

        `plan`: the shared destinations as JSON (docs/specs/yard.md), `local`: the consoles as JSON of the same shape.
        `policy`: 0 block, 1 drop_newest, 2 overwrite_oldest. `block_ms`: nine numbers, by level; negative waits without
        limit. `levels`: facility prefix ("" for all) to level number, -1 is off. Raises YarderError kinds.
        """
    def is_attached(self) -> bool: ...
    def write(self, facility: str | None, level: int, message: object, fields: Mapping[str, object] | None, /) -> bool:
        """Log and say whether the record was accepted (True also when the level is off)."""
    def reborn(self) -> None:
        """In a forked child: make its own ring now. Without this its first record does it."""
    def add_queue(self, queue: HandlerQueue, /) -> None: ...
    def remove_queue(self, queue: HandlerQueue, /) -> None: ...
    def flush(self, timeout: float, /) -> bool:
        """True when everything this process logged before the call is in every backend. Releases the GIL."""
    def rotate(self, timeout: float, /) -> bool:
        """Turn the live files of the yard into archives now. False: no writer did it in time."""
    def reopen(self, timeout: float, /) -> bool:
        """Open the live files anew. False: no writer did it in time."""
    def close(self, timeout: float, /) -> bool:
        """Flush, give the ring back; later calls go to stderr and are counted. Idempotent."""
    def set_level(self, level: int, facility: str = "", pid: int = 0, /) -> None:
        """An override for all processes of the app (pid 0) or one; seen at their next call."""
    def clear_level(self, facility: str = "", pid: int = 0, /) -> None: ...
    def levels(self) -> dict[str, int]:
        """Effective levels by facility prefix, overrides applied; "" is the default."""
    def stats(self) -> dict[str, Any]:
        """Raw numbers for `yarder.stats()`: see yarder.meters."""

@final
class HandlerQueue:
    """Records on their way to one Python callable; bounded (records and bytes). Full: the newest is lost, counted."""

    def __new__(
        cls, name: str, level: int = 8, facilities: Mapping[str, int] | None = None, capacity: int = 10_000
    ) -> HandlerQueue: ...
    @property
    def name(self) -> str: ...
    def take(self, timeout: float, most: int = 256, /) -> list[tuple[Any, ...]] | None:
        """Wait for records, the GIL released; [] on time-out, None when closed and empty.

        Each is (id bytes, unix ns, level, app, facility, message, fields, pid, tid, process, thread, hostname, caller,
        producer, sequence)."""
    def done(self, count: int, failed: int = 0, /) -> None:
        """Say how many of the taken records were handled: `flush` waits for it."""
    def close(self) -> None: ...
    def counts(self) -> tuple[int, int, int, int]:
        """(accepted, done, failed, lost)."""

@final
class Query:
    """A question about log files (docs/specs/read.md). `sources`: files, folders, stems; one that is not there is missed
    only when it is the only one.

    Times are nanoseconds since 1970, both included. `levels`: one bit for each, default all. `where`: names of fields, or of parts of
    a record, and their texts. `threads`: 0 as many as there are processors, four at most. Raises ConfigError for a
    pattern or a zone that is none.
    """

    def __new__(
        cls,
        sources: Sequence[str | PathLike[str]],
        *,
        since: int | None = None,
        until: int | None = None,
        levels: int = ...,
        app: str | None = None,
        facility: str | None = None,
        contains: str | None = None,
        regex: str | None = None,
        where: Sequence[tuple[str, str]] = ...,
        tz: str = "local",
        threads: int = 0,
    ) -> Query: ...
    def scan(self, limit: int | None = None, *, reverse: bool = False) -> Scan:
        """The records, oldest first or newest first. Raises OSError."""
    def follow(self, last: int = 0) -> Follow:
        """The records as they are written; first the last so many that are there, or all of them (-1). Raises OSError."""
    def count(self, by: str | None = None) -> tuple[int, dict[str | None, int], _Report]:
        """(all, by the text of a field or part, or by "minute", "hour", "day" in UTC, what could not be read).

        Releases the GIL; limit and order mean nothing here. Raises OSError."""
    def progress(self) -> tuple[int, int]:
        """Bytes on the disk of the count under way: done, in all. Never waits."""
    def files(self) -> list[Path]:
        """The files there are, oldest first. Raises OSError."""

@final
class Scan:
    """The records of a source, in order. Made by `Query.scan`; several threads may share one."""

    def next_batch(self, most: int = 512, /) -> list[tuple[Any, ...]] | None:
        """The next records as rows of `Record` (as `HandlerQueue.take` gives them), [] when none was found for 200 ms,
        None at the end. Releases the GIL."""
    def next_lines(self, json: bool, color: bool, most: int = 512, /) -> bytes | None:
        """The same as lines: JSON, or for people. Escape sequences of the records are inert."""
    def problems(self) -> _Report:
        """What could not be read so far: how many places, and (path, offset, what) of the first ten."""
    def progress(self) -> tuple[int, int]:
        """Bytes on the disk: done, in all. Never waits."""

@final
class Follow:
    """The records of a source as they are written. Made by `Query.follow`."""

    def next_batch(self, timeout: float, /) -> list[tuple[Any, ...]]:
        """The next records as soon as there are any, [] when `timeout` seconds passed without one. Looks at signals five
        times a second; releases the GIL. Raises OSError."""
    def next_lines(self, json: bool, color: bool, timeout: float, /) -> bytes:
        """The same as lines."""
    def problems(self) -> _Report:
        """As `Scan.problems`."""

def clear_records(source: str | PathLike[str], before: int, tz: str = "local", /) -> tuple[int, int, int]:
    """Take the records before a time out of the files of a source: (removed, kept, unreadable lines that stay).

    Raises BlockingIOError when a writer holds a live file, OSError for whatever else a file may answer."""

@final
class Ring:
    """The ring itself, for other uses: one writer, one reader, whole byte strings, across processes."""

    @staticmethod
    def create(path: str, slots: int) -> Ring: ...
    @staticmethod
    def attach(path: str) -> Ring: ...
    def write(self, data: bytes, /) -> bool:
        """False when it does not fit now; counted in `overruns`."""
    def read(self) -> bytes | None: ...
    @property
    def overruns(self) -> int: ...
    def __len__(self) -> int: ...
    def close(self) -> None: ...
    def __enter__(self) -> Ring: ...
    def __exit__(self, *exc: object) -> None: ...

def percent(template: str, args: tuple[object, ...], /) -> str:
    """Render as the writer does: `template % args` for the kinds of value a record carries typed."""

def event(room: str, level: str, text: str, /) -> None:
    """Print one of yarder's own events if YARDER_DEBUG asks for it."""

def yard_state(folder: str | PathLike[str], /) -> dict[str, Any] | None:
    """What stands in the yard of a folder, None when there is no yard: `writer_pid` (None: nobody), `writer_beat_ns`,
    `rules` (facility, pid, level), `rings`: producer, pid, process, alive, slots, used, high_water, accepted, blocked,
    stalled, lost by reason. Takes no lock and changes nothing. Raises RingError."""

def yard_level(folder: str | PathLike[str], level: int | None, facility: str = "", pid: int = 0, /) -> bool:
    """Set the level of a facility for all processes of the yard's app (pid 0) or one; None takes it back. False when there
    was nothing to change. Raises RingError."""

def yard_ask(folder: str | PathLike[str], reopen: bool, /) -> bool:
    """Ask the yard's writer to rotate or reopen its files; False when there is no yard. Raises RingError."""

def audit_log(live: str | PathLike[str], /) -> tuple[bool, str]:
    """Hold a log against its ledger: whether it is clean, and all that was found, as JSON. Raises BackendError when there
    is no ledger to hold it against."""
