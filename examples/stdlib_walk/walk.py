"""The work: several threads parse the standard library and log what they find.

Each walker thread numbers its own records from 1, so that a file can be checked without asking any logger:
per walker there must be 1, 2, 3, ... up to its last number, each once.
"""

import ast
import queue
import sysconfig
import threading
import time
from collections.abc import Iterator, MutableSequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

__all__ = ["WALKERS", "Found", "Log", "Tally", "sources", "walk", "walk_alone"]

WALKERS = 4
"""Threads that walk."""

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


class Log(Protocol):
    """What both loggers have."""

    def info(self, msg: str, /, *args: object) -> Any:
        """Log a message with %-arguments."""

    def exception(self, msg: str, /, *args: object) -> Any:
        """The same with the exception that is being handled."""


class Found(NamedTuple):
    """A function or class."""

    kind: str
    name: str
    line: int
    summary: str


@dataclass
class Tally:
    """What one walker did; `records` is the independent count that files are checked against."""

    who: str
    records: int = 0
    exceptions: int = 0
    files: int = 0
    timed_calls: int = 0
    timed_ns: int = 0


def root() -> Path:
    """Where this interpreter keeps its library."""
    return Path(sysconfig.get_path("stdlib"))


def sources() -> list[Path]:
    """Every source file of the standard library; packages installed into it are not part of it."""
    apart = {"site-packages", "dist-packages", "__pycache__"}
    return [path for path in sorted(root().rglob("*.py")) if not apart & set(path.parts)]


def definitions(tree: ast.Module) -> Iterator[Found]:
    """Every function and class of a module, nested ones included, with its dotted name."""
    todo: list[tuple[ast.AST, str]] = [(tree, "")]
    while todo:
        node, outer = todo.pop()
        for block in BLOCKS:
            for child in getattr(node, block, ()):
                inner = outer
                if isinstance(child, DEFINITIONS):
                    name = outer + child.name
                    summary = (ast.get_docstring(child) or "").partition("\n")[0]
                    yield Found("class" if isinstance(child, ast.ClassDef) else "function", name, child.lineno, summary)
                    inner = name + "."
                if isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
                    todo.append((child, inner))


def walk(log: Log, files: list[Path], who: str, progress: MutableSequence[int] | None = None) -> list[Tally]:
    """Share the files among the walkers; returns what each did.

    With `progress`, walker n stores there the number of its last accepted record after each call: memory that
    another process can read when this one is dead. Without it the time of the calls is taken.
    """
    todo: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
    for path in files:
        todo.put(path)
    tallies = [Tally(f"{who}w{number}") for number in range(1, WALKERS + 1)]
    crew = []
    for number, tally in enumerate(tallies):
        todo.put(None)
        crew.append(threading.Thread(target=walker, args=(log, todo, tally, number, progress), name=tally.who))
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    return tallies


def walk_alone(log: Log, files: list[Path], who: str) -> Tally:
    """The same work in the calling thread, nobody else running: what a call costs without a fight for the GIL."""
    todo: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
    for path in [*files, None]:
        todo.put(path)
    tally = Tally(f"{who}w0")
    walker(log, todo, tally, 0, None)
    return tally


def walker(
    log: Log, todo: "queue.SimpleQueue[Path | None]", tally: Tally, number: int, progress: MutableSequence[int] | None
) -> None:
    """One thread: file by file until there is none."""
    base = root()
    while (path := todo.get()) is not None:
        tally.files += 1
        place = str(path.relative_to(base))
        try:
            found = list(definitions(ast.parse(path.read_bytes(), place)))
        except (SyntaxError, ValueError, RecursionError):
            log.exception("%s #%d cannot parse %s", tally.who, tally.records + 1, place)
            tally.records += 1
            tally.exceptions += 1
            if progress is not None:
                progress[number] = tally.records
            continue
        if progress is None:
            log_timed(log, tally, place, found)
        else:
            log_noted(log, tally, place, found, number, progress)


def log_timed(log: Log, tally: Tally, place: str, found: list[Found]) -> None:
    """Log a file's finds; books the CPU time of this thread in the calls, the loop's own taken off."""
    who, first = tally.who, tally.records + 1
    clock = time.thread_time_ns
    start = clock()
    for number, (kind, name, line, summary) in enumerate(found, first):  # noqa: B007  # the same loop without the call
        pass
    middle = clock()
    for number, (kind, name, line, summary) in enumerate(found, first):
        log.info("%s #%d %s %s at %s:%d %s", who, number, kind, name, place, line, summary)
    end = clock()
    tally.timed_ns += (end - middle) - (middle - start)
    tally.timed_calls += len(found)
    tally.records += len(found)


def log_noted(
    log: Log, tally: Tally, place: str, found: list[Found], slot: int, progress: MutableSequence[int]
) -> None:
    """Log a file's finds; after each call its number is stored where the parent can see it."""
    who = tally.who
    for number, (kind, name, line, summary) in enumerate(found, tally.records + 1):
        log.info("%s #%d %s %s at %s:%d %s", who, number, kind, name, place, line, summary)
        progress[slot] = number
    tally.records += len(found)
