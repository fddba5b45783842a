"""The file itself: made with its folders and mode, appended to beside others, found again after it was moved."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import yarder
from tests.programs import account, poll, read, told


def messages(path: Path) -> list[str]:
    """Messages of a file that only yarder wrote."""
    return [record["message"] for record in read(path)]


def test_folders_are_made(tmp_path: Path) -> None:
    """Parent folders are made when the first record is written, not before."""
    path = tmp_path / "a" / "b" / "c" / "{app}.log"
    with yarder.Pipeline(app="web", backends=[yarder.File(path)]) as pipeline:
        assert not (tmp_path / "a").exists()
        pipeline.logger().info("x")
    assert messages(tmp_path / "a" / "b" / "c" / "web.log") == ["x"]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o660])
def test_mode(log_file: Path, mode: int) -> None:
    """A new file has the mode asked for, whatever the umask; an existing one keeps its own."""
    before = os.umask(0o077)
    try:
        with yarder.Pipeline(app="web", backends=[yarder.File(log_file, mode=mode)]) as pipeline:
            pipeline.logger().info("x")
        assert log_file.stat().st_mode & 0o777 == mode
        log_file.chmod(0o604)
        with yarder.Pipeline(app="web", backends=[yarder.File(log_file, mode=mode)]) as pipeline:
            pipeline.logger().info("y")
    finally:
        os.umask(before)
    assert log_file.stat().st_mode & 0o777 == 0o604


def test_default_mode(log_file: Path) -> None:
    """640 when nothing is said."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("x")
    assert log_file.stat().st_mode & 0o777 == 0o640


def test_appending(tmp_path: Path) -> None:
    """What stands in the file stays; a foreign line that was left open is ended before ours begins."""
    path = tmp_path / "web.log"
    path.write_bytes(b'{"foreign":1}\ntorn line')
    for n in range(3):
        with yarder.Pipeline(app="web", backends=[yarder.File(path)]) as pipeline:
            pipeline.logger().info("start %d", n)
    lines = path.read_text().splitlines()
    assert lines[:2] == ['{"foreign":1}', "torn line"]
    assert ["start 0" in lines[2], "start 1" in lines[3], "start 2" in lines[4], len(lines)] == [True, True, True, 5]


def test_foreign_appenders(tmp_path: Path) -> None:
    """Another program that appends lines at the same time loses none and tears none; nor do we."""
    path = tmp_path / "web.log"
    code = """
import os, sys
file = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for n in range(20_000):
    os.write(file, b"foreign %d\\n" % n)
"""
    with yarder.Pipeline(app="web", block_ms=None, backends=[yarder.File(path)]) as pipeline:
        pipeline.logger().info("first")
        pipeline.flush()
        with subprocess.Popen([sys.executable, "-c", code, path]) as other:
            n = 0
            while other.poll() is None:
                pipeline.logger().info("ours", n=n)
                n += 1
    lines = path.read_text().splitlines()
    foreign = [int(line.split()[1]) for line in lines if line.startswith("foreign")]
    assert foreign == list(range(20_000))
    (tmp_path / "ours.log").write_text("".join(line + "\n" for line in lines if line[0] == "{"))
    ours = read(tmp_path / "ours.log")
    account(ours)
    assert [record["fields"]["n"] for record in ours[1:]] == list(range(n))
    assert len(lines) == 20_000 + len(ours)


def test_moved_away(tmp_path: Path) -> None:
    """After somebody renamed the file a new one is begun at its path, within seconds, and no record is lost between."""
    path, moved = tmp_path / "web.log", tmp_path / "web.log.1"
    with yarder.Pipeline(app="web", backends=[yarder.File(path)]) as pipeline:
        log = pipeline.logger()
        log.info("n", n=0)
        pipeline.flush()
        path.rename(moved)
        n = 1

        def log_until_new() -> bool:
            nonlocal n
            log.info("n", n=n)
            n += 1
            pipeline.flush()
            return path.exists()

        poll(log_until_new, "a new file")
        log.info("n", n=n)
    both = read(moved) + read(path)
    account(both)
    assert [record["fields"]["n"] for record in both] == list(range(n + 1))


def test_truncated_by_somebody(tmp_path: Path) -> None:
    """`> web.log` takes what was there and nothing that comes after; no hole of NUL bytes is left."""
    path = tmp_path / "web.log"
    with yarder.Pipeline(app="web", backends=[yarder.File(path)]) as pipeline:
        for n in range(500):
            pipeline.logger().info("n", n=n)
        pipeline.flush()
        os.truncate(path, 0)
        for n in range(500, 1000):
            pipeline.logger().info("n", n=n)
    assert [record["fields"]["n"] for record in read(path)] == list(range(500, 1000))


def test_a_symbolic_link(tmp_path: Path) -> None:
    """A path that is a link leads to its target."""
    target = tmp_path / "target.log"
    target.touch()
    (tmp_path / "web.log").symlink_to(target)
    with yarder.Pipeline(app="web", backends=[yarder.File(tmp_path / "web.log")]) as pipeline:
        pipeline.logger().info("x")
    assert messages(target) == ["x"]


def test_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is one of the folder at `configure`, wherever the program goes afterwards."""
    monkeypatch.chdir(tmp_path)
    with yarder.Pipeline(app="web", backends=[yarder.File("logs/web.log")]) as pipeline:
        monkeypatch.chdir("/")
        pipeline.logger().info("x")
    assert messages(tmp_path / "logs" / "web.log") == ["x"]


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """A FIFO nobody reads does not hang the program; its neighbour gets every record."""
    fifo, path = tmp_path / "fifo.log", tmp_path / "web.log"
    os.mkfifo(fifo)
    with yarder.Pipeline(
        app="web", ring_slots=256, block_ms=2000, backends=[yarder.File(fifo), yarder.File(path)]
    ) as pipeline:
        for n in range(2000):
            pipeline.logger().info("n", n=n)
        poll(lambda: [record["fields"].get("n") for record in told(read(path))][-1:] == [1999], "the other file")
    records = told(read(path))
    assert [record["fields"]["n"] for record in records] == list(range(2000))


def test_threads(tmp_path: Path) -> None:
    """Eight threads, whole lines, each thread in its order, every record once."""
    path = tmp_path / "web.log"
    with yarder.Pipeline(app="web", block_ms=None, backends=[yarder.File(path)]) as pipeline:
        log = pipeline.logger()

        def work(name: int) -> None:
            for n in range(5000):
                log.info("x %d", n, who=name, n=n)

        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    records = read(path)
    account(records)
    for name in range(8):
        assert [record["fields"]["n"] for record in records if record["fields"]["who"] == name] == list(range(5000))
