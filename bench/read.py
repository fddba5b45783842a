"""`python -m bench.read [--full]`: reading back against grep and zstdcat, every count checked.

The files are made by the real writer (`crates/yarder-core/examples/read_files.rs`): the same records in one live file and
in rotated zstd archives with their ledger. Rivals run as programs; yarder runs as the program (with interpreter start)
and as a call in this process. All take turns; each figure is the best and the median of the rounds. Everything is in the
page cache: each file is read once before.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
NEEDLE = "needle-in-a-haystack"
ENV = {**os.environ, "LC_ALL": "C", "NO_COLOR": "1"}


@dataclass
class Way:
    """One way to get an answer, and the seconds it took each time."""

    name: str
    run: Callable[[], int]
    seconds: list[float] = field(default_factory=list)


@dataclass
class Contest:
    """A question with the right answer, a rival, ours, and the ratio to reach."""

    question: str
    answer: int
    rival: Way
    ours: list[Way]
    reach: float

    def round(self) -> None:
        """Each way once; a wrong answer ends the benchmark."""
        for way in (self.rival, *self.ours):
            start = time.perf_counter()
            found = way.run()
            way.seconds.append(time.perf_counter() - start)
            if found != self.answer:
                raise SystemExit(f"bench: {self.question}: {way.name} found {found}, there are {self.answer}")


def shell(command: str) -> int:
    """The number that a pipeline prints."""
    done = subprocess.run(command, shell=True, env=ENV, capture_output=True, text=True, check=False)
    return int(done.stdout.split()[-1])


def program(*words: str | Path) -> int:
    """The number that `yarder query --count` prints."""
    command = [sys.executable, "-m", "yarder", "query", *map(str, words), "--count"]
    return int(subprocess.run(command, env=ENV, capture_output=True, text=True, check=False).stdout)


def tail(path: Path) -> int:
    """How many lines `yarder tail -n 20` prints."""
    command = [sys.executable, "-m", "yarder", "tail", str(path), "-n", "20"]
    return len(subprocess.run(command, env=ENV, capture_output=True, check=True).stdout.splitlines())


def make(folder: Path, size: int) -> dict[str, Any]:
    """The files, made by the writer."""
    command = [
        "cargo",
        "run",
        "--release",
        "--quiet",
        "-p",
        "yarder-core",
        "--example",
        "read_files",
        "--",
        folder,
        str(size),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def contests(made: dict[str, Any]) -> list[Contest]:
    """What is measured."""
    import yarder
    from yarder._core import Query

    live, packed = Path(made["live"]), Path(made["packed"])
    stored = f"$(ls {packed.parent}/web.*.zst {packed.parent}/web.log)"
    everything = f"for f in {stored}; do case $f in *.zst) zstdcat $f;; *) cat $f;; esac; done"
    text = {"contains": NEEDLE}
    needles = made["needles"]

    # The last hundredth by time, asked of yarder first; grep is given the text that all of it has in common.
    first, last = (next(iter(yarder.read(packed, limit=1, reverse=way))).timestamp for way in (False, True))
    since = last - (last - first) / 100
    micros = (since - since.fromtimestamp(0, since.tzinfo)) // timedelta(microseconds=1)
    late = Query([str(packed)], since=micros * 1000).count()[0]
    errors = Query([str(live)], levels=0b1111).count()[0]

    def call(path: Path, **filters: Any) -> Callable[[], int]:
        return lambda: Query([str(path)], **filters).count()[0]

    return [
        Contest(
            "a text in the live file", needles, Way("grep -F -c", lambda: shell(f"grep -F -c {NEEDLE} {live}")),
            [Way("yarder query", lambda: program(live, "-g", NEEDLE)), Way("in process", call(live, **text))], 3.0,
        ),
        Contest(
            "a text in zstd archives", needles, Way("zstdcat | grep -F -c", lambda: shell(f"({everything}) | grep -F -c {NEEDLE}")),
            [Way("yarder query", lambda: program(packed, "-g", NEEDLE)), Way("in process", call(packed, **text))], 2.0,
        ),
        Contest(
            "--since, the last 1 %", late,
            Way("zstdcat | awk", lambda: shell(
                f"({everything}) | awk -F'\"' '$8 >= \"{since:%Y-%m-%dT%H:%M:%S.%f}Z\"' | wc -l")),
            [Way("yarder query", lambda: program(packed, "--since", since.isoformat())),
             Way("in process", call(packed, since=micros * 1000))], 20.0,
        ),
        Contest(
            "errors in the live file", errors, Way("grep -c", lambda: shell(f"grep -c '\"level\":[0-3],' {live}")),
            [Way("yarder query", lambda: program(live, "-l", "error")), Way("in process", call(live, levels=0b1111))], 1.0,
        ),
        Contest("the last 20 records", 20, Way("tail -n 20", lambda: shell(f"tail -n 20 {live} | wc -l")),
                [Way("yarder tail", lambda: tail(live))], 0.0),
    ]  # fmt: skip


def main() -> int:
    """Make the files, ask, print; exit status 1 when a ratio was not reached."""
    parser = argparse.ArgumentParser(prog="python -m bench.read", description=__doc__)
    parser.add_argument("--full", action="store_true", help="1 GiB instead of 128 MiB")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=None, help="for the files (default: a temporary one)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="yarder-read-") as folder:
        made = make(Path(folder), 1 << 30 if given.full else 128 << 20)
        size = Path(made["live"]).stat().st_size
        packed = sum(path.stat().st_size for path in Path(made["packed"]).parent.iterdir())
        print(f"{made['records']:,} records, {size / 1e6:,.0f} MB live, {packed / 1e6:,.0f} MB archived")
        asked = contests(made)
        for number in range(given.rounds + 1):
            for contest in asked:
                contest.round()
            if number == 0:  # warms the page cache; not kept
                for contest in asked:
                    for way in (contest.rival, *contest.ours):
                        way.seconds.clear()
        return report(asked)


def report(asked: list[Contest]) -> int:
    """One line for each of our ways."""
    missed = 0
    print(
        f"{'question':26} {'found':>9}  {'rival':22} {'best ms':>8} {'median':>8}  {'ours':13} {'best ms':>8} {'median':>8} {'ratio':>7}  reach"
    )
    for contest in asked:
        rival = contest.rival
        for way in contest.ours:
            ratio = statistics.median(rival.seconds) / statistics.median(way.seconds)
            verdict = "" if not contest.reach else f"{contest.reach:g}x: {'yes' if ratio >= contest.reach else 'no'}"
            missed += verdict.endswith("no")
            print(
                f"{contest.question:26} {contest.answer:9,}  {rival.name:22} {min(rival.seconds) * 1e3:8.1f}"
                f" {statistics.median(rival.seconds) * 1e3:8.1f}  {way.name:13} {min(way.seconds) * 1e3:8.1f}"
                f" {statistics.median(way.seconds) * 1e3:8.1f} {ratio:6.1f}x  {verdict}"
            )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
