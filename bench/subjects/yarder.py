"""yarder itself, in the three set-ups that are measured."""

import os
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar

from bench.subjects.base import KEYWORDS, Subject
from bench.yards import make_yard

__all__ = ["Yarder", "YarderDefault", "YarderLogging", "YarderSync"]


class Yarder(Subject):
    """One JSON file, records without the call site."""

    name = "yarder"
    remark = "JSON, caller=False"
    statements = {
        "disabled": "log.debug('static message')",
        "static": "log.info('static message')",
        "two": "log.info('user %s took %d ms', user, i)",
        "fields": f"log.info('user %s took %d ms', user, i, {KEYWORDS})",
    }
    options: ClassVar[dict[str, Any]] = {"caller": False}
    _yard = ""

    def open(self, folder: Path) -> Any:
        """Configure with a yard of our own, where yards lie by default: in memory."""
        self._yard = make_yard()
        os.environ["YARDER_YARD"] = self._yard
        import yarder

        yarder.configure(app="bench", level="info", backends=[yarder.File(folder / "bench.log")], **self.options)
        return yarder.get_logger()

    def flush(self) -> None:
        """Wait for the writer."""
        import yarder

        if not yarder.flush(timeout=60.0):
            raise SystemExit("yarder.flush() did not finish within 60 s")

    def close(self) -> None:
        """Shut down and take the yard away."""
        import yarder

        yarder.shutdown(timeout=60.0)
        shutil.rmtree(self._yard, ignore_errors=True)

    def context(self) -> AbstractContextManager[object]:
        """One context field."""
        import yarder

        return yarder.context(trace="t-9")


class YarderDefault(Yarder):
    """As it comes: with the call site in every record."""

    name = "yarder-default"
    remark = "JSON, caller=True (the default)"
    options: ClassVar[dict[str, Any]] = {}
    statements = {**Yarder.statements, "context": "log.info('user %s took %d ms', user, i)"}


class YarderSync(Yarder):
    """Each call returns when its line is in the file."""

    name = "yarder-sync"
    remark = 'JSON, mode="sync", caller=False'
    options: ClassVar[dict[str, Any]] = {"caller": False, "mode": "sync"}


class YarderLogging(Yarder):
    """A logger of the standard library, after `install_logging`."""

    name = "yarder-logging"
    remark = "logging.getLogger after install_logging, caller=True"
    options: ClassVar[dict[str, Any]] = {}
    statements = {case: call for case, call in Yarder.statements.items() if case != "fields"}

    def open(self, folder: Path) -> Any:
        """Install the bridge over what `Yarder` configures."""
        import logging

        super().open(folder)
        import yarder

        yarder.install_logging()
        return logging.getLogger("bench")
