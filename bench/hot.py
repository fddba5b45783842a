"""The cost of one call: against the floor in the same process, against the peers in turn with them."""

import statistics

from bench.cases import CASES
from bench.results import Table
from bench.setup import Setup

__all__ = ["run"]

BENCH = "calls"
OURS = ("yarder", "yarder-default", "yarder-logging")
GOALS = {  # (case, subject) -> times the empty call
    ("disabled", "yarder"): 2.0,
    ("static", "yarder"): 2.5,
    ("two", "yarder"): 3.5,
    ("context", "yarder-default"): 4.5,
    ("fields", "yarder"): 7.0,
    ("two", "yarder-logging"): 5.5,
}
PEER_GOALS = (  # (case, ours, peer, times faster)
    ("two", "yarder", "stdlib", 100.0),
    ("two", "yarder", "spdlog", 5.0),
    ("two", "yarder", "logxide", 20.0),
    ("two", "yarder", "bqlog", 20.0),
    ("fields", "yarder", "structlog-orjson", 50.0),
    ("two", "yarder-sync", "stdlib", 3.0),
    ("two", "yarder-logging", "stdlib", 80.0),
)

WAYS = {"yarder-sync": 'mode="sync", ', "yarder-logging": "logging.getLogger, "}
"""What the table of goals says before the case."""


def run(setup: Setup) -> None:
    """Take turns: floor and yarder together, then each peer, then the same again."""
    turns, rounds, bursts = (1, 5, 5) if setup.quick else (5, 5, 10)
    cases = list(CASES)
    for turn in range(turns):
        shift = turn * rounds
        for ours in OURS:
            setup.work(
                place(ours), "calls", ["floor", ours], timeout=120, shift=shift,
                burst=4000, bursts=bursts, rounds=rounds, cases=cases,
            )  # fmt: skip
        for name in ("yarder-sync", *setup.peers()):
            setup.work(
                BENCH, "calls", [name], timeout=60, shift=shift,
                burst=2000, bursts=1 if setup.quick else 2, rounds=rounds, cases=cases,
            )  # fmt: skip
    against_floor(setup)
    against_peers(setup)


def place(ours: str) -> str:
    """The bench under which the floor's and yarder's rounds of one process are kept."""
    return f"{BENCH} {ours}"


def net(setup: Setup, subject: str, case: str, bench: str = "") -> tuple[float, list[float]]:
    """(minimum, all rounds) of nanoseconds a call, the loop's own cost taken off."""
    bench = bench or (place(subject) if subject in OURS else BENCH)
    raw = setup.results.values(bench, subject, case, "raw_ns")
    loop = setup.results.values(bench, subject, case, "loop_ns")
    if not raw:
        return 0.0, []
    return max(min(raw) - min(loop), 0.1), [max(a - b, 0.1) for a, b in zip(raw, loop, strict=True)]


def against_floor(setup: Setup) -> None:
    """yarder's rows beside the empty call, and beside the empty call with the same arguments."""
    table = Table(
        "A call, in bursts that fit the ring (ns, loop subtracted)",
        ("case", "subject", "min", "median", "same, empty", "x empty()", "x, median", "goal"),
        notes=[
            "x empty(): ratio to an empty native method called without arguments, of the minima; x, median: the median",
            "of the rounds' ratios; same, empty: the empty method called with the same arguments, min.",
        ],
    )
    for ours in OURS:
        least, base = net(setup, "floor", "empty", place(ours))
        for case in (case for case in CASES if case != "empty"):
            mine, rounds = net(setup, ours, case)
            if not rounds or not base:
                continue
            same, _ = net(setup, "floor", case, place(ours))
            middle = statistics.median(a / b for a, b in zip(rounds, base, strict=True))
            limit = GOALS.get((case, ours))
            goal = f"<= {limit:g}x" if limit else ""
            table.rows.append((
                CASES[case], ours, f"{mine:.1f}", f"{statistics.median(rounds):.1f}", f"{same:.1f}",
                f"{mine / least:.2f}", f"{middle:.2f}", goal,
            ))  # fmt: skip
            if limit:
                shown = f"{mine / least:.2f}x / {middle:.2f}x ({mine:.1f} ns)"
                setup.results.judge(
                    WAYS.get(ours, "") + CASES[case],
                    f"{goal} the empty call",
                    [(mine / least, limit), (middle, limit)],
                    shown,
                )
        table.rows.append(
            ("call without arguments", f"floor, beside {ours}", f"{least:.1f}", f"{statistics.median(base or [0]):.1f}")
        )
    setup.results.table(table)


def against_peers(setup: Setup) -> None:
    """Every logger, every case it can do."""
    cases = [case for case in CASES if case not in ("empty", "context")]
    table = Table(
        "The same calls, all loggers (ns of the calling thread: min / median; x: how much dearer than yarder)",
        ("logger", *(CASES[case] for case in cases)),
        notes=[
            "yarder and structlog write JSON, the others text. -: it has no such call.",
            "Bursts of 4000 calls for yarder, 2000 for the rest.",
        ],
    )
    for name in ("floor", *OURS, "yarder-sync", *setup.homes):
        cells = []
        for case in cases:
            least, rounds = net(setup, name, case, place("yarder") if name == "floor" else "")
            base, _ = net(setup, "yarder", case)
            ratio = f" ({least / base:.0f}x)" if name in setup.homes and base else ""
            cells.append(f"{least:,.0f} / {statistics.median(rounds):,.0f}{ratio}" if rounds else "-")
        measured = any(cell != "-" for cell in cells)
        table.rows.append((name, *cells) if measured else (name, setup.no_figures(BENCH, name)))
    setup.results.table(table)
    for case, ours, peer, factor in PEER_GOALS:
        least, rounds = net(setup, ours, case)
        rival, theirs = net(setup, peer, case)
        pairs, shown = [], ""
        if rounds and theirs:
            best, middle = rival / least, statistics.median(theirs) / statistics.median(rounds)
            pairs, shown = [(-best, -factor), (-middle, -factor)], f"{best:.1f}x / {middle:.1f}x"
        setup.results.judge(WAYS.get(ours, "") + CASES[case], f">= {factor:g}x {peer}", pairs, shown)
