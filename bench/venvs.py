"""The peers' environments: one per Python, below bench/.venv-bench, made at the first run and kept.

Each peer is installed on its own, so that one that cannot be installed is reported and takes no other with it.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.subjects import PEERS, SUBJECTS

__all__ = ["Home", "find_homes"]

FOLDER = Path(__file__).parent / ".venv-bench"
INSTALL_SECONDS = 600
VERSIONS = "import json,sys,importlib.metadata as m;print(json.dumps({n:m.version(n) for n in sys.argv[1:]}))"


@dataclass(frozen=True)
class Home:
    """Where a peer runs; `problem` says why it cannot."""

    python: str = ""
    versions: str = ""
    problem: str = ""


def find_homes(names: list[str]) -> dict[str, Home]:
    """A home for each of the peers named, installed when it is not yet."""
    homes: dict[str, Home] = {}
    for name in (name for name in PEERS if name in names):
        kind = SUBJECTS[name]
        base = base_python(kind.python)
        if base is None:
            wanted = ".".join(map(str, kind.python))
            homes[name] = Home(problem=f"needs Python {wanted} or newer, none found")
            continue
        try:
            python = environment(base)
            homes[name] = install(python, kind.package.split() if kind.package else [])
        except (subprocess.SubprocessError, OSError) as error:
            text = getattr(error, "stderr", "") or str(error)
            homes[name] = Home(
                problem="cannot be installed: " + (text.strip().splitlines() or ["no message"])[-1][:160]
            )
    return homes


def base_python(oldest: tuple[int, int]) -> str | None:
    """This interpreter when it is new enough, else a newer one on the PATH or from pyenv."""
    if sys.version_info[:2] >= oldest:
        return sys.executable
    return next((found for found in candidates(oldest) if version_of(found) is not None), None)


def candidates(oldest: tuple[int, int]) -> Iterator[str]:
    """Names worth a try, oldest first."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in range(oldest[1], oldest[1] + 3):
        if found := shutil.which(f"python3.{minor}"):
            yield found
        yield from (str(path / "bin" / "python") for path in sorted(pyenv.glob(f"3.{minor}.*")))


def version_of(python: str) -> str | None:
    """Such as "3.12"; None when it does not run (a shim without a version behind it)."""
    code = "import sys;print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    except (subprocess.SubprocessError, OSError):
        return None
    return done.stdout.strip()


def environment(base: str) -> str:
    """The environment of this Python; made when it is not there."""
    place = FOLDER / str(version_of(base))
    python = place / "bin" / "python"
    if not python.exists():
        say(f"making {place}")
        subprocess.run([base, "-m", "venv", "--clear", str(place)], capture_output=True, text=True, check=True)
    return str(python)


def install(python: str, packages: list[str]) -> Home:
    """Install what is missing; a source build of the spdlog binding takes a minute."""
    for package in packages:
        if installed(python, [package]) is None:
            say(f"installing {package}")
            command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=INSTALL_SECONDS)
    found = installed(python, packages) or {}
    text = ", ".join(f"{name} {version}" for name, version in found.items())
    return Home(python, f"{text or 'stdlib'}, Python {version_of(python)}")


def installed(python: str, packages: list[str]) -> dict[str, str] | None:
    """Versions by name; None when one is missing."""
    done = subprocess.run([python, "-c", VERSIONS, *packages], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    versions: dict[str, str] = json.loads(done.stdout)
    return versions


def say(text: str) -> None:
    """Progress on stderr; figures go to stdout."""
    print(f"bench: {text}", file=sys.stderr, flush=True)
