"""Walk the standard library with several threads, log what is found, count every line; then kill -9 and count again.

`make demo`, or `python examples/stdlib_walk/main.py`. Exit status 1 and a reason when a record is lost or doubled.
"""

import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from check import Contents, problems, read_file, tail
from killed import child, kill_and_restart
from loggers import open_stdlib, open_yarder
from walk import WALKERS, Log, Tally, sources, walk, walk_alone

__all__ = ["main"]

FILES_ALONE = 200
"""How many files are walked once more by one thread alone."""


def print_table(columns: Sequence[str], rows: list[Sequence[str]]) -> None:
    """Columns as wide as needed; the first is text, the rest are numbers."""
    widths = [max(len(row[at]) for row in [columns, *rows]) for at in range(len(columns))]
    for row in [columns, ["-" * width for width in widths], *rows]:
        cells = [
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  " + "  ".join(cells))


def one_walk(
    open_logger: Callable[[Path], tuple[Log, Callable[[], None]]], path: Path, who: str
) -> tuple[list[Tally], Contents, float]:
    """The whole work through one logger: what the walkers counted, what the file holds, seconds until it is there."""
    start = time.perf_counter()
    log, close = open_logger(path)
    tallies = [*walk(log, sources(), who), walk_alone(log, sources()[:FILES_ALONE], who)]
    close()
    seconds = time.perf_counter() - start
    return tallies, read_file(path), seconds


def cost(tallies: list[Tally]) -> float:
    """Nanoseconds a call; never zero, as it is divided by."""
    return max(0.1, sum(tally.timed_ns for tally in tallies) / max(1, sum(tally.timed_calls for tally in tallies)))


def part_one(folder: Path) -> list[str]:
    """The same work through both loggers."""
    files = sources()
    print(f"Python {sys.version.split()[0]}: {WALKERS} threads parse {len(files):,} files of its standard library\n")
    failed: list[str] = []
    rows: list[Sequence[str]] = []
    costs: dict[str, tuple[float, float]] = {}
    contents: dict[str, Contents] = {}
    for name, open_logger, who in (("stdlib FileHandler", open_stdlib, "a"), ("yarder File", open_yarder, "b")):
        tallies, found, seconds = one_walk(open_logger, folder / f"{name.split()[0]}.log", who)
        failed += problems(found, tallies, name)
        records = sum(tally.records for tally in tallies)
        costs[name] = (cost(tallies[:-1]), cost(tallies[-1:]))
        contents[name] = found
        among, alone = (theirs / ours for theirs, ours in zip(costs["stdlib FileHandler"], costs[name], strict=True))
        distinct = sum(len(set(numbers)) for numbers in found.numbers.values())
        rows.append((
            name, f"{records:,}", f"{found.exceptions}", f"{costs[name][0]:,.0f} ns", f"{among:.1f}x",
            f"{costs[name][1]:,.0f} ns", f"{alone:.1f}x", f"{found.size:,}",
            f"{found.records:,}", f"{max(0, records - distinct)}", f"{seconds:.1f} s",
        ))  # fmt: skip
    heads = ("", "records", "exceptions", f"a call, {WALKERS} threads", "faster", "a call, alone", "faster", "bytes")
    print_table((*heads, "in the file", "lost", "time"), rows)
    print("\n  a call: CPU time of the calling thread around each file's calls, the same loop without the call off;")
    print(f"  alone: the first {FILES_ALONE} files once more by one thread, so that nobody else wants the interpreter.")
    print(
        "  records: counted by the walkers; in the file: lines read back, each walker's numbers without gap or double."
    )
    mine, theirs = contents.values()
    print(f"  {mine.unicode} records hold text beyond ASCII; both files name the same {len(mine.finds):,} finds.\n")
    if mine.finds != theirs.finds:
        failed.append(f"the files differ in {len(mine.finds - theirs.finds) + len(theirs.finds - mine.finds)} finds")
    if not mine.records:
        failed.append("nothing was found to log: is the standard library there as source files?")
    print("  the last lines of yarder's file:")
    for line in tail(folder / "yarder.log", 3):
        print(f"    {line}")
    return failed


def part_two(folder: Path) -> list[str]:
    """SIGKILL and start again."""
    print("\nThe same work, killed with SIGKILL while busy and started again (all into one file)\n")
    starts, failed, path = kill_and_restart(folder)
    rows: list[Sequence[str]] = []
    for start in starts:
        how = f"SIGKILL {start.after_seconds:.2f} s after the first record" if start.killed else "ended by itself"
        rows.append((
            f"start {start.who[1:]}", how, f"{sum(start.accepted):,}", f"{start.at_death:,}",
            f"{start.at_end - start.at_death:,}", f"{start.lost}", f"{start.doubled}",
        ))  # fmt: skip
    print_table(("", "end", "accepted", "in the file at death", "written by the next start", "lost", "doubled"), rows)
    print("\n  accepted: numbers that each walker left in shared memory after each call. The call a walker died in may")
    print("  be in the file as well. Lost and doubled: by the numbers in the file.\n")
    print("  the last lines of the file:")
    for line in tail(path, 2):
        print(f"    {line}")
    return failed


def main() -> int:
    """Both parts; everything they write is removed again, unless --keep is given."""
    if sys.argv[1:2] == ["--child"]:
        path, progress, who, limit = sys.argv[2:6]
        child(Path(path), Path(progress), who, int(limit))
        return 0
    warnings.simplefilter("ignore")  # what the parser thinks of old sources
    start = time.perf_counter()
    folder = Path(tempfile.mkdtemp(prefix="yarder-demo-"))
    for key in [key for key in os.environ if key.startswith("YARDER_")]:
        del os.environ[key]  # the demo is the same for everyone
    shared = Path("/dev/shm")
    os.environ["YARDER_YARD"] = yard = tempfile.mkdtemp(prefix="yarder-demo-", dir=shared if shared.is_dir() else None)
    try:
        failed = part_one(folder) + part_two(folder)
    finally:
        shutil.rmtree(yard, ignore_errors=True)
        if "--keep" in sys.argv:
            print(f"\nfiles are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{time.perf_counter() - start:.0f} s in all")
    for reason in failed:
        print(f"demo: FAILED: {reason}", file=sys.stderr)
    if not failed:
        print("demo: nothing lost, nothing doubled")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
