"""`Handler`: records of the standard library into a pipeline, by the standard library's own ways."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any

from yarder import default
from yarder.native import bridge_methods, relay

if TYPE_CHECKING:
    from yarder.native import Logger
    from yarder.pipeline import Pipeline

__all__ = ["RESERVED", "Handler", "default_target", "facility_of", "is_default"]

RESERVED = frozenset(
    {*vars(logging.LogRecord("", 0, "", 0, "", (), None)), "message", "asctime", "taskName", "exc_text"}
)
"""Attributes of a record that are no fields; `extra` may not use them, as in the standard library."""

_DEFAULT_FORMATS = (None, logging.BASIC_FORMAT, "%(message)s")


class _NoLock:
    """What the standard library's code takes for a lock."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: ARG002 - that of a lock
        return True

    def release(self) -> None:
        return

    def __enter__(self) -> bool:
        return True

    def __exit__(self, *exc: object) -> None:
        return


_NO_LOCK = _NoLock()


class Handler(logging.Handler):
    """A `logging.Handler` that writes to a yarder pipeline. For `dictConfig`, `basicConfig` and `fileConfig`.

    Filters and levels work as on any handler. `extra` becomes fields, `exc_info` the fields `exception.*`, `stack_info`
    the field `code.stacktrace`. A formatter that was set makes the message, stack trace included; without one, or with
    one of the standard library's own defaults, the message stays what was logged and the pipeline formats the line.
    Cost: that of the standard library's own call, 5 us; `yarder.install_logging` avoids it where nothing needs it.

    Args:
        level: least severe level it takes, in the standard library's numbers or names.
        pipeline: where to write; default: the default pipeline.
    """

    def __init__(self, level: int | str = logging.NOTSET, *, pipeline: Pipeline | None = None):
        self._pipeline = pipeline
        self._loggers: dict[str, Logger] = {}
        super().__init__(level)

    def createLock(self) -> None:  # noqa: N802 - the standard library's name
        """One that locks nothing: a log call of yarder's has no state that two threads could share."""
        self.lock = _NO_LOCK  # type: ignore[assignment]

    def target(self, name: str) -> Logger:
        """The logger of the pipeline for a logger's name; that of the root is the app's own."""
        if self._pipeline is None:
            return default_target(name)
        found = self._loggers.get(name)
        if found is None:
            found = self._loggers[name] = self._pipeline.logger(facility_of(name))
        return found

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record. What goes wrong is told by `handleError`, as the standard library does."""
        try:
            message, args, exc_info = _said(self, record)
            fields = _fields(record, is_default(self.formatter))
            relay(self.target(record.name), int(record.levelno), message, args, _caller(record), fields, exc_info)
        except RecursionError:  # as in the standard library: handling it would recurse again
            raise
        except Exception:  # noqa: BLE001 - the standard library's contract
            self.handleError(record)

    def flush(self) -> None:
        """Wait until what was written is in every backend, 5 s at most."""
        (self._pipeline or default).flush()

    def __repr__(self) -> str:
        return f"<yarder.Handler ({logging.getLevelName(self.level)})>"


# A change of one of its attributes may close the short way: see `yarder.bridges.stdlib_rules`.
for _name, _method in bridge_methods(Handler, logger=False).items():
    setattr(Handler, _name, _method)


_targets: dict[str, Logger] = {}


def default_target(name: str) -> Logger:
    """The logger of the default pipeline for a logger's name; kept for ever, as the standard library keeps its own."""
    found = _targets.get(name)
    if found is None:
        found = _targets[name] = default.get_logger(facility_of(name))
    return found


def facility_of(name: str) -> str | None:
    """The facility for a logger's name."""
    return None if name == "root" else name


def is_default(formatter: logging.Formatter | None) -> bool:
    """Whether nobody asked for a format: none is set, or what `basicConfig` and `Formatter()` put there by themselves."""
    if formatter is None:
        return True
    plain = type(formatter) is logging.Formatter and formatter.datefmt is None
    return plain and getattr(formatter, "_fmt", "") in _DEFAULT_FORMATS


def _said(handler: Handler, record: logging.LogRecord) -> tuple[Any, tuple[Any, ...], Any]:
    if not is_default(handler.formatter):
        return handler.format(record), (), None
    if type(record).getMessage is not logging.LogRecord.getMessage:
        return record.getMessage(), (), record.exc_info
    args: Any = record.args
    if not args:
        return record.msg, (), record.exc_info
    return record.msg, args if isinstance(args, tuple) else (args,), record.exc_info


def _caller(record: logging.LogRecord) -> str | None:
    if not record.lineno:
        return None
    return f"{record.filename}:{record.lineno} in {record.funcName}"


def _fields(record: logging.LogRecord, plain: bool) -> dict[str, Any] | None:
    """What `extra` brought, and what belongs to another thread, process or time than the running one."""
    fields = {name: value for name, value in vars(record).items() if name not in RESERVED}
    if plain and record.exc_text and not record.exc_info:
        fields["exception.stacktrace"] = record.exc_text
    if plain and record.stack_info:
        fields["code.stacktrace"] = record.stack_info
    if record.process is not None and record.process != os.getpid():
        fields["process.pid"] = record.process
    if record.thread is not None and record.thread != threading.get_ident():
        fields["thread.name"] = record.threadName
    return fields or None
