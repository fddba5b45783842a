"""What LogSystem promises, with yarder's words: concurrent producers, sync and async, handlers, back-pressure, close, stats."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

import yarder
from tests.programs import account, fill, held_writer, read

PRODUCERS, RECORDS = 100, 1000


def produce(pipeline: yarder.Pipeline, records: int = RECORDS) -> list[bool]:
    """The example of its guide: so many threads write so many records; gives every answer of `write`."""
    answers: list[bool] = []

    def work(producer: int) -> None:
        mine = [pipeline.write("info", f"Worker {producer} - Log {n}", producer=producer, n=n) for n in range(records)]
        answers.extend(mine)

    threads = [threading.Thread(target=work, args=(producer,)) for producer in range(PRODUCERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def check(path: Path, records: int) -> None:
    """Every record of every producer is there once, in its producer's order, and its message agrees with its fields."""
    found = read(path)
    account(found)
    orders: dict[int, list[int]] = {}
    for record in found:
        fields = record["fields"]
        assert record["message"] == f"Worker {fields['producer']} - Log {fields['n']}"
        orders.setdefault(fields["producer"], []).append(fields["n"])
    assert orders == {producer: list(range(records)) for producer in range(PRODUCERS)}


def test_100_producers_of_1000_records_lose_none(log_file: Path) -> None:
    """100 threads x 1000 records, then `close`: 100,000 lines in the file, none twice, each producer in its order."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)], block_ms=None) as pipeline:
        assert produce(pipeline) == [True] * (PRODUCERS * RECORDS)
    check(log_file, RECORDS)
    assert pipeline.stats().lost == 0


def test_sync_mode_writes_before_it_returns(log_file: Path) -> None:
    """In sync mode 100 threads keep their order too, and each finds its own line in the file behind the call."""
    pipeline = yarder.Pipeline(app="web", mode="sync", backends=[yarder.File(log_file)], block_ms=None)
    assert all(produce(pipeline, 20))
    check(log_file, 20)
    assert pipeline.write("info", "last")
    assert read(log_file)[-1]["message"] == "last"
    pipeline.close()


def test_a_full_buffer_waits_100_ms_and_says_so(log_file: Path) -> None:
    """With a stopped writer a write to the full buffer waits `block_ms`, answers False and is counted by reason."""
    with held_writer():
        pipeline = yarder.Pipeline(app="web", backends=[yarder.File(log_file)], ring_slots=256, block_ms=100)
        start = time.monotonic()
        accepted = fill(pipeline)
        assert time.monotonic() - start >= 0.1
        assert accepted > 100
        stats = pipeline.stats()
        assert sum(stats.dropped.values()) == stats.lost == 1
        assert stats.ring_used / stats.ring_slots > 0.9
    assert pipeline.close(30.0)
    records = [record for record in read(log_file) if record["message"] == "filling"]
    assert [record["fields"]["n"] for record in records] == list(range(accepted))


def test_handlers_run_behind_the_caller(log_file: Path) -> None:
    """An object with `handle` gets errors only, in another thread; one that raises hurts neither it nor the file."""
    alerts: list[tuple[str, int]] = []

    class Alert:
        def handle(self, record: yarder.Record) -> None:
            alerts.append((record.message, threading.get_ident()))

    def broken(record: yarder.Record) -> None:
        raise RuntimeError("pager is down")

    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        handler = pipeline.add_handler(Alert(), level="error")
        pipeline.add_handler(broken)
        pipeline.write("info", "fine")
        pipeline.write("error", "disk full")
        assert pipeline.flush()
        stats = pipeline.stats()
        assert (stats.handlers, stats.handler_errors) == (2, 2)
        assert pipeline.remove_handler(handler)
        pipeline.write("error", "unseen")
    assert [message for message, _ in alerts] == ["disk full"]
    assert alerts[0][1] != threading.get_ident()
    assert [record["message"] for record in read(log_file)] == ["fine", "disk full", "unseen"]


def test_close_writes_all_and_may_be_called_twice(log_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """`close` behind 1000 writes leaves 1000 lines; again is fine; a write after it answers False and panics nobody."""
    pipeline = yarder.Pipeline(app="web", backends=[yarder.File(log_file)])
    assert all(pipeline.write("info", f"Log {n}", n=n) for n in range(1000))
    assert pipeline.close()
    assert pipeline.close()
    assert pipeline.write("info", "late") is False
    assert [record["fields"]["n"] for record in read(log_file)] == list(range(1000))
    assert pipeline.stats().mode == "closed"


def test_stats_have_what_it_tracks(log_file: Path) -> None:
    """Capacity, use, mode and number of handlers are in `stats`; the pressure of the buffer can be followed."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)], ring_slots=1024) as pipeline:
        pipeline.add_handler(lambda record: None)
        pipeline.write("info", "x")
        assert pipeline.flush()
        stats = pipeline.stats()
        assert (stats.ring_slots, stats.ring_used, stats.mode, stats.handlers) == (1024, 0, "async", 1)
        assert (stats.accepted, stats.written, stats.lost) == (1, 1, 0)
