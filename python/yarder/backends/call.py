"""`Call`: this process's own records to a Python callable."""

from __future__ import annotations

from yarder.backends.base import BackendBase
from yarder.config import check

__all__ = ["Call"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from yarder.errors import ConfigError
    from yarder.typing import Destination, Facilities, Handler, LevelLike


class Call(BackendBase):
    """Call a function with each record, in a thread of its own. Local: it gets the records of this process only.

    The log call does not wait for it. At most 10,000 records wait; then the newest are lost for it, counted. An
    exception is counted and reported once; it reaches nobody.

    Args:
        fn: a function, a coroutine function (awaited in a loop of its own), or an object with `handle(record)`.
        timeout_s: seconds after which an awaited call is cancelled and counted as failed. A plain function cannot be
            interrupted: one that hangs loses its own records and holds up `flush` until its timeout, nothing else.
        level: least severe level that is handed over. Default: everything that was logged.
        facilities: only these facilities: a list of dotted prefixes, or a mapping of prefixes to levels.
        name: name in `stats()`; default the function's name.

    Raises:
        ConfigError: with every option that is wrong.
    """

    __slots__ = ("fn", "timeout_s")

    kind: ClassVar[str] = "call"
    local: ClassVar[bool] = True
    from_table: ClassVar[bool] = False
    DEFAULTS = {"fn": None, "timeout_s": 5.0}

    fn: Handler
    timeout_s: float

    def __init__(
        self,
        fn: Handler,
        *,
        timeout_s: float = 5.0,
        level: LevelLike | None = None,
        facilities: Facilities | None = None,
        name: str | None = None,
    ):
        problems: list[ConfigError] = []
        self._fill(
            fn=self._check(problems, _handler, fn),
            timeout_s=self._check(problems, check.number, timeout_s, "timeout_s", (0.001, 86_400.0)),
        )
        self._common(problems, name, level, facilities)
        self._finish(problems)

    def destination(self) -> Destination | None:
        """None: records reach it through a queue, not through the plan."""
        return None


def _handler(value: object) -> object:
    if callable(value) or callable(getattr(value, "handle", None)):
        return value
    raise check.wrong("fn", f"{value!r} cannot be called", "give a function or an object with handle(record)")
