"""A full ring, by policy: what is lost is counted under its reason and told in the stream, and errors are lost last."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import yarder
from tests.programs import account, fill, held_writer, is_loss, losses, poll, read, start, told


def pipeline_with(path: Path, **options: Any) -> yarder.Pipeline:
    """A small ring and one file."""
    return yarder.Pipeline(app="web", **{"ring_slots": 256, "backends": [yarder.File(path)], **options})


def drain(pipeline: yarder.Pipeline) -> None:
    """Wait for the released writer, log one more record that carries what was lost, close."""
    poll(lambda: pipeline.flush(1.0), "the ring to drain")
    pipeline.logger().info("carrier", n=-1)
    assert pipeline.close()


def numbers(path: Path) -> list[int]:
    """The field `n` of every record that the test counts."""
    return [record["fields"]["n"] for record in told(read(path)) if record["fields"]["n"] >= 0]


def test_drop_newest(log_file: Path) -> None:
    """The oldest records stay, the newest are lost at once, as `ring_full`."""
    with held_writer():
        pipeline = pipeline_with(log_file, overflow="drop_newest")
        for n in range(1000):
            pipeline.logger().info("x", n=n)
        stats = pipeline.stats()
    drain(pipeline)
    kept = numbers(log_file)
    assert kept == list(range(len(kept)))
    assert 200 <= len(kept) <= 256
    assert dict(stats.dropped) == losses(read(log_file)) == {"ring_full": 1000 - len(kept)}
    account(read(log_file))


def test_overwrite_oldest(log_file: Path) -> None:
    """The newest records stay, the oldest are lost, as `overwritten`."""
    with held_writer():
        pipeline = pipeline_with(log_file, overflow="overwrite_oldest")
        for n in range(5000):
            pipeline.logger().info("x" * (n % 700), n=n)
    drain(pipeline)
    kept = numbers(log_file)
    assert kept == list(range(5000 - len(kept), 5000))
    assert len(kept) > 40
    assert losses(read(log_file)) == {"overwritten": 5000 - len(kept)}
    assert pipeline.stats().dropped == {"overwritten": 5000 - len(kept)}


@pytest.mark.parametrize("overflow", ["drop_newest", "overwrite_oldest", "block"])
def test_under_load(log_file: Path, overflow: str) -> None:
    """A writer at work and four threads that are faster than it: every record is in the file or told of, none twice."""
    pipeline = pipeline_with(log_file, overflow=overflow, block_ms=1)
    log = pipeline.logger()

    def work(name: int) -> None:
        for n in range(10_000):
            log.info("x" * (n % 300), who=name, n=n)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drain(pipeline)
    records = read(log_file)
    known = len(numbers(log_file)) + sum(losses(records).values())
    assert known == 40_000
    for name in range(4):
        mine = [record["fields"]["n"] for record in told(records) if record["fields"].get("who") == name]
        assert mine == sorted(set(mine))
    if overflow != "overwrite_oldest":
        account(records)
    assert dict(pipeline.stats().dropped) == losses(records)


def test_block_waits_for_room(log_file: Path) -> None:
    """`block` with a writer that comes back in time loses nothing; `block_ms=None` waits as long as it takes."""
    with held_writer():
        pipeline = pipeline_with(log_file, block_ms=None)
        fill_until_full = threading.Thread(target=lambda: [pipeline.write("info", "x", n=n) for n in range(2000)])
        fill_until_full.start()
        poll(lambda: pipeline.stats().ring_used >= 250, "the ring to be full")
        poll(lambda: pipeline.stats().blocked >= 1, "the call to wait")
    fill_until_full.join(30)
    assert not fill_until_full.is_alive()
    drain(pipeline)
    assert numbers(log_file) == list(range(2000))
    assert not losses(read(log_file))


def test_block_then_stalled(log_file: Path) -> None:
    """The first call waits and is lost as `block_timeout`, the rest drop at once as `stalled`, until the writer moves."""
    with held_writer():
        pipeline = pipeline_with(log_file, block_ms=10)
        accepted = fill(pipeline)
        for n in range(500):
            pipeline.logger().info("x", n=n)
        dropped = dict(pipeline.stats().dropped)
    assert dropped == {"block_timeout": 1, "stalled": 500}
    drain(pipeline)
    assert numbers(log_file) == list(range(accepted))
    assert losses(read(log_file)) == dropped
    account(read(log_file))


def test_each_thread_waits_once(log_file: Path) -> None:
    """A writer that stands costs each of four threads its wait once: their 10,000 calls add no more than that."""
    block_ms = 200.0
    with held_writer():
        pipeline = pipeline_with(log_file, block_ms=block_ms)
        log = pipeline.logger()
        spent = [0.0] * 4

        def work(name: int) -> None:
            for n in range(2500):
                before = time.thread_time(), time.perf_counter()
                log.info("x", n=n)
                # What the thread computed itself, or waited for the GIL of its neighbours, is not yarder's wait.
                waited = time.perf_counter() - before[1] - (time.thread_time() - before[0])
                spent[name] += waited if waited > 0.02 else 0.0

        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        dropped = dict(pipeline.stats().dropped)
    drain(pipeline)
    assert max(spent) <= 2 * block_ms / 1000
    assert dropped["block_timeout"] <= 4
    assert dropped["stalled"] > 9000
    assert losses(read(log_file)) == dropped


def test_ten_thousand_calls_add_twice_the_wait_at_most(log_file: Path) -> None:
    """The sum over 10,000 calls of one thread is at most twice `block_ms`."""
    block_ms = 400.0
    with held_writer():
        pipeline = pipeline_with(log_file, block_ms=block_ms)
        log = pipeline.logger()
        before = time.perf_counter()
        for n in range(10_000):
            log.info("x", n=n)
        spent = time.perf_counter() - before
    drain(pipeline)
    assert block_ms / 1000 * 0.9 <= spent <= 2 * block_ms / 1000


def test_an_event_loop_waits_less(log_file: Path) -> None:
    """On a thread that runs an event loop a call waits 5 ms at most, where another thread waits `block_ms`."""
    waits: dict[str, float] = {}

    def once(name: str) -> None:
        before = time.perf_counter()
        pipeline.logger().info("x", n=0)
        waits[name] = time.perf_counter() - before

    async def on_loop() -> None:
        once("loop")

    for name in ("loop", "thread"):
        with held_writer():
            pipeline = pipeline_with(log_file, block_ms=500)
            while pipeline.stats().ring_used < 256:
                pipeline.logger().info("x", n=0)
            if name == "loop":
                asyncio.run(on_loop())
            else:
                once("thread")
            assert pipeline.stats().dropped["block_timeout"] == 1
        drain(pipeline)
    assert waits["thread"] >= 0.45
    assert waits["loop"] < waits["thread"] / 3


def test_errors_are_lost_last(log_file: Path) -> None:
    """While the ring is full and stalled, error and worse still find room in the reserve, in order with the rest."""
    with held_writer():
        pipeline = pipeline_with(log_file, block_ms=1, ring_slots=512)
        accepted = fill(pipeline)
        for n in range(10):
            pipeline.logger().log(("error", "critical", "alert", "emergency")[n % 4], "kept", n=1_000_000 + n)
            pipeline.logger().warning("lost", n=-1)
    drain(pipeline)
    records = read(log_file)
    account(records)
    kept = numbers(log_file)
    assert kept == [*range(accepted), *range(1_000_000, 1_000_010)]
    assert sum(losses(records).values()) == 11
    places = [is_loss(record) for record in records]
    assert any(places[accepted:-2]), "losses are told where they happened, not only at the end"


def test_a_wait_by_level(log_file: Path) -> None:
    """`block_ms` by level: errors wait for the writer, debug records never do."""
    with held_writer():
        pipeline = pipeline_with(log_file, level="debug", block_ms={"error": None, "debug": 0, "info": 0})
        fill(pipeline)
        before = pipeline.stats().blocked
        pipeline.logger().debug("lost", n=-1)
        assert pipeline.stats().blocked == before
        written = threading.Thread(target=lambda: [pipeline.write("error", "waits", n=n) for n in range(500)])
        written.start()
        poll(lambda: pipeline.stats().blocked > before, "an error to wait")
    written.join(30)
    drain(pipeline)
    records = told(read(log_file))
    assert [record["fields"]["n"] for record in records if record["message"] == "waits"] == list(range(500))


STOPPED = """
import sys, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
yarder.get_logger().info("writer", n=-1)
assert yarder.flush()
print("ready", flush=True)
sys.stdin.readline()
"""


def test_a_stopped_writer_is_not_overtaken(log_file: Path) -> None:
    """SIGSTOP of the process that writes: others lose by their policy, and after SIGCONT everything kept is there once."""
    with start(STOPPED, log_file) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        pipeline = pipeline_with(log_file, block_ms=5)
        pipeline.logger().info("x", n=-1)
        assert pipeline.flush()
        writer.send_signal(signal.SIGSTOP)
        accepted = fill(pipeline)
        pipeline.logger().error("error", n=1_000_000)
        assert not pipeline.flush(0.3)
        assert pipeline.stats().writer_pid == writer.pid
        writer.send_signal(signal.SIGCONT)
        drain(pipeline)
        with pytest.raises(subprocess.TimeoutExpired):
            writer.wait(0)
        writer.communicate("\n", timeout=30)
    assert numbers(log_file) == [*range(accepted), 1_000_000]
    account(read(log_file))
