"""`yarder doctor`: is this installation in order?"""

from __future__ import annotations

import json as jsonlib
import os
import platform
import shutil
import sys
from pathlib import Path

from yarder.cli.codes import OK, UNAVAILABLE
from yarder.cli.filters import JSON
from yarder.cli.options import Command
from yarder.cli.output import Output

__all__ = ["COMMAND", "checks", "doctor"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_ENOUGH_SHM = 64 << 20


def doctor(*, json: bool) -> int:
    """Check the installation: what is right, and what to do about the rest."""
    found = list(checks())
    out = Output.stdout()
    if json:
        out.line(jsonlib.dumps([{"check": name, "ok": ok, "text": text} for name, ok, text in found]))
    else:
        width = max(len(name) for name, _, _ in found)
        for name, ok, text in found:
            mark = "ok  " if ok else "FAIL"
            if out.color:
                mark = f"\x1b[{32 if ok else 31}m{mark}\x1b[0m"
            out.line(f"{mark}  {name:{width}}  {text}")
    return OK if all(ok for _, ok, _ in found) else UNAVAILABLE


def checks() -> Iterator[tuple[str, bool, str]]:
    """(what, whether it is right, what was found or what to do)."""
    yield "python", sys.version_info >= (3, 11), f"{platform.python_implementation()} {platform.python_version()}"
    yield "system", sys.platform == "linux", f"{platform.system()} {platform.release()} {platform.machine()}"
    yield _native()
    yield _shared_memory()
    yield _clock()


def _native() -> tuple[str, bool, str]:
    try:
        from yarder import _core
    except ImportError as error:
        return "native", False, f"{error}; install yarder again"
    return "native", True, f"yarder {_core.VERSION} ({_core.__file__})"


def _shared_memory() -> tuple[str, bool, str]:
    folder = Path(os.environ.get("YARDER_YARD") or "/dev/shm")  # noqa: S108 - where rings are by design
    if not os.access(folder, os.W_OK):
        return "rings", False, f"{folder} cannot be written; name another folder by yard= or YARDER_YARD"
    free = shutil.disk_usage(folder).free
    if free < _ENOUGH_SHM:
        return "rings", False, f"{folder} has {free >> 20} MiB left; rings are made smaller, free some"
    return "rings", True, f"{folder}, {free >> 20:,} MiB free"


def _clock() -> tuple[str, bool, str]:
    source = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    try:
        name = source.read_text(encoding="ascii").strip()
    except OSError:
        return "clock", True, "unknown clock source; times come from clock_gettime"
    what = (
        "times come from the time-stamp counter" if name == "tsc" else "times come from clock_gettime, some ns slower"
    )
    return "clock", True, f"{name}; {what}"


COMMAND = Command("doctor", "Check the installation: what is right, and what to do about the rest.", [], [JSON], doctor)
