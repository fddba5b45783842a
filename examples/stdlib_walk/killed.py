"""kill -9 in the middle of the work, and another start of the same program.

The child walks and stores, after each accepted call, the record's number in a shared mapping; so the parent knows
what was accepted without asking the dead. The one call that a walker was in when it died may be in the file or not.
"""

import mmap
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import MutableSequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from check import Contents, read_file
from loggers import open_yarder
from walk import WALKERS, sources, walk

__all__ = ["Start", "child", "kill_and_restart"]

KILLS = 3
FILES_OF_LAST_START = 150
PATIENCE = 30.0
"""Seconds to wait for a child before the demo fails."""


@dataclass
class Start:
    """One start of the program."""

    who: str
    accepted: list[int]
    """By walker, from the shared mapping."""
    after_seconds: float = 0.0
    at_death: int = 0
    """Whole records of this start in the file when it was dead."""
    killed: bool = True
    lost: int = 0
    doubled: int = 0
    at_end: int = 0


def child(path: Path, progress_path: Path, who: str, limit: int) -> None:
    """What runs in the process that is killed; started again it does the same, `limit` files long."""
    warnings.simplefilter("ignore")
    with progress_path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as shared, memoryview(shared) as view:
        progress = view.cast("Q")
        log, close = open_yarder(path)
        walk(log, sources()[:limit], who, cast("MutableSequence[int]", progress))
        close()
        progress.release()


def kill_and_restart(folder: Path) -> tuple[list[Start], list[str], Path]:
    """Kill three starts at a random moment while busy, let a fourth end by itself; count what is in the file."""
    path = folder / "killed.log"
    starts: list[Start] = []
    for number in range(1, KILLS + 2):
        last = number > KILLS
        starts.append(run(folder, path, f"s{number}", killed=not last))
    contents = read_file(path)
    found = [f"kill: a line that is no record: {line!r}" for line in contents.torn[:3]]
    for start in starts:
        found += judge(start, contents)
    return starts, found, path


def run(folder: Path, path: Path, who: str, *, killed: bool) -> Start:
    """One start; returns when the process is dead."""
    progress_path = folder / f"progress-{who}"
    progress_path.write_bytes(bytes(8 * WALKERS))
    main = Path(__file__).with_name("main.py")
    limit = len(sources()) if killed else FILES_OF_LAST_START
    command = [sys.executable, str(main), "--child", str(path), str(progress_path), who, str(limit)]
    process = subprocess.Popen(command)
    try:
        with progress_path.open("r+b") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as shared:
            start = Start(who, [], killed=killed)
            if killed:
                start.after_seconds = wait_for_a_busy_moment(process, shared)
                os.kill(process.pid, signal.SIGKILL)
            status = process.wait(PATIENCE)
            start.accepted = read_progress(shared)
    finally:
        process.kill()
        process.wait()
    if status != (-signal.SIGKILL if killed else 0):
        raise SystemExit(f"demo: FAILED: start {who} ended with status {status}")
    start.at_death = sum(len(numbers) for walker, numbers in read_file(path).numbers.items() if walker.startswith(who))
    return start


def read_progress(shared: mmap.mmap) -> list[int]:
    """The last accepted number of each walker."""
    return [int.from_bytes(shared[at * 8 : at * 8 + 8], sys.byteorder) for at in range(WALKERS)]


def wait_for_a_busy_moment(process: "subprocess.Popen[bytes]", shared: mmap.mmap) -> float:
    """Wait for the first record, then a random time, then for the next record; returns the random time."""
    wait_for_change(process, shared, [0] * WALKERS)
    seconds = random.uniform(0.2, 2.0)
    time.sleep(seconds)
    wait_for_change(process, shared, read_progress(shared))
    return seconds


def wait_for_change(process: "subprocess.Popen[bytes]", shared: mmap.mmap, before: list[int]) -> None:
    """Look without pause, so that the kill comes while calls are being made."""
    deadline = time.monotonic() + PATIENCE
    while read_progress(shared) == before:
        if process.poll() is not None:
            raise SystemExit(f"demo: FAILED: the child ended by itself with status {process.returncode}")
        if time.monotonic() > deadline:
            raise SystemExit("demo: FAILED: the child logs nothing")


def judge(start: Start, contents: Contents) -> list[str]:
    """Lost and doubled records of one start, by the numbers in the file."""
    found = []
    for number, accepted in enumerate(start.accepted, 1):
        who = f"{start.who}w{number}"
        numbers = contents.numbers.get(who, [])
        spare = 1 if start.killed else 0
        start.at_end += len(numbers)
        start.lost += len(set(range(1, accepted + 1)) - set(numbers))
        start.doubled += len(numbers) - len(set(numbers))
        if any(number > accepted + spare for number in numbers):
            found.append(f"kill: {who} has #{max(numbers)} in the file, {accepted} were accepted")
        if numbers != sorted(numbers):
            found.append(f"kill: records of {who} out of order")
    if start.lost or start.doubled:
        found.append(f"kill: start {start.who}: {start.lost} records lost, {start.doubled} doubled")
    return found
