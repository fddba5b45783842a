"""structlog's loggers write yarder's records: message, fields, exceptions, level, facility and caller."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import structlog

import yarder
from tests.bridges.places import here
from tests.helpers import run_python
from yarder.bridges.structlog import LoggerFactory, Renderer, filter_by_level
from yarder.testing import Records


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def configure(*processors: Any, **options: Any) -> None:
    """Set structlog up with these processors before the renderer."""
    structlog.configure(
        processors=[*processors, options.pop("last", Renderer())], logger_factory=LoggerFactory(), **options
    )


def test_event_is_the_message_and_keywords_are_typed_fields(records: Records) -> None:
    """The event, with a percent sign in it, is the message; values keep their types; the name is the facility."""
    configure()
    structlog.get_logger("db.pool").bind(user=7).info("100% done", ok=True, when=date(2026, 1, 2), n={"a": [1]})
    (record,) = records
    assert (record.message, record.level, record.facility) == ("100% done", yarder.Level.INFO, "db.pool")
    assert record.fields == {"user": 7, "ok": True, "when": "2026-01-02", "n": {"a": [1]}}


@pytest.mark.parametrize("name", ["debug", "info", "warning", "warn", "error", "critical", "fatal"])
def test_each_method_is_its_level(records: Records, name: str) -> None:
    """Every log method of structlog's loggers writes the level of its name."""
    configure()
    getattr(structlog.get_logger(), name)("x")
    (record,) = records
    assert record.level == yarder.Level[{"warn": "warning", "fatal": "critical"}.get(name, name).upper()]
    assert record.facility == "web"


def test_levels_by_number_and_positional_arguments(records: Records) -> None:
    """`log(level, ...)` and %-style arguments work with structlog's own and with its stdlib bound logger."""
    configure()
    structlog.get_logger().log(logging.ERROR, "lost %d of %s", 3, "x")
    configure(wrapper_class=structlog.stdlib.BoundLogger)
    structlog.get_logger().error("lost %d of %s", 3, "x")
    assert [(r.message, r.level) for r in records] == [("lost 3 of x", 3)] * 2


def test_exceptions_stay_exceptions(records: Records) -> None:
    """`exception`, `exc_info=error` and a processor's text all arrive, and the context is no field twice."""
    configure(structlog.processors.add_log_level)
    log = structlog.get_logger()
    try:
        raise ValueError("bad")
    except ValueError as error:
        log.exception("first", a=1)
        log.warning("second", exc_info=error)
    first, second = records
    for record in (first, second):
        assert record.fields["exception.type"] == "ValueError"
        assert record.fields["exception.stacktrace"].endswith("ValueError: bad")
    assert (first.level, second.level) == (3, 4)
    assert first.fields["a"] == 1
    assert "level" not in first.fields


@pytest.mark.parametrize(
    "wrapper",
    [structlog.BoundLogger, structlog.stdlib.BoundLogger, structlog.make_filtering_bound_logger(0)],
    ids=["generic", "stdlib", "filtering"],
)
def test_the_caller_is_the_line_that_logged(records: Records, wrapper: Any) -> None:
    """With every kind of bound logger the record's caller is the user's line."""
    configure(wrapper_class=wrapper)
    expected = (structlog.get_logger().info("x"), here())[1]
    assert [record.caller for record in records] == [expected]


def test_wrappers_of_the_user_are_stepped_over(records: Records) -> None:
    """Modules named in `ignore` are not the caller."""
    configure(last=Renderer(ignore=("wrapped",)))
    space: dict[str, Any] = {"__name__": "wrapped.log", "structlog": structlog}
    exec("def say(text): structlog.get_logger().info(text)", space)
    expected = (space["say"]("x"), here())[1]
    assert [record.caller for record in records] == [expected]


def test_async_methods_name_their_caller(records: Records) -> None:
    """`await log.ainfo` runs in another thread; the line that awaited is the field `caller`."""
    configure()

    async def work() -> str:
        return (await structlog.get_logger().ainfo("x", a=1), here())[1]

    expected = asyncio.run(work())
    (record,) = records
    assert record.fields == {"a": 1, "caller": expected}


def test_context_variables_of_both_are_fields(records: Records) -> None:
    """Context variables of structlog and `yarder.context` meet in one record."""
    configure(structlog.contextvars.merge_contextvars)
    structlog.contextvars.bind_contextvars(request="r-1")
    with yarder.context(trace="t-9"):
        structlog.get_logger().info("x")
    assert records.has("x", request="r-1", trace="t-9")


def test_filter_by_level_follows_run_time_levels(records: Records) -> None:
    """A level that is off ends the chain before later processors work; `set_level` turns it on."""
    seen = []

    def spy(logger: Any, name: str, event: Any) -> Any:
        seen.append(event["event"])
        return event

    configure(filter_by_level, spy)
    log = structlog.get_logger("db")
    yarder.set_level("warning", facility="db")
    log.info("no")
    log.error("yes")
    yarder.set_level("debug", facility="db")
    log.debug("yes")
    assert seen == ["yes", "yes"] == [r.message for r in records]


def test_a_pipeline_of_its_own(records: Records) -> None:
    """`LoggerFactory(pipeline)` writes there, and not to the default one."""
    with yarder.Pipeline(app="own", backends=[]) as pipeline, Records(pipeline) as own:
        structlog.configure(processors=[Renderer()], logger_factory=LoggerFactory(pipeline))
        structlog.get_logger("x").info("here")
        assert own.has("here", facility="x")
    assert list(records) == []


def test_structlog_is_not_imported_before_it_is_used() -> None:
    """Importing the bridge imports neither structlog nor stdlib's logging."""
    code = "import sys, yarder; yarder.bridges.structlog.Renderer(); print({'structlog', 'logging'} & set(sys.modules))"
    assert run_python(code).stdout == "set()\n"
