"""A machine that lacks what the build needs is told what, which version, and how to get it."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

SCRIPT = ROOT / "scripts" / "check_prerequisites.sh"


def tool(folder: Path, name: str, prints: str) -> Path:
    """A program that prints one line."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{prints}'\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def check(python: Path, **env: Path) -> subprocess.CompletedProcess[str]:
    """Runs the check with these tools."""
    path = {"PATH": "/usr/bin:/bin"}
    command = [SCRIPT, python]
    found = {name: str(value) for name, value in env.items()}
    return subprocess.run(command, env=path | found, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("version", ["2.7", "3.9", "3.10"])
def test_old_python_is_named_with_the_version_needed(tmp_path: Path, version: str) -> None:
    """Below 3.11 the check fails and says which version is there and which is needed."""
    result = check(tool(tmp_path, "python", version))
    assert result.returncode != 0
    assert "Python 3.11 or newer is needed" in result.stderr
    assert f"is {version}." in result.stderr


def test_missing_tools_are_all_named_at_once(tmp_path: Path) -> None:
    """One run names Python, Rust and the linker, each with a way to get it."""
    gone = tmp_path / "gone"
    result = check(gone, RUSTC=gone, CARGO=gone, CC=gone)
    assert result.returncode != 0
    for word in ("Python 3.11", "Rust 1.85", "C compiler", "apt install", "rustup"):
        assert word in result.stderr


def test_old_rust_is_named_with_the_version_needed(tmp_path: Path) -> None:
    """Below 1.85 the check fails and says so; 1.85 and later pass that line."""
    python, cargo = tool(tmp_path, "python", "3.12"), tool(tmp_path, "cargo", "cargo 1.0")
    old = check(python, CARGO=cargo, RUSTC=tool(tmp_path, "old", "rustc 1.84.1 (x 2025-01-01)"))
    new = check(python, CARGO=cargo, RUSTC=tool(tmp_path, "new", "rustc 1.100.0-nightly (x)"))
    assert "Rust 1.85 or newer is needed" in old.stderr
    assert "Rust" not in new.stderr


def test_versions_needed_are_the_declared_ones() -> None:
    """The check, pyproject.toml and Cargo.toml name the same lowest versions."""
    text = SCRIPT.read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]
    assert f"need_python={project['requires-python'].removeprefix('>=')}\n" in text
    assert f"need_rust={workspace['package']['rust-version']}\n" in text


def test_every_tool_we_declare_is_pinned() -> None:
    """Each name in the dev extra stands in constraints.txt with one exact version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    names = {line.partition("==")[0] for line in pinned if "==" in line}
    assert {spec.partition(">")[0] for spec in project["optional-dependencies"]["dev"]} <= names
    assert project["dependencies"] == []
