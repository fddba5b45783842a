"""Children by fork, spawn, forkserver and subprocess: each with a ring of its own, one file, nothing lost, nobody hangs."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.helpers import run_python
from tests.programs import account, environment, read, start

FORKS = """
import os, sys, threading, time, yarder
yarder.configure(app="web", block_ms=None, backends=[yarder.File(sys.argv[1])])
log = yarder.get_logger()
sys.setswitchinterval(0.0002)
stop = threading.Event()
counts = [0] * 3
def work(who):
    while not stop.is_set():
        log.info("parent %s", [1], who=who, n=counts[who])
        counts[who] += 1
        if counts[who] % 10 == 0:
            time.sleep(0.0005)
threads = [threading.Thread(target=work, args=(who,)) for who in range(3)]
for thread in threads: thread.start()
for child in range(200):
    pid = os.fork()
    if pid == 0:
        for n in range(5):
            log.info("child", who=1000 + child, n=n)
        if child % 4 == 0:
            yarder.flush(5.0)
        os._exit(0)
    # A child that hangs would be waited for until the test's own time is over.
    assert os.waitpid(pid, 0)[1] == 0
stop.set()
for thread in threads: thread.join()
print(*counts)
"""


def by_who(path: Path) -> dict[int, list[int]]:
    """The numbers of each logger, in the order of the file."""
    records = read(path)
    account(records)
    found: dict[int, list[int]] = defaultdict(list)
    for record in records:
        found[record["fields"]["who"]].append(record["fields"]["n"])
    return found


def test_two_hundred_forks(log_file: Path) -> None:
    """A process whose other threads log all the time forks 200 times; each child logs at once and none hangs."""
    counts = [int(word) for word in run_python(FORKS, str(log_file)).stdout.split()]
    found = by_who(log_file)
    for child in range(200):
        assert found.pop(1000 + child) == list(range(5))
    assert found == {who: list(range(count)) for who, count in enumerate(counts)}


EVERYTHING = """
import os, sys, threading, time, yarder
yarder.configure(app="web", block_ms=None, backends=[
    yarder.File(sys.argv[1]), yarder.Console("stdout"), yarder.Call(lambda record: handled.append(1))])
handled = []
log = yarder.get_logger()
sys.setswitchinterval(0.0002)
stop = threading.Event()
def work(who):
    n = 0
    while not stop.is_set():
        log.error("parent %s", [1], who=who, n=n)
        with yarder.context(n=n):
            log.info("parent", who=who, exc_info=ValueError(n))
        n += 1
        time.sleep(0.001)
def change():
    while not stop.is_set():
        yarder.set_level("debug", facility="x"); yarder.clear_level("x"); yarder.stats(); yarder.flush(0.01)
        time.sleep(0.001)
threads = [threading.Thread(target=work, args=(0,)), threading.Thread(target=work, args=(1,)), threading.Thread(target=change)]
for thread in threads: thread.start()
for child in range(100):
    pid = os.fork()
    if pid == 0:
        log.error("child", who=1000 + child, n=0)
        if child % 3 == 0:
            yarder.set_level("debug", facility="y"); yarder.stats()
        if child % 3 == 1:
            yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
            log.error("child", who=1000 + child, n=1)
        if child % 5 == 0:
            assert yarder.shutdown(5.0)
            log.error("late")
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
stop.set()
for thread in threads: thread.join()
"""


def test_forks_while_everything_is_busy(log_file: Path) -> None:
    """Forks while threads use the console, handlers, levels and statistics: a child finds no lock that nobody holds."""
    result = run_python(EVERYTHING, str(log_file))
    records = read(log_file)
    account(records)
    found = {record["fields"]["who"] for record in records}
    assert found == {0, 1, *range(1000, 1100)}
    shown = [line for line in result.stdout.splitlines() if " child " in line]
    assert len(shown) >= 100
    assert sum("late" in line for line in result.stderr.splitlines()) == 20


def test_a_child_has_its_own_identity(log_file: Path) -> None:
    """Pid, thread and producer of a child are its own; bound fields, context and levels are inherited."""
    code = """
import os, sys, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
log = yarder.get_logger().bind(bound=1)
yarder.set_level("debug")
log.info("parent", who=0, n=0)
with yarder.context(context=2):
    pid = os.fork()
    log.debug("after", who=1 if pid == 0 else 0, n=1, pid=os.getpid())
if pid == 0:
    inner = os.fork()
    log.info("grandchild" if inner == 0 else "child", who=2 if inner == 0 else 1, n=2, pid=os.getpid())
    if inner: os.waitpid(inner, 0)
    os._exit(0)
os.waitpid(pid, 0)
"""
    run_python(code, str(log_file))
    records = read(log_file)
    account(records)
    for record in records:
        assert record["fields"].get("pid", record["pid"]) == record["pid"] == record["tid"]
        assert record["fields"]["bound"] == 1
    assert len({record["pid"] for record in records}) == 3
    assert {record["fields"].get("context") for record in records if record["message"] == "after"} == {2}


MULTI = """
import multiprocessing, os, sys, yarder
def work(who, path):
    # A forked child has its parent's configuration; the others configure as the parent did.
    if sys.argv[2] != "fork":
        yarder.configure(app="web", block_ms=None, backends=[yarder.File(path)])
    log = yarder.get_logger()
    for n in range(200):
        log.info("x", who=who, n=n)
if __name__ == "__main__":
    yarder.configure(app="web", block_ms=None, backends=[yarder.File(sys.argv[1])])
    yarder.get_logger().info("parent", who=-1, n=0)
    context = multiprocessing.get_context(sys.argv[2])
    if sys.argv[3] == "process":
        children = [context.Process(target=work, args=(who, sys.argv[1])) for who in range(6)]
        for child in children: child.start()
        for child in children: child.join()
        assert [child.exitcode for child in children] == [0] * 6
    else:
        with context.Pool(3) as pool:
            pool.starmap(work, [(who, sys.argv[1]) for who in range(6)])
    yarder.get_logger().info("parent", who=-1, n=1)
"""


@pytest.mark.parametrize("kind", ["process", "pool"])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(tmp_path: Path, method: str, kind: str) -> None:
    """Children that end without flush, and pool workers that are terminated, lose nothing."""
    program, log_file = tmp_path / "program.py", tmp_path / "web.log"
    program.write_text(MULTI)
    command = [sys.executable, program, log_file, method, kind]
    result = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=100, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert by_who(log_file) == {-1: [0, 1], **{who: list(range(200)) for who in range(6)}}


def test_many_processes_one_file(tmp_path: Path) -> None:
    """Six programs of one app log at once to one file: whole lines, each in its order, exactly one writer at a time."""
    code = """
import sys, yarder
yarder.configure(app="web", block_ms=None, backends=[yarder.File(sys.argv[1])])
log = yarder.get_logger()
print(flush=True)
sys.stdin.readline()
for n in range(5000):
    log.info("x" * (n % 100), who=int(sys.argv[2]), n=n)
"""
    path = tmp_path / "web.log"
    programs = [start(code, path, who) for who in range(6)]
    for program in programs:
        assert program.stdout is not None
        program.stdout.readline()
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    for program in programs:
        assert program.communicate(timeout=100)[1] == ""
        assert program.returncode == 0
    assert by_who(path) == {who: list(range(5000)) for who in range(6)}


def test_a_child_of_a_child_that_never_logged(log_file: Path) -> None:
    """A fork before the first record, a fork inside a thread, and a bare clone by subprocess disturb nothing."""
    code = """
import os, subprocess, sys, threading, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
log = yarder.get_logger()
pid = os.fork()
if pid == 0:
    log.info("first", who=1, n=0)
    sys.exit(0)
os.waitpid(pid, 0)
subprocess.run(["/bin/true"], check=True)
subprocess.run(["/bin/true"], check=True, preexec_fn=lambda: log.info("preexec", who=2, n=0))
def in_thread():
    pid = os.fork()
    if pid == 0:
        log.info("thread", who=3, n=0)
        os._exit(0)
    os.waitpid(pid, 0)
thread = threading.Thread(target=in_thread)
thread.start()
thread.join()
log.info("parent", who=0, n=0)
"""
    run_python(code, str(log_file))
    assert by_who(log_file) == {who: [0] for who in range(4)}


def test_dropped_privileges(tmp_path: Path) -> None:
    """A root process forks a child that becomes nobody before it logs: its records are written."""
    tmp_path.chmod(0o755)
    code = """
import os, sys, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
log = yarder.get_logger()
log.info("root", who=0, n=0)
pid = os.fork()
if pid == 0:
    os.setgid(65534); os.setuid(65534)
    log.info("nobody", who=1, n=0)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
"""
    run_python(code, str(tmp_path / "web.log"))
    assert by_who(tmp_path / "web.log") == {0: [0], 1: [0]}
