"""The standard library: FileHandler, and QueueHandler with QueueListener."""

import logging
import logging.handlers
import queue
from pathlib import Path
from typing import Any

from bench.subjects.base import Subject

__all__ = ["FORMAT", "Stdlib", "StdlibQueue"]

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
"""The line of all text peers: time, level, logger, message."""


class Stdlib(Subject):
    """logging.FileHandler."""

    name = "stdlib"
    remark = "FileHandler"
    statements = {
        "disabled": "log.debug('static message')",
        "static": "log.info('static message')",
        "two": "log.info('user %s took %d ms', user, i)",
    }

    def open(self, folder: Path) -> Any:
        """A logger with one file handler."""
        self.handler = logging.FileHandler(folder / "bench.log")
        self.handler.setFormatter(logging.Formatter(FORMAT))
        log = logging.getLogger("bench")
        log.propagate = False
        log.setLevel(logging.INFO)
        log.addHandler(self.handler)
        return log

    def close(self) -> None:
        """Close the file."""
        self.handler.close()


class StdlibQueue(Stdlib):
    """logging.handlers.QueueHandler and QueueListener."""

    name = "stdlib-queue"
    remark = "QueueHandler + QueueListener"

    def open(self, folder: Path) -> Any:
        """Put an unbounded queue and a thread between logger and handler."""
        log = super().open(folder)
        log.removeHandler(self.handler)
        self.queue: queue.Queue[Any] = queue.Queue(-1)
        log.addHandler(logging.handlers.QueueHandler(self.queue))
        self.listener = logging.handlers.QueueListener(self.queue, self.handler)
        self.listener.start()
        return log

    def flush(self) -> None:
        """The listener marks each record as done."""
        self.queue.join()

    def close(self) -> None:
        """Stop the thread."""
        self.listener.stop()
        super().close()
