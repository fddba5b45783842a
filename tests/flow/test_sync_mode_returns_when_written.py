"""`mode="sync"`: the call returns when its line is in the file, and on the disk if asked."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

import yarder
from tests.programs import account, environment, held_writer, losses, poll, read, start


@pytest.mark.parametrize("fsync", ["never", "interval", "batch"])
def test_the_line_is_there(log_file: Path, fsync: str) -> None:
    """After each call the file ends with its record."""
    with yarder.Pipeline(app="web", mode="sync", backends=[yarder.File(log_file, fsync=fsync)]) as pipeline:  # type: ignore[arg-type]
        for n in range(100):
            pipeline.logger().info("x", n=n)
            assert read(log_file)[-1]["fields"]["n"] == n
    assert [record["fields"]["n"] for record in read(log_file)] == list(range(100))


def test_batch_syncs(tmp_path: Path) -> None:
    """With `fsync="batch"` the kernel was told to put the bytes on the disk before the call returned."""
    code = """
import sys, yarder
yarder.configure(app="web", mode="sync", backends=[yarder.File(sys.argv[1], fsync=sys.argv[2])])
for n in range(20):
    yarder.get_logger().info("n %d", n)
"""
    library = tmp_path / "count.so"
    source = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void count(void) {
    FILE *file = fopen(getenv("COUNT_FILE"), "a");
    if (file) { fputc('s', file); fclose(file); }
}
int fsync(int fd) { count(); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
int fdatasync(int fd) { count(); return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
"""
    compile_c = ["cc", "-shared", "-fPIC", "-xc", "-", "-o", str(library), "-ldl"]
    subprocess.run(compile_c, input=source, text=True, check=True)
    for fsync, expected in (("never", 0), ("batch", 20)):
        counted = tmp_path / fsync
        counted.touch()
        env = environment(LD_PRELOAD=str(library), COUNT_FILE=str(counted))
        command = [sys.executable, "-c", code, tmp_path / f"{fsync}.log", fsync]
        subprocess.run(command, env=env, check=True, timeout=60)
        assert len(counted.read_text()) >= expected
        assert (len(counted.read_text()) == 0) is (expected == 0)


def test_threads(log_file: Path) -> None:
    """Four threads: each finds its own record in the file when its call returns."""
    failures: list[int] = []
    with yarder.Pipeline(app="web", mode="sync", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()

        def work(name: int) -> None:
            with log_file.open(encoding="utf-8") as file:
                seen = 0
                for n in range(200):
                    log.info("x", who=name, n=n)
                    seen += sum(f'"who":{name},' in line for line in file.readlines())
                    if seen < n + 1:
                        failures.append(n)

        log.info("first", who=-1, n=0)
        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    records = read(log_file)
    account(records)
    assert len(records) == 801
    assert not failures


WRITER = """
import sys, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
yarder.get_logger().info("writer")
assert yarder.flush()
print(yarder.stats().writer_pid, flush=True)
sys.stdin.readline()
"""


def test_another_process_is_the_writer(log_file: Path) -> None:
    """Where another process writes, the call waits for it: the line is there all the same."""
    with start(WRITER, log_file) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == f"{writer.pid}\n"
        with yarder.Pipeline(app="web", mode="sync", backends=[yarder.File(log_file)]) as pipeline:
            for n in range(30):
                pipeline.logger().info("x", n=n)
                assert read(log_file)[-1]["fields"]["n"] == n
            assert pipeline.stats().writer_pid == writer.pid
        writer.communicate("\n", timeout=30)
    account(read(log_file))


def test_a_writer_that_stands(log_file: Path) -> None:
    """A stopped writer costs a call `sync_ms` at most; the record is kept and written later."""
    with held_writer():
        pipeline = yarder.Pipeline(app="web", mode="sync", sync_ms=20, backends=[yarder.File(log_file)])
        for n in range(5):
            pipeline.logger().info("x", n=n)
        assert read(log_file) == []
    poll(lambda: pipeline.flush(1.0), "the writer")
    pipeline.logger().info("x", n=5)
    records = read(log_file)
    assert [record["fields"]["n"] for record in records] == list(range(6))
    assert not losses(records)
    pipeline.close()


def test_an_error_while_it_fails(tmp_path: Path) -> None:
    """A file that cannot be written does not keep a sync caller for ever, nor raise."""
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    pipeline = yarder.Pipeline(app="web", mode="sync", sync_ms=20, backends=[yarder.File(blocked / "web.log")])
    for n in range(3):
        pipeline.logger().info("x", n=n)
    blocked.unlink()
    poll(lambda: pipeline.flush(1.0), "the folder to be found")
    pipeline.close()
    assert [record["fields"]["n"] for record in read(blocked / "web.log")] == [0, 1, 2]
