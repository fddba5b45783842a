"""Exceptions come out exactly as CPython prints them, bounded, and never make a second exception."""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

import pytest

from yarder.emit.exception import STACK_CHARS, describe, stack


def raised(function: Any) -> BaseException:
    """The exception that a function raises."""
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def chained() -> None:
    """A cause, and a note."""
    try:
        dict[str, int]()["missing"]
    except KeyError as error:
        error.add_note("a note\nof two lines")
        raise ValueError("outer\nsecond line") from error


def in_context() -> None:
    """An exception while another is handled."""
    try:
        raise OSError(2, "No such file", "x")
    except OSError:
        raise RuntimeError("while handling")  # noqa: B904 - the implicit chain is the point


def grouped() -> None:
    """A group in a group."""
    raise ExceptionGroup("several", [ValueError("a"), ExceptionGroup("inner", [raised(chained)])])  # type: ignore[type-var]


def too_deep() -> None:
    """A recursion without end."""
    too_deep()


def not_python() -> None:
    """A syntax error, which has a text of its own."""
    compile("def f(:\n  pass", "x.py", "exec")


@pytest.mark.parametrize("function", [chained, in_context, grouped, too_deep, not_python])
def test_as_cpython_prints_it(function: Any) -> None:
    """Type, message and stack trace equal what `traceback` makes of causes, contexts, groups, notes and recursion."""
    error = raised(function)
    expected = "".join(traceback.format_exception(error)).rstrip("\n")
    assert describe(error) == (type(error).__name__, str(error), expected)


def test_all_forms_of_exc_info() -> None:
    """An exception, a tuple and True give the same; False, None and an empty tuple give nothing."""
    error = raised(chained)
    try:
        raise error
    except ValueError:
        handled, triple = describe(True), describe(sys.exc_info())
    assert handled == triple == describe(error) == describe((None, error, error.__traceback__))
    for nothing in (None, False, 0, (None, None, None), True):
        assert describe(nothing) is None


def test_names_of_foreign_types() -> None:
    """A type outside builtins has its module, a nested one its path."""
    found = describe(raised(lambda: json.loads("{")))
    assert found is not None
    assert found[0] == "json.decoder.JSONDecodeError"

    class LocalError(Exception):
        pass

    found = describe(LocalError())
    assert found is not None
    assert found[0] == f"{__name__}.test_names_of_foreign_types.<locals>.LocalError"


class HostileError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class RecursiveError(Exception):
    def __str__(self) -> str:
        return str(self)


class LiarError(Exception):
    @property
    def __cause__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no cause")


@pytest.mark.parametrize("kind", [HostileError, RecursiveError, LiarError])
def test_a_hostile_exception(kind: type[Exception]) -> None:
    """An exception whose own methods raise is described as far as it goes."""
    found = describe(kind())
    assert found is not None
    assert found[0].endswith(kind.__name__)
    assert found[2]


@pytest.mark.parametrize("wrong", [(1, 2), (None, 3, 4), ("x", "y", "z"), 3, "text"])
def test_a_wrong_exc_info_does_not_raise(wrong: Any) -> None:
    """What is no exc_info gives something or nothing, never an exception."""
    describe(wrong)


def test_a_long_stack_trace_keeps_both_ends() -> None:
    """The middle is left out, and the text says how much."""
    found = describe(raised(lambda: exec("raise ValueError('x' * 400_000)")))
    assert found is not None
    assert len(found[2]) < STACK_CHARS + 100
    assert found[2].startswith("Traceback (most recent call last):")
    assert "characters left out]" in found[2]


def test_stack() -> None:
    """The stack ends with the caller; `skip` leaves out inner frames; too large a skip is no error."""

    def inner() -> str:
        return stack()

    def outer() -> str:
        return stack(1)

    assert inner().startswith("Stack (most recent call last):\n")
    assert "in inner" in inner().splitlines()[-2]
    assert "in test_stack" in outer().splitlines()[-2]
    assert stack(10_000)
