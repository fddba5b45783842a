"""A process that measures: takes a task as JSON, prints samples as JSON on its last line.

Each peer gets a process of its own, so that one that hangs, crashes or changes the `logging` module hurts no other.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.measure import MEASURES, Bench

__all__ = ["Failed", "measure"]

ROOT = Path(__file__).resolve().parent.parent


class Failed(Exception):
    """A worker that gave no figures; the text says why in one line."""


def measure(
    python: str, kind: str, subjects: Sequence[str], *, timeout: float, folder: Path, **options: Any
) -> dict[str, Any]:
    """Run one task in a fresh interpreter; its files go below `folder` and are removed."""
    place = Path(tempfile.mkdtemp(prefix="bench-", dir=folder))
    task = json.dumps({"kind": kind, "subjects": list(subjects), "folder": str(place), "options": options})
    quiet = {key: value for key, value in os.environ.items() if not key.startswith("YARDER_")}
    process = subprocess.Popen(
        [python, "-m", "bench.worker", task],
        cwd=ROOT,
        env=quiet,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise Failed(f"hangs: no result after {timeout:.0f} s") from None
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if process.returncode != 0 or not out.strip():
        last = (err.strip().splitlines() or ["no message"])[-1]
        raise Failed(f"exit status {process.returncode}: {last[:200]}")
    answer: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return answer


def main() -> None:
    """Do the task given as the only argument."""
    task = json.loads(sys.argv[1])
    bench = Bench(task["subjects"], Path(task["folder"]), task["options"])
    bench.open_all()
    MEASURES[task["kind"]](bench)
    lines = bench.check()
    print(json.dumps({"samples": bench.samples, "lines": lines}), flush=True)
    os._exit(0)  # a peer whose threads do not end must not keep the figures


if __name__ == "__main__":
    main()
