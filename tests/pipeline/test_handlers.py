"""Handlers: functions, coroutine functions, objects; one that raises or hangs hurts nobody else."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import yarder.pipeline
from tests.helpers import FakeProducer, FakeQueue, row
from yarder import ConfigError, Pipeline, Record
from yarder.drain import handlers
from yarder.drain.handlers import HandlerThread, is_async
from yarder.drain.pressure import PressureWatch


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yarder.pipeline, "Producer", FakeProducer)
    monkeypatch.setattr(handlers, "HandlerQueue", FakeQueue)


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    """A pipeline on fakes."""
    with Pipeline(app="a") as made:
        yield made


def queue_of(pipeline: Pipeline, handler: Any) -> Any:
    """The fake queue of a handler."""
    return pipeline._added[id(handler)].queue


def test_a_function(pipeline: Pipeline) -> None:
    """It gets records one by one, in order, in a thread of its own."""
    got: list[tuple[str, str]] = []

    @pipeline.add_handler
    def handler(record: Record) -> None:
        got.append((record.message, threading.current_thread().name))

    queue = queue_of(pipeline, handler)
    queue.put(row("a"), row("b"))
    assert queue.wait_handled(2)
    assert got == [("a", "yarder-handler"), ("b", "yarder-handler")]


def test_an_object(pipeline: Pipeline) -> None:
    """An object's `handle` is called, also when the object itself can be called."""

    class Alert:
        def __init__(self) -> None:
            self.got: list[str] = []

        def handle(self, record: Record) -> None:
            self.got.append(record.message)

        def __call__(self, record: Record) -> None:
            raise AssertionError

    alert = pipeline.add_handler(Alert(), level="error", facility="db")
    queue = queue_of(pipeline, alert)
    assert (queue.name, queue.level, queue.facilities) == ("Alert", 3, {"db": 8})
    queue.put(row("a"))
    assert queue.wait_handled(1)
    assert alert.got == ["a"]


def test_a_coroutine_function(pipeline: Pipeline) -> None:
    """It is awaited in a loop of its own; the loop is the same for all records."""
    loops = set()

    async def handler(record: Record) -> None:
        await asyncio.sleep(0)
        loops.add(asyncio.get_running_loop())

    pipeline.add_handler(handler)
    queue = queue_of(pipeline, handler)
    queue.put(row("a"), row("b"))
    assert queue.wait_handled(2)
    assert len(loops) == 1


def test_a_coroutine_that_takes_too_long_is_cancelled() -> None:
    """After `timeout_s` an awaited call ends and is counted as failed; the next record is handled."""
    got: list[str] = []

    async def handler(record: Record) -> None:
        if record.message == "slow":
            await asyncio.Event().wait()
        got.append(record.message)

    thread = HandlerThread(handler, "h", 8, None, 0.01)
    thread.queue.put(row("slow"), row("fast"))  # type: ignore[attr-defined]
    assert thread.queue.wait_handled(2)  # type: ignore[attr-defined]
    assert got == ["fast"]
    assert thread.errors == 1
    assert thread.close(5.0)


def test_one_that_raises_is_counted_and_said_once(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever it raises, its thread goes on; stderr has one line, the meters all of it."""

    def handler(record: Record) -> None:
        raise SystemExit("no\nmore") if record.message == "exit" else ValueError("bad")

    pipeline.add_handler(handler)
    queue = queue_of(pipeline, handler)
    queue.put(row("a"), row("exit"), row("c"))
    assert queue.wait_handled(3)
    assert queue.failed == 3
    assert pipeline.stats().handler_errors == 3
    assert capsys.readouterr().err.splitlines() == [
        "yarder: handler 'handler' raised ValueError: bad (1 in all); its record is counted as failed"
    ]


def test_one_that_hangs_hurts_nobody_else(pipeline: Pipeline) -> None:
    """Another handler gets its records; closing does not wait longer than it was told to."""
    stuck, free = threading.Event(), threading.Event()

    def hanging(record: Record) -> None:
        stuck.set()
        free.wait(30)

    def other(record: Record) -> None:
        pass

    pipeline.add_handler(hanging)
    pipeline.add_handler(other)
    queue_of(pipeline, hanging).put(row())
    assert stuck.wait(10)
    queue_of(pipeline, other).put(row())
    assert queue_of(pipeline, other).wait_handled(1)
    assert pipeline.close(0.01) is False
    free.set()


def test_its_own_records_do_not_come_back(pipeline: Pipeline) -> None:
    """A handler that logs does not feed itself for ever."""
    got: list[str] = []
    inside = threading.Event()
    tid: list[int] = []

    def handler(record: Record) -> None:
        got.append(record.message)
        tid.append(threading.get_native_id())
        inside.set()

    pipeline.add_handler(handler)
    queue = queue_of(pipeline, handler)
    queue.put(row("first"))
    assert inside.wait(10)
    queue.put(row("its own", tid=tid[0]), row("next"))
    assert queue.wait_handled(3)
    assert got == ["first", "next"]


def test_adding_twice_and_removing(pipeline: Pipeline) -> None:
    """The same handler added again replaces itself; removing hands over what was queued; twice is False."""
    got: list[str] = []

    def handler(record: Record) -> None:
        got.append(record.message)

    pipeline.add_handler(handler)
    first = queue_of(pipeline, handler)
    pipeline.add_handler(handler, level="error")
    assert first.closed
    queue = queue_of(pipeline, handler)
    queue.put(row("last"))
    assert pipeline.remove_handler(handler) is True
    assert got == ["last"]
    assert pipeline.remove_handler(handler) is False


def test_a_handler_may_close_its_pipeline() -> None:
    """It does not wait for itself."""
    pipeline = Pipeline(app="a")
    closed: list[bool] = []

    def handler(record: Record) -> None:
        closed.append(pipeline.close())

    pipeline.add_handler(handler)
    queue = queue_of(pipeline, handler)
    queue.put(row())
    assert queue.wait_handled(1)
    assert closed == [True]


@pytest.mark.parametrize("wrong", [None, 3, "print"])
def test_what_cannot_be_called_is_refused(pipeline: Pipeline, wrong: Any) -> None:
    """The mistake shows at once, not at the first record."""
    with pytest.raises(ConfigError):
        pipeline.add_handler(wrong)


def test_is_async() -> None:
    """Coroutine functions are found behind methods, partials and callable objects."""

    class Thing:
        async def handle(self, record: Record) -> None: ...

        async def __call__(self, record: Record) -> None: ...

    async def function(record: Record) -> None: ...

    assert all(is_async(one) for one in (function, Thing().handle, Thing(), functools.partial(function)))
    assert not any(is_async(one) for one in (print, lambda record: None, functools.partial(print), Thing))


def test_pressure() -> None:
    """One call when the ring fills to `high`, one when it is back at `low`, none in between; an exception is only said."""
    ratios = iter([0.1, 0.8, 0.9, 0.6, 0.5, 0.74, 0.75])
    got: list[float] = []
    watch = PressureWatch(lambda: next(ratios), got.append, 0.75, 0.5)
    watch.stop()
    for _ in range(7):
        watch.look()
    assert got == [0.8, 0.5, 0.75]


def test_pressure_is_checked(pipeline: Pipeline) -> None:
    """`low` lies below `high`, both between 0 and 1."""
    with pytest.raises(ConfigError):
        pipeline.on_pressure(print, high=0.5, low=0.5)
    pipeline.on_pressure(print)
    assert pipeline.stats().threads == 2
    assert pipeline._fill() == 0.75
