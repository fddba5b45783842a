"""The least of `yarder.Handler` that the set-ups need, only where the package has none: importing this puts it there."""

from __future__ import annotations

import logging
from typing import Any

import yarder

__all__: list[str] = []

_OWN = frozenset((*vars(logging.makeLogRecord({})), "message", "asctime"))


class Handler(logging.Handler):
    """stdlib's records on the default pipeline: level, facility, message, extra, exception."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log it."""
        fields = {name: value for name, value in vars(record).items() if name not in _OWN}
        log: Any = yarder.get_logger(record.name)
        log.log(record.levelname.lower(), record.getMessage(), fields=fields, exc_info=record.exc_info)


if not hasattr(yarder, "Handler"):
    vars(yarder)["Handler"] = Handler
