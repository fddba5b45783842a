"""What could not be read: how many places, and the first ten of them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Problem", "Problems"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """A place in a file that is no record."""

    path: str
    """The file."""
    offset: int
    """The first byte of the place, before compression."""
    what: str
    """What is there, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Problems:
    """Everything that a reader had to skip."""

    count: int
    """How many places."""
    first: tuple[Problem, ...]
    """The first ten that were met."""

    @classmethod
    def of(cls, raw: tuple[int, Sequence[tuple[Any, int, str]]]) -> Problems:
        """From what the native module tells."""
        count, first = raw
        return cls(count, tuple(Problem(str(path), offset, what) for path, offset, what in first))

    def __str__(self) -> str:
        if not self.count:
            return "everything could be read"
        first = self.first[0]
        places = "1 place" if self.count == 1 else f"{self.count} places"
        return f"{places} could not be read, the first is {first.what} at byte {first.offset} of {first.path}"
