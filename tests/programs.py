"""For tests of whole processes: programs that log, a writer that stands still, and counting without asking yarder."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

__all__ = [
    "account",
    "environment",
    "fill",
    "held_writer",
    "is_loss",
    "losses",
    "origin",
    "poll",
    "read",
    "start",
    "told",
    "yard_of",
]

_SEQUENCE_BITS = 28
_PRODUCER_BITS = 34
_PATIENCE_S = 30.0


def read(path: Path) -> list[dict[str, Any]]:
    """Every record of a JSON file; a torn line, a blank one or one without an end fails the test."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    assert not text or text.endswith("\n"), f"the last line has no end: {text[-80:]!r}"
    return [json.loads(line) for line in text.split("\n")[:-1]]


def origin(record: dict[str, Any]) -> tuple[int, int]:
    """Producer and sequence, as docs/specs/record.md puts them into the id."""
    number = UUID(record["id"]).int
    producer = number >> _SEQUENCE_BITS & (1 << _PRODUCER_BITS) - 1
    return producer, number & (1 << _SEQUENCE_BITS) - 1


def is_loss(record: dict[str, Any]) -> bool:
    """Whether it is yarder's own record that tells of lost ones."""
    return record["message"].endswith(" records lost") and {"reason", "count"} <= record["fields"].keys()


def told(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records that the program logged, without yarder's own."""
    return [record for record in records if not is_loss(record)]


def losses(records: list[dict[str, Any]]) -> Counter[str]:
    """How many records the file itself says are lost, by reason."""
    found: Counter[str] = Counter()
    for record in filter(is_loss, records):
        assert record["message"] == f"{record['fields']['count']} records lost"
        assert record["level"] == 4
        found[record["fields"]["reason"]] += record["fields"]["count"]
    return found


def account(records: list[dict[str, Any]]) -> None:
    """No id twice, each producer in order, and every number that is missing is told of as lost before the next."""
    ids = [record["id"] for record in records]
    assert len(ids) == len(set(ids)), "an id is there twice"
    last: Counter[int] = Counter()
    missing: Counter[int] = Counter()
    stamps: dict[int, str] = {}
    for record in records:
        producer, sequence = origin(record)
        if is_loss(record):
            missing[producer] += record["fields"]["count"]
            continue
        expected = last[producer] + missing.pop(producer, 0) + 1
        assert sequence == expected, f"producer {producer:x}: {sequence} where {expected} was next"
        assert record["timestamp"] >= stamps.get(producer, ""), "time went back inside a producer"
        last[producer], stamps[producer] = sequence, record["timestamp"]


def poll(condition: Callable[[], object], what: str, seconds: float = _PATIENCE_S) -> Any:
    """Wait until the condition is true and give its value; the test fails when it does not become true."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.005)


def environment(**environ: str) -> dict[str, str]:
    """A clean environment with the test's yard and these variables."""
    strange = ("YARDER_", "NO_COLOR", "FORCE_", "PYTHON")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    return {**clean, "YARDER_YARD": os.environ["YARDER_YARD"], **environ}


def start(code: str, *arguments: object, stderr: int | None = subprocess.PIPE, **environ: str) -> subprocess.Popen[str]:
    """Run a program of its own, with pipes on its standard streams. The caller ends it, in a `with` statement."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment(**environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def yard_of(app: str = "web") -> Path:
    """The folder of an app's yard in this test."""
    return Path(os.environ["YARDER_YARD"]) / app


@contextlib.contextmanager
def held_writer(app: str = "web") -> Iterator[None]:
    """Hold the writer's lock of an app's yard, as a stopped writer does: rings fill, nothing is drained."""
    folder = yard_of(app)
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(folder / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    request = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    try:
        poll(lambda: _locked(lock, request), "the writer's lock")
        yield
    finally:
        os.close(lock)


def _locked(lock: int, request: bytes) -> bool:
    try:
        fcntl.fcntl(lock, fcntl.F_OFD_SETLK, request)
    except OSError:
        return False
    return True


def fill(pipeline: Any, most: int = 100_000) -> int:
    """Write records until one is refused; gives how many were accepted. Their field `n` counts from 0."""
    for n in range(most):
        if not pipeline.write("info", "filling", n=n):
            return n
    raise AssertionError(f"{most} records fit")
