"""The writer's `%` equals CPython's, for every directive, flag, width, precision and kind of value."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import yarder
from tests.programs import read
from yarder import _core

CASES = int(os.environ.get("PYTEST_CASES", "3000"))

texts = st.text(st.characters(), max_size=12)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(-(10**60), 10**60),
    st.integers(-300, 70_000),
    st.floats(),
    st.floats(-1e6, 1e6),
    st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1e16, 123456789.0, 2.5, 1e-5, 0.1]),
    texts,
    st.binary(max_size=8),
)
flags = st.lists(st.sampled_from("-+ #0"), max_size=3).map("".join)
numbers = st.one_of(st.just(""), st.integers(0, 40).map(str))
widths = st.one_of(numbers, numbers, st.just("*"))
precisions = st.one_of(st.just(""), widths.map(lambda text: "." + text))
letters = st.sampled_from("sradiuoxXeEfFgGc%")
directives = st.builds(
    lambda flag, width, precision, size, letter: f"%{flag}{width}{precision}{size}{letter}",
    flags,
    widths,
    precisions,
    st.sampled_from(["", "", "", "l", "h", "L"]),
    letters,
)
strange = st.sampled_from(["%", "%%", "%y", "%(a)s", "%(a", "% ", "%-", "%5", "%.", "%é", "%\ud800", "%l", "%hh", "%z"])
templates = st.lists(st.one_of(texts, directives, directives, directives, strange), max_size=6).map("".join)


def both(template: str, args: tuple[Any, ...]) -> tuple[Any, Any]:
    """What CPython and what yarder make of it: the text, or the kind of error."""
    results = []
    for render in (lambda: template % args, lambda: _core.percent(template, args)):
        try:
            results.append(render())
        except Exception as error:
            results.append(type(error))
    return results[0], results[1]


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(templates, st.lists(values, max_size=6).map(tuple))
def test_random_templates(template: str, args: tuple[Any, ...]) -> None:
    """Same text, or both refuse."""
    # A width of more than a million characters is refused here alone (docs/specs/record.md).
    assume("*" not in template or not any(type(arg) is int and abs(arg) > 100_000 for arg in args))
    expected, got = both(template, args)
    assert got == expected


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), directives)
def test_directives_that_fit(data: st.DataObject, directive: str) -> None:
    """A directive with as many values as it asks for, of a kind that mostly fits: the same text."""
    stars = directive.count("*")
    args: list[Any] = [data.draw(st.integers(-40, 40)) for _ in range(stars)]
    if not directive.endswith("%"):
        numeric = st.one_of(st.integers(), st.floats(), st.booleans(), st.integers(-(10**80), 10**80))
        args.append(data.draw(values if directive[-1] in "sra" else numeric))
    expected, got = both("a" + directive + "b", tuple(args))
    assert got == expected


@settings(max_examples=CASES // 3, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.text(st.characters(exclude_categories=[]), max_size=30), st.sampled_from(["%r", "%a", "%s", "%.3s|%r", "%8a"])
)
def test_any_text(text: str, template: str) -> None:
    """`repr` and `ascii` of any string, also of one with lone surrogates."""
    args = (text,) * template.count("%")
    assert both(template, args)[1] == template % args


@settings(max_examples=CASES // 3, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.floats(), st.sampled_from("eEfFgGsrda"), st.integers(0, 30), flags)
def test_any_float(value: float, letter: str, precision: int, flag: str) -> None:
    """Every float with every precision, digit for digit."""
    expected, got = both(f"%{flag}.{precision}{letter}|%{letter}", (value, value))
    assert got == expected


@pytest.mark.parametrize(
    ("template", "args"),
    [
        ("%d", (10**4299,)),
        ("%f", (10**400,)),
        ("%c", (0x110000,)),
        ("%*d", (2**70, 1)),
        ("%.*f", (2**40, 1.0)),
        ("%s", ()),
        ("", (1,)),
        ("%%", ()),
        ("%s %s", ("a",)),
        ("%#.0e %#g %#o %#X", (1.0, 1.0, 0, 0)),
        ("%-010d|%+ d|% +d", (5, 5, 5)),
        ("%.0f %.0f %.0f", (0.5, 1.5, 2.5)),
        ("%r", ('it\'s "both"',)),
        ("%5%|", (1,)),
        ("%c", ("ab",)),
        ("%i", (True,)),
        ("%d", (math.nan,)),
        ("%d", (math.inf,)),
        ("%x", (b"a",)),
        ("%.2r|%.2a", (b"abc", "é")),
    ],
)
def test_known_corners(template: str, args: tuple[Any, ...]) -> None:
    """Corners that a random search may miss."""
    expected, got = both(template, args)
    assert got == expected


class Custom:
    def __format__(self, spec: str) -> str:
        return "never asked"

    def __str__(self) -> str:
        return "custom"

    def __repr__(self) -> str:
        return "Custom()"

    def __int__(self) -> int:
        return 7

    __index__ = __int__

    def __float__(self) -> float:
        return 0.5


def test_what_the_writer_cannot_do_is_done_at_the_call(log_file: Path) -> None:
    """Objects with `__index__`, `__float__` and `__repr__`, containers and mappings: CPython's text, through the file."""
    cases: list[tuple[str, tuple[Any, ...]]] = [
        ("%s %r %a", (Custom(), Custom(), Custom())),
        ("%d %x %f", (Custom(), Custom(), Custom())),
        ("%s %r", ([1, "é"], {"a": (1,)})),
        ("%a", (["é"],)),
        ("%s %d", ({1}, 10**30)),
        ("%10.3s|", ([1, 2, 3],)),
    ]
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        for template, args in cases:
            pipeline.logger().info(template, *args)
    assert [record["message"] for record in read(log_file)] == [template % args for template, args in cases]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(templates, st.lists(values, min_size=1, max_size=4)), min_size=1, max_size=20))
def test_through_the_file(tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[str, list[Any]]]) -> None:
    """What is in the file is what `%` gives, or the template and the complaint, and a flag."""
    assume(
        not any(
            "*" in template and any(type(arg) is int and abs(arg) > 100_000 for arg in args) for template, args in calls
        )
    )
    path = tmp_path_factory.mktemp("percent") / "web.log"
    with yarder.Pipeline(app="web", ring_slots=1024, backends=[yarder.File(path)]) as pipeline:
        for template, args in calls:
            pipeline.logger().info(template, *args)
    for (template, args), record in zip(calls, read(path), strict=True):
        try:
            assert record["message"] == template % tuple(args)
            assert record["fields"] == {}
        except Exception as error:
            if isinstance(error, AssertionError):
                raise
            assert record["message"].startswith(template)
            assert record["fields"] == {"format_error": True}
