"""Exit codes, and which error gives which (docs/reference: grep's for a search, sysexits for everything else)."""

from __future__ import annotations

from yarder.errors import BackendError, ConfigError, RingError, YarderError

__all__ = [
    "CONFIG", "FOUND", "INTERRUPTED", "IO", "NONE", "NO_INPUT", "OK", "OURS", "PERMISSION", "TROUBLE", "UNAVAILABLE",
    "USAGE", "code_of",
]  # fmt: skip

OK = FOUND = 0
NONE = 1
"""A search that found nothing."""
TROUBLE = 2
"""A search that could not be made."""
USAGE = 64
NO_INPUT = 66
UNAVAILABLE = 69
IO = 74
PERMISSION = 77
CONFIG = 78
INTERRUPTED = 130


OURS = YarderError
"""What is said in one line instead of a traceback."""


def code_of(error: BaseException) -> int:
    """The exit code that an error means."""
    if isinstance(error, ConfigError):
        return USAGE
    if isinstance(error, FileNotFoundError):
        return NO_INPUT
    if isinstance(error, PermissionError):
        return PERMISSION
    if isinstance(error, (BlockingIOError, RingError, BackendError)):
        return UNAVAILABLE
    return IO
