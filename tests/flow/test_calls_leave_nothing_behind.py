"""A log call keeps no reference, leaves no error set, and asks for no more memory the longer a process lives."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import yarder
from tests.helpers import run_python
from tests.programs import held_writer, read


class Thing:
    def __str__(self) -> str:
        return "thing"


class Raises:
    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


def calls(log: yarder.Logger, value: Any) -> list[Callable[[], object]]:
    """One call of every kind with the same value."""
    error = ValueError(value)
    return [
        lambda: log.info("%s %s", value, value),
        lambda: log.info("x", value=value, other=value),
        lambda: log.info("x", fields={"a": value}, extra={"b": value}),
        lambda: log.info(value),
        lambda: log.info("%(a)s", {"a": value}),
        lambda: log.info("%d %y", value),
        lambda: log.bind(a=value).unbind("a").info("x"),
        lambda: log.debug("%s", value, a=value),
        lambda: log.error("x", exc_info=error),
        lambda: log.info("x", stack_info=True, stacklevel=2),
        lambda: log.info("x", value={"a": [value, (value, {"b": value})]}),
        lambda: log.log("info", "%s", value),
    ]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    "make", [Thing, Raises, lambda: "text" * 1000, lambda: 2**100, lambda: [1], lambda: {"a": b"x"}]
)
def test_references(log_file: Path, make: Callable[[], Any], full: bool) -> None:
    """A value has as many references after a thousand calls of every kind as before, also when the ring is full."""
    value = make()

    def run(pipeline: yarder.Pipeline) -> None:
        every = calls(pipeline.logger("db"), value)
        for turn in range(200):
            if turn == 20:
                before = sys.getrefcount(value)
            for call in every:
                assert call() is None
                assert sys.exc_info() == (None, None, None)
            if turn % 10 == 0 and not full:
                pipeline.flush()
        del every, call
        gc.collect()
        assert sys.getrefcount(value) <= before

    if full:
        with held_writer():
            pipeline = yarder.Pipeline(app="web", ring_slots=256, block_ms=0, backends=[yarder.File(log_file)])
            run(pipeline)
        pipeline.close()
    else:
        with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
            run(pipeline)
        assert len(read(log_file)) == 200 * 11


def test_objects_and_memory() -> None:
    """Half a million calls of every kind leave no object behind, and no memory grows with them."""
    code = """
import gc, sys, threading, yarder
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
yarder.configure(app="web", ring_slots=1024, block_ms=None, backends=[yarder.File("/dev/null"), yarder.Call(lambda record: None)])
log = yarder.get_logger("db")
def some(count):
    for n in range(count):
        log.info("user %s took %d ms", "Ada", n, ok=True, n=n)
        log.info("x", value={"a": [n, {"b": n}]}, big=2**80)
        log.bind(n=n).info("bound")
        with yarder.context(n=n):
            log.info("%s %r", object(), [n])
        try:
            raise ValueError(n)
        except ValueError as error:
            if n % 20 == 0:
                log.exception("failed")
        if n % 100 == 0:
            thread = threading.Thread(target=log.info, args=("thread",), name=f"thread {n}")
            thread.start()
            thread.join()
    yarder.flush(20.0)
    gc.collect()
some(4000)
objects, memory = len(gc.get_objects()), resident()
some(20000)
print(len(gc.get_objects()) - objects, resident() - memory)
"""
    objects, memory = map(int, run_python(code).stdout.split())
    assert objects < 500
    assert memory < 4 * 1024 * 1024


def test_loggers_by_the_million(log_file: Path) -> None:
    """Loggers, bound ones and contexts that are dropped free all they held."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        value = [Thing()]
        before = sys.getrefcount(value), sys.getrefcount(value[0])
        for n in range(20_000):
            log = pipeline.logger(f"facility.{n % 3000}")
            log.bind(a=value).bind(b=n).debug("no")
            with yarder.context(a=value):
                log.debug("no")
        del log
        gc.collect()
        assert (sys.getrefcount(value), sys.getrefcount(value[0])) == before
        assert sum(isinstance(item, yarder.Logger) for item in gc.get_objects()) < 10
