"""Log files as yarder writes them, made by hand: the point here is reading."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

__all__ = ["START", "human_line", "json_line", "log", "numbered"]

START = datetime(2026, 1, 15, 10, 30, 45, 123456, tzinfo=UTC)


def json_line(n: int, **changes: Any) -> str:
    """Record `n`, one a second; every tenth an error of facility db.pool."""
    when = START + timedelta(seconds=n)
    record = {
        "id": f"019bc135-2883-874f-a345-6789a{n:07x}",
        "timestamp": when.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "level": 3 if n % 10 == 0 else 6,
        "daemon": "web",
        "message": f"message {n}",
        "fields": {"n": n, "ok": n % 2 == 0, "who": {"name": "ada"}},
        "pid": 1234,
        "hostname": "s1",
        "facility": "db.pool" if n % 10 == 0 else "web",
        "tid": 1234,
        "thread": "MainThread",
        "caller": "app.py:12 in f",
    }
    return json.dumps(record | changes, ensure_ascii=False, separators=(",", ":")) + "\n"


def human_line(n: int) -> str:
    """The same record for people, in UTC."""
    when = START + timedelta(seconds=n)
    stamp = when.strftime("%Y-%m-%d %H:%M:%S.") + f"{when.microsecond // 1000:03}"
    level, name = ("ERROR", "web/db.pool") if n % 10 == 0 else ("INFO", "web")
    return f"{stamp} {level} {name}: message {n} n={n} ok={str(n % 2 == 0).lower()}\n"


def log(folder: Path, count: int = 100) -> Path:
    """A log with a compressed archive (the first half) and a live file (the second); the live file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    half = count // 2
    archive = folder / "web.20260115T103045123Z.0000.log.gz"
    archive.write_bytes(gzip.compress("".join(json_line(n) for n in range(half)).encode()))
    live = folder / "web.log"
    live.write_text("".join(json_line(n) for n in range(half, count)), encoding="utf-8")
    return live


def numbered(numbers: Any) -> list[str]:
    """The messages of these records."""
    return [f"message {n}" for n in numbers]
