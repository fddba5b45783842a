"""`Pipeline`: write, close, statistics, pressure, and configuration anew without losing a record."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import yarder
from tests.helpers import run_python
from tests.programs import account, fill, held_writer, losses, poll, read, told


def test_write_says_whether_it_was_accepted(log_file: Path) -> None:
    """True when accepted or below the level; False when it was not accepted, counted; the caller never waits longer."""
    with held_writer():
        pipeline = yarder.Pipeline(app="web", ring_slots=256, block_ms=1, backends=[yarder.File(log_file)])
        accepted = fill(pipeline)
        assert accepted >= 200
        assert pipeline.write("debug", "below the level") is True
        refused = sum(not pipeline.write("info", "refused") for _ in range(50))
        assert refused == 50
        assert pipeline.stats().lost == 51
    poll(lambda: pipeline.flush(1.0), "the ring to drain")
    assert pipeline.write("info", "room again") is True
    pipeline.close()
    assert pipeline.write("info", "closed") is False
    records = read(log_file)
    account(records)
    assert sum(losses(records).values()) == 51
    assert [record["fields"].get("n") for record in told(records)] == [*range(accepted), None]


def test_close(log_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Close flushes, twice is fine; later records go to stderr as lines and are counted; configure starts again."""
    pipeline = yarder.Pipeline(app="web", backends=[yarder.File(log_file)])
    log = pipeline.logger()
    for n in range(1000):
        log.info("n %d", n)
    assert pipeline.close()
    assert pipeline.close()
    assert len(read(log_file)) == 1000
    capfd.readouterr()
    log.error("late %d", 1)
    assert "late 1" in capfd.readouterr().err
    assert pipeline.stats().dropped["closed"] == 1
    assert pipeline.stats().mode == "closed"
    with pytest.raises(yarder.Closed):
        pipeline.add_handler(print)
    pipeline.configure(app="web", backends=[yarder.File(log_file)])
    log.info("again")
    pipeline.close()
    assert [record["message"] for record in read(log_file)][-1] == "again"


def test_close_leaves_nothing(tmp_path: Path) -> None:
    """After close there is no thread, no ring file, no descriptor and no lock left, a hundred times over."""
    code = """
import os, sys, yarder
from pathlib import Path
def state():
    rings = list(Path(os.environ["YARDER_YARD"]).rglob("*.ring"))
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd")), len(rings)
def once(n):
    with yarder.Pipeline(app="web", ring_slots=256, backends=[yarder.File(sys.argv[1])]) as pipeline:
        pipeline.logger().info("n", n=n)
once(0)
before = state()
for n in range(1, 100):
    once(n)
assert state() == before, (before, state())
assert before[0] == 1 and before[2] == 0, before
"""
    run_python(code, str(tmp_path / "web.log"))
    assert [record["fields"]["n"] for record in read(tmp_path / "web.log")] == list(range(100))


def test_flush_means_written(log_file: Path) -> None:
    """When `flush` is True every earlier record of this process stands in the file; a time-out says False and loses nothing."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        for turn in range(1, 50):
            for n in range(20):
                pipeline.logger().info("x", n=n)
            assert pipeline.flush()
            assert len(read(log_file)) == turn * 20
    with held_writer(), yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as stuck:
        stuck.logger().info("later")
        assert not stuck.flush(0.01)
        assert not stuck.flush(0.0)
        assert not stuck.close(0.01)
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("next start")
    assert sorted(record["message"] for record in read(log_file)[-2:]) == ["later", "next start"]


def test_the_asynchronous_doors(log_file: Path) -> None:
    """`async with`, `aflush` and `aclose` leave the loop free to run meanwhile."""

    async def main() -> int:
        turns = 0

        async def ticks() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(ticks())
        async with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
            pipeline.logger().info("x")
            assert await pipeline.aflush()
        before = turns
        with held_writer():
            stuck = yarder.Pipeline(app="web", backends=[yarder.File(log_file)])
            stuck.logger().info("y")
            assert not await stuck.aflush(0.05)
        assert await stuck.aclose()
        ticking.cancel()
        return turns - before

    assert asyncio.run(main()) > 10
    assert [record["message"] for record in read(log_file)] == ["x", "y"]


@pytest.fixture
def _quick_switches() -> Iterator[None]:
    """Threads that only log take turns every 5 ms, which is long when somebody waits for four of them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0002)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_quick_switches")
def test_reconfigured_under_load(tmp_path: Path) -> None:
    """Files, ring size, mode, level and policy change thirty times while four threads log: no record lost or doubled."""
    pipeline = yarder.Pipeline(app="web", block_ms=None, backends=[yarder.File(tmp_path / "0.log")])
    log, stop = pipeline.logger(), threading.Event()
    counts = [0] * 4

    def work(name: int) -> None:
        for n in itertools.count():
            if stop.is_set():
                break
            log.info("x", who=name, n=n)
            counts[name] = n + 1

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(30):
        seen = counts[0]
        pipeline.configure(
            app="web",
            block_ms=None,
            mode="sync" if turn % 5 == 4 else "async",
            ring_slots=256 << turn % 6,
            level="debug" if turn % 2 else "info",
            backends=[yarder.File(tmp_path / f"{turn % 4}.log"), yarder.File(tmp_path / "errors.log", level="error")],
        )
        poll(lambda seen=seen: counts[0] > seen + 20, "the threads to go on")  # type: ignore[misc]
    stop.set()
    for thread in threads:
        thread.join()
    assert pipeline.close()
    records = [record for turn in range(4) for record in read(tmp_path / f"{turn}.log")]
    assert len({record["id"] for record in records}) == len(records)
    for name in range(4):
        numbers = sorted(record["fields"]["n"] for record in records if record["fields"]["who"] == name)
        assert numbers == list(range(counts[name]))
    assert not losses(records)


def test_a_configuration_that_fails_changes_nothing(log_file: Path) -> None:
    """`configure` with mistakes raises, names them all, and what was configured before goes on."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("before")
        with pytest.raises(yarder.ConfigError) as refused:
            pipeline.configure(app="web", level="loud", ring_slots=1000, overflow="sometimes")  # type: ignore[arg-type]
        assert {problem.key for problem in refused.value.problems} == {"level", "ring_slots", "overflow"}
        pipeline.logger().info("after")
    assert [record["message"] for record in read(log_file)] == ["before", "after"]


def test_statistics(log_file: Path) -> None:
    """The numbers are those that counting gives."""
    with yarder.Pipeline(app="web", ring_slots=1024, backends=[yarder.File(log_file, name="main")]) as pipeline:
        assert pipeline.stats().mode == "async"
        for n in range(300):
            pipeline.logger().info("x" * 300, n=n)
        pipeline.logger().debug("below")
        pipeline.flush()
        stats = pipeline.stats()
        records = read(log_file)
        assert stats.accepted == stats.written == stats.backends["main"].written == len(records) == 300
        assert stats.written_bytes == log_file.stat().st_size
        assert (stats.ring_slots, stats.ring_used, stats.lost, stats.producers) == (1024, 0, 0, 1)
        assert stats.ring_high_water >= 2
        assert stats.threads >= 1
        assert stats.writer_pid == os.getpid()
        with pytest.raises(AttributeError):
            stats.accepted = 0  # type: ignore[misc]


def test_pressure(log_file: Path) -> None:
    """`on_pressure` calls when the ring is three quarters full and again when it is half empty."""
    calls: list[float] = []
    with held_writer():
        pipeline = yarder.Pipeline(app="web", ring_slots=256, block_ms=0, backends=[yarder.File(log_file)])
        pipeline.on_pressure(calls.append)
        fill(pipeline)
        poll(lambda: calls, "the first call")
        assert calls[0] >= 0.75
    poll(lambda: len(calls) == 2, "the second call")
    assert calls[1] <= 0.5
    pipeline.close()
