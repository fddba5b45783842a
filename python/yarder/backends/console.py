"""`Console`: this process's own records on its stderr or stdout."""

from __future__ import annotations

from yarder.backends.base import BackendBase
from yarder.config import check
from yarder.config.format import form, part_of_plan

__all__ = ["Console"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar, Literal

    from yarder.config.format import Json
    from yarder.errors import ConfigError
    from yarder.typing import Destination, Facilities, FormatLike, LevelLike

_STREAMS = ("stderr", "stdout")
_TRACEBACKS = ("full", "short", "line")


class Console(BackendBase):
    """Write records to a standard stream. Local: other processes of the app have their own.

    A terminal, or a stream that was replaced (pytest, a notebook, `redirect_stderr`), is written in the calling
    thread; a pipe or file by yarder's thread, error and worse before the call returns. A stalled reader costs console
    lines, counted, never the app.

    Args:
        stream: "stderr" or "stdout"; looked up at each write, so that a replaced `sys.stderr` is honoured.
        format: "human", or any other that `File` takes; only "human" has colours and a traceback of its own.
        color: True or False; None: on a terminal. `NO_COLOR` and `FORCE_COLOR` outrank it.
        traceback: "full" as CPython prints it, "short" its last frame, "line" only type and message.
        show_locals: print the local variables of each frame under a traceback. They are on consoles only.
        level: least severe level that is written. Default: everything that was logged.
        facilities: only these facilities: a list of dotted prefixes, or a mapping of prefixes to levels.
        name: name in `stats()`; default "console".

    Raises:
        ConfigError: with every option that is wrong.
    """

    __slots__ = ("color", "format", "show_locals", "stream", "traceback")

    kind: ClassVar[str] = "console"
    local: ClassVar[bool] = True
    DEFAULTS = {"stream": "stderr", "format": "human", "color": None, "traceback": "full", "show_locals": False}

    stream: str
    format: str | Json
    color: bool | None
    traceback: str
    show_locals: bool

    def __init__(  # noqa: PLR0913 - an options object is where options belong
        self,
        stream: Literal["stderr", "stdout"] = "stderr",
        format: FormatLike = "human",  # noqa: A002 - the word users know
        color: bool | None = None,
        traceback: Literal["full", "short", "line"] = "full",
        show_locals: bool = False,
        *,
        level: LevelLike | None = None,
        facilities: Facilities | None = None,
        name: str | None = None,
    ):
        problems: list[ConfigError] = []
        self._fill(
            stream=self._check(problems, check.choice, stream, "stream", _STREAMS),
            format=self._check(problems, form, format, "format"),
            color=None if color is None else self._check(problems, check.flag, color, "color"),
            traceback=self._check(problems, check.choice, traceback, "traceback", _TRACEBACKS),
            show_locals=self._check(problems, check.flag, show_locals, "show_locals"),
        )
        self._common(problems, name, level, facilities)
        self._finish(problems)

    def destination(self) -> Destination:
        """Its part of the local plan."""
        return {
            **(super().destination() or {}),
            "stream": self.stream,
            "format": part_of_plan(self.format),
            "color": self.color,
            "traceback": self.traceback,
            "show_locals": self.show_locals,
        }
