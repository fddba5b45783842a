"""The two loggers, each writing one file with the same facts in each line: time, level, thread, place, message."""

import logging
from collections.abc import Callable
from pathlib import Path

from walk import Log

__all__ = ["open_stdlib", "open_yarder"]

NAME = "stdlib-walk"


def open_stdlib(path: Path) -> tuple[Log, Callable[[], None]]:
    """Standard library: a FileHandler. Returns the logger and what closes it."""
    handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    layout = "%(asctime)s %(levelname)s %(process)d %(threadName)s %(filename)s:%(lineno)d %(name)s: %(message)s"
    handler.setFormatter(logging.Formatter(layout))
    log = logging.getLogger(NAME)
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(handler)

    def close() -> None:
        log.removeHandler(handler)
        handler.close()

    return log, close


def open_yarder(path: Path) -> tuple[Log, Callable[[], None]]:
    """As it comes: a JSON file, the call site in each record. Returns the logger and what closes it."""
    import yarder

    yarder.configure(app=NAME, backends=[yarder.File(path)])

    def close() -> None:
        if not yarder.shutdown(timeout=30.0):
            print("demo: yarder.shutdown() did not finish within 30 s")

    return yarder.get_logger(), close
