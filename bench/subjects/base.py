"""The hooks that a measured logger has."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, ClassVar

from bench.cases import LEVEL_FIELDS

__all__ = ["KEYWORDS", "Subject"]

KEYWORDS = ", ".join(f"{key}={value!r}" for key, value in LEVEL_FIELDS.items())
"""The four fields as they stand in a call."""


class Subject:
    """One logger, opened on one file in an empty folder. A subclass imports its library in `open`, not before."""

    name: ClassVar[str]
    package: ClassVar[str | None] = None
    """Name on the package index; None: nothing to install."""
    python: ClassVar[tuple[int, int]] = (3, 11)
    """Oldest Python it runs on."""
    remark: ClassVar[str] = ""
    """What the tables say beside it."""
    statements: ClassVar[Mapping[str, str]]
    """Case -> the call as its users would write it; a case that it cannot do is not there."""
    single: ClassVar[str] = "user %s took %d ms"
    """Template of the single call whose latency is taken; without a place for arguments the text is made before."""
    writes: ClassVar[bool] = True
    """Whether lines are expected in the folder."""

    def open(self, folder: Path) -> Any:
        """Set up and return what the statements call `log`."""
        raise NotImplementedError

    def flush(self) -> None:
        """Return when every record is in the file."""

    def close(self) -> None:
        """End; the process ends right after."""

    def context(self) -> AbstractContextManager[object]:
        """Around the calls of the context case."""
        return nullcontext()

    def single_call(self, log: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """What the latency bench calls, and its arguments."""
        if "%" in self.single or "{" in self.single:
            return log.info, (self.single, "alice", 1_234_567)
        return log.info, ("user alice took 1234567 ms",)
