"""`YARDER_DEBUG`: yarder's own events, on stderr or in a file, by room and level, never in a pipeline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.helpers import run_python
from tests.programs import read

PROGRAM = """
import sys, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1]), yarder.Console("stdout")])
yarder.get_logger().info("x")
"""
EVENT = re.compile(r"yarder\[(\d+)\] \d+\.\d{3} ([A-Z]+) (\w+): (.+)")


def events(text: str) -> list[tuple[str, ...]]:
    """Pid, level, room and text of each line; a line that is none fails the test."""
    return [EVENT.fullmatch(line).groups() for line in text.splitlines()]  # type: ignore[union-attr]


def test_off(log_file: Path) -> None:
    """Without the variable nothing is said."""
    assert run_python(PROGRAM, str(log_file)).stderr == ""


@pytest.mark.parametrize("word", ["debug", "1", "info"])
def test_every_room(log_file: Path, word: str) -> None:
    """The way from configuration to the opened file can be followed; the file holds the record alone."""
    result = run_python(PROGRAM, str(log_file), YARDER_DEBUG=word)
    found = events(result.stderr)
    assert {"pipeline", "writer", "segment"} <= {room for _, _, room, _ in found}
    assert any("configured" in text for _, _, _, text in found)
    assert any(str(log_file) in text and "opened" in text for _, _, _, text in found)
    assert [record["message"] for record in read(log_file)] == ["x"]
    assert result.stdout.count("\n") == 1


def test_one_room(log_file: Path) -> None:
    """`writer=info` shows that room alone."""
    found = events(run_python(PROGRAM, str(log_file), YARDER_DEBUG="writer=info").stderr)
    assert {room for _, _, room, _ in found} == {"writer"}
    assert {level for _, level, _, _ in found} <= {"INFO", "WARNING"}


def test_into_a_file(log_file: Path, tmp_path: Path) -> None:
    """`YARDER_DEBUG_FILE` takes the events instead of stderr, appended."""
    path = tmp_path / "events.txt"
    path.write_text("yarder[1] 1.000 INFO writer: before\n")
    assert run_python(PROGRAM, str(log_file), YARDER_DEBUG="debug", YARDER_DEBUG_FILE=str(path)).stderr == ""
    found = events(path.read_text())
    assert found[0][3] == "before"
    assert len(found) > 3


@pytest.mark.parametrize("word", ["loud", "", ",,", "writer=loud"])
def test_words_that_are_none(log_file: Path, word: str) -> None:
    """They switch nothing on and break nothing."""
    assert run_python(PROGRAM, str(log_file), YARDER_DEBUG=word).stderr == ""
    assert len(read(log_file)) == 1


def test_zero_configuration(tmp_path: Path) -> None:
    """Events do not feed on themselves where the console is stderr too."""
    result = run_python("import yarder; yarder.get_logger().info('once')", YARDER_DEBUG="trace", YARDER_APP="web")
    own = [line for line in result.stderr.splitlines() if EVENT.fullmatch(line)]
    rest = [line for line in result.stderr.splitlines() if not EVENT.fullmatch(line)]
    assert own
    assert len(rest) == 1
    assert rest[0].endswith("INFO web: once")
