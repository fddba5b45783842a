"""The floor: a native method that does nothing, called with the same arguments."""

from pathlib import Path
from typing import Any

from bench import floor
from bench.subjects.base import KEYWORDS, Subject

__all__ = ["Floor"]


class Floor(Subject):
    """What the call costs before any logger does anything."""

    name = "floor"
    remark = "an empty native method"
    writes = False
    statements = {
        "empty": "log.call()",
        "disabled": "log.debug('static message')",
        "static": "log.info('static message')",
        "two": "log.info('user %s took %d ms', user, i)",
        "context": "log.info('user %s took %d ms', user, i)",
        "fields": f"log.info('user %s took %d ms', user, i, {KEYWORDS})",
    }

    def open(self, folder: Path) -> Any:
        """An object whose methods return None."""
        del folder
        return floor.load().Empty()
