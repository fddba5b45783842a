"""Callables that take records: of every kind, filtered, in order, and harmless when they raise or hang."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import yarder
from tests.programs import poll, read


class Keeps:
    """An object with `handle`."""

    def __init__(self) -> None:
        self.records: list[yarder.Record] = []

    def handle(self, record: yarder.Record) -> None:
        self.records.append(record)


def test_a_record_has_everything(log_file: Path) -> None:
    """What a handler gets is the same record as the line in the file, with typed values."""
    keeps = Keeps()
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file), yarder.Call(keeps)]) as pipeline:
        with yarder.context(trace="t"):
            pipeline.logger("db").bind(b=1).warning("user %s", "Ada", ratio=0.5, items=[1, {"a": None}], big=2**70)
        assert pipeline.flush()
    [record], [line] = keeps.records, read(log_file)
    assert str(record.id) == line["id"]
    assert record.timestamp == datetime.fromisoformat(line["timestamp"])
    assert record.timestamp.tzinfo == UTC
    assert (record.level, record.app, record.facility) == (yarder.Level.WARNING, "web", "db")
    assert record.message == line["message"] == "user Ada"
    assert record.fields == line["fields"]
    assert record.fields == {"trace": "t", "b": 1, "ratio": 0.5, "items": [1, {"a": None}], "big": 2**70}
    assert (record.pid, record.tid, record.thread) == (line["pid"], line["tid"], "MainThread")
    assert (record.hostname, record.caller) == (line["hostname"], line["caller"])
    number = record.id.int
    assert record.sequence == number & (1 << 28) - 1
    assert record.producer == number >> 28 & (1 << 34) - 1
    with pytest.raises(AttributeError):
        record.message = "changed"  # type: ignore[misc]


def test_every_kind(log_file: Path) -> None:
    """Functions, bound methods, objects, coroutine functions and partials get every record, in order."""
    got: dict[str, list[str]] = {name: [] for name in ("function", "method", "coroutine", "decorated")}

    class Thing:
        def method(self, record: yarder.Record) -> None:
            got["method"].append(record.message)

        async def coroutine(self, record: yarder.Record) -> None:
            await asyncio.sleep(0)
            got["coroutine"].append(record.message)

    keeps = Keeps()
    with yarder.Pipeline(
        app="web", backends=[yarder.Call(lambda record: got["function"].append(record.message))]
    ) as pipeline:
        pipeline.add_handler(Thing().method)
        pipeline.add_handler(Thing().coroutine)
        pipeline.add_handler(keeps)

        @pipeline.add_handler
        def decorated(record: yarder.Record) -> None:
            got["decorated"].append(record.message)

        for n in range(2000):
            pipeline.logger().info("n %d", n)
        assert pipeline.flush(30.0)
        assert pipeline.stats().handlers == 5
    expected = [f"n {n}" for n in range(2000)]
    assert all(messages == expected for messages in got.values())
    assert [record.message for record in keeps.records] == expected


def test_coming_and_going(log_file: Path) -> None:
    """A handler gets what is logged while it is there, by its level and facility, and no more after it was removed."""
    errors, db, all_of = Keeps(), Keeps(), Keeps()
    with yarder.Pipeline(app="web", level="debug", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("before")
        pipeline.add_handler(errors, level="error")
        pipeline.add_handler(db, facility="db")
        pipeline.add_handler(all_of)
        for facility in ("db", "db.pool", "dbx", "web"):
            for level in ("debug", "error", "alert"):
                pipeline.logger(facility).log(level, f"{facility} {level}")
        assert pipeline.remove_handler(errors)
        assert not pipeline.remove_handler(errors)
        pipeline.logger().error("after")
        assert pipeline.flush()
    assert [record.message for record in errors.records] == [
        f"{facility} {level}" for facility in ("db", "db.pool", "dbx", "web") for level in ("error", "alert")
    ]
    assert {record.facility for record in db.records} == {"db", "db.pool"}
    assert len(db.records) == 6
    assert len(all_of.records) == 13
    assert len(read(log_file)) == 14


def test_one_that_raises(log_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is counted and said once; the file, the other handlers and the caller notice nothing."""
    keeps = Keeps()

    def raises(record: yarder.Record) -> None:
        raise RuntimeError("no")

    async def raises_later(record: yarder.Record) -> None:
        raise SystemExit(3)

    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        for handler in (raises, raises_later, keeps):
            pipeline.add_handler(handler)
        for n in range(200):
            pipeline.logger().info("n %d", n)
        assert pipeline.flush()
        stats = pipeline.stats()
    assert stats.handler_errors == 400
    assert stats.backends["raises"].failed == 200
    assert len(keeps.records) == len(read(log_file)) == 200
    said = [line for line in capsys.readouterr().err.splitlines() if "raises" in line]
    assert len(said) == 2


def test_one_that_hangs(log_file: Path) -> None:
    """It loses its own records, counted, when its queue is full; the others and the file get all."""
    keeps, goes_on, hanging = Keeps(), threading.Event(), []

    def hangs(record: yarder.Record) -> None:
        hanging.append(record)
        goes_on.wait(60)

    with yarder.Pipeline(app="web", ring_slots=65536, backends=[yarder.File(log_file)]) as pipeline:
        pipeline.add_handler(hangs)
        pipeline.add_handler(keeps)
        for n in range(15_000):
            pipeline.logger().info("n %d", n)
            if n % 1000 == 999:
                poll(lambda n=n: len(keeps.records) == n + 1, "the other handler")  # type: ignore[misc]
        poll(lambda: len(read_partly(log_file)) == 15_000, "the file")
        assert not pipeline.flush(0.05)
        slow = pipeline.stats().dropped.get("handler_slow", 0)
        assert len(hanging) == 1
        goes_on.set()
        poll(lambda: pipeline.flush(0.5), "the handler to go on")
    assert slow > 0
    assert len(hanging) + slow == 15_000
    assert len(read(log_file)) == 15_000


def read_partly(path: Path) -> list[str]:
    """Lines so far."""
    return path.read_text().splitlines() if path.exists() else []


def test_one_that_logs(log_file: Path) -> None:
    """What a handler logs is in the file and reaches the other handlers, but never itself."""
    keeps = Keeps()
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()

        def logs(record: yarder.Record) -> None:
            log.info("echo of %s", record.message)

        pipeline.add_handler(logs)
        pipeline.add_handler(keeps)
        log.info("one")
        assert pipeline.flush()
        assert pipeline.flush()
    assert [record["message"] for record in read(log_file)] == ["one", "echo of one"]
    assert [record.message for record in keeps.records] == ["one", "echo of one"]


def test_a_coroutine_that_takes_too_long() -> None:
    """An awaited call is cancelled after `timeout_s` and counted as failed; the next record comes."""
    got: list[str] = []

    async def slow(record: yarder.Record) -> None:
        if record.message == "slow":
            await asyncio.sleep(600)
        got.append(record.message)

    with yarder.Pipeline(app="web", backends=[yarder.Call(slow, timeout_s=0.05)]) as pipeline:
        pipeline.logger().info("slow")
        pipeline.logger().info("quick")
        assert pipeline.flush()
        assert pipeline.stats().backends["slow"].failed == 1
    assert got == ["quick"]


def test_losses_reach_handlers_as_numbers(log_file: Path) -> None:
    """A handler sees every accepted record exactly once while many threads log."""
    keeps = Keeps()
    with yarder.Pipeline(app="web", block_ms=None, backends=[yarder.Call(keeps)]) as pipeline:
        log = pipeline.logger()

        def work(name: int) -> None:
            for n in range(500):
                log.info("x", who=name, n=n)

        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert pipeline.flush(30.0)
    seen: dict[Any, list[int]] = {}
    for record in keeps.records:
        seen.setdefault(record.fields["who"], []).append(record.fields["n"])
    assert seen == {name: list(range(500)) for name in range(4)}
    sequences = [record.sequence for record in keeps.records]
    assert sequences == sorted(set(sequences))
