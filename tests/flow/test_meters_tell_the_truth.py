"""Each number of `stats()` is what counting without it gives."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import yarder
from tests.helpers import run_python
from tests.programs import fill, held_writer, losses, poll, read, start, yard_of
from yarder.meters import BACKEND_METERS, METERS

LEAVES = """
import os, sys, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
for n in range(100):
    yarder.get_logger().info("left", n=n)
os._exit(0)
"""
LOGS = """
import sys, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
yarder.get_logger().info("other")
assert yarder.flush()
print("ready", flush=True)
sys.stdin.readline()
"""


def test_every_meter_is_there(log_file: Path) -> None:
    """The object has the meters of the table, in its order, with the types it says."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("x")
        pipeline.flush()
        stats = pipeline.stats()
    assert [meter.name for meter in METERS] == list(type(stats).__slots__)
    assert [meter.name for meter in BACKEND_METERS] == list(type(stats.backends["file"]).__slots__)
    for meter in METERS:
        if meter.type in ("counter", "gauge") and meter.name != "dropped":
            assert type(getattr(stats, meter.name)) is int, meter.name


def test_what_was_recovered(log_file: Path) -> None:
    """Records of a dead process that are written here are counted as such."""
    with held_writer():
        run_python(LEAVES, str(log_file))
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("own")
        assert pipeline.flush()
        poll(lambda: len(read(log_file)) == 101, "the records of the dead process")
        stats = pipeline.stats()
    assert (stats.recovered, stats.accepted, stats.written) == (100, 1, 101)


def test_what_was_set_aside(log_file: Path) -> None:
    """A ring that cannot be trusted is counted."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("x")
        (yard_of() / "0abcdef12.ring").write_bytes(b"YARDRNG1\x01\0\0\0" + b"\xff" * 3_000_000)
        poll(lambda: pipeline.stats().quarantined == 1, "the ring to be set aside")
        assert not list(yard_of().glob("0abcdef12.ring"))


def test_cut_waited_and_lost(log_file: Path) -> None:
    """Truncated records, waits, and losses by reason."""
    with held_writer():
        pipeline = yarder.Pipeline(app="web", ring_slots=256, block_ms=1, backends=[yarder.File(log_file)])
        for _ in range(3):
            pipeline.logger().info("x" * 50_000)
        accepted = 3 + fill(pipeline)
        for _ in range(7):
            pipeline.logger().info("lost")
        stats = pipeline.stats()
        assert (stats.truncated, stats.accepted, stats.blocked) == (3, accepted, 1)
        assert stats.dropped == {"block_timeout": 1, "stalled": 7}
        assert stats.lost == 8
        assert 200 < stats.ring_used == stats.ring_high_water <= stats.ring_slots == 256
        assert stats.written == 0
    poll(lambda: pipeline.flush(1.0), "the ring to drain")
    pipeline.logger().info("carrier")
    pipeline.flush()
    stats = pipeline.stats()
    assert (stats.accepted, stats.ring_used) == (accepted + 1, 0)
    assert losses(read(log_file)) == {"block_timeout": 1, "stalled": 7}
    assert stats.written_bytes == log_file.stat().st_size
    pipeline.close()


def test_who_is_there(log_file: Path) -> None:
    """Producers of the yard, the process that writes, threads of this process."""
    before = threading.active_count()
    with start(LOGS, log_file) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        with yarder.Pipeline(app="web", backends=[yarder.File(log_file), yarder.Call(lambda record: None)]) as pipeline:
            pipeline.logger().info("own")
            assert pipeline.flush()
            stats = pipeline.stats()
            assert (stats.producers, stats.writer_pid, stats.handlers) == (2, other.pid, 1)
            assert stats.written == 0
            assert stats.threads == 2
            other.communicate("\n", timeout=30)
            pipeline.logger().info("own")
            assert pipeline.flush()
            poll(lambda: pipeline.stats().producers == 1, "the other ring to go")
            assert pipeline.stats().writer_pid == os.getpid()
            assert pipeline.stats().written == 1
    assert threading.active_count() == before
    assert len(read(log_file)) == 3


def test_latency(log_file: Path) -> None:
    """The time from call to file of the last batch is a time: more than nothing, less than the test took."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("x")
        assert pipeline.flush()
        assert 0 < pipeline.stats().backends["file"].latency < 60
