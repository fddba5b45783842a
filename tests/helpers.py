"""The vocabulary of the tests: fakes of the native module where the point is Python, and small programs to run."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any
from uuid import UUID

__all__ = ["ROOT", "FakeLogger", "FakeProducer", "FakeQueue", "row", "run_python", "sources"]

ROOT = Path(__file__).resolve().parent.parent


class FakeProducer:
    """Stands in for the native producer: keeps what it is told."""

    def __init__(self, starter: Any = None):
        self.starter = starter
        self.attached: list[dict[str, Any]] = []
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **_: Any) -> bool:
            self.calls.append((name, *args))
            return True

        return call

    def attach(self, **how: Any) -> None:
        self.attached.append(how)

    def is_attached(self) -> bool:
        return bool(self.attached)

    def levels(self) -> dict[str, int]:
        return dict(self.attached[-1]["levels"])

    def stats(self) -> dict[str, Any]:
        return {"ring_used": 3, "ring_slots": 4, "dropped": {"ring_full": 2, "stalled": 0}, "threads": 1}


class FakeQueue:
    """Stands in for the native queue: what is `put` comes out of `take`."""

    def __init__(self, name: str, level: int = 8, facilities: Any = None, capacity: int = 10_000):
        self.name, self.level, self.facilities = name, level, facilities
        self.rows: deque[tuple[Any, ...]] = deque()
        self.handled = self.failed = 0
        self.closed = False
        self.changed = threading.Condition()

    def put(self, *rows: tuple[Any, ...]) -> None:
        with self.changed:
            self.rows.extend(rows)
            self.changed.notify_all()

    def take(self, timeout: float, most: int = 256, /) -> list[tuple[Any, ...]] | None:
        with self.changed:
            self.changed.wait_for(lambda: self.rows or self.closed, timeout)
            if not self.rows and self.closed:
                return None
            return [self.rows.popleft() for _ in range(min(most, len(self.rows)))]

    def done(self, count: int, failed: int = 0, /) -> None:
        with self.changed:
            self.handled += count
            self.failed += failed
            self.changed.notify_all()

    def close(self) -> None:
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def counts(self) -> tuple[int, int, int, int]:
        return (self.handled + len(self.rows), self.handled, self.failed, 0)

    def wait_handled(self, count: int) -> bool:
        """Wait until so many rows were handled; False after ten seconds."""
        with self.changed:
            return self.changed.wait_for(lambda: self.handled >= count, 10.0)


class FakeLogger:
    """Keeps what is logged: (level, message, arguments, keywords)."""

    def __init__(self) -> None:
        self.logged: list[tuple[Any, str, tuple[Any, ...], dict[str, Any]]] = []

    def log(self, level: Any, msg: str, /, *args: Any, **fields: Any) -> None:
        self.logged.append((level, msg, args, fields))


def sources(*suffixes: str) -> list[Path]:
    """Every file of the project with one of these suffixes; what was built or downloaded is not ours."""
    found = []
    for folder in ("python", "crates", "tests", "bench", "examples", "scripts", "fuzz", "docs"):
        for path in (ROOT / folder).rglob("*"):
            parts = path.relative_to(ROOT).parts
            ours = not any(part.startswith(".") or part in ("target", "runs", "node_modules") for part in parts)
            if ours and path.suffix in suffixes and path.is_file():
                found.append(path)
    return sorted(found)


def row(message: str = "hello", *, level: int = 6, tid: int = 1, sequence: int = 1) -> tuple[Any, ...]:
    """A row as `HandlerQueue.take` gives it."""
    identity = UUID("01890a5d-ac96-8774-bcce-b302099a8057").bytes
    ns = 1_768_473_045_123_456_789
    return (identity, ns, level, "web", "db", message, {"a": 1}, 12, tid, "p", "t", "host", "x.py:1 in f", 7, sequence)


def run_python(code: str, *arguments: str, check: bool = True, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a small program in a process of its own, with these variables on top of a clean environment."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("YARDER_", "NO_COLOR", "FORCE_"))
    }
    if "YARDER_YARD" in os.environ:
        clean["YARDER_YARD"] = os.environ["YARDER_YARD"]
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env={**clean, **environ}, capture_output=True, text=True, check=check, timeout=60)
