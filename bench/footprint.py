"""What having yarder costs a process: start, memory, idle CPU."""

import statistics
import sys

from bench.process import idle_costs, import_times
from bench.results import Table
from bench.setup import Setup

__all__ = ["run"]

MODULES = {
    "picologging": "picologging", "loguru": "loguru", "structlog-orjson": "structlog, orjson",
    "logxide": "logxide", "bqlog": "bq.log", "spdlog": "spdlog",
}  # fmt: skip


def run(setup: Setup) -> None:
    """Both tables."""
    imports(setup)
    idle(setup)


def imports(setup: Setup) -> None:
    """Interleaved fresh processes."""
    peers = {name: (setup.python(name), MODULES[name]) for name in setup.peers() if name in MODULES}
    try:
        times = import_times(peers, sys.executable, 7 if setup.quick else 25, setup.folder)
    except Exception as error:
        setup.results.failures["import: yarder"] = str(error)[:200]
        return
    table = Table(
        "Import (ms over a bare interpreter, fresh `python -I` processes in turn)",
        ("process", "min", "median", "absolute min"),
        notes=["A peer is compared with the bare interpreter of its own environment."],
    )
    for name, values in times.items():
        setup.results.add("import", name, "import", "ms", values)
        bare = times[f"bare {name}" if f"bare {name}" in times else "bare"]
        if name.startswith("bare "):
            continue
        least, middle = min(values) - min(bare), statistics.median(values) - statistics.median(bare)
        table.rows.append((name, f"{least:+.1f}", f"{middle:+.1f}", f"{min(values):.1f}"))
        if name == "yarder":
            shown = f"{least:.1f} / {middle:.1f} ms"
            setup.results.judge("import over a bare interpreter", "<= 5 ms", [(least, 5.0), (middle, 5.0)], shown)
    setup.results.table(table)


def idle(setup: Setup) -> None:
    """Processes that have logged one record and then wait, beside one without a logger."""
    try:
        costs = idle_costs(sys.executable, 5.0 if setup.quick else 20.0, setup.folder)
    except Exception as error:
        setup.results.failures["idle: yarder"] = str(error)[:200]
        return
    bare = costs["bare"]
    table = Table(
        "A process that has logged once and then waits",
        ("process", "RSS MiB", "more than bare", "PSS MiB", "threads", "CPU %"),
    )
    for name, cost in costs.items():
        for quantity, value in cost.items():
            setup.results.add("idle", name, "idle", quantity, [value])
        table.rows.append((
            name, f"{cost['rss_mib']:.1f}", f"{cost['rss_mib'] - bare['rss_mib']:+.1f}", f"{cost['pss_mib']:.1f}",
            f"{cost['threads']:.0f}", f"{cost['cpu_percent']:.4f}",
        ))  # fmt: skip
    setup.results.table(table)
    more = costs["yarder"]["rss_mib"] - bare["rss_mib"]
    setup.results.judge(
        "idle: memory more than without", "<= 6 MB", [(more * 1.048576, 6.0)], f"{more * 1.048576:.1f} MB"
    )
    busy = costs["yarder"]["cpu_percent"]
    setup.results.judge("idle: CPU", "< 0.1 %", [(busy, 0.1)], f"{busy:.4f} %")
