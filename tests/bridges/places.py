"""Where a test stands: the line of its own source, as a record's `caller` says it."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["here"]


def here(frames: int = 0) -> str:
    """The line that calls this, or that many frames further out."""
    frame = sys._getframe(1 + frames)
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} in {frame.f_code.co_name}"
