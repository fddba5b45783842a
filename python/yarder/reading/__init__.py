"""Reading back: `read` and `follow` over live files and archives.

The room is not called `read`: a submodule of that name would hide the function `yarder.read`.
"""

from __future__ import annotations

from yarder.reading.clear import clear
from yarder.reading.follow import follow
from yarder.reading.problems import Problem, Problems
from yarder.reading.question import question
from yarder.reading.scan import read

__all__ = ["Problem", "Problems", "clear", "follow", "question", "read"]
