"""Arguments and fields keep their type from the call to the line."""

from __future__ import annotations

import dataclasses
import enum
import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

import pytest

import yarder
from tests.programs import read

HUGE = 10**100


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    SEVEN = 7


@dataclasses.dataclass
class User:
    name: str
    age: int
    when: date


class Anything:
    def __str__(self) -> str:
        return "anything at all"


class Text(str):
    __slots__ = ()


class Whole(int):
    pass


SIMPLE: list[tuple[Any, Any]] = [
    (None, None),
    (True, True),
    (False, False),
    (0, 0),
    (-(2**63), -(2**63)),
    (2**63 - 1, 2**63 - 1),
    (2**63, 2**63),
    (-HUGE, -HUGE),
    (0.1, 0.1),
    (-0.0, -0.0),
    (1e300, 1e300),
    (5e-324, 5e-324),
    (float("nan"), "NaN"),
    (float("inf"), "Infinity"),
    (float("-inf"), "-Infinity"),
    ("", ""),
    ("text", "text"),
    ("æøå ☃ 😀", "æøå ☃ 😀"),
    (b"", ""),
    (b"bytes", "bytes"),
    ("é".encode(), "é"),
    (b"\xff\x00", "\\xff\x00"),
]

FORMS: list[tuple[Any, Any]] = [
    ({"a": 1, "b": [True, None, {"c": 1.5}]}, {"a": 1, "b": [True, None, {"c": 1.5}]}),
    ([], []),
    ({}, {}),
    ((1, "two", (3,)), [1, "two", [3]]),
    ({4}, [4]),
    (frozenset(["x"]), ["x"]),
    ([HUGE, float("nan"), b"\xff"], [HUGE, "NaN", "\\xff"]),
    ({"at": datetime(2026, 1, 15, tzinfo=UTC)}, {"at": "2026-01-15T00:00:00Z"}),
    (datetime(2026, 1, 15, 10, 30, 45, 123456, UTC), "2026-01-15T10:30:45.123456Z"),
    (datetime(2026, 1, 15, tzinfo=timezone(timedelta(hours=-3))), "2026-01-15T00:00:00-03:00"),
    (date(2026, 1, 15), "2026-01-15"),
    (time(10, 30), "10:30:00"),
    (timedelta(seconds=90), 90.0),
    (UUID("01890a5d-ac96-8774-bcce-b302099a8057"), "01890a5d-ac96-8774-bcce-b302099a8057"),
    (Decimal("1.10"), "1.10"),
    (PurePosixPath("/a/b"), "/a/b"),
    (Colour.RED, "red"),
    (Number.SEVEN, 7),
    (User("Ada", 36, date(2026, 1, 15)), {"name": "Ada", "age": 36, "when": "2026-01-15"}),
    (Text("sub"), "sub"),
    (Whole(5), 5),
    (bytearray(b"ab"), "ab"),
    (ValueError("bad"), "bad"),
    (Anything(), "anything at all"),
]


@pytest.mark.parametrize("where", ["call", "bound", "context"])
def test_fields(log_file: Path, where: str) -> None:
    """A field is in the line with the type it had, whether the call, `bind` or `context` gave it."""
    values = SIMPLE + FORMS
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        for given, _ in values:
            if where == "call":
                log.info("x", value=given)
            elif where == "bound":
                log.bind(value=given).info("x")
            else:
                with yarder.context(value=given):
                    log.info("x")
    found = [record["fields"]["value"] for record in read(log_file)]
    assert [(type(value), repr(value)) for value in found] == [(type(form), repr(form)) for _, form in values]


@pytest.mark.parametrize("directive", ["%s", "%r", "%a", "%10s|", "%-10.3r|"])
def test_arguments(log_file: Path, directive: str) -> None:
    """A positional argument is rendered as Python's own `%` renders it, whatever its type is."""
    values = [given for given, _ in SIMPLE + FORMS]
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        for given in values:
            pipeline.logger().info("%d " + directive, 1, given)
    expected = [("%d " + directive) % (1, given) for given in values]
    assert [record["message"] for record in read(log_file)] == expected


def test_numbers_as_numbers(log_file: Path) -> None:
    """Numeric directives take the numbers, also beyond 64 bits and in subclasses."""
    cases: list[tuple[str, tuple[Any, ...]]] = [
        ("%d %i %u", (1, True, -HUGE)),
        ("%x %X %o %#x", (255, 2**70, 8, -1)),
        ("%5.2f|%e|%g|%G", (1.5, HUGE, 0.0001, 1e20)),
        ("%d", (1.9,)),
        ("%c%c", (0x1F600, "z")),
        ("%*d|%-*.*f|", (6, 42, 10, 2, 3.14159)),
        ("%05d %+d % d", (Whole(7), Number.SEVEN, 3)),
    ]
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        for template, args in cases:
            pipeline.logger().info(template, *args)
    assert [record["message"] for record in read(log_file)] == [template % args for template, args in cases]


def test_a_mapping_feeds_names(log_file: Path) -> None:
    """A single mapping argument feeds `%(name)s`, as in the standard library."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("%(who)s took %(ms)05.1f ms", {"who": "Ada", "ms": 3.14159})
        pipeline.logger().info("%s", {"who": "Ada"})
    assert [record["message"] for record in read(log_file)] == ["Ada took 003.1 ms", "{'who': 'Ada'}"]


def test_messages_that_are_no_text(log_file: Path) -> None:
    """A message of any type becomes its text; with arguments it is a template."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        for message in (Anything(), 42, None, Text("%s"), ["a"]):
            pipeline.logger().info(message)
        pipeline.logger().info(Text("<%s>"), 1)
    found = [record["message"] for record in read(log_file)]
    assert found == ["anything at all", "42", "None", "%s", "['a']", "<1>"]


def test_containers_are_bounded(log_file: Path) -> None:
    """Nesting is cut at 8, items at 1000, a cycle where it closes: the line stays JSON and says what was done."""
    deep: Any = "bottom"
    for _ in range(50):
        deep = {"in": deep}
    cycle: list[Any] = [1]
    cycle.append(cycle)
    mutual: dict[str, Any] = {}
    mutual["self"] = {"back": mutual}
    shared = [1]
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        for value in (deep, list(range(5000)), {str(n): n for n in range(5000)}, [[0] * 900] * 900, cycle, mutual):
            log.info("x", value=value)
        log.info("x", value=[shared, shared])
        log.info("x", value={1: "a", (2, 3): "b", None: "c"})
    deepest, items, mapping, square, cyclic, loop, twice, keys = (record["fields"] for record in read(log_file))
    assert 8 <= json.dumps(deepest["value"]).count("{") <= 9
    assert deepest["truncated"] is True
    assert items["value"][:1000] == list(range(1000))
    assert len(items["value"]) <= 1001
    assert len(mapping["value"]) <= 1001
    assert json.dumps(square["value"]).count("0") <= 1100
    assert all(fields["truncated"] is True for fields in (items, mapping, square))
    assert cyclic["value"][0] == 1
    assert cyclic["cycle"] is loop["cycle"] is True
    assert twice == {"value": [[1], [1]]}
    assert list(keys["value"].values()) == ["a", "b", "c"]
    assert all(isinstance(key, str) for key in keys["value"])
