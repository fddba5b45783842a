"""Latency of the single call, in bursts of 2000 that fit the ring."""

from bench.results import Table
from bench.setup import Setup

__all__ = ["run"]

BENCH = "latency"
LIMIT_NS = 1000.0


def run(setup: Setup) -> None:
    """The floor and yarder in one process, each peer in its own."""
    bursts = 10 if setup.quick else 40
    turns = 1 if setup.quick else 3
    for turn in range(turns):
        setup.work(BENCH, "latency", ["floor", "yarder"], timeout=60, shift=turn, burst=2000, bursts=bursts)
        setup.work(BENCH, "latency", ["yarder-default"], timeout=60, shift=turn, burst=2000, bursts=bursts)
    for name in setup.peers():
        setup.work(BENCH, "latency", [name], timeout=60, burst=2000, bursts=max(bursts // 8, 2))
    table = Table(
        f"Single calls with two arguments, bursts of 2000 (ns; {bursts * 2000:,} calls of yarder a turn)",
        ("logger", "p50", "p99", "p99.9", "max", "p99.9 of each turn"),
        notes=[
            f"Timed by a native loop with the time-stamp counter (steps of about {step(setup):.0f} ns here),",
            "the timing's own cost taken off. The maximum is the machine's: the empty call has it too.",
        ],
    )
    for name in ("floor", "yarder", "yarder-default", *setup.homes):
        figures = {
            part: setup.results.values(BENCH, name, "latency", f"{part}_ns") for part in ("p50", "p99", "p999", "max")
        }
        if figures["p50"]:
            turns_text = " ".join(f"{value:,.0f}" for value in figures["p999"])
            table.rows.append((name, *(f"{min(values):,.0f}" for values in figures.values()), turns_text))
        else:
            table.rows.append((name, setup.no_figures(BENCH, name)))
    setup.results.table(table)
    ours = sorted(setup.results.values(BENCH, "yarder", "latency", "p999_ns"))
    pairs = [(ours[0], LIMIT_NS), (ours[len(ours) // 2], LIMIT_NS)] if ours else []
    shown = f"{ours[0]:,.0f} / {ours[len(ours) // 2]:,.0f} ns" if ours else ""
    setup.results.judge("p99.9 of single calls in bursts", "<= 1 us", pairs, shown)


def step(setup: Setup) -> float:
    """Resolution of the clock as seen."""
    return min(setup.results.values(BENCH, "floor", "latency", "clock_step_ns"), default=0.0)
