"""What is printed as records: `with prints.capture(): ...`, or `prints.install()` for the whole program.

The streams stay the objects they are, so `isatty`, `encoding`, `fileno` and `buffer` keep their answers; only their
`write` is another. Bytes written to `sys.stdout.buffer`, and what child processes print, pass by.
"""

from __future__ import annotations

import _thread
import os
import sys

from yarder.errors import ConfigError
from yarder.level import name_of, parse

__all__ = ["capture", "install", "uninstall"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Self

    from yarder.native import Logger
    from yarder.typing import LevelLike

_LINE_CHARS = 65_536  # a line without an end must not fill memory

_installed: capture | None = None


class capture:  # noqa: N801 - used like a function: `with prints.capture(): ...`
    """Log each line that is printed to stdout and stderr, with the caller that printed it.

    A line is logged when its end is printed; what has no end yet is kept for each thread apart, and logged when the
    capture ends or at 65,536 characters. Of a line that is drawn again and again with carriage returns, as progress
    bars do, the last state is logged. What is printed while a line is being logged goes to the stream itself.

    A stream that was replaced (pytest, a notebook) and that a console of yarder writes to is left alone: the console's
    own lines would come back as records.

    Args:
        stdout: level of what is printed to stdout; None leaves the stream alone. Its facility is "stdout".
        stderr: the same for stderr.
        tee: print it too.
        logger: log with this one, instead of one for each stream.

    Raises:
        ConfigError: when a level is none, or (on entering) a stream does not let its `write` be replaced.
    """

    def __init__(
        self,
        stdout: LevelLike | None = "info",
        stderr: LevelLike | None = "warning",
        *,
        tee: bool = False,
        logger: Logger | None = None,
    ):
        levels = {"stdout": stdout, "stderr": stderr}
        self._levels = {name: name_of(parse(level, name)) for name, level in levels.items() if level is not None}
        self._tee = tee
        self._logger = logger
        self._hooks: list[_Hook] = []

    def __enter__(self) -> Self:
        from yarder.default import get_logger

        try:
            for name, level in self._levels.items():
                stream = getattr(sys, name)
                if stream is not None:  # a daemon may have none
                    logger = self._logger or get_logger(name)
                    self._hooks.append(_Hook(stream, name, logger, level, tee=self._tee))
        except ConfigError:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._hooks:
            self._hooks.pop().remove()


def install(stdout: LevelLike | None = "info", stderr: LevelLike | None = "warning", *, tee: bool = False) -> None:
    """Capture from now on, until `uninstall` or the end of the program. Again: with the new levels. See `capture`."""
    global _installed
    made = capture(stdout, stderr, tee=tee)
    uninstall()
    import atexit

    made.__enter__()
    _installed = made
    atexit.register(uninstall)


def uninstall() -> None:
    """Take back what `install` did; a line without an end is logged. Idempotent."""
    global _installed
    was, _installed = _installed, None
    if was is not None:
        import atexit

        atexit.unregister(uninstall)
        was.__exit__(None, None, None)


class _Hook:
    """The `write` of one stream, replaced in the object itself."""

    def __init__(self, stream: Any, name: str, logger: Logger, level: str, *, tee: bool):
        self._stream = stream
        self._name = name
        self._log = logger.log
        self._level = level
        self._tee = tee
        self._pid = os.getpid()
        self._ended = False
        self._busy: set[int] = set()
        self._open: dict[int, str] = {}
        self._original: Callable[[str], int] = stream.write
        self._before = vars(stream).get("write") if hasattr(stream, "__dict__") else None
        try:
            stream.write = self._write
        except AttributeError:
            raise ConfigError(
                f"{name}: {type(stream).__name__} does not let its write be replaced; leave it out: {name}=None",
                key=name,
                hint=f"{name}=None",
            ) from None

    def remove(self) -> None:
        """The stream as it was. Lines without an end are logged."""
        self._ended = True  # who replaced `write` after us goes on calling ours
        self._forget_parent()
        if self._stream.__dict__.get("write") == self._write:
            if self._before is None:
                del self._stream.write
            else:
                self._stream.write = self._before
        for thread in list(self._open):
            text = self._open.pop(thread, "")
            if text:
                self._guarded(_thread.get_ident(), [text])

    def _write(self, text: str) -> int:
        me = _thread.get_ident()
        self._forget_parent()
        if self._ended or me in self._busy or self._is_a_console():
            return self._original(text)
        if self._tee:
            self._original(text)
        *lines, rest = (self._open.pop(me, "") + text).split("\n")
        if len(rest) > _LINE_CHARS:
            lines, rest = [*lines, rest], ""
        if rest:
            self._open[me] = _last_state(rest) + "\r" * rest.endswith("\r")
        if lines:
            self._guarded(me, lines)
        return len(text)

    def _forget_parent(self) -> None:
        """In a forked child: lines that the parent has begun are the parent's to end."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._open.clear()
            self._busy.clear()

    def _guarded(self, me: int, lines: list[str]) -> None:
        self._busy.add(me)
        try:
            for line in lines:
                # Three frames down: this, `_write`, and who printed.
                self._log(self._level, _last_state(line), stacklevel=3)
        finally:
            self._busy.discard(me)

    def _is_a_console(self) -> bool:
        """Whether yarder's own lines come this way; the interpreter's own streams they do not, they go to the descriptor."""
        if self._stream is getattr(sys, f"__{self._name}__"):
            return False
        from yarder.default import _pipeline
        from yarder.pipeline import _open

        if _pipeline._settings is None and self._name == "stderr":
            return True  # zero configuration: the first record opens a console there
        return any(
            getattr(backend, "kind", "") == "console" and getattr(backend, "stream", "") == self._name
            for pipeline in _open
            if pipeline._settings is not None
            for backend in pipeline._settings.backends
        )


def _last_state(line: str) -> str:
    """What a terminal would show of a line that was drawn several times."""
    return line.rstrip("\r").rpartition("\r")[2]
