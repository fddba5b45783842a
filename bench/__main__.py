"""`python -m bench [--quick]`: measure yarder, the floor and the peers, print tables, keep the raw data."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import drain, footprint, hot, rates, tails
from bench.setup import Setup, describe, keep
from bench.subjects import PEERS
from bench.venvs import find_homes

__all__ = ["main"]

SECTIONS: dict[str, Callable[[Setup], None]] = {
    "calls": hot.run,
    "tails": tails.run,
    "drain": drain.run,
    "sustained": rates.run_sustained,
    "threads": rates.run_threads,
    "footprint": footprint.run,
}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute; fewer rounds, noisier figures")
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, by comma: %(default)s")
    parser.add_argument("--peers", default=",".join(PEERS), help="peers, by comma; empty for none: %(default)s")
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()), help="for the log files: %(default)s"
    )
    parser.add_argument("--runs", type=Path, default=None, help="where to keep raw data (default: bench/runs)")
    return parser.parse_args()


def main() -> int:
    """Run the sections in order; exit status 1 when yarder lost a line or gave no figures."""
    given = arguments()
    unknown = set(given.only.split(",")) - SECTIONS.keys()
    if unknown:
        raise SystemExit(f"bench: no such section: {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    setup = Setup(given.folder, given.quick, find_homes(given.peers.split(",")))
    facts = describe(setup, given)
    start = time.monotonic()
    for name, section in SECTIONS.items():
        if name in given.only.split(","):
            print(f"bench: {name} ({time.monotonic() - start:.0f} s)", file=sys.stderr, flush=True)
            section(setup)
    for name, home in setup.homes.items():
        if home.problem:
            setup.results.failures[name] = home.problem
    facts["seconds"] = round(time.monotonic() - start)
    print(setup.results.verdict_table().text())
    print(f"raw data: {keep(setup, facts, given.runs)}")
    broken = [line for line in [*setup.results.lost, *setup.results.failures] if ": yarder" in line]
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
