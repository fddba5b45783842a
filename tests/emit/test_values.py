"""Fixed forms of values; nothing that a value's own methods do gets through."""

from __future__ import annotations

import dataclasses
import enum
import ipaddress
import types
import uuid
from collections import Counter, OrderedDict, deque, namedtuple
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import pytest

from yarder.emit.values import fixed

Point = namedtuple("Point", "x y")  # noqa: PYI024 - the class that subclasses tuple is the point


class Colour(enum.Enum):
    RED = "red"
    MIXED = (1, 2)
    WHEN = date(2026, 1, 15)


class Number(enum.IntEnum):
    ONE = 1


class Word(enum.StrEnum):
    A = "a"


@dataclasses.dataclass
class User:
    name: str
    secret: str = dataclasses.field(repr=False)
    age: int = 3
    kind: ClassVar[str] = "user"


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (datetime(2026, 1, 15, 10, 30, 45, 123456, tzinfo=UTC), "2026-01-15T10:30:45.123456Z"),
        (datetime(2026, 1, 15, tzinfo=timezone(timedelta(hours=1))), "2026-01-15T00:00:00+01:00"),
        (datetime(2026, 1, 15, 10, 30), "2026-01-15T10:30:00"),  # noqa: DTZ001 - naive is the point
        (date(2026, 1, 15), "2026-01-15"),
        (time(10, 30), "10:30:00"),
        (timedelta(minutes=1, milliseconds=500), 60.5),
        (uuid.UUID("01890a5d-ac96-8774-bcce-b302099a8057"), "01890a5d-ac96-8774-bcce-b302099a8057"),
        (Decimal("1.10"), "1.10"),
        (Fraction(1, 3), "1/3"),
        (Path("/a/b"), "/a/b"),
        (Colour.RED, "red"),
        (Colour.MIXED, [1, 2]),
        (Colour.WHEN, "2026-01-15"),
        (Number.ONE, 1),
        (Word.A, "a"),
        (User("Ada", "s"), {"name": "Ada", "age": 3}),
        (Point(1, 2), [1, 2]),
        (deque([1]), "deque([1])"),
        (OrderedDict(a=1), {"a": 1}),
        (Counter("aa"), {"a": 2}),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (bytearray(b"a\xff"), "a\\xff"),
        (memoryview(b"a"), "a"),
        (1 + 2j, "(1+2j)"),
        (ipaddress.ip_address("::1"), "::1"),
        (ValueError("x"), "x"),
        (range(3), "range(0, 3)"),
    ],
)
def test_forms(value: Any, form: Any) -> None:
    """Each kind of value has the form that the docs name, with the exact type."""
    assert fixed(value) == form
    assert type(fixed(value)) is type(form)


class FakeScalar:
    """What numpy's scalars look like from outside."""

    shape = ()

    def __init__(self, inner: Any):
        self.inner = inner

    def item(self) -> Any:
        return self.inner

    text = ""

    def __str__(self) -> str:
        return self.text or f"array({self.inner})"


FakeScalar.__module__ = "numpy"


def test_numpy() -> None:
    """Scalars become Python's own numbers; arrays become text; a scalar that Python cannot hold too."""
    assert fixed(FakeScalar(1.5)) == 1.5
    assert fixed(FakeScalar(date(2026, 1, 15))) == "2026-01-15"
    array = FakeScalar([1, 2])
    array.shape = (2,)  # type: ignore[assignment]
    assert fixed(array) == "array([1, 2])"
    long_double = FakeScalar(None)
    long_double.inner = long_double
    long_double.text = "1.5"
    assert fixed(long_double) == "1.5"


class Raises:
    def __str__(self) -> str:
        raise ValueError("no text")


class RaisesBadly:
    def __str__(self) -> str:
        raise TwiceError


class TwiceError(Exception):
    def __str__(self) -> str:
        raise KeyError


class Endless:
    def __str__(self) -> str:
        return str(self)


class NotText:
    def __str__(self) -> str:
        return 3  # type: ignore[return-value]  # noqa: PLE0307 - the mistake is the point


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (Raises(), "<unprintable Raises object: ValueError: no text>"),
        (RaisesBadly(), "<unprintable RaisesBadly object: TwiceError>"),
    ],
)
def test_a_value_that_raises_says_so(value: Any, form: str) -> None:
    """The text names the class and the error."""
    assert fixed(value) == form


@pytest.mark.parametrize("value", [Endless(), NotText()])
def test_other_broken_values(value: Any) -> None:
    """Endless recursion and a `__str__` that returns no text are told the same way."""
    assert fixed(value).startswith(f"<unprintable {type(value).__name__} object: ")
