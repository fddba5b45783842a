"""Drain of full rings to a JSON file on disk, one core: the Rust example of yarder-core, its table read.

The example counts the lines of its files itself and ends with an error when one is missing.
"""

import re
import subprocess
from pathlib import Path

from bench.results import Table
from bench.setup import Setup

__all__ = ["run"]

ROOT = Path(__file__).resolve().parent.parent
COMMAND = ["cargo", "run", "--release", "--quiet", "-p", "yarder-core", "--example", "drain_speed"]
BUILD_SECONDS = 900
GOALS = {"one ring, two arguments": 5.0, "one ring, four fields": 3.0}
ROW = re.compile(r"(?P<name>\S.*?) {2,}(?:\S+ +)?(?P<best>[\d.]+) +(?P<median>[\d.]+)(?: +(?P<bytes>\d+))?\s*")
"""Name, records per second (not used), best and median nanoseconds a record, bytes a line (not in the last row)."""


def run(setup: Setup) -> None:
    """Build (not timed), run, show every row."""
    done = subprocess.run(
        [*COMMAND, "--", str(setup.folder)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS,
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        setup.results.failures["drain: yarder"] = f"exit status {done.returncode}: {last[:200]}"
        return
    table = Table(
        "Drain to a JSON file on disk, one core (Rust, without Python)",
        ("what is drained", "ns best", "ns median", "M rec/s best", "median", "bytes a line", "goal"),
    )
    for row in done.stdout.splitlines()[1:]:
        found = ROW.fullmatch(row)
        if found is None:
            continue
        name, best, median = found["name"], float(found["best"]), float(found["median"])
        setup.results.add("drain", "yarder", name, "best_ns", [best])
        setup.results.add("drain", "yarder", name, "median_ns", [median])
        goal = GOALS.get(name)
        shown = f">= {goal:g} M/s" if goal else ""
        rates = (1000 / best, 1000 / median)
        cells = (f"{best:.1f}", f"{median:.1f}", f"{rates[0]:.2f}", f"{rates[1]:.2f}")
        table.rows.append((name, *cells, found["bytes"] or "", shown))
        if goal:
            pairs = [(-rate, -goal) for rate in rates]
            setup.results.judge(f"drain, {name}", shown, pairs, f"{rates[0]:.2f} / {rates[1]:.2f} M/s")
    if len(table.rows) < len(GOALS):
        setup.results.failures["drain: yarder"] = "the example's table could not be read"
    setup.results.table(table)
