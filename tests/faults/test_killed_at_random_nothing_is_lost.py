"""kill -9 in the middle of the work, fifty times, and the next start of the same program: each accepted record once."""

from __future__ import annotations

import mmap
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest

from tests.programs import environment, losses, origin, poll, read, told

# After each call that returned, the child stores the number in memory that outlives it.
BUSY = """
import mmap, struct, sys, threading, yarder
path, acks, start, threads, mode = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
with open(acks, "r+b") as file:
    memory = mmap.mmap(file.fileno(), 4096)
words = memoryview(memory).cast("Q")
yarder.configure(app="web", mode=mode, block_ms=None, ring_slots=1024, backends=[
    yarder.File(path), yarder.File(path + ".txt", format="human"), yarder.File(path + ".errors", level="error")])
log = yarder.get_logger()
def work(who):
    n = 0
    while True:
        level = "error" if n % 50 == 0 else "info"
        log.log(level, "x" * (n % 700), start=start, who=who, n=n)
        n += 1
        words[1 + who] = n
for who in range(1, threads):
    threading.Thread(target=work, args=(who,), daemon=True).start()
words[0] = 1
work(0)
"""
LAST = """
import sys, yarder
path = sys.argv[1]
yarder.configure(app="web", backends=[
    yarder.File(path), yarder.File(path + ".txt", format="human"), yarder.File(path + ".errors", level="error")])
yarder.get_logger().error("last", start=-1, who=0, n=0)
"""


def kill_once(path: Path, acks: Path, start: int, threads: int, mode: str, delay: float) -> list[int]:
    """Start, let it work for a while, kill. Gives how many calls of each thread had returned."""
    acks.write_bytes(bytes(4096))
    with acks.open("r+b") as file:
        memory = mmap.mmap(file.fileno(), 4096)
    words = memoryview(memory).cast("Q")
    command = [sys.executable, "-c", BUSY, path, acks, str(start), str(threads), mode]
    with subprocess.Popen(command, env=environment()) as process:
        poll(lambda: words[0], "the program to work")
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    counts = [words[1 + who] for who in range(threads)]
    words.release()
    memory.close()
    return counts


def check(path: Path, accepted: dict[int, list[int]]) -> None:
    """Each accepted record exactly once, by the program's own numbers and by producer and sequence."""
    records = read(path)
    assert [record["message"] for record in records].count("last") == 1
    origins = [origin(record) for record in records]
    assert len(set(origins)) == len(origins)
    assert not losses(records)
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    sequences: dict[int, list[int]] = defaultdict(list)
    for record in told(records):
        fields = record["fields"]
        found[fields["start"], fields["who"]].append(fields["n"])
        producer, sequence = origin(record)
        sequences[producer].append(sequence)
        if fields["start"] >= 0:
            assert len(record["message"]) == fields["n"] % 700
    for start, counts in accepted.items():
        for who, count in enumerate(counts):
            numbers = found[start, who]
            # The call that was under way when the process died may be there or not.
            assert numbers == list(range(len(numbers)))
            assert count <= len(numbers) <= count + 1
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in sequences.values())
    human = [line for line in path.with_name(path.name + ".txt").read_text().splitlines() if line]
    assert len(human) == len(records)
    assert all(f" start={record['fields']['start']} " in line for line, record in zip(human, records, strict=True))
    errors = read(path.with_name(path.name + ".errors"))
    assert [record["id"] for record in errors] == [record["id"] for record in records if record["level"] <= 3]


def finish(path: Path) -> None:
    """The next start of the same program, which ends as programs do."""
    subprocess.run([sys.executable, "-c", LAST, path], env=environment(), check=True, timeout=60)


@pytest.mark.parametrize(("kills", "threads", "mode"), [(30, 1, "async"), (12, 3, "async"), (8, 2, "sync")])
def test_each_accepted_record_once(tmp_path: Path, kills: int, threads: int, mode: str) -> None:
    """No torn line, nothing lost, nothing doubled, in JSON, human and filtered files, after every kill."""
    path, chance = tmp_path / "web.log", random.Random(threads)
    accepted = {}
    for start in range(kills):
        delay = chance.choice([0.0, 0.0005, 0.005, 0.03]) * (0.2 + chance.random())
        accepted[start] = kill_once(path, tmp_path / "acks", start, threads, mode, delay)
    finish(path)
    check(path, accepted)
    assert sum(sum(counts) for counts in accepted.values()) > 100 * kills


def test_the_writer_is_killed_while_another_process_logs(tmp_path: Path) -> None:
    """The process that writes is killed again and again; one that only logs goes on and takes over."""
    path = tmp_path / "web.log"
    accepted = {}
    survivor = """
import sys, yarder
path = sys.argv[1]
yarder.configure(app="web", block_ms=None, backends=[
    yarder.File(path), yarder.File(path + ".txt", format="human"), yarder.File(path + ".errors", level="error")])
log = yarder.get_logger()
n = 0
for line in sys.stdin:
    for _ in range(200):
        log.info("x" * (n % 700), start=100, who=0, n=n)
        n += 1
    print(n, flush=True)
"""
    command = [sys.executable, "-c", survivor, path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment(), text=True, **pipes) as other:  # type: ignore[call-overload]
        for start in range(6):
            accepted[start] = kill_once(path, tmp_path / "acks", start, 1, "async", 0.02)
            other.stdin.write("go\n")
            other.stdin.flush()
            count = int(other.stdout.readline())
        other.communicate("", timeout=60)
        assert other.returncode == 0
    finish(path)
    accepted[100] = [count]
    check(path, accepted)


def test_what_a_killed_process_left_goes_to_its_own_files(tmp_path: Path) -> None:
    """The next start of the app has other destinations; the dead one's records go to those that it had named."""
    path, elsewhere = tmp_path / "web.log", tmp_path / "elsewhere.log"
    counts = kill_once(path, tmp_path / "acks", 0, 1, "async", 0.001)
    code = f"""
import yarder
yarder.configure(app="web", backends=[yarder.File({str(elsewhere)!r})])
yarder.get_logger().info("new")
"""
    subprocess.run([sys.executable, "-c", code], env=environment(), check=True, timeout=60)
    assert [record["message"] for record in read(elsewhere)] == ["new"]
    numbers = [record["fields"]["n"] for record in read(path)]
    assert numbers == list(range(len(numbers)))
    assert counts[0] <= len(numbers) <= counts[0] + 1
