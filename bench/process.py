"""What a process pays for having yarder: import time over a bare interpreter, memory and CPU when idle."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from bench.yards import own_yard

__all__ = ["idle_costs", "import_times"]

FIRST_CALL = """
import yarder
yarder.configure(app="bench-import", backends=[yarder.File({path!r})])
yarder.get_logger().info("hello %s", "world")
"""
"""Import, configure and the first call; the exit drain is in the time too."""

WAIT = "\nimport os, sys\nprint('ready', flush=True)\nsys.stdin.readline()\nos._exit(0)\n"

IDLE = {
    "bare": "",
    "yarder": FIRST_CALL + "yarder.flush(timeout=5.0)\n",
    "stdlib": "import logging\nlogging.basicConfig(filename={path!r}, level=20)\nlogging.info('hello')\n",
    "stdlib-queue": (
        "import logging, logging.handlers, queue\nq = queue.Queue(-1)\n"
        "h = logging.FileHandler({path!r})\nw = logging.handlers.QueueListener(q, h)\nw.start()\n"
        "logging.basicConfig(handlers=[logging.handlers.QueueHandler(q)], level=20)\nlogging.info('hello')\n"
    ),
}
"""What each process does before it idles."""


def import_times(peers: dict[str, tuple[str, str]], python: str, rounds: int, folder: Path) -> dict[str, list[float]]:
    """Milliseconds of fresh `-I` processes, interleaved; `peers`: name -> (python, module).

    "bare" is an interpreter that does nothing; a peer's own environment has its own "bare <name>".
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("YARDER_")}
    with tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as place, own_yard() as own:
        environment["YARDER_YARD"] = own
        path = str(Path(place) / "import.log")
        # With -I the environment variable still counts: it is yarder that reads it, not the interpreter.
        commands = {"bare": (python, "pass"), "yarder": (python, "import yarder")}
        commands["yarder, first call"] = (python, FIRST_CALL.format(path=path))
        commands["stdlib logging"] = (python, "import logging")
        for name, (home, module) in peers.items():
            commands[f"bare {name}"] = (home, "pass")
            commands[name] = (home, f"import {module}")
        times: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(-2, rounds):  # two rounds warm the page cache and write .pyc files
            for name, (home, code) in commands.items():
                start = time.perf_counter()
                subprocess.run([home, "-I", "-c", code], env=environment, check=True, capture_output=True)
                if number >= 0:
                    times[name].append((time.perf_counter() - start) * 1000)
    return times


def idle_costs(python: str, seconds: float, folder: Path) -> dict[str, dict[str, float]]:
    """Per process: resident and proportional MiB, threads, CPU per cent of a core while idle.

    CPU is the sum of the run times of all threads that the kernel's scheduler counted, in nanoseconds."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("YARDER_")}
    crew: dict[str, subprocess.Popen[str]] = {}
    costs: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as place, own_yard() as own:
        environment["YARDER_YARD"] = own
        try:
            for name, code in IDLE.items():
                command = [python, "-c", code.format(path=str(Path(place) / f"{name}.log")) + WAIT]
                crew[name] = subprocess.Popen(
                    command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
                stdout = crew[name].stdout
                if stdout is None or stdout.readline() != "ready\n":
                    raise SystemExit(f"bench: the idle process {name} did not start")
            time.sleep(2.0)  # the writer slows down after a quiet second
            before = {name: run_ns(process.pid) for name, process in crew.items()}
            start = time.perf_counter()
            time.sleep(seconds)
            for name, process in crew.items():
                used = (run_ns(process.pid) - before[name]) / 1e9
                resident, proportional = memory_mib(process.pid)
                costs[name] = {
                    "rss_mib": resident,
                    "pss_mib": proportional,
                    "threads": float(len(list(Path(f"/proc/{process.pid}/task").iterdir()))),
                    "cpu_percent": used / (time.perf_counter() - start) * 100,
                }
        finally:
            for process in crew.values():
                process.kill()
                process.communicate()
    return costs


def run_ns(pid: int) -> int:
    """CPU time of all threads of a process."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))


def memory_mib(pid: int) -> tuple[float, float]:
    """(Rss, Pss)."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {row.split(":")[0]: int(row.split()[1]) for row in rows if row.endswith(" kB")}
    return sizes["Rss"] / 1024, sizes["Pss"] / 1024
