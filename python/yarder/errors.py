"""Every error yarder raises, as one tree.

    YarderError
    |- ConfigError          an option is wrong; says which key and what to do
    |- RingError            a ring or a yard cannot be made, opened or trusted
    |- BackendError         a destination cannot be opened or used
    |  |- RotationError     a file cannot be rotated
    |  `- CompressionError  an archive cannot be compressed
    |- ProtocolError        what came over a wire is not what was agreed
    |- ServerError          the server cannot start or go on
    |- ClientError          the client cannot do what was asked
    |  `- ConnectionFailed  no server answers
    |- BufferFull           the ring had no room in time
    `- Closed               the object was closed before

A log call raises none of them: they come from `configure`, from objects that are opened by name, and from tools.
Native code raises these same classes.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "BackendError",
    "BufferFull",
    "ClientError",
    "Closed",
    "CompressionError",
    "ConfigError",
    "ConnectionFailed",
    "ProtocolError",
    "RingError",
    "RotationError",
    "ServerError",
    "YarderError",
    "nearest",
    "report",
]


class YarderError(Exception):
    """Base of all errors of yarder."""


class ConfigError(YarderError):
    """An option is wrong. All that is wrong with a configuration comes in one error.

    Attributes:
        key: path of the first wrong key, as `backend[0].path`; empty when no key is to blame.
        hint: what to do about it, one sentence.
        problems: every problem, each a ConfigError of its own; empty when there is only this one.
    """

    def __init__(self, message: str = "", *, key: str = "", hint: str = "", problems: tuple[ConfigError, ...] = ()):
        super().__init__(message)
        self.key = key
        self.hint = hint
        self.problems = problems

    @classmethod
    def gather(cls, problems: list[ConfigError]) -> ConfigError:
        """One error out of many, nested ones laid flat; a single problem is returned as it is."""
        problems = [part for problem in problems for part in (problem.problems or (problem,))]
        if len(problems) == 1:
            return problems[0]
        lines = "".join(f"\n  {problem}" for problem in problems)
        first = problems[0]
        return cls(
            f"{len(problems)} options are wrong:{lines}", key=first.key, hint=first.hint, problems=tuple(problems)
        )

    def under(self, prefix: str) -> ConfigError:
        """The same problem seen from the table that holds it: keys and text get the prefix."""
        if self.problems:
            return ConfigError.gather([problem.under(prefix) for problem in self.problems])
        return ConfigError(f"{prefix}.{self}", key=f"{prefix}.{self.key}", hint=self.hint)

    def at(self, place: Callable[[str], str]) -> ConfigError:
        """The same problem with its place (file and line) before the text; `place` finds it by the key."""
        if self.problems:
            return ConfigError.gather([problem.at(place) for problem in self.problems])
        return ConfigError(f"{place(self.key)}{self}", key=self.key, hint=self.hint)


class RingError(YarderError):
    """A ring or a yard cannot be made, opened or trusted."""


class BackendError(YarderError):
    """A destination cannot be opened or used."""


class RotationError(BackendError):
    """A file cannot be rotated."""


class CompressionError(BackendError):
    """An archive cannot be compressed."""


class ProtocolError(YarderError):
    """What came over a wire is not what was agreed."""


class ServerError(YarderError):
    """The server cannot start or go on."""


class ClientError(YarderError):
    """The client cannot do what was asked."""


class ConnectionFailed(ClientError):  # noqa: N818 - the name is part of the public face
    """No server answers."""


class BufferFull(YarderError):  # noqa: N818 - the name is part of the public face
    """The ring had no room in time."""


class Closed(YarderError):  # noqa: N818 - the name is part of the public face
    """The object was closed before."""


def nearest(word: str, choices: list[str] | tuple[str, ...]) -> str:
    """`; did you mean 'x'?` for the choice that looks most like the word, else the list of all choices."""
    import difflib  # late: only a mistake needs it

    close = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return "one of " + ", ".join(repr(choice) for choice in choices)


def report(text: str) -> None:
    """Say one line on stderr. Never raises: a process without stderr goes on without the line."""
    stream = sys.stderr
    try:
        stream.write(f"yarder: {text}\n")
        stream.flush()
    except Exception:  # noqa: BLE001 - stderr may be None, closed, or any object a test put there
        return
