"""loguru's messages become yarder's records: level, message, extra, exception and caller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger

import yarder
from tests.bridges.places import here
from tests.helpers import run_python
from yarder.bridges.loguru import Sink, sink
from yarder.testing import Records


@pytest.fixture(autouse=True)
def _added(records: Records) -> Iterator[None]:
    logger.remove()
    logger.add(sink, level=0, format="{message}")
    yield
    logger.remove()
    logger.configure(extra={}, patcher=None)


def test_message_and_extra_keep_their_form(records: Records) -> None:
    """The formatted message is the message, bound and contextual values are typed fields."""
    with logger.contextualize(request="r-1"):
        logger.bind(user=7, tags=["a"]).info("{n} % {}", "done", n=3)
    (record,) = records
    assert record.message == "3 % done"
    assert record.fields == {"request": "r-1", "user": 7, "tags": ["a"], "n": 3}
    assert record.facility == __name__


@pytest.mark.parametrize(
    ("name", "level", "told"),
    [
        ("TRACE", "TRACE", None),
        ("DEBUG", "DEBUG", None),
        ("INFO", "INFO", None),
        ("SUCCESS", "NOTICE", "SUCCESS"),
        ("WARNING", "WARNING", None),
        ("ERROR", "ERROR", None),
        ("CRITICAL", "CRITICAL", None),
        (3, "TRACE", "Level 3"),
        (33, "ERROR", "Level 33"),
        (999, "EMERGENCY", "Level 999"),
    ],
)
def test_levels_keep_their_severity(records: Records, name: Any, level: str, told: str | None) -> None:
    """Each level is yarder's of the same name, or the more severe neighbour of its number with its name as a field."""
    logger.log(name, "x")
    (record,) = records
    assert record.level == yarder.Level[level]
    assert record.fields.get("level_name") == told


def test_exceptions_are_told_whole(records: Records) -> None:
    """`logger.exception` and `@logger.catch` give type, message and stack trace; the line itself stays short."""
    try:
        raise ValueError("bad")
    except ValueError:
        logger.exception("failed")

    @logger.catch
    def broken() -> None:
        raise KeyError("gone")

    broken()
    first, second = records
    assert first.message == "failed"
    assert first.fields["exception.type"] == "ValueError"
    assert first.fields["exception.stacktrace"].endswith("ValueError: bad")
    assert second.fields["exception.type"] == "KeyError"


def test_the_caller_is_the_line_that_logged(records: Records) -> None:
    """The record's caller is the user's line, also with `opt(depth=1)`."""

    def helper() -> None:
        logger.opt(depth=1).info("deep")

    direct = (logger.info("x"), here())[1]
    outer = (helper(), here())[1]
    assert [record.caller for record in records] == [direct, outer]
    assert all(record.fields == {} for record in records)


def test_enqueue_names_the_caller_in_a_field(records: Records) -> None:
    """A message that comes through loguru's own queue keeps its line as the field `caller`, and its exception."""
    logger.remove()
    logger.add(sink, level=0, format="{message}", enqueue=True)
    try:
        raise ValueError("bad")
    except ValueError:
        expected = (logger.exception("x"), here())[1]
    logger.complete()
    (record,) = records
    assert record.fields["caller"] == expected
    assert record.fields["exception.type"] == "ValueError"


def test_yarder_context_is_added(records: Records) -> None:
    """Fields of `yarder.context` are on loguru's records too."""
    with yarder.context(trace="t-9"):
        logger.info("x")
    assert records.has("x", trace="t-9")


def test_levels_by_module_decide(records: Records) -> None:
    """The module is the facility: its level, changed at run time, decides what passes."""
    yarder.set_level("error", facility="tests.bridges")
    logger.info("no")
    logger.error("yes")
    assert [record.message for record in records] == ["yes"]


def test_a_pipeline_of_its_own(records: Records) -> None:
    """`Sink(pipeline)` writes there, and not to the default one."""
    logger.remove()
    with yarder.Pipeline(app="own", backends=[]) as pipeline, Records(pipeline) as own:
        logger.add(Sink(pipeline), format="{message}")
        logger.info("here")
        assert own.has("here")
    assert list(records) == []


def test_loguru_is_not_imported_by_the_bridge() -> None:
    """Importing the bridge imports neither loguru nor stdlib's logging."""
    code = "import sys, yarder; yarder.bridges.loguru.sink; print({'loguru', 'logging'} & set(sys.modules))"
    assert run_python(code).stdout == "set()\n"
