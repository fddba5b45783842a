"""The calls that are timed: one table of cases, and the loops made from each subject's own way of writing them.

Every number in a text is used once in a whole run, and every case has its own user name, so that counting the files
afterwards finds a lost, doubled or torn record, and tells which case it belongs to.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["CASES", "FIRST", "LEVEL_FIELDS", "USERS", "Loop", "count_lines", "make_loop"]

Loop = Callable[[Any, int, int, str], int]
"""loop(log, first, count, user) -> nanoseconds of the whole loop."""

CASES: Mapping[str, str] = {
    "empty": "call without arguments",
    "disabled": "disabled call",
    "static": "static message",
    "two": "two arguments",
    "context": "two arguments + caller + context variable",
    "fields": "two arguments + four keyword fields",
}
"""Case -> what the tables call it."""

USERS: Mapping[str, str] = {
    "empty": "none",
    "disabled": "none",
    "static": "none",
    "two": "alice",
    "context": "carol",
    "fields": "dave",
}
"""Case -> the user its records name."""

FIRST = 1_000_000
"""The first number of a run: all numbers have the same count of digits, and none is a cached small int."""

LEVEL_FIELDS: Mapping[str, Any] = {"user_id": 7, "ok": True, "path": "/index.html", "ratio": 0.25}
"""The four fields of the fields case."""

TEMPLATE = """
def loop(log, first, count, user, clock=clock):
    numbers = range(first, first + count)
    start = clock()
    for i in numbers:
        {statement}
    return clock() - start
"""


def make_loop(statement: str, names: Mapping[str, Any]) -> Loop:
    """A function that runs `statement` for each number i; `log` and `user` are its locals."""
    space: dict[str, Any] = dict(names)
    exec(compile(TEMPLATE.format(statement=statement), f"<{statement}>", "exec"), space)
    loop: Loop = space["loop"]
    return loop


def count_lines(folder: Path) -> dict[str, tuple[int, int]]:
    """Read every .log file: user -> (lines, different numbers); "none" stands for the static message."""
    lines: dict[str, int] = {}
    numbers: dict[str, set[bytes]] = {}
    found = re.compile(rb"(?:user (\w+) took (\d+) ms|(static message))[^\n]*\n")
    for path in sorted(folder.glob("*.log")):
        with path.open("rb") as file:
            rest = b""
            while block := file.read(1 << 24):
                end = block.rfind(b"\n") + 1
                for user, number, static in found.findall(rest + block[:end] if end else b""):
                    key = "none" if static else user.decode()
                    lines[key] = lines.get(key, 0) + 1
                    numbers.setdefault(key, set()).add(number)
                rest = block[end:] if end else rest + block
    return {user: (count, len(numbers[user])) for user, count in lines.items()}
