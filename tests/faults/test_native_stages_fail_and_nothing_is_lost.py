"""A panic, a kill or an abort at every stage of the writer: what was accepted is written once, by it or its successor."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.helpers import run_python
from tests.programs import account, losses, read, start, told

STAGES = ["scan", "snapshot", "merge", "format", "prepare", "write", "written", "heads"]
# Two processes' worth of rings, so that some heads have moved and some have not at the stage "heads".
PROGRAM = """
import os, sys, yarder
paths = sys.argv[1], sys.argv[1] + ".second"
yarder.configure(app="web", block_ms=None, ring_slots=1024, backends=[yarder.File(path) for path in paths])
second = yarder.Pipeline(app="web", block_ms=None, ring_slots=256, backends=[yarder.File(path) for path in paths])
one, two = yarder.get_logger("one"), second.logger("two")
for n in range(3000):
    one.info("x" * (n % 300), n=n)
    two.info("y" * (n % 300), n=n)
    os.write(1, b"%d\\n" % n)
yarder.flush(20.0)
second.flush(20.0)
"""
SUCCESSOR = """
import sys, yarder
paths = sys.argv[1], sys.argv[1] + ".second"
yarder.configure(app="web", backends=[yarder.File(path) for path in paths])
yarder.get_logger("three").info("successor", n=0)
"""


def numbers(path: Path, facility: str) -> list[int]:
    """What one logger left in a file."""
    return [record["fields"]["n"] for record in told(read(path)) if record["facility"] == facility]


def check(log_file: Path, accepted: int) -> None:
    """Both files hold every accepted record of both loggers once."""
    for path in (log_file, log_file.with_name(log_file.name + ".second")):
        records = read(path)
        account(records)
        assert not losses(records)
        for facility in ("one", "two"):
            found = numbers(path, facility)
            assert found == list(range(len(found)))
            assert accepted <= len(found) <= accepted + 1


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("stage", STAGES)
def test_a_panic(log_file: Path, stage: str, n: int) -> None:
    """It is caught, said once on stderr, counted, and the thread starts again: nothing lost, nothing doubled."""
    result = run_python(PROGRAM, str(log_file), YARDER_FAULT=f"{stage}:panic:{n}")
    check(log_file, 3000)
    said = [line for line in result.stderr.splitlines() if line]
    assert len(said) == 1, said
    assert "panicked" in said[0]


@pytest.mark.parametrize("action", ["exit", "abort"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_death(log_file: Path, stage: str, action: str) -> None:
    """The process dies at this stage; its successor finishes what was begun and takes the rest."""
    died = start(PROGRAM, log_file, YARDER_FAULT=f"{stage}:{action}:2")
    shown, _ = died.communicate(timeout=60)
    assert died.returncode == (-signal.SIGKILL if action == "exit" else -signal.SIGABRT)
    accepted = len(shown.split())
    run_python(SUCCESSOR, str(log_file))
    assert numbers(log_file, "three") == [0]
    check(log_file, accepted)


@pytest.mark.parametrize("stage", STAGES)
def test_the_successor_dies_as_well(log_file: Path, stage: str) -> None:
    """It dies at each stage of the recovery itself; the one after it finishes."""
    first = start(PROGRAM, log_file, YARDER_FAULT="write:exit:2")
    accepted = len(first.communicate(timeout=60)[0].split())
    for _ in range(2):
        second = start(SUCCESSOR, log_file, YARDER_FAULT=f"{stage}:exit:1")
        second.communicate(timeout=60)
        assert second.returncode == -signal.SIGKILL
    run_python(SUCCESSOR, str(log_file))
    check(log_file, accepted)
    assert numbers(log_file, "three") == [0, 0, 0][: len(numbers(log_file, "three"))]


def test_panics_without_end(log_file: Path) -> None:
    """After three panics in a minute records go to stderr, the program goes on, and it is said."""
    code = """
import sys, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
log = yarder.get_logger()
for n in range(100):
    log.info("record %d", n)
    yarder.flush(1.0)
print(yarder.stats().panics)
"""
    result = run_python(code, str(log_file), YARDER_FAULT="format:panic:1+")
    assert result.stdout == "3\n"
    text = result.stderr + (log_file.read_text() if log_file.exists() else "")
    assert all(f"record {n}" in text for n in range(100))
    assert "records go to stderr now" in result.stderr
