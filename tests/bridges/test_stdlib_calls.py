"""A call of a standard logger is a record of yarder's: arguments, fields, exceptions, call sites, mistakes."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest

import yarder
from tests.bridges.conftest import Records
from yarder.native import bridge_is_open


def line() -> int:
    """The line of the caller."""
    return sys._getframe(1).f_lineno


def test_every_method_goes_straight(installed: Records) -> None:
    """Each method of a logger makes one record of its level, and the logger is open: nothing went the long way."""
    log = logging.getLogger("db.pool")
    for name in ("debug", "info", "warning", "error", "critical", "fatal"):
        getattr(log, name)("%s of %d", name, 6)
    log.log(25, "notice")
    assert bridge_is_open(log)
    records = installed()
    assert [record["level"] for record in records] == [6, 4, 3, 2, 2, 5]
    assert [record["message"] for record in records[:2]] == ["info of 6", "warning of 6"]
    assert {record["facility"] for record in records} == {"db.pool"}


def test_the_root_is_the_app(installed: Records) -> None:
    """The root logger, and the functions of the module, log for the app's own facility."""
    logging.getLogger().warning("method")
    logging.warning("function")
    assert [(record["message"], record["facility"]) for record in installed()] == [
        ("method", "web"),
        ("function", "web"),
    ]


def test_messages_of_any_kind(installed: Records) -> None:
    """Objects, mappings, wrong arguments: what the standard library would have formatted, and nothing raised."""
    log = logging.getLogger("x")
    log.info({"a": 1})
    log.info("%(a)s-%(b)d", {"a": "x", "b": 2})
    log.info("100 %")
    log.info("søk %s", "☃")
    log.info(ValueError("as a message"))
    log.info("%d", "no number")
    messages = [record["message"] for record in installed()]
    assert messages[1:5] == ["x-2", "100 %", "søk ☃", "as a message"]
    assert messages[5].startswith("%d [")


def test_keywords(installed: Records) -> None:
    """`extra`, `exc_info`, `stack_info` and `stacklevel` mean what they mean, on the short way."""
    log = logging.getLogger("x")

    def helper() -> None:
        log.info("from a helper", stacklevel=2)

    log.info("fields", extra={"user": 7, "path": "/"})
    try:
        raise KeyError("k")
    except KeyError as error:
        log.exception("handled")
        log.error("given", exc_info=error)
    log.info("stack", stack_info=True)
    helper()
    here = line() - 1
    fields, handled, given, stack, above = installed()
    assert fields["fields"] == {"user": 7, "path": "/"}
    assert handled["fields"]["exception.type"] == given["fields"]["exception.type"] == "KeyError"
    assert handled["fields"]["exception.stacktrace"].startswith("Traceback (most recent call last):")
    assert 'log.info("stack", stack_info=True)' in stack["fields"]["code.stacktrace"].splitlines()[-1]
    assert above["caller"] == f"test_stdlib_calls.py:{here} in test_keywords"
    assert bridge_is_open(log)


def test_callers(installed: Records) -> None:
    """The call site is the program's, never a line of the standard library's: adapters, `warn`, functions of the module."""
    log = logging.getLogger("x")
    log.info("method")
    logging.LoggerAdapter(log, {"request": "r-1"}).info("adapter")
    logging.warning("function")
    log.exception("exception")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        log.warn("old name")  # type: ignore[deprecated,unused-ignore]
    first = line() - 6
    callers = [record["caller"] for record in installed()]
    assert callers == [f"test_stdlib_calls.py:{first + n} in test_callers" for n in (0, 1, 2, 3, 5)]
    assert installed()[1]["fields"] == {"request": "r-1"}


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda log: log.info(), TypeError),
        (lambda log: log.info("x", user=1), TypeError),
        (lambda log: log.info("x", extra={"name": 1}), KeyError),
        (lambda log: log.info("x", extra={"message": 1}), KeyError),
        (lambda log: log.log("info", "x"), TypeError),
        (lambda log: log.log(20), TypeError),
    ],
)
def test_mistakes_raise_what_they_raised(installed: Records, call: Any, error: type[Exception]) -> None:
    """What is a mistake of the code for the standard library stays one, with its own exception."""
    with pytest.raises(error):
        call(logging.getLogger("x"))
    assert installed() == []


def test_context_and_threads_of_both_worlds(installed: Records) -> None:
    """Fields of `yarder.context` are in records of standard loggers, on the short way and on the long one."""
    log = logging.getLogger("x")
    with yarder.context(trace="t-1"):
        log.info("short")
        log.addFilter(lambda record: True)
        log.info("long")
    assert [record["fields"] for record in installed()] == [{"trace": "t-1"}] * 2


def test_subclasses(installed: Records) -> None:
    """Loggers of a subclass are fast too; one that overrides a step on the way is heard."""

    class Louder(logging.Logger):
        def makeRecord(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
            record = super().makeRecord(*args, **kwargs)
            record.msg = str(record.msg).upper()
            return record

    class Plain(logging.Logger):
        def notice(self, msg: str) -> None:
            self.log(25, msg, stacklevel=2)

    before = logging.getLoggerClass()
    logging.setLoggerClass(Louder)
    loud = logging.getLogger("loud")
    logging.setLoggerClass(Plain)
    plain = logging.getLogger("plain")
    logging.setLoggerClass(before)
    loud.info("heard")
    plain.notice("noted")  # type: ignore[attr-defined]
    records = installed()
    assert [(record["message"], record["level"]) for record in records] == [("HEARD", 6), ("noted", 5)]
    assert records[1]["caller"].endswith(" in test_subclasses")
    assert (bridge_is_open(loud), bridge_is_open(plain)) == (False, True)
