"""The floor: an empty native method call with the same arguments, and a clock for single calls.

`floor.c` is compiled for the running interpreter at the first use (a second with any C compiler) and kept beside it.
"""

import importlib.util
import os
import shlex
import subprocess
import sysconfig
import time
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["build", "load", "nanoseconds_per_tick"]

HERE = Path(__file__).parent


def build() -> Path:
    """Compile the extension unless a newer one stands there; returns its path."""
    source = HERE / "floor.c"
    target = HERE / f"_floor{sysconfig.get_config_var('EXT_SUFFIX')}"
    if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
        return target
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    fresh = target.with_suffix(f".{os.getpid()}")  # two workers may build at once; the rename is atomic
    command = [compiler, "-O2", "-shared", "-fPIC", f"-I{sysconfig.get_path('include')}", "-o", str(fresh), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: the floor does not compile ({shlex.join(command)}):\n{done.stderr}")
    fresh.replace(target)
    return target


@cache
def load() -> Any:
    """The compiled module: Empty, latency, overhead, ticks, CLOCK."""
    spec = importlib.util.spec_from_file_location("_floor", build())
    if spec is None or spec.loader is None:
        raise SystemExit("bench: the floor was built but cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def nanoseconds_per_tick() -> float:
    """Length of a tick, measured against perf_counter_ns over 100 ms."""
    floor = load()
    ns, ticks = time.perf_counter_ns(), floor.ticks()
    while time.perf_counter_ns() - ns < 100_000_000:
        pass
    return float((time.perf_counter_ns() - ns) / (floor.ticks() - ticks))
