"""loguru on yarder: `logger.remove(); logger.add(yarder.bridges.loguru.sink, level=0, format="{message}")`.

Level, message, `extra`, exception and caller are kept. Leave `enqueue=True` away: yarder is asynchronous already, and
loguru's queue pickles each message.
"""

from __future__ import annotations

import sys

from yarder.level import ALIASES, MOST, STDLIB, name_of, parse

__all__ = ["Sink", "sink"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from yarder.native import Logger
    from yarder.pipeline import Pipeline

_MOST_LOGGERS = 1024  # module names are few, but they come from the program


class Sink:
    """A sink for `loguru.logger.add`.

    The facility is the name of the module that logged ("__main__": the app's own), so that `levels={"pkg.db": "debug"}`
    works. A level that yarder has no name for (SUCCESS, your own) takes the more severe neighbour by its number, and
    its name is the field `level_name`. Cost: about as much as loguru's own part.

    Args:
        pipeline: where to log; None: the default pipeline.
    """

    __slots__ = ("_loggers", "_pipeline")

    def __init__(self, pipeline: Pipeline | None = None):
        self._pipeline = pipeline
        self._loggers: dict[str | None, Logger] = {}

    def __call__(self, message: Any) -> None:
        """Take one message of loguru, a `str` with the `record` it was made of."""
        record = message.record
        fields = dict(record["extra"])
        level = record["level"]
        if level.name.lower() not in ALIASES:
            fields.setdefault("level_name", level.name)
        depth = _depth(record)
        if not depth:
            fields.setdefault("caller", f"{record['file'].name}:{record['line']} in {record['function']}")
        exception = record["exception"]
        self._logger(record["name"]).log(
            name_of(_number(level)),
            record["message"],
            fields=fields,
            exc_info=tuple(exception) if exception is not None else None,
            stacklevel=depth or 1,
        )

    def _logger(self, name: str | None) -> Logger:
        name = None if name == "__main__" else name
        made = self._loggers.get(name)
        if made is None:
            if self._pipeline is not None:
                made = self._pipeline.logger(name)
            else:
                from yarder.default import get_logger

                made = get_logger(name)
            if len(self._loggers) < _MOST_LOGGERS:
                self._loggers[name] = made
        return made


sink = Sink()
"""The sink of the default pipeline."""


def _number(level: Any) -> int:
    known = ALIASES.get(level.name.lower())
    if known is not None:
        return known
    # loguru's numbers start at 0: its 1..8 must not be taken for yarder's own.
    return MOST if level.no < STDLIB[MOST - 1] else parse(min(level.no, STDLIB[0]))


def _depth(record: Any) -> int:
    """How many frames up the record's line stands, counted from the call of `log` in `Sink.__call__`; 0: not here.

    loguru has chosen the frame already (`opt(depth=...)`); with `enqueue=True` it is in another thread.
    """
    path, line, function = record["file"].path, record["line"], record["function"]
    frame, depth = sys._getframe(1), 1
    while frame is not None:
        code = frame.f_code
        if code.co_name == function and code.co_filename == path and frame.f_lineno == line:
            return depth
        if frame.f_back is None:
            break
        frame, depth = frame.f_back, depth + 1
    return 0
