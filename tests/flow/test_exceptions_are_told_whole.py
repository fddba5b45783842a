"""Exceptions as type, message and stack trace, rendered at the call exactly as CPython prints them."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

import yarder
from tests.programs import read


def printed(error: BaseException) -> str:
    """What CPython prints."""
    return "".join(traceback.format_exception(error)).rstrip("\n")


def chained() -> BaseException:
    """A cause, a context and a note."""
    try:
        try:
            try:
                {}["missing"]
            except KeyError as inner:
                raise ValueError("caused") from inner
        except ValueError:
            raise RuntimeError("during")  # noqa: B904 - the context is the point
    except RuntimeError as error:
        error.add_note("a note\nof two lines")
        return error


def grouped() -> BaseException:
    """A group inside a group."""

    def raised(error: Exception) -> Exception:
        try:
            raise error
        except Exception as caught:
            return caught

    try:
        raise ExceptionGroup("two", [raised(ValueError("one")), ExceptionGroup("inner", [raised(OSError(2, "x"))])])
    except ExceptionGroup as group:
        return group


@pytest.mark.parametrize("make", [chained, grouped])
@pytest.mark.parametrize("how", ["exception", "exc_info_true", "instance", "tuple"])
def test_every_form(log_file: Path, make: Any, how: str) -> None:
    """`exception()` and every form of `exc_info` give the same three fields, causes, contexts, groups and notes included."""
    error = make()
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        if how in ("exception", "exc_info_true"):
            try:
                raise error
            except BaseException:
                log.exception("failed", a=1) if how == "exception" else log.log("error", "failed", exc_info=True, a=1)
        elif how == "instance":
            log.error("failed", exc_info=error, a=1)
        else:
            log.error("failed", exc_info=(type(error), error, error.__traceback__), a=1)
    [record] = read(log_file)
    fields = record["fields"]
    assert record["level"] == 3
    assert fields.pop("a") == 1
    assert fields == {
        "exception.type": type(error).__name__,
        "exception.message": str(error),
        "exception.stacktrace": printed(error),
    }
    assert "failed" in record["message"]


def test_the_stack_is_that_of_the_call(log_file: Path) -> None:
    """It is rendered at the call: what happens to the exception afterwards does not change the record."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        error = chained()
        before = printed(error)
        pipeline.logger().error("x", exc_info=error)
        error.args = ("changed",)
        error.__cause__ = error.__context__ = error.__traceback__ = None
    assert read(log_file)[0]["fields"]["exception.stacktrace"] == before


def test_human_lines(log_file: Path) -> None:
    """The traceback follows its line, every line of it indented by two spaces, and no field repeats it."""
    error = grouped()
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file, format="human")]) as pipeline:
        pipeline.logger().error("failed", exc_info=error, a=1)
        pipeline.logger().info("next")
    first, *trace, last = log_file.read_text().splitlines()
    assert first.endswith(" ERROR web: failed a=1")
    assert trace == ["  " + text for text in printed(error).splitlines()]
    assert last.endswith(" INFO web: next")


def test_no_exception(log_file: Path) -> None:
    """Without a current exception there are no such fields."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        assert sys.exc_info() == (None, None, None)
        log.exception("nothing")  # noqa: LOG004 - the point
        for nothing in (True, False, None, (None, None, None), 0):
            log.info("nothing", exc_info=nothing)
    assert [record["fields"] for record in read(log_file)] == [{}] * 6


class BrokenError(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


def test_broken_exceptions(log_file: Path) -> None:
    """Exceptions whose own methods fail, cycles of causes, wrong tuples and endless depth are logged and survived."""
    cyclic = ValueError("cyclic")
    other = ValueError("other")
    cyclic.__cause__, other.__cause__ = other, cyclic

    def deep(n: int) -> None:
        deep(n + 1)

    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        log.error("broken", exc_info=BrokenError())
        log.error("cyclic", exc_info=cyclic)
        for wrong in ((1, 2), (1, 2, 3), "text", object()):
            log.error("wrong", exc_info=wrong)
        try:
            deep(0)
        except RecursionError:
            log.exception("deep")
        log.error("long", exc_info=ValueError("m" * 1_000_000))
        log.info("after")
    records = read(log_file)
    assert [record["message"] for record in records] == [
        "broken", "cyclic", "wrong", "wrong", "wrong", "wrong", "deep", "long", "after",
    ]  # fmt: skip
    assert records[0]["fields"]["exception.type"].endswith("BrokenError")
    assert "ValueError: cyclic" in records[1]["fields"]["exception.stacktrace"]
    assert "RecursionError" in records[6]["fields"]["exception.stacktrace"]


def test_catch(log_file: Path) -> None:
    """`catch` logs what leaves a function, a coroutine, a block, and passes it on or not."""
    import asyncio

    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()

        @yarder.catch(logger=log)
        def fails() -> None:
            raise KeyError("k")

        @yarder.catch(logger=log, reraise=False, level="alert")
        async def fails_later() -> None:
            await asyncio.sleep(0)
            raise OSError("later")

        with pytest.raises(KeyError):
            fails()
        assert asyncio.run(fails_later()) is None
        with yarder.catch(logger=log, reraise=False):
            raise ValueError("block")
        with pytest.raises(SystemExit), yarder.catch(logger=log):
            sys.exit(3)
    records = read(log_file)
    assert [record["fields"]["exception.type"] for record in records] == ["KeyError", "OSError", "ValueError"]
    assert [record["level"] for record in records] == [3, 1, 3]
