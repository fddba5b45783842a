"""What a run ran on, and where its record is kept."""

import argparse
import datetime as dt
import json
import os
import platform
import re
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.results import Results
from bench.venvs import Home
from bench.worker import Failed, measure

__all__ = ["Setup", "describe", "keep"]

HERE = Path(__file__).parent


@dataclass
class Setup:
    """What every section needs: where to write, how long to measure, who takes part."""

    folder: Path
    quick: bool
    homes: dict[str, Home]
    results: Results = field(default_factory=Results)

    def peers(self) -> list[str]:
        """Those that can run."""
        return [name for name, home in self.homes.items() if not home.problem]

    def no_figures(self, bench: str, name: str) -> str:
        """Why a subject has no row, in few words; the reason in full stands below the goals."""
        home = self.homes.get(name, Home())
        return (home.problem or self.results.failures.get(f"{bench}: {name}", "no figures")).split(":")[0]

    def python(self, subject: str) -> str:
        """The interpreter a subject runs in: our own, or its environment's."""
        return self.homes[subject].python if subject in self.homes else sys.executable

    def work(
        self, bench: str, kind: str, subjects: list[str], *, timeout: float, shift: int = 0, **options: Any
    ) -> bool:
        """Measure in a worker; a failure is kept as such, and its subject is not tried again in this bench."""
        name = f"{bench}: {subjects[-1]}"
        if name in self.results.failures:
            return False
        try:
            answer = measure(self.python(subjects[-1]), kind, subjects, timeout=timeout, folder=self.folder, **options)
        except Failed as failed:
            self.results.failures[name] = str(failed)
            print(f"bench: {name}: {failed}", file=sys.stderr, flush=True)
            return False
        self.results.take(bench, answer, shift)
        return True


def first_line(command: list[str]) -> str:
    """What a command says, or nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE.parent, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ""
    return (done.stdout.strip().splitlines() or [""])[0]


def processor() -> str:
    """Its marketing name."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def file_system(folder: Path) -> str:
    """Type of the file system that holds the log files."""
    return first_line(["stat", "-f", "-c", "%T", str(folder)])


def describe(setup: Setup, arguments: argparse.Namespace) -> dict[str, Any]:
    """The set-up, taken before the first figure."""
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "processor": processor(),
        "processors": os.cpu_count(),
        "kernel": platform.release(),
        "log_file_system": file_system(setup.folder),
        "python": platform.python_version(),
        "python_compiler": platform.python_compiler(),
        "rustc": first_line(["rustc", "--version"]),
        "commit": first_line(["git", "rev-parse", "HEAD"]),
        "changed_files": bool(first_line(["git", "status", "--porcelain"])),
        "load_average_before": os.getloadavg(),
        "arguments": {key: str(value) for key, value in vars(arguments).items()},
        "peers": {name: asdict(home) | {"python": ""} for name, home in setup.homes.items()},
    }


def keep(setup: Setup, facts: dict[str, Any], to: Path | None) -> Path:
    """Write setup.json, raw.csv and summary.md; a second run of a day gets a number."""
    facts["load_average_after"] = os.getloadavg()
    machine = re.sub(r"[^a-z0-9]+", "-", f"{facts['processor']}-{facts['processors']}cpu".lower()).strip("-")
    stem = (to or HERE / "runs") / f"{facts['date'][:10]}-{machine}"
    place, number = stem, 2
    while place.exists():
        place, number = stem.with_name(f"{stem.name}-{number}"), number + 1
    place.mkdir(parents=True)
    (place / "setup.json").write_text(json.dumps(facts, indent=1) + "\n")
    setup.results.write_csv(place / "raw.csv")
    commit = f"{facts['commit'][:12] or 'unknown'}{' with changes' if facts['changed_files'] else ''}"
    head = [
        f"# {facts['date'][:10]}, {facts['processor']}, {facts['processors']} processors",
        "",
        f"Linux {facts['kernel']}, CPython {facts['python']}, log files on {facts['log_file_system']},",
        f"commit {commit}{', --quick' if setup.quick else ''}. How it is measured: bench/README.md.",
        "",
    ]
    tables = [setup.results.verdict_table(), *setup.results.tables]
    (place / "summary.md").write_text("\n".join([*head, *(table.text() for table in tables)]))
    return place
