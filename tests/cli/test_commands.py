"""The commands as programs: what they print, where, and how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.reading.logs import START, human_line, json_line, log


def yarder(*words: str | Path, stdout: Any = subprocess.PIPE, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m yarder`."""
    env = {**os.environ, "TZ": "UTC", "COLUMNS": "100", **environ}
    command = [sys.executable, "-m", "yarder", *map(str, words)]
    return subprocess.run(
        command,
        env=env,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_tail_shows_the_last_records(tmp_path: Path) -> None:
    """Human lines of the last records in order, over live file and archives; JSON as it stands in the file."""
    live = log(tmp_path)
    done = yarder("tail", live, "-n", "60", "-l", "error")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("2026-01-15 10:32:15.123 ERROR web/db.pool: message 90 n=90 ok=true")
    assert len(done.stdout.splitlines()) == 10
    assert yarder("tail", live, "-n3", "--json").stdout == "".join(map(json_line, range(97, 100)))
    done = yarder("tail", live, "-n", "1", "--errors-first", "-g", "message 9")
    assert [line.split()[5] for line in done.stdout.splitlines()] == ["90", "99"]


def test_tail_follows_through_a_rotation(tmp_path: Path) -> None:
    """Each line once, also when the file is renamed while nobody looks."""
    live = log(tmp_path)
    command = [sys.executable, "-m", "yarder", "tail", str(live), "-fn", "2", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        end = threading.Timer(60.0, process.kill)
        end.start()
        first = [process.stdout.readline() for _ in range(2)]
        with live.open("a", encoding="utf-8") as file:
            file.write(json_line(100))
        live.rename(tmp_path / "web.20260115T103145123Z.0000.log")
        live.write_text(json_line(101), encoding="utf-8")
        then = [process.stdout.readline() for _ in range(2)]
        process.send_signal(2)
        assert process.wait() == 130
        end.cancel()
    assert first + then == [json_line(n) for n in (98, 99, 100, 101)]


@pytest.mark.parametrize(
    ("words", "code", "printed"),
    [
        (["-g", "message 42", "-c"], 0, "1\n"),
        (["-g", "nothing like it", "-c"], 1, "0\n"),
        (["--where", "n=42", "--json", "-c"], 0, '{"total": 1}\n'),
        (["-e", "message [0-4]$", "--count", "--by", "level"], 0, None),
        (["--since", "2026-01-15T10:31:00Z", "--until", "2026-01-15T10:31:01Z", "-c"], 0, "1\n"),
        (["-F", "db", "-l", "=error", "--app", "web", "-n", "1", "-r", "--tz", "utc"], 0, None),
        (["--since", "soon"], 2, ""),
        (["--where", "n"], 2, ""),
        (["-e", "("], 2, ""),
        (["--unknown"], 2, ""),
    ],
    ids=str,
)
def test_query_ends_like_grep(tmp_path: Path, words: list[str], code: int, printed: str | None) -> None:
    """0 found, 1 nothing found, 2 it could not be searched; data on stdout, chatter on stderr."""
    done = yarder("query", log(tmp_path), *words)
    assert (done.returncode, bool(done.stderr)) == (code, code == 2), done.stderr
    assert printed is None or done.stdout == printed


def test_query_counts_by_a_key_with_bars(tmp_path: Path) -> None:
    """One line for each value: levels by severity, the longest bar for the most; as JSON the numbers alone."""
    live = log(tmp_path)
    lines = yarder("query", live, "--by", "level").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["error", "10"], ["info", "90"]]
    assert lines[0].count("█") < lines[1].count("█") == 40
    done = yarder("query", live, "--by", "minute", "--json")
    assert json.loads(done.stdout) == {
        "total": 100,
        "by": {"2026-01-15T10:30": 15, "2026-01-15T10:31": 60, "2026-01-15T10:32": 25},
    }


def test_what_cannot_be_read_is_said_on_stderr(tmp_path: Path) -> None:
    """A foreign line is skipped, said, and no failure."""
    live = tmp_path / "web.log"
    live.write_text(human_line(1) + "what?\n" + human_line(2))
    for words in (["query"], ["query", "-c"], ["tail"]):
        done = yarder(words[0], live, *words[1:])
        assert done.returncode == 0
        assert done.stderr.startswith(
            "yarder: 1 place could not be read, the first is a line in no known format at byte"
        )


def test_missing_input_has_its_code(tmp_path: Path) -> None:
    """66 for tail, 2 for a search; the path is named."""
    for command, code in (("tail", 66), ("query", 2)):
        done = yarder(command, tmp_path / "nothing.log")
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr == f"yarder: {tmp_path}/nothing.log: No such file or directory\n"
    assert yarder("tail", tmp_path, "-n", "many").returncode == 64
    assert yarder("fly").returncode == 64


def test_a_forbidden_file_has_its_code(tmp_path: Path) -> None:
    """77: no permission, also for root without the right to read everything."""
    live = log(tmp_path)
    live.chmod(0)
    command = [sys.executable, "-m", "yarder", "tail", str(live)]
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *command]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 77


def test_colour_is_for_terminals_and_can_be_refused(tmp_path: Path) -> None:
    """None in a pipe, FORCE_COLOR gives it, NO_COLOR takes it; escapes of messages are inert in any case."""
    live = tmp_path / "web.log"
    live.write_text(json_line(1, message="\x1b[2Jgone\u202e", daemon="w\x9b1m"))
    plain = yarder("tail", live).stdout
    assert "\\x1b[2Jgone\\u202e" in plain
    assert "\x1b" not in plain
    assert "\x1b[32mINFO\x1b[0m" in yarder("tail", live, FORCE_COLOR="1").stdout
    assert "\x1b" not in yarder("tail", live, NO_COLOR="1").stdout
    assert "\x1b[2J" not in yarder("tail", live, FORCE_COLOR="1").stdout


def test_a_broken_pipe_is_quiet(tmp_path: Path) -> None:
    """Whoever reads only the first line gets no traceback."""
    live = tmp_path / "web.log"
    live.write_text("".join(map(json_line, range(20_000))))
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        done = yarder("query", live, stdout=closed)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_and_completion_come_from_the_same_tables(tmp_path: Path) -> None:
    """Typer shows every option that the fast parser takes, and completes it."""
    shown = yarder("query", "--help", NO_COLOR="1", COLUMNS="200").stdout
    from yarder.cli.commands.query import COMMAND

    assert all(word in shown for option in COMMAND.options for word in option.words)
    done = yarder(_YARDER_COMPLETE="complete_bash", COMP_WORDS="yarder tail --err", COMP_CWORD="2")
    assert done.stdout.strip() == "--errors-first"


def test_doctor_says_what_is_right(tmp_path: Path) -> None:
    """Each check has a name and a text; a yard that cannot be written fails, with what to do."""
    done = yarder("doctor", "--json")
    assert done.returncode == 0
    assert {"python", "system", "native", "rings", "clock"} <= {check["check"] for check in json.loads(done.stdout)}
    done = yarder("doctor", YARDER_YARD=str(tmp_path / "nothing"))
    assert done.returncode == 69
    assert "name another folder by yard= or YARDER_YARD" in done.stdout


def test_times_are_shown_in_the_zone_asked_for(tmp_path: Path) -> None:
    """`--tz` moves the clock of human lines."""
    live = log(tmp_path)
    hour = (START.hour + 1) % 24
    assert f" {hour}:32:24.123 INFO" in yarder("tail", live, "-n1", "--tz", "Africa/Lagos").stdout
