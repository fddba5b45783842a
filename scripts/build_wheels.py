"""Builds one wheel for each supported CPython found on this machine, and tries each in a fresh environment.

    .venv/bin/python scripts/build_wheels.py [--out dist] [3.11 3.12 ...]

Interpreters are looked for on the PATH and among pyenv's versions. One that is not there is named and
skipped; a wheel that does not build, install or log fails the run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUPPORTED = ("3.11", "3.12", "3.13")


def runs_as(python: Path, version: str) -> bool:
    """Whether `python` starts and is a GIL build of CPython `version` (a pyenv shim may do neither)."""
    code = (
        "import sys, sysconfig; print('%d.%d' % sys.version_info[:2], sys.implementation.name,"
        " int(bool(sysconfig.get_config_var('Py_GIL_DISABLED'))))"
    )
    result = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return result.returncode == 0 and result.stdout.split() == [version, "cpython", "0"]


def find(version: str) -> Path | None:
    """The first interpreter of `version` that runs, or None."""
    candidates = [Path(sys.executable)]
    if on_path := shutil.which(f"python{version}"):
        candidates.append(Path(on_path))
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates += sorted(pyenv.glob(f"{version}.*/bin/python{version}"), reverse=True)
    return next((python for python in candidates if runs_as(python, version)), None)


def build(python: Path, out: Path) -> Path:
    """Builds the wheel for `python` into `out` and returns its path."""
    with tempfile.TemporaryDirectory(dir=out) as fresh:
        command = ["maturin", "build", "--release", "--interpreter", str(python), "--out", fresh]
        search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "PATH": search})
        (wheel,) = Path(fresh).glob("*.whl")
        return wheel.replace(out / wheel.name)


def smoke(python: Path, wheel: Path) -> None:
    """Installs `wheel` alone into a fresh environment and runs scripts/smoke.py there."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, "-m", "venv", folder], check=True)
        inside = Path(folder) / "bin" / "python"
        pip: list[str | Path] = [inside, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
        subprocess.run([*pip, wheel], check=True)
        # -I: neither the working folder nor the environment may lend it the source tree.
        script = ROOT / "scripts" / "smoke.py"
        subprocess.run([inside, "-I", script], cwd=folder, check=True)


def main() -> int:
    """Builds and tries what was asked for; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("versions", nargs="*", default=SUPPORTED)
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    done = []
    for version in options.versions:
        python = find(version)
        if python is None:
            print(f"CPython {version}: not found here, skipped", flush=True)
            continue
        print(f"CPython {version}: {python}", flush=True)
        wheel = build(python, options.out)
        smoke(python, wheel)
        done.append(f"CPython {version}: {wheel.name}, {wheel.stat().st_size:,} bytes, tried")
    print(*done, sep="\n")
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
