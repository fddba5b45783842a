"""`Records`: what a pipeline logs, kept to be looked at."""

from __future__ import annotations

import threading

from yarder.severity import Level

__all__ = ["Records", "as_text"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType
    from typing import Any, Self

    from yarder.config.options import Settings
    from yarder.pipeline import Pipeline
    from yarder.record import Record
    from yarder.typing import LevelLike

_FLUSH_S = 10.0
_STACK = "exception.stacktrace"


class Records:
    """Keeps the records that pass a pipeline while the `with` block runs, whoever configures or closes it meanwhile.

    Looking (`has`, `find`, iteration, `len`) first waits until everything that was logged has arrived. Records below
    the pipeline's level do not: `set_level` lowers it, and the end of the block takes that back.

    Args:
        pipeline: None: the default pipeline. It is not started by this.
    """

    def __init__(self, pipeline: Pipeline | None = None):
        from yarder.default import _pipeline

        self._pipeline: Pipeline = _pipeline if pipeline is None else pipeline
        self._kept: list[Record] = []
        self._lock = threading.Lock()
        self._levels: list[str | None] = []
        self._before: Any = None

    def __enter__(self) -> Self:
        # `close` takes handlers away and `configure` starts anew: each start is followed, in this one object.
        pipeline, apply = self._pipeline, self._pipeline._apply
        self._before = vars(pipeline).get("_apply")

        def followed(settings: Settings) -> None:
            apply(settings)
            self._attach()

        vars(pipeline)["_apply"] = followed
        if pipeline._producer.is_attached() and not pipeline._closed:
            self._attach()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reset_levels()
        if self._before is None:
            vars(self._pipeline).pop("_apply", None)
        else:
            vars(self._pipeline)["_apply"] = self._before
        self._pipeline.remove_handler(self)

    def _attach(self) -> None:
        if id(self) not in self._pipeline._added:
            self._pipeline.add_handler(self, name="records")

    def handle(self, record: Record) -> None:
        """Keep one record; called by the pipeline."""
        with self._lock:
            self._kept.append(record)

    def has(
        self,
        text: str | None = None,
        /,
        *,
        level: LevelLike | None = None,
        facility: str | None = None,
        fields: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> bool:
        """Whether a record was logged that is all of this; see `find`."""
        return bool(self.find(text, level=level, facility=facility, fields=fields, **more))

    def find(
        self,
        text: str | None = None,
        /,
        *,
        level: LevelLike | None = None,
        facility: str | None = None,
        fields: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> list[Record]:
        """The records that are all of this, in the order they were logged.

        Args:
            text: a part of the message.
            level: exactly this one.
            facility: exactly this one.
            fields: fields whose names are no identifiers, or are one of these arguments.
            **more: fields and their values.

        Raises:
            ConfigError: when the level is none.
        """
        from yarder.level import parse

        number = None if level is None else parse(level)
        wanted = {**(fields or {}), **more}
        return [
            record
            for record in self
            if (text is None or text in record.message)
            and (number is None or record.level == number)
            and (facility is None or record.facility == facility)
            and all(name in record.fields and record.fields[name] == value for name, value in wanted.items())
        ]

    def clear(self) -> None:
        """Forget what was logged so far."""
        self._pipeline.flush(_FLUSH_S)
        with self._lock:
            self._kept.clear()

    def set_level(self, level: LevelLike, facility: str | None = None) -> None:
        """`Pipeline.set_level`, taken back at the end. Starts the pipeline.

        Raises:
            ConfigError: when the level is none.
        """
        self._pipeline.set_level(level, facility)
        self._levels.append(facility)

    def reset_levels(self) -> None:
        """Take back what `set_level` did."""
        while self._levels:
            self._pipeline.clear_level(self._levels.pop())

    def __iter__(self) -> Iterator[Record]:
        self._pipeline.flush(_FLUSH_S)
        with self._lock:
            return iter(tuple(self._kept))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return True  # `assert records` must not mean "something was logged"

    def __repr__(self) -> str:
        lines = [as_text(record) for record in self]
        return "\n".join([f"<{len(lines)} records>", *lines])


def as_text(record: Record) -> str:
    """One record as a person reads it; a stack trace follows, indented."""
    fields = [f"{name}={value!r}" for name, value in record.fields.items() if not name.startswith("exception.")]
    source = record.app if record.facility in (record.app, "") else f"{record.app}/{record.facility}"
    message = record.message.replace("\r", "\\r").replace("\n", "\\n").replace("\x1b", "\\x1b")
    time = record.timestamp.astimezone().strftime("%H:%M:%S.%f")[:-3]
    line = " ".join([f"{time} {Level(record.level).name} {source}: {message}", *fields])
    stack = str(record.fields.get(_STACK, ""))
    return "\n".join([line, *(f"  {row}" for row in stack.splitlines())])
