"""Stand-in for the native module in a subinterpreter: human lines on stderr, levels, counters; no files, no rings.

Every name that `yarder.native` hands on is here with the same methods, so that a library that logs works wherever it
is imported. Nothing is silent: records go to stderr and are counted, and `configure` says that destinations other than
stderr are not served here.
"""

# ruff: noqa: ARG002, ARG004 - signatures are the native ones, used or not

from __future__ import annotations

import sys
import time
from contextvars import ContextVar

from yarder.errors import RingError, report
from yarder.level import ALIASES, NAMES, parse

__all__ = ["CONTEXT", "LOSS_REASONS", "VERSION", "Fields", "HandlerQueue", "Logger", "Producer", "Ring", "event"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

VERSION = "subinterpreter"
LOSS_REASONS: tuple[str, ...] = ()
_KEYWORDS = ("exc_info", "stack_info", "stacklevel", "extra", "fields")
_INFO = NAMES.index("info")


class Fields(dict[str, object]):
    """Fields of a context: a plain mapping here."""

    __slots__ = ()

    def __init__(self, mapping: Mapping[str, object], base: Fields | None = None, /):
        super().__init__({**(base or {}), **mapping})

    def as_dict(self) -> dict[str, Any]:
        """The fields as a new mapping."""
        return dict(self)


CONTEXT: ContextVar[Fields | None] = ContextVar("yarder_context", default=None)


class Logger:
    """The logger's methods over `Producer.say`; the method of each level is made below."""

    def __init__(self, producer: Producer, facility: str, fields: Mapping[str, Any] | None = None):
        self._producer = producer
        self.facility = facility
        self.fields = dict(fields or {})

    def log(self, level: int | str, msg: object, /, *args: object, **fields: Any) -> None:
        """Log at a level given at run time."""
        self._producer.say(self.facility, parse(level), msg, args, {**self.fields, **fields})

    def exception(self, msg: object, /, *args: object, **fields: Any) -> None:
        """`error` with the exception that is being handled."""
        self.log("error", msg, *args, **{"exc_info": True, **fields})

    def bind(self, **fields: Any) -> Logger:
        """A logger that adds these fields to every record."""
        return Logger(self._producer, self.facility, {**self.fields, **fields})

    def unbind(self, *names: str) -> Logger:
        """A logger without these bound fields."""
        kept = {key: value for key, value in self.fields.items() if key not in names}
        return Logger(self._producer, self.facility, kept)

    def is_enabled(self, level: int | str, /) -> bool:
        """Whether a record of this level would be said."""
        return parse(level) <= self._producer.level_of(self.facility)


def _method(name: str) -> Callable[..., None]:
    def method(self: Logger, msg: object, /, *args: object, **fields: Any) -> None:
        self.log(name, msg, *args, **fields)

    method.__name__ = name
    method.__doc__ = f"Log at level {name}."
    return method


for _name in (*NAMES, "warn", "err", "fatal"):
    setattr(Logger, _name, _method(NAMES[ALIASES[_name]]))


class Producer:
    """Levels and counters; every record that passes is one line on stderr."""

    def __init__(self, starter: Callable[[], object] | None = None):
        self._starter = starter
        self._app = "python"
        self._levels = {"": _INFO}
        self._attached = False
        self._accepted = self._lost = 0

    def logger(self, facility: str | None = None, *, library: bool = False) -> Logger:
        """A logger; a library's is like any other here."""
        return Logger(self, facility or "")

    def attach(self, *, app: str, plan: str | None, levels: Mapping[str, int], **rest: object) -> None:
        """Take over name and levels; say that shared destinations are not served here."""
        self._app, self._levels, self._attached = app, dict(levels), True
        if plan is not None:
            report("a subinterpreter has no ring: records go to stderr, not to files")

    def is_attached(self) -> bool:
        """Whether `attach` was called."""
        return self._attached

    def level_of(self, facility: str) -> int:
        """The level of a facility: the longest prefix wins."""
        while facility and facility not in self._levels:
            facility = facility.rpartition(".")[0]
        return self._levels[facility]

    def say(self, facility: str, level: int, msg: object, args: tuple[Any, ...], fields: dict[str, Any]) -> bool:
        """One record as one line. Never raises; False when it could not be written."""
        if not self._attached and self._starter is not None:
            self._starter()
        if level > self.level_of(facility):
            return True
        try:
            sys.stderr.write(self._line(facility, level, msg, args, fields))
        except Exception:  # noqa: BLE001 - logging never breaks the app; the loss is counted
            self._lost += 1
            return False
        self._accepted += 1
        return True

    def _line(self, facility: str, level: int, msg: object, args: tuple[Any, ...], fields: dict[str, Any]) -> str:
        # Late and not at the top: a leaf may reach up only where the native module does, at the call.
        from yarder.emit.exception import describe
        from yarder.emit.values import fixed

        keywords = {name: fields.pop(name, None) for name in _KEYWORDS}
        found = describe(keywords["exc_info"])
        fields = {**(CONTEXT.get() or {}), **fields, **(keywords["extra"] or {}), **(keywords["fields"] or {})}
        text = msg if isinstance(msg, str) else str(fixed(msg))
        if args:
            text = text % (args[0] if len(args) == 1 and isinstance(args[0], dict) else args)
        shown = "".join(f" {key}={fixed(value)}" for key, value in fields.items())
        name = f"{self._app}/{facility}" if facility else self._app
        line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {NAMES[level].upper()} {name}: {text}{shown}"
        safe = "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)
        trace = "".join(f"  {part}\n" for part in found[2].splitlines()) if found else ""
        return f"{safe}\n{trace}"

    def write(self, facility: str | None, level: int, message: object, fields: Mapping[str, object] | None, /) -> bool:
        """Log and say whether it could be written."""
        return self.say(facility or "", level, message, (), dict(fields or {}))

    def reborn(self) -> None:
        """Nothing is inherited by a fork here."""

    def add_queue(self, queue: HandlerQueue, /) -> None:
        """Say that handlers get nothing here."""
        report("a subinterpreter has no ring: handlers get no records")

    def remove_queue(self, queue: HandlerQueue, /) -> None:
        """Nothing was added."""

    def flush(self, timeout: float, /) -> bool:
        """True: lines are written in the call."""
        return True

    def rotate(self, timeout: float, /) -> bool:
        """False: there are no files here."""
        return False

    def reopen(self, timeout: float, /) -> bool:
        """False: there are no files here."""
        return False

    def close(self, timeout: float, /) -> bool:
        """True; later records still go to stderr."""
        return True

    def set_level(self, level: int, facility: str = "", pid: int = 0, /) -> None:
        """For this interpreter only."""
        self._levels[facility] = level

    def clear_level(self, facility: str = "", pid: int = 0, /) -> None:
        """Back to the level of the next shorter prefix."""
        if facility:
            self._levels.pop(facility, None)

    def levels(self) -> dict[str, int]:
        """Levels by facility prefix."""
        return dict(self._levels)

    def stats(self) -> dict[str, Any]:
        """The two counters there are."""
        return {"accepted": self._accepted, "written": self._accepted, "dropped": {"write_error": self._lost}}


class HandlerQueue:
    """Never gets a record; closed from the start."""

    def __init__(self, name: str, level: int = 8, facilities: Mapping[str, int] | None = None, capacity: int = 10_000):
        self.name = name

    def take(self, timeout: float, most: int = 256, /) -> list[tuple[Any, ...]] | None:
        """None: closed and empty."""
        return None

    def done(self, count: int, failed: int = 0, /) -> None:
        """Nothing was taken."""

    def close(self) -> None:
        """Nothing to close."""

    def counts(self) -> tuple[int, int, int, int]:
        """(accepted, done, failed, lost)."""
        return (0, 0, 0, 0)


class Ring:
    """Not to be had here."""

    @staticmethod
    def create(path: str, slots: int) -> Ring:
        """Raises RingError."""
        raise RingError("a subinterpreter has no rings; use the main interpreter")

    @staticmethod
    def attach(path: str) -> Ring:
        """Raises RingError."""
        raise RingError("a subinterpreter has no rings; use the main interpreter")


def event(room: str, level: str, text: str, /) -> None:
    """Yarder's own events are native; here there are none."""
