"""Records per second: one thread at full speed to the last line in the file, and four threads against one."""

import statistics

from bench.results import Table
from bench.setup import Setup

__all__ = ["run_sustained", "run_threads"]


def run_sustained(setup: Setup) -> None:
    """End to end, counted in the file, with the CPU of all threads."""
    records, seconds, rounds = (1_000_000, 0.4, 2) if setup.quick else (3_000_000, 1.0, 3)
    for name in ("yarder", "yarder-default", *setup.peers()):
        setup.work("sustained", "sustained", [name], timeout=120, records=records, seconds=seconds, rounds=rounds)
    table = Table(
        "End to end from one thread, two arguments (counted in the file)",
        ("logger", "records", "to file, rec/s (best / median)", "callers, rec/s", "CPU us/record (min / median)"),
        notes=["From the first call to the last line in the file; CPU is that of all threads of the process."],
    )
    for name in ("yarder", "yarder-default", *setup.homes):
        drained = setup.results.values("sustained", name, "sustained", "drained_per_s")
        if not drained:
            table.rows.append((name, setup.no_figures("sustained", name)))
            continue
        called = setup.results.values("sustained", name, "sustained", "called_per_s")
        cpu = setup.results.values("sustained", name, "sustained", "cpu_us")
        count = setup.results.values("sustained", name, "sustained", "records")[0]
        table.rows.append((
            name, f"{count:,.0f}", f"{max(drained):,.0f} / {statistics.median(drained):,.0f}",
            f"{statistics.median(called):,.0f}", f"{min(cpu):.3f} / {statistics.median(cpu):.3f}",
        ))  # fmt: skip
    setup.results.table(table)
    drained = setup.results.values("sustained", "yarder", "sustained", "drained_per_s")
    cpu = setup.results.values("sustained", "yarder", "sustained", "cpu_us")
    best, middle = (max(drained), statistics.median(drained)) if drained else (0.0, 0.0)
    shown = f"{best / 1e6:.2f} / {middle / 1e6:.2f} M/s"
    setup.results.judge(
        "end to end, one thread", ">= 3 M records/s", [(-best, -3e6), (-middle, -3e6)] if drained else [], shown
    )
    least, usual = (min(cpu), statistics.median(cpu)) if cpu else (0.0, 0.0)
    shown = f"{least:.3f} / {usual:.3f} us"
    setup.results.judge("CPU a record, all threads", "<= 0.4 us", [(least, 0.4), (usual, 0.4)] if cpu else [], shown)


def run_threads(setup: Setup) -> None:
    """The same number of records from one thread and from four."""
    records, seconds, rounds = (600_000, 0.3, 2) if setup.quick else (2_000_000, 0.6, 3)
    for name in ("yarder", *setup.peers()):
        timeout = 60 if name == "yarder" else 20
        setup.work("threads", "threads", [name], timeout=timeout, records=records, seconds=seconds, rounds=rounds)
    table = Table(
        "Four threads against one (to the last line in the file, median)",
        ("logger", "records", "one thread, rec/s", "four, rec/s", "four / one (best)", "four / one (median)"),
    )
    for name in ("yarder", *setup.homes):
        one = setup.results.values("threads", name, "threads-1", "drained_per_s")
        four = setup.results.values("threads", name, "threads-4", "drained_per_s")
        if not one or not four:
            table.rows.append((name, setup.no_figures("threads", name)))
            continue
        count = setup.results.values("threads", name, "threads-1", "records")[0]
        best, middle = max(four) / max(one), statistics.median(four) / statistics.median(one)
        table.rows.append((
            name, f"{count:,.0f}", f"{statistics.median(one):,.0f}", f"{statistics.median(four):,.0f}",
            f"{best:.2f}", f"{middle:.2f}",
        ))  # fmt: skip
        if name == "yarder":
            shown = f"{best:.2f}x / {middle:.2f}x"
            setup.results.judge("four threads", ">= 1x one thread", [(-best, -1.0), (-middle, -1.0)], shown)
    setup.results.table(table)
