"""Full, read-only, gone, replaced: the program goes on, says it once, and is well again without a restart."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import yarder
from tests.programs import account, losses, poll, read, start, told

PROGRAM = """
import sys, yarder
yarder.configure(app="web", ring_slots=int(sys.argv[2]), block_ms=5, backends=[
    yarder.File(path) for path in sys.argv[1].split(":")])
log = yarder.get_logger()
n = 0
for line in sys.stdin:
    for _ in range(int(line)):
        log.info("x" * 200, n=n)
        n += 1
    ok = yarder.flush(0.3)
    print(n, ok, yarder.stats().lost, flush=True)
"""


class Program:
    """A program that logs when it is told to."""

    def __init__(self, process: subprocess.Popen[str]):
        self.process = process

    def log(self, count: int) -> tuple[int, bool, int]:
        """Log so many records: (logged so far, whether all are in the files, lost so far)."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        words = self.process.stdout.readline().split()
        assert words, self.process.communicate()
        return int(words[0]), words[1] == "True", int(words[2])

    def healed(self) -> bool:
        """Whether everything is written now."""
        return self.log(0)[1]

    def end(self) -> list[str]:
        """Let it end; what it said on stderr."""
        _, said = self.process.communicate("", timeout=60)
        assert self.process.returncode == 0
        return said.splitlines()


@contextlib.contextmanager
def program(*paths: Path, slots: int = 4096) -> Iterator[Program]:
    """Start it; ended whatever happens."""
    with start(PROGRAM, ":".join(map(str, paths)), slots) as process:
        try:
            yield Program(process)
        finally:
            process.kill()


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own that is soon full."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def numbers(path: Path) -> list[int]:
    """What is in the file; every loss is told of."""
    records = read(path)
    account(records)
    return [record["fields"]["n"] for record in told(records)]


def test_a_device_that_is_full(tmp_path: Path) -> None:
    """ENOSPC from the first byte: said once; a good file comes to the same path and has every record."""
    path = tmp_path / "web.log"
    path.symlink_to("/dev/full")
    with program(path) as child:
        assert child.log(1000) == (1000, False, 0)
        assert child.log(0) == (1000, False, 0)
        path.unlink()
        poll(child.healed, "the new file")
        said = child.end()
    assert numbers(path) == list(range(1000))
    assert "No space left" in said[0]
    assert "free space" in said[0]
    assert len(said) == 2
    assert "can be written again" in said[1]


def test_full_then_free(tmp_path: Path) -> None:
    """A full disk: records wait in the ring, one line on stderr; room is made and all are written."""
    with small_disk(tmp_path / "disk", "4m") as disk, program(disk / "web.log") as child:
        ballast = disk / "ballast"
        assert child.log(10)[1]
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        logged, written, lost = child.log(1000)
        assert not written
        assert lost == 0
        ballast.unlink()
        poll(child.healed, "the disk to heal")
        said = child.end()
        assert numbers(disk / "web.log") == list(range(logged))
    assert logged == 1010
    assert len(said) == 2
    assert "No space left" in said[0]


def test_full_until_the_ring_is_full(tmp_path: Path) -> None:
    """A disk that stays full: the ring fills, the rest is lost and counted, and told of in the file once it heals."""
    with small_disk(tmp_path / "disk", "128k") as disk, program(disk / "web.log", slots=256) as child:
        for _ in range(10):
            logged, written, lost = child.log(300)
        assert not written
        assert lost > 1000
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        poll(child.healed, "the disk to heal")
        logged, _, lost = child.log(1)
        said = child.end()
        found = numbers(disk / "web.log")
        assert len(found) + lost == logged == 3001
        assert sum(losses(read(disk / "web.log")).values()) == lost
    assert found[-1] == 3000
    assert len([line for line in said if "web.log" in line]) <= 3


def test_one_full_disk_beside_a_good_one(tmp_path: Path) -> None:
    """The good file gets every record; the bad one's losses are counted as `write_error` and told when it heals."""
    good = tmp_path / "good.log"
    with small_disk(tmp_path / "disk", "64k") as disk, program(disk / "bad.log", good, slots=256) as child:
        for _ in range(20):
            child.log(100)
        poll(lambda: len(good.read_text().splitlines()) == 2000, "the good file")
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        poll(child.healed, "the disk to heal")
        poll(lambda: f'"n":{child.log(1)[0] - 1}}}' in (disk / "bad.log").read_text(), "the bad file")
        child.end()
        bad = read(disk / "bad.log")
        assert [record["fields"]["n"] for record in told(read(good))] == list(range(len(told(read(good)))))
        ids = [record["id"] for record in bad]
        assert len(ids) == len(set(ids))
        reasons = losses(bad)
        assert set(reasons) == {"write_error"}
        assert len(told(bad)) + reasons["write_error"] == len(told(read(good)))


@pytest.mark.parametrize("how", ["a file for a folder", "a folder for a file", "read-only mount"])
def test_a_place_that_cannot_be_written(tmp_path: Path, how: str) -> None:
    """It is said once with the cause and what to do, nothing is lost, and when the cause is gone all is written."""
    folder = tmp_path / "place"
    with contextlib.ExitStack() as stack:
        if how == "a file for a folder":
            folder.write_text("a file")
        elif how == "a folder for a file":
            (folder / "web.log").mkdir(parents=True)
        else:
            stack.enter_context(small_disk(folder, "8m"))
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        child = stack.enter_context(program(folder / "web.log"))
        assert child.log(500) == (500, False, 0)
        if how == "a file for a folder":
            folder.unlink()
        elif how == "a folder for a file":
            (folder / "web.log").rmdir()
        else:
            subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
        poll(child.healed, "the place to heal")
        child.log(1)
        said = child.end()
        assert numbers(folder / "web.log") == list(range(501))
    assert "web.log" in said[0]
    assert len(said) == 2
    assert "can be written again" in said[1]


def test_a_folder_that_is_deleted(tmp_path: Path) -> None:
    """The folder is removed while the program runs: it is made again, and what comes later is there."""
    path = tmp_path / "logs" / "web.log"
    with program(path) as child:
        assert child.log(100)[1]
        shutil.rmtree(path.parent)

        def there_again() -> bool:
            child.log(10)
            return path.exists()

        poll(there_again, "the folder to be made again")
        logged, _, lost = child.log(10)
        assert child.end() == []
    found = numbers_after_move(path)
    assert lost == 0
    assert found == list(range(found[0], logged))


def numbers_after_move(path: Path) -> list[int]:
    """The numbers of a file whose beginning went with another."""
    return [record["fields"]["n"] for record in read(path)]


def test_a_file_that_is_replaced(tmp_path: Path) -> None:
    """Another file is moved over it, again and again: both stay whole, every record is in one of them."""
    path = tmp_path / "web.log"
    kept = []
    with program(path) as child:
        for turn in range(4):
            child.log(50)
            old = tmp_path / f"old.{turn}"
            path.rename(old)
            kept.append(old)
            (tmp_path / "new").write_text("")
            (tmp_path / "new").rename(path)

            def moved_on() -> bool:
                child.log(5)
                return path.stat().st_size > 0

            poll(moved_on, "the new file to be used")
        logged, _, lost = child.log(1)
        assert child.end() == []
    records = [record for place in (*kept, path) for record in read(place)]
    account(records)
    assert lost == 0
    assert [record["fields"]["n"] for record in records] == list(range(logged))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_file_size_limit(tmp_path: Path, when: str) -> None:
    """RLIMIT_FSIZE and its signal do not kill the program, nor keep it from starting when no ring file can be had."""
    code = """
import resource, sys, yarder
limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
if sys.argv[2] == "before":
    limit()
yarder.configure(app="web", ring_slots=256, block_ms=1, backends=[yarder.File(sys.argv[1])])
limit()
for n in range(2000):
    yarder.get_logger().info("x" * 200, n=n)
print("alive", flush=True)
yarder.shutdown(0.2)
"""
    path = tmp_path / "web.log"
    with start(code, path, when) as child:
        assert child.communicate(timeout=60)[0] == "alive\n"
        assert child.returncode == 0
    assert path.stat().st_size <= 65536


def test_no_descriptor_left(tmp_path: Path) -> None:
    """A process at its limit of open files logs into its ring and writes when it may open files again."""
    code = """
import os, resource, sys, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
used = len(os.listdir("/proc/self/fd")) - 1
resource.setrlimit(resource.RLIMIT_NOFILE, (used, hard))
for n in range(100):
    yarder.get_logger().info("x", n=n)
yarder.flush(0.3)
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
"""
    path = tmp_path / "web.log"
    with start(code, path) as child:
        child.communicate(timeout=60)
        assert child.returncode == 0
    assert numbers(path) == list(range(100))


def test_the_caller_sees_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """In-process: a destination that never works raises nothing, from no method, and costs one line."""
    pipeline = yarder.Pipeline(app="web", backends=[yarder.File("/proc/nowhere/web.log")])
    for n in range(100):
        assert pipeline.write("info", "x", n=n)
    assert pipeline.flush(0.3) is False
    assert pipeline.stats().backends["file"].failed >= 1
    assert pipeline.close(0.3) is False
    assert len(capfd.readouterr().err.splitlines()) == 1
