"""Where text goes: data to stdout, chatter to stderr; colour only where it is wanted; a page at a time on a terminal."""

from __future__ import annotations

import contextlib
import os
import sys

__all__ = ["Output", "bar", "colored", "inert", "say", "tell"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, Any


def colored(stream: IO[str]) -> bool:
    """Whether to colour what goes to a stream: FORCE_COLOR, then NO_COLOR, then whether it is a terminal."""
    if os.environ.get("FORCE_COLOR"):
        return True
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def say(text: str) -> None:
    """One line of chatter on stderr."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"yarder: {inert(text)}\n")
        sys.stderr.flush()


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

    def __init__(self, to: IO[bytes], color: bool):
        self._to = to
        self.color = color

    @classmethod
    def stdout(cls) -> Output:
        """Plain standard output."""
        return cls(sys.stdout.buffer, colored(sys.stdout))

    @classmethod
    @contextlib.contextmanager
    def paged(cls, *, wanted: bool) -> Iterator[Output]:
        """Standard output through `$PAGER` (less) when it is a terminal and `wanted`; else as it is."""
        if not (wanted and sys.stdout.isatty()):
            yield cls.stdout()
            return
        import shutil
        import subprocess

        pager = os.environ.get("PAGER", "less")
        program = shutil.which(pager.split()[0]) if pager.split() else None
        if not program:
            yield cls.stdout()
            return
        # -F leaves at once when all fits the screen, -R shows colours, -X leaves the text standing.
        env = {"LESS": "FRX", **os.environ}
        process = subprocess.Popen([program, *pager.split()[1:]], stdin=subprocess.PIPE, env=env)  # noqa: S603
        assert process.stdin is not None  # noqa: S101 - asked for with PIPE
        try:
            yield cls(process.stdin, colored(sys.stdout))
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            process.wait()

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
