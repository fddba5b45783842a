"""The four ways of measuring, run inside a worker process. Each returns samples and what it found in the files."""

import array
import itertools
import resource
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import floor
from bench.cases import FIRST, USERS, Loop, count_lines, make_loop
from bench.subjects import SUBJECTS, Subject

__all__ = ["MEASURES", "Bench"]


@dataclass
class Bench:
    """One worker's task: subjects opened in their own folders, numbers that never repeat, samples."""

    names: list[str]
    folder: Path
    options: dict[str, Any]
    samples: list[tuple[str, str, int, str, float]] = field(default_factory=list)
    """(subject, case, round, quantity, value)"""
    repeats: bool = False
    """Whether records carry the same number more than once, so that only lines can be counted."""
    expected: dict[tuple[str, str], int] = field(default_factory=dict)

    def open_all(self) -> None:
        """Open every subject; the numbers start over for none of them."""
        self.numbers = itertools.count(FIRST)
        self.subjects: list[tuple[Subject, Any, dict[str, Loop]]] = []
        for name in self.names:
            subject = SUBJECTS[name]()
            place = self.folder / name
            place.mkdir()
            log = subject.open(place)
            loops = {case: self.loop(text) for case, text in subject.statements.items()}
            self.subjects.append((subject, log, loops))

    def loop(self, statement: str) -> Loop:
        """A loop with the clock bound."""
        return make_loop(statement, {"clock": time.perf_counter_ns})

    def run(self, subject: Subject, loop: Loop, log: Any, case: str, count: int) -> int:
        """One burst; books what has to be in the file."""
        first = next(self.numbers)
        self.numbers = itertools.count(first + count)
        self.book(subject, case, count)
        if case != "context":
            return loop(log, first, count, USERS[case])
        with subject.context():
            return loop(log, first, count, USERS[case])

    def book(self, subject: Subject, case: str, count: int) -> None:
        """Expect that many lines more."""
        if subject.writes and case not in ("disabled", "empty"):
            key = (subject.name, USERS[case])
            self.expected[key] = self.expected.get(key, 0) + count

    def check(self) -> list[dict[str, Any]]:
        """Close all, read the files: per subject and user the lines expected and found, and whether all is right."""
        for subject, _, _ in self.subjects:
            subject.flush()
            subject.close()
        found = {subject.name: count_lines(self.folder / subject.name) for subject, _, _ in self.subjects}
        report = []
        for (name, user), count in self.expected.items():
            lines, different = found[name].get(user, (0, 0))
            once = user == "none" or self.repeats or different == count
            ok = lines == count and once
            report.append({"subject": name, "user": user, "expected": count, "lines": lines, "ok": ok})
        return report


def calls(bench: Bench) -> None:
    """Cost of a call in bursts that fit the ring; between bursts everything is flushed. Rounds are interleaved."""
    burst, bursts = bench.options["burst"], bench.options["bursts"]
    nothing = bench.loop("pass")
    wanted = bench.options["cases"]
    for number in range(-1, bench.options["rounds"]):  # round -1 warms up and is not kept
        for subject, log, loops in bench.subjects:
            for case in (case for case in wanted if case in loops):
                took = empty = 0
                for _ in range(bursts if number >= 0 else 1):
                    subject.flush()
                    took += bench.run(subject, loops[case], log, case, burst)
                    empty += nothing(log, FIRST, burst, "")
                subject.flush()
                if number >= 0:
                    made = burst * bursts
                    bench.samples.append((subject.name, case, number, "raw_ns", took / made))
                    bench.samples.append((subject.name, case, number, "loop_ns", empty / made))


def latency(bench: Bench) -> None:
    """Single calls timed one by one by the floor's native loop; the timing's own median cost is taken off."""
    bench.repeats = True
    native, scale = floor.load(), floor.nanoseconds_per_tick()
    burst = bench.options["burst"]
    spent = sorted(array.array("Q", native.overhead(100_000)))
    own = spent[len(spent) // 2]
    kept: dict[str, array.array[int]] = {name: array.array("Q") for name in bench.names}
    for number in range(-1, bench.options["bursts"]):
        for subject, log, _ in bench.subjects:
            call, arguments = subject.single_call(log)
            subject.flush()
            time.sleep(0.002)  # the writer is idle again, as between bursts of a real program
            ticks = array.array("Q", native.latency(call, burst, arguments, ()))
            if subject.writes:
                key = (subject.name, "alice")
                bench.expected[key] = bench.expected.get(key, 0) + burst
            if number >= 0:
                kept[subject.name].extend(ticks)
    for name, ticks in kept.items():
        ordered = sorted(ticks)
        for quantity, part in (("p50_ns", 0.5), ("p99_ns", 0.99), ("p999_ns", 0.999), ("max_ns", 1.0)):
            at = min(int(len(ordered) * part), len(ordered) - 1)
            bench.samples.append((name, "latency", 0, quantity, max(0.0, (ordered[at] - own) * scale)))
        bench.samples.append((name, "latency", 0, "clock_step_ns", (spent[0] or own) * scale))


def timed(bench: Bench, subject: Subject, work: Callable[[], None]) -> tuple[float, float, float]:
    """(seconds until the callers are done, seconds until all is in the file, CPU seconds of all threads)."""
    subject.flush()
    used = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    work()
    called = time.perf_counter() - start
    subject.flush()
    drained = time.perf_counter() - start
    now = resource.getrusage(resource.RUSAGE_SELF)
    return called, drained, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


def enough(bench: Bench, subject: Subject, log: Any, loop: Loop) -> int:
    """How many records to write: the most asked for, or what this logger does in the given seconds."""
    most: int = bench.options["records"]
    seconds: float = bench.options["seconds"]
    took = [bench.run(subject, loop, log, "two", 2_000) / 2_000e9 for _ in range(2)]  # the first one warms up
    subject.flush()
    return max(4_000, min(most, int(seconds / took[-1])) // 4 * 4)


def sustained(bench: Bench) -> None:
    """One thread at full speed until the last record is in the file."""
    for subject, log, loops in bench.subjects:
        count = enough(bench, subject, log, loops["two"])
        for number in range(bench.options["rounds"]):
            called, drained, cpu = timed(
                bench,
                subject,
                lambda: void(bench.run(subject, loops["two"], log, "two", count)),  # noqa: B023
            )
            book_rates(bench, subject, "sustained", number, count, (called, drained, cpu))


def threads(bench: Bench) -> None:
    """The same count of records from one thread and from four, in turn."""
    for subject, log, loops in bench.subjects:
        count = enough(bench, subject, log, loops["two"])
        for number in range(bench.options["rounds"]):
            for many in (1, 4):
                took = timed(bench, subject, lambda: together(bench, subject, log, loops["two"], count, many))  # noqa: B023
                book_rates(bench, subject, f"threads-{many}", number, count, took)


def together(bench: Bench, subject: Subject, log: Any, loop: Loop, count: int, many: int) -> None:
    """`many` threads write `count` records in all."""
    share = count // many
    first = next(bench.numbers)
    bench.numbers = itertools.count(first + count)
    crew = [
        threading.Thread(target=loop, args=(log, first + index * share, share, USERS["two"])) for index in range(many)
    ]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    bench.book(subject, "two", share * many)


def book_rates(bench: Bench, subject: Subject, case: str, number: int, count: int, took: tuple[float, ...]) -> None:
    """Turn times into records per second and CPU per record."""
    called, drained, cpu = took
    for quantity, value in (
        ("records", float(count)),
        ("called_per_s", count / called),
        ("drained_per_s", count / drained),
        ("cpu_us", cpu / count * 1e6),
    ):
        bench.samples.append((subject.name, case, number, quantity, value))


def void(_: object) -> None:
    """Drop a result."""


MEASURES: dict[str, Callable[[Bench], None]] = {
    "calls": calls,
    "latency": latency,
    "sustained": sustained,
    "threads": threads,
}
"""By the name a task gives."""
