"""However a process ends, what it logged is in the file: then, or at the next start of the app."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.helpers import run_python
from tests.programs import account, held_writer, poll, read, start, told, yard_of

HEAD = """
import atexit, os, signal, sys, threading, time, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
log = yarder.get_logger()
for n in range(5000):
    log.info("x", n=n)
"""
NEXT = """
import sys, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
yarder.get_logger().info("next")
"""


def numbers(path: Path) -> list[int]:
    """The numbers of the main thread's records."""
    records = read(path)
    account(records)
    return [record["fields"]["n"] for record in told(records) if "n" in record["fields"]]


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("", 0),
        ("yarder.shutdown()", 0),
        ("sys.exit(3)", 3),
        ("raise SystemExit('text')", 1),
        ("raise ValueError('top level')", 1),
        ("threading.Thread(target=sys.exit, args=(1,)).start()", 0),
        ("threading.Thread(target=lambda: 1 / 0).start()", 0),
        ("raise KeyboardInterrupt", -2),
        ("atexit.register(lambda: 1 / 0)", 0),
        ("atexit.register(lambda: os._exit(7))", 7),
        ("sys.stdout.close(); sys.stderr.close()", 0),
        ("os.close(0); os.close(1); os.close(2)", None),
        ("os.chdir('/'); sys.modules.clear()", None),
        ("import ctypes; ctypes.CDLL(None).exit(5)", 5),
        ("threading.Thread(target=lambda: (time.sleep(0.05), log.info('x', n=5000))).start()", 0),
    ],
)
def test_at_the_end_of_the_program(log_file: Path, end: str, code: int | None) -> None:
    """Everything stands in the file when the process is gone, and its exit code is its own."""
    result = run_python(HEAD + end, str(log_file), check=False)
    if code is not None:
        assert result.returncode == code, result.stderr
    if "os._exit" in end:  # whose own exit hooks run is up to the order of registration
        run_python(NEXT, str(log_file))
    count = 5001 if "n=5000" in end else 5000
    assert numbers(log_file) == list(range(count))


@pytest.mark.parametrize(
    "end",
    [
        "os._exit(0)",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os.kill(os.getpid(), signal.SIGTERM)",
        "os.abort()",
        "import ctypes; ctypes.string_at(0)",
        "signal.setitimer(signal.ITIMER_REAL, 0.001); time.sleep(10)",
        "os.execv('/bin/true', ['true'])",
    ],
)
def test_without_an_end(log_file: Path, end: str) -> None:
    """The process is gone without any exit function; the next start writes what its ring held, before its own first."""
    run_python(HEAD + end, str(log_file), check=False)
    run_python(NEXT, str(log_file))
    assert numbers(log_file) == list(range(5000))
    assert sum(record["message"] == "next" for record in read(log_file)) == 1


@pytest.mark.parametrize("end", ["", "sys.exit(0)", "raise ValueError"])
def test_daemon_threads_at_the_end(log_file: Path, end: str) -> None:
    """Daemon threads that log while the interpreter goes away: no crash, no hang, and what they were told is kept is kept."""
    code = (
        """
import sys, threading, yarder
yarder.configure(app="web", block_ms=None, backends=[yarder.File(sys.argv[1])])
log = yarder.get_logger()
def work(who):
    n = 0
    while True:
        log.info("thread %s", [n], who=who, n=n)
        n += 1
for who in range(4):
    threading.Thread(target=work, args=(who,), daemon=True).start()
for n in range(2000):
    log.info("x", who=-1, n=n)
"""
        + end
    )
    for _ in range(3):
        log_file.unlink(missing_ok=True)
        result = run_python(code, str(log_file), check=False)
        assert result.returncode == int(end.startswith("raise")), result.stderr
        run_python(NEXT, str(log_file))
        records = read(log_file)
        account(records)
        for who in range(-1, 4):
            found = [record["fields"]["n"] for record in records if record["fields"].get("who") == who]
            assert found == list(range(len(found)))
            assert who >= 0 or len(found) == 2000


def test_the_last_line_of_a_short_program(log_file: Path) -> None:
    """A program that logs one line and ends, two hundred milliseconds of life, has it in the file."""
    run_python("import sys, yarder; yarder.configure(app='web', backends=[yarder.File(sys.argv[1])])", str(log_file))
    assert not log_file.exists()
    run_python(NEXT, str(log_file))
    assert [record["message"] for record in read(log_file)] == ["next"]


def test_a_writer_that_stands_does_not_hold_up_the_end(log_file: Path) -> None:
    """A process ends though the app's writer is stopped; its records are written when somebody writes again."""
    with held_writer():
        result = run_python(HEAD, str(log_file))
        assert result.returncode == 0
        assert not log_file.exists()
    run_python(NEXT, str(log_file))
    assert numbers(log_file) == list(range(5000))


def test_ctrl_c_ends_a_wait(log_file: Path) -> None:
    """A call that waits without limit for a writer that never comes is ended by Ctrl-C as any other."""
    code = """
import sys, yarder
yarder.configure(app="web", ring_slots=256, block_ms=None, backends=[yarder.File(sys.argv[1])])
for n in range(300):
    if n == 200:
        print("soon", flush=True)
    yarder.get_logger().info("x", n=n)
"""
    with held_writer(), start(code, log_file) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "soon\n"
        rings = poll(lambda: list(yard_of().glob("*.ring")), "the ring")

        def waits() -> bool:
            # docs/specs/ring.md: `waiting`, threads asleep for room, at 832.
            return bool(rings[0].read_bytes()[832])

        poll(waits, "the call to wait")
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=30)
        assert child.returncode == -signal.SIGINT
        assert said.splitlines()[-1] == "KeyboardInterrupt"
    run_python(NEXT, str(log_file))
    found = numbers(log_file)
    assert found == list(range(len(found)))
    assert len(found) > 200


def test_no_ring_is_left(log_file: Path) -> None:
    """After an ordinary end the yard holds no ring; after a kill it does, until the next start."""
    import os

    yard = Path(os.environ["YARDER_YARD"])
    run_python(HEAD, str(log_file))
    assert list(yard.rglob("*.ring")) == []
    run_python(HEAD + "os._exit(0)", str(log_file))
    assert len(list(yard.rglob("*.ring"))) == 1
    run_python(NEXT, str(log_file))
    assert list(yard.rglob("*.ring")) == []


def test_handlers_get_the_last_records() -> None:
    """Handlers and the console see everything before the process ends, without flush."""
    code = """
import sys, yarder
yarder.configure(app="web", backends=[yarder.Console(), yarder.Call(lambda record: print(record.fields["n"]))])
for n in range(3000):
    yarder.get_logger().info("console", n=n)
"""
    result = run_python(code)
    assert [int(line.rpartition("n=")[2]) for line in result.stderr.splitlines()] == list(range(3000))
    assert [int(line) for line in result.stdout.splitlines()] == list(range(3000))


SUB = """
import sys, yarder
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
log = yarder.get_logger()
run = getattr(interpreters, "run_string")
inside = '''
import yarder
log = yarder.get_logger("sub")
for n in range(20):
    log.warning("inside %d", n, a=[1])
yarder.flush(); yarder.stats(); yarder.shutdown()
'''
for n in range(5):
    log.info("x", n=n)
    inner = interpreters.create()
    error = run(inner, inside)
    assert error is None, error
    interpreters.destroy(inner)
"""


def test_subinterpreters(log_file: Path) -> None:
    """They log to stderr, one after another, and the main interpreter's file has all of its own."""
    result = run_python(SUB, str(log_file))
    assert result.stderr.count("inside") == 100
    assert numbers(log_file) == list(range(5))
