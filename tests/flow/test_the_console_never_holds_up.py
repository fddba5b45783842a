"""The console: terminals, pipes, files, replaced streams; a reader that stops costs console lines and nothing else."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import re
import select
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import yarder
from tests.helpers import run_python
from tests.programs import account, environment, losses, read, start

PROGRAM = """
import yarder
yarder.configure(app="web", backends=[yarder.Console()])
log = yarder.get_logger()
log.info("one", a=1)
log.error("two")
"""
BLOCKED = """
import sys, time, yarder
yarder.configure(app="web", ring_slots=1024, block_ms=50, backends=[yarder.Console(), yarder.File(sys.argv[1])])
log = yarder.get_logger()
for n in range(20_000):
    log.info("%d " + "x" * 50, n)
    if n % 500 == 0:
        time.sleep(0.005)
yarder.flush(1.0)
print(sum(yarder.stats().dropped.get(reason, 0) for reason in ("block_timeout", "stalled", "ring_full")),
      yarder.stats().dropped.get("local_slow", 0), flush=True)
sys.stdin.readline()
log.info("healed")
yarder.flush(5.0)
"""


def on_terminal(code: str, **environ: str) -> str:
    """What a program shows on a terminal."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code], stderr=slave, stdout=slave, stdin=slave, env=environment(TERM="xterm", **environ)
    ) as process:
        os.close(slave)
        shown = b""
        with contextlib.suppress(OSError):  # EIO: the program has ended
            while select.select([master], [], [], 30)[0] and (part := os.read(master, 65536)):
                shown += part
        assert process.wait(30) == 0
    os.close(master)
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("environ", "option", "colour"),
    [
        ({}, "", True),
        ({"NO_COLOR": "1"}, "", False),
        ({"NO_COLOR": "1"}, "color=True", False),
        ({"NO_COLOR": ""}, "", True),
        ({}, "color=False", False),
        ({"FORCE_COLOR": "1"}, "color=False", True),
    ],
)
def test_colour_on_a_terminal(environ: dict[str, str], option: str, colour: bool) -> None:
    """Colour on a terminal; `NO_COLOR` and `FORCE_COLOR` outrank the code; the text is the same."""
    shown = on_terminal(PROGRAM.replace("Console()", f"Console({option})"), **environ)
    assert ("\x1b[" in shown) is colour
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown).splitlines()
    assert [line[24:] for line in plain] == ["INFO web: one a=1", "ERROR web: two"]


@pytest.mark.parametrize(("environ", "option", "colour"), [({}, "", False), ({}, "color=True", True)])
def test_colour_in_a_pipe(environ: dict[str, str], option: str, colour: bool) -> None:
    """No colour in a pipe unless asked for."""
    assert ("\x1b[" in run_python(PROGRAM.replace("Console()", f"Console({option})"), **environ).stderr) is colour
    assert "\x1b[" in run_python(PROGRAM, FORCE_COLOR="1").stderr


def test_a_terminal_cannot_be_driven() -> None:
    """Escape sequences in messages and fields reach a terminal as text."""
    code = PROGRAM.replace('"one", a=1', r'"\x1b]0;title\x07\x1b[2J\x9b31m\r\u202e", a="\x1b[1m"')
    shown = on_terminal(code, NO_COLOR="1")
    assert not set(shown.encode()) & ({*range(32)} - {10})
    assert "\x9b" not in shown
    assert r"\x1b]0;title\x07\x1b[2J" in shown


def test_a_replaced_stream(capsys: pytest.CaptureFixture[str]) -> None:
    """capsys, `redirect_stderr` and any object in `sys.stderr` get the lines before the call returns."""
    with yarder.Pipeline(app="web", backends=[yarder.Console(), yarder.Console("stdout")]) as pipeline:
        log = pipeline.logger()
        log.info("captured")
        out, err = capsys.readouterr()
        assert out.endswith("captured\n")
        assert err.endswith("captured\n")
        text = io.StringIO()
        with contextlib.redirect_stderr(text), contextlib.redirect_stdout(io.StringIO()):
            log.info("redirected")
            threading.Thread(target=log.info, args=("thread",)).start()
            assert "redirected" in text.getvalue()
            assert pipeline.flush()
        log.info("back")
        assert capsys.readouterr().err.endswith("back\n")
    assert [line.split()[-1] for line in text.getvalue().splitlines()] == ["redirected", "thread"]


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError("broken")


class LogsItself(io.StringIO):
    log: Any = None

    def write(self, text: str) -> int:
        if self.log is not None:
            self.log.info("from the stream")
        return super().write(text)


@pytest.mark.parametrize("stream", [Broken(), None, object(), LogsItself()])
def test_a_replaced_stream_that_is_no_good(log_file: Path, monkeypatch: pytest.MonkeyPatch, stream: Any) -> None:
    """A stream that raises, is missing, is no stream, or logs itself hurts neither the caller nor the file."""
    with yarder.Pipeline(app="web", backends=[yarder.Console(), yarder.File(log_file)]) as pipeline:
        monkeypatch.setattr(sys, "stderr", stream)
        if isinstance(stream, LogsItself):
            stream.log = pipeline.logger()
        for n in range(5):
            pipeline.logger().info("n %d", n)
        monkeypatch.undo()
    records = read(log_file)
    account(records)
    messages = [record["message"] for record in records if record["message"] != "from the stream"]
    assert messages == [f"n {n}" for n in range(5)]
    assert len(records) < 50


def test_errors_are_out_before_the_call_returns() -> None:
    """Error and worse stand in a pipe before the call returns, without any flush."""
    code = """
import os, yarder
yarder.configure(app="web", backends=[yarder.Console()])
for n in range(50):
    yarder.get_logger().error("error %d", n)
    os.write(2, b"after\\n")
os._exit(0)
"""
    lines = run_python(code).stderr.splitlines()
    assert [line.split(": ")[-1] for line in lines] == [text for n in range(50) for text in (f"error {n}", "after")]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_into_a_file(tmp_path: Path, stream: str) -> None:
    """A redirected standard stream gets every line in order, beside what the program prints itself."""
    code = f"""
import sys, yarder
yarder.configure(app="web", backends=[yarder.Console("{stream}")])
sys.{stream}.write("printed\\n"); sys.{stream}.flush()
for n in range(1000):
    yarder.get_logger().info("n %d", n)
yarder.flush()
sys.{stream}.write("end\\n")
"""
    path = tmp_path / "out.txt"
    with path.open("w") as file:
        command = [sys.executable, "-c", code]
        subprocess.run(command, **{stream: file}, env=environment(), check=True, timeout=60)  # type: ignore[call-overload]
    lines = path.read_text().splitlines()
    assert [line.partition("web: ")[2] or line for line in lines] == [
        "printed",
        *(f"n {n}" for n in range(1000)),
        "end",
    ]


def test_a_blocked_pipe_costs_console_lines_only(log_file: Path) -> None:
    """A pipe that nobody reads: the file has every record, the lost console lines are counted and told once it is read."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 65536)
    with start(BLOCKED, log_file, stderr=writer) as program:
        os.close(writer)
        assert program.stdout is not None
        lost, slow = map(int, program.stdout.readline().split())
        shown: list[bytes] = []
        drain = threading.Thread(target=lambda: shown.extend(iter(lambda: os.read(reader, 65536), b"")))
        drain.start()
        program.communicate("go\n", timeout=60)
        drain.join(30)
    os.close(reader)
    assert program.returncode == 0
    records = read(log_file)
    account(records)
    assert lost == 0
    assert [int(record["message"].split()[0]) for record in records[:-1]] == list(range(20_000))
    lines = b"".join(shown).decode().splitlines()
    told = [int(line.rpartition("count=")[2]) for line in lines if "reason=local_slow" in line]
    numbers = [int(match[1]) for line in lines if (match := re.search(r"web: (\d+) x", line))]
    assert slow > 0
    assert sum(told) + len(numbers) >= 20_000
    assert len(numbers) == len(set(numbers))
    assert lines[-1].endswith("healed")
    assert not losses(records)


def test_a_stopped_terminal_costs_console_lines_only(log_file: Path) -> None:
    """A terminal that nobody reads any more: every call returns, the file has every record, the loss is counted."""
    code = """
import sys, yarder
yarder.configure(app="web", block_ms=20, backends=[yarder.Console(), yarder.File(sys.argv[1])])
for n in range(5000):
    yarder.get_logger().info("x" * 50, n=n)
yarder.flush(0.5)
print(yarder.stats().dropped.get("local_slow", 0), flush=True)
"""
    master, slave = pty.openpty()
    with start(code, log_file, stderr=slave) as program:
        os.close(slave)
        assert program.stdout is not None
        slow = int(program.stdout.readline())
        assert program.wait(30) == 0
    os.close(master)
    assert slow > 4000
    assert [record["fields"]["n"] for record in read(log_file)] == list(range(5000))


def test_a_pipe_whose_reader_is_gone(log_file: Path) -> None:
    """EPIPE and SIGPIPE are nobody's death: the file goes on."""
    code = """
import os, sys, yarder
reader, writer = os.pipe()
os.dup2(writer, 2)
yarder.configure(app="web", backends=[yarder.Console(), yarder.File(sys.argv[1])])
yarder.get_logger().error("one")
os.close(reader)
for n in range(100):
    yarder.get_logger().error("n %d", n)
"""
    run_python(code, str(log_file))
    assert len(read(log_file)) == 101
