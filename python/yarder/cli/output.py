"""Where text goes: data to stdout, chatter to stderr; colour only where it is wanted; a page at a time on a terminal."""

from __future__ import annotations

import os
import sys

__all__ = ["Output", "bar", "colored", "inert", "say", "tell"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from subprocess import Popen
    from types import TracebackType
    from typing import IO, Any, Self


def colored(stream: IO[str]) -> bool:
    """Whether to colour what goes to a stream: FORCE_COLOR, then NO_COLOR, then whether it is a terminal."""
    if os.environ.get("FORCE_COLOR"):
        return True
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def say(text: str) -> None:
    """One line of chatter on stderr."""
    try:
        sys.stderr.write(f"yarder: {inert(text)}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return  # nobody can be told that nobody can be told


def tell(report: Any) -> None:
    """Say what a reader had to skip, if anything."""
    if report[0]:
        from yarder.reading.problems import Problems

        say(str(Problems.of(report)))


def inert(text: str) -> str:
    """Text in which nothing can move a cursor: what is not printable is escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def bar(part: float, width: int = 24) -> str:
    """A bar of `width` cells, filled to a part of it in eighths of a cell."""
    eighths = round(max(0.0, min(1.0, part)) * width * 8)
    return "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]


class Output:
    """Standard output as bytes. What was written is out when a `write` returns: somebody may be following."""

    def __init__(self, to: IO[bytes], color: bool, pager: Popen[bytes] | None = None):
        self._to = to
        self._pager = pager
        self.color = color

    @classmethod
    def stdout(cls) -> Output:
        """Plain standard output."""
        return cls(sys.stdout.buffer, colored(sys.stdout))

    @classmethod
    def paged(cls, *, wanted: bool) -> Output:
        """Standard output through `$PAGER` (less) when it is a terminal and `wanted`; else as it is."""
        pager = os.environ.get("PAGER", "less")
        if not (wanted and pager.strip() and sys.stdout.isatty()):
            return cls.stdout()
        import shutil
        import subprocess

        program = shutil.which(pager.split()[0])
        if program is None:
            return cls.stdout()
        # -F leaves at once when all fits the screen, -R shows colours, -X leaves the text standing.
        env = {"LESS": "FRX", **os.environ}
        process = subprocess.Popen([program, *pager.split()[1:]], stdin=subprocess.PIPE, env=env)  # noqa: S603
        assert process.stdin is not None  # noqa: S101 - asked for with PIPE
        return cls(process.stdin, colored(sys.stdout), process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pager is not None:
            try:
                self._to.close()
            except BrokenPipeError:
                self._to = sys.stdout.buffer  # whoever read has seen enough
            self._pager.wait()

    def write(self, data: bytes) -> None:
        """Write and flush.

        Raises:
            BrokenPipeError: when nobody reads any more.
        """
        if data:
            self._to.write(data)
            self._to.flush()

    def line(self, text: str) -> None:
        """Write one line of text that is ours."""
        self.write(text.encode("utf-8", "backslashreplace") + b"\n")
