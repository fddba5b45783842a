"""Types to annotate with; no behaviour. Only type checkers and programs that ask for a name import this module."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, TypeAlias, TypedDict, runtime_checkable

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from yarder.config.format import Json
    from yarder.record import Record
    from yarder.severity import Level

__all__ = [
    "Backend",
    "BackendOptions",
    "Destination",
    "Facilities",
    "Filters",
    "FormatLike",
    "HandleRecord",
    "Handler",
    "LevelLike",
    "LogFiles",
    "LogSource",
    "Moment",
    "Options",
    "StrPath",
    "Wait",
]

LevelLike: TypeAlias = "Level | int | str"
"""A level, however it is written: a `Level`, its number 1..8, a name in any case, stdlib's 10..70, or "off"."""

StrPath: TypeAlias = "str | PathLike[str]"
"""A path as text or as a path object."""

Facilities: TypeAlias = "Mapping[str, LevelLike] | Sequence[str]"
"""Which facilities a destination takes: prefixes to levels, or only prefixes (all of their levels)."""

FormatLike: TypeAlias = "str | Json"
"""A format: one of its names, a template such as "{level} {message}", or a `Json` with options."""

Moment: TypeAlias = "datetime | timedelta | str"
"""A time: a datetime, RFC 3339 text, or how long ago, as a timedelta or as "10m"."""

LogSource: TypeAlias = "StrPath | LogFiles"
"""Where to read: a file, a folder, an app's name, or something with files of its own, such as a pipeline."""

Wait: TypeAlias = "float | Mapping[str, float | None] | None"
"""Milliseconds a call may wait for room; None: without limit; a mapping: by level name."""

Destination: TypeAlias = "dict[str, Any]"
"""One destination of a plan, as it is written into the yard (docs/specs/yard.md)."""


@runtime_checkable
class HandleRecord(Protocol):
    """An object that takes records one by one."""

    def handle(self, record: Record) -> object:
        """Take one record. An exception is counted and reported once; it reaches nobody."""


Handler: TypeAlias = "Callable[[Record], object] | Callable[[Record], Awaitable[object]] | HandleRecord"
"""What `add_handler` takes: a function, a coroutine function, or an object with `handle(record)`."""


class BackendOptions(Protocol):
    """What stands in `backends=[...]`: a frozen object that says where records go (see `yarder.backends.base`)."""

    kind: ClassVar[str]
    local: ClassVar[bool]
    from_table: ClassVar[bool]

    @property
    def name(self) -> str | None:
        """The name it has in `stats()`; None takes the word for its kind."""

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Self:
        """From a table of a configuration file."""

    def replace(self, **changes: Any) -> Self:
        """The same with some options changed."""

    def destination(self) -> Destination | None:
        """Its part of the plan; None when records do not leave through the plan (a callable)."""


@runtime_checkable
class Backend(Protocol):
    """A destination written in Python: two hooks."""

    def write(self, batch: Sequence[Record]) -> None:
        """Take a batch, whole or not at all: an exception means that none of it was taken."""

    def close(self) -> None:
        """Release what was opened; called once."""


class Options(TypedDict, total=False):
    """The keywords of `configure` and `Pipeline`; one row each in `yarder.config.table`, which documents them."""

    app: str | None
    level: LevelLike | None
    levels: Mapping[str, LevelLike] | None
    backends: Sequence[BackendOptions] | None
    mode: Literal["async", "sync"] | None
    overflow: Literal["block", "drop_newest", "overwrite_oldest"] | None
    block_ms: Wait
    ring_slots: int | None
    tz: Literal["local", "utc"] | None
    env: bool | None
    yard: StrPath | None
    caller: bool | None
    max_record_bytes: int | None
    sync_ms: float | None


@runtime_checkable
class LogFiles(Protocol):
    """Something that has log files: a pipeline."""

    def log_files(self) -> Sequence[str]:
        """Absolute paths of the live files; they need not be there yet."""


class Filters(TypedDict, total=False):
    """What `yarder.read` and `yarder.follow` can ask for; they document them."""

    since: Moment | None
    until: Moment | None
    level: LevelLike | None
    app: str | None
    facility: str | None
    contains: str | None
    regex: str | None
    where: Mapping[str, object] | None
    tz: str | None
