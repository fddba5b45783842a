"""The native half of yarder, in the order a record meets it. Users import none of these names from here."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final, final

__all__ = [
    "CONTEXT",
    "CONTEXT_KEYS",
    "LOSS_REASONS",
    "RECORD_HEAD_BYTES",
    "SLOT_BYTES",
    "VERSION",
    "Fields",
    "HandlerQueue",
    "Logger",
    "Producer",
    "Ring",
    "event",
    "percent",
]

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
