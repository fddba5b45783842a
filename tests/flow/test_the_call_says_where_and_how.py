"""Call site, thread, stack, and the keywords of a log call that are no fields."""

from __future__ import annotations

import functools
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import yarder
from tests.programs import poll, read

HERE = Path(__file__).name


def line() -> int:
    """The line of the caller."""
    return sys._getframe(1).f_lineno


def test_caller(log_file: Path) -> None:
    """File, line and function of the call, in functions, methods, lambdas, comprehensions and modules."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        expected = []

        class Thing:
            def method(self) -> int:
                log.info("method")
                return line() - 1

        log.info("plain")
        expected.append(f"{HERE}:{line() - 1} in test_caller")
        expected.append(f"{HERE}:{Thing().method()} in method")
        (lambda: log.info("lambda"))()
        expected.append(f"{HERE}:{line() - 1} in <lambda>")
        exec(compile("log.info('module')", "made_up.py", "exec"), {"log": log})  # what `python -c` does
        expected.append("made_up.py:1 in <module>")
        log.info(
            "first line of many %s",
            1,
        )
        exec(compile("\n" * 99 + "def søk():\n  log.info('named')\nsøk()", "/a/b/ünï.py", "exec"), {"log": log})
    callers = [record["caller"] for record in read(log_file)]
    assert callers[:4] == expected
    assert callers[4].endswith(" in test_caller")
    assert callers[5] == "ünï.py:101 in søk"


def test_one_code_many_lines(log_file: Path) -> None:
    """The line is that of the call, not of the last one from the same function."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        for turn in range(3):
            if turn % 2:
                log.info("odd", line=line())
            else:
                log.info("even", line=line())
            log.info("both", line=line())
    for record in read(log_file):
        assert record["caller"] == f"{HERE}:{record['fields']['line']} in test_one_code_many_lines"


def test_caller_can_be_switched_off(log_file: Path) -> None:
    """`caller=False` leaves the key out."""
    with yarder.Pipeline(app="web", caller=False, backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("x")
    assert "caller" not in read(log_file)[0]


def test_stacklevel(log_file: Path) -> None:
    """`stacklevel=2` names the caller of a helper, and a number beyond the stack does no harm."""

    def helper(log: yarder.Logger, level: Any) -> None:
        log.info("x", stacklevel=level)

    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        helper(log, 1)
        helper(log, 2)
        here = line() - 1
        for odd in (10_000, -5, 0, "two", None, 2**80):
            helper(log, odd)
    records = read(log_file)
    assert records[0]["caller"].endswith(" in helper")
    assert records[1]["caller"] == f"{HERE}:{here} in test_stacklevel"
    assert [record["fields"] for record in records] == [{}] * 8


def test_stack_info(log_file: Path) -> None:
    """`stack_info=True` adds the stack of the caller, its last frame the call itself."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("with", stack_info=True)
        pipeline.logger().info("without", stack_info=False)
    with_stack, without = read(log_file)
    stack = with_stack["fields"]["code.stacktrace"].splitlines()
    assert stack[0] == "Stack (most recent call last):"
    assert "in test_stack_info" in stack[-3] + stack[-2]
    assert 'info("with", stack_info=True)' in "".join(stack[-2:])
    assert without["fields"] == {}


def test_extra_and_fields(log_file: Path) -> None:
    """`extra=` and `fields=` take mappings of names decided at run time; they and keywords are all fields."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        log.info("x", extra={"a": 1, "http.status": 2}, fields={"b c": 3}, d=4)
        log.info("x", extra=None, fields=None)
        log.info("x", extra={}, fields={})
    first, second, third = (record["fields"] for record in read(log_file))
    assert first == {"a": 1, "http.status": 2, "b c": 3, "d": 4}
    assert second == third == {}


def test_any_field_name_is_legal(log_file: Path) -> None:
    """`level`, `msg`, `self`, `args` and the names of the record's own keys are fields like others."""
    names = [
        "level",
        "msg",
        "self",
        "args",
        "fields_",
        "id",
        "message",
        "timestamp",
        "pid",
        "daemon",
        "facility",
        "log",
    ]
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("call", **dict.fromkeys(names, 1))
        pipeline.logger().bind(**dict.fromkeys(names, 2)).info("bound")
        pipeline.logger().log("info", "log", **dict.fromkeys(names, 3))
        with yarder.context(**dict.fromkeys(names, 4)):
            pipeline.logger().info("context")
    for number, record in enumerate(read(log_file), start=1):
        assert record["fields"] == dict.fromkeys(names, number)
        assert record["message"] in ("call", "bound", "log", "context")


def test_thread_and_process(log_file: Path) -> None:
    """Process, host, thread number and the thread's name at the call are in the record."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        log.info("main")

        def work() -> None:
            log.info("work")
            threading.current_thread().name = "renamed ☃"

            def renamed() -> bool:
                log.info("renamed")
                pipeline.flush()
                return read(log_file)[-1]["thread"] == "renamed ☃"

            poll(renamed, "the new name, which is looked up once a second")

        thread = threading.Thread(target=work, name="worker-1")
        thread.start()
        native = thread.native_id
        thread.join()
        import _thread

        gone = threading.Event()
        _thread.start_new_thread(lambda: (log.info("raw"), gone.set()), ())
        assert gone.wait(10)
    main, worked, *_, raw = read(log_file)
    assert (main["pid"], main["tid"], main["thread"]) == (os.getpid(), threading.get_native_id(), "MainThread")
    assert main["hostname"] == os.uname().nodename
    assert (worked["tid"], worked["thread"]) == (native, "worker-1")
    assert raw["pid"] == os.getpid()
    assert raw["tid"] not in (main["tid"], 0)


def test_every_method_has_its_level(log_file: Path) -> None:
    """Nine levels, their aliases, and `log` with every way to write a level."""
    names = [level.name.lower() for level in yarder.Level]
    with yarder.Pipeline(app="web", level="trace", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        for name in [*names, "fatal", "err", "warn"]:
            getattr(log, name)(name)
        log.exception("exception")  # noqa: LOG004 - without one it is an error record
        for level in (yarder.Level.DEBUG, 7, "debug", "DEBUG", 10, "panic", "crit", 50, 35):
            log.log(level, "given")
    levels = [record["level"] for record in read(log_file)]
    assert levels == [*range(9), 2, 3, 4, 3, 7, 7, 7, 7, 7, 0, 2, 2, 3]


@pytest.mark.parametrize("level", ["loud", 99, -3, None, 1.5, [], "0"])
def test_a_level_that_is_none(log_file: Path, level: Any) -> None:
    """A log call with a wrong level raises nothing into the program, and the record is not lost in silence."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        assert pipeline.logger().log(level, "what now") is None
        pipeline.logger().info("next")
    assert [record["message"] for record in read(log_file)][-2:] == ["what now", "next"]


def test_loggers_are_ordinary_objects(log_file: Path) -> None:
    """Methods can be kept, passed on and called through `functools.partial`; a missing message is a mistake of the code."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger("db")
        info = log.info
        functools.partial(info, "kept %s", ok=True)(1)
        type(log).info(log, "unbound")
        list(map(log.info, ["a", "b"]))
        with pytest.raises(TypeError):
            log.info()  # type: ignore[call-arg]
        assert log.facility == "db"
        assert pipeline.logger().bind(a=1).fields == {"a": 1}
    assert [record["message"] for record in read(log_file)] == ["kept 1", "unbound", "a", "b"]
