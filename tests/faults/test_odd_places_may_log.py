"""Signal handlers, `__del__`, atexit, at-fork handlers, weak references, tracing: no deadlock, no crash, nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import run_python
from tests.programs import account, losses, read, told

HEAD = """
import atexit, gc, itertools, os, signal, sys, threading, time, weakref, yarder
yarder.configure(app="web", ring_slots=%d, block_ms=%s, backends=[yarder.File(sys.argv[1])])
log = yarder.get_logger()
"""


def run(path: Path, code: str, slots: int = 8192, block_ms: str = "None") -> list[str]:
    """The messages of a program, in the order of the file; everything is accounted for."""
    run_python(HEAD % (slots, block_ms) + code, str(path))
    records = read(path)
    account(records)
    return [record["message"] for record in told(records)]


@pytest.mark.parametrize("slots", [256, 8192])
def test_signal_handlers(log_file: Path, slots: int) -> None:
    """A handler that logs, thousands of times a second, while the main thread and another log, also into a full ring."""
    code = """
numbers = itertools.count()
def handler(number, frame):
    log.warning("signal %d", next(numbers))
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
class Slow:
    def __str__(self):
        return "".join(str(n) for n in range(50))
thread = threading.Thread(target=lambda: [log.info("thread %d %s", n, Slow()) for n in range(5000)])
thread.start()
for n in range(20000):
    log.info("main %d %s", n, Slow() if n % 7 == 0 else 1)
thread.join()
signal.setitimer(signal.ITIMER_REAL, 0)
yarder.flush(10.0)
log.info("calls %d", next(numbers))
"""
    messages = run(log_file, code, slots)
    assert messages[-1].startswith("calls ")
    calls = int(messages[-1].split()[1])
    assert calls > 10
    for kind, count in (("main", 20_000), ("thread", 5000), ("signal", calls)):
        found = [int(text.split()[1]) for text in messages if text.startswith(kind)]
        assert (sorted(found) if kind == "signal" else found) == list(range(count))  # a handler may interrupt itself


def test_del_and_weak_references(log_file: Path) -> None:
    """Collections that run inside a log call and log themselves."""
    code = """
gc.set_threshold(5, 2, 2)
class Cycle:
    def __init__(self, n):
        self.me, self.n = self, n
    def __del__(self):
        log.info("del %d %s", self.n, {"deep": [self.n]})
class Target: pass
refs = []
for n in range(3000):
    Cycle(n)
    target = Target()
    refs.append(weakref.ref(target, lambda ref, n=n: log.info("weak %d", n)))
    del target
    log.info("main %d", n, value={"list": [object() for _ in range(20)]})
gc.collect()
"""
    messages = run(log_file, code)
    for kind in ("main", "weak", "del"):
        assert sorted(int(text.split()[1]) for text in messages if text.startswith(kind)) == list(range(3000))


def test_at_exit(log_file: Path) -> None:
    """Functions registered before and after `configure`, objects that die with their module, `threading._register_atexit`."""
    code = """
import atexit, sys
atexit.register(lambda: yarder.get_logger().info("registered first"))
import yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
log = yarder.get_logger()
atexit.register(lambda: log.info("registered last"))
class Dies:
    def __del__(self, log=log):
        log.info("module object dies")
dies = Dies()
builtins_dies = Dies()
import builtins; builtins.kept = builtins_dies
log.info("end of program")
"""
    run_python(code, str(log_file))
    messages = [record["message"] for record in read(log_file)]
    assert messages[:3] == ["end of program", "registered last", "registered first"]
    assert "module object dies" in messages


def test_at_fork_handlers(log_file: Path) -> None:
    """Handlers before and after a fork log, in parent and child."""
    code = """
os.register_at_fork(before=lambda: log.info("before"), after_in_parent=lambda: log.info("parent"),
                    after_in_child=lambda: log.info("child"))
for n in range(20):
    pid = os.fork()
    if pid == 0:
        log.info("in child %d", n)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
"""
    messages = run(log_file, code)
    assert {kind: messages.count(kind) for kind in ("before", "parent", "child")} == {
        "before": 20,
        "parent": 20,
        "child": 20,
    }
    assert sorted(text for text in messages if text.startswith("in child")) == sorted(
        f"in child {n}" for n in range(20)
    )


def test_tracing_and_audit_hooks(log_file: Path) -> None:
    """A profile function, a trace function and an audit hook that log everything they see."""
    code = """
depth = 0
def hook(*args):
    global depth
    if depth == 0:
        depth += 1
        log.info("hook")
        depth -= 1
sys.addaudithook(hook)
sys.setprofile(hook)
sys.settrace(hook)
for n in range(200):
    log.info("main %s %d", [n], n, value={"n": n})
sys.settrace(None)
sys.setprofile(None)
"""
    messages = run(log_file, code)
    assert [text for text in messages if text.startswith("main")] == [f"main [{n}] {n}" for n in range(200)]
    assert "hook" in messages


def test_a_memory_error_inside_a_call(log_file: Path) -> None:
    """When memory runs out inside a call the record is counted or cut; nothing raises, the next one is there."""
    code = """
import resource
log.info("before")
yarder.flush()
class Greedy:
    def __str__(self):
        return "x" * (1 << 40)
log.info("greedy %s", Greedy())
log.info("greedy", value=Greedy())
log.info("after")
"""
    messages = run(log_file, code)
    assert (messages[0], messages[-1]) == ("before", "after")
    assert len(messages) + sum(losses(read(log_file)).values()) == 4


def test_recursion_limit(log_file: Path) -> None:
    """A call at the very edge of the stack is written, or counted; never an exception of ours."""
    code = """
def down(n):
    log.info("depth %d", n, value={"n": [n]})
    down(n + 1)
try:
    down(0)
except RecursionError:
    log.exception("edge")
"""
    messages = run(log_file, code)
    depths = [int(text.split()[1]) for text in messages if text.startswith("depth")]
    assert depths == list(range(len(depths)))
    assert messages[-1] == "edge"


def test_asynchronous_exceptions(log_file: Path) -> None:
    """An exception that another thread or a signal throws into a thread that logs leaves the logger whole."""
    code = """
import ctypes
sys.setswitchinterval(0.0002)
stop = False
def work():
    while not stop:
        try:
            log.info("worker %s", [1, 2])
            time.sleep(0)
        except ZeroDivisionError:
            pass
def guarded():
    while not stop:
        try:
            work()
        except ZeroDivisionError:
            pass
thread = threading.Thread(target=guarded, daemon=True)
thread.start()
for n in range(300):
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(ZeroDivisionError))
    log.info("main %d", n)
    time.sleep(0.0005)
stop = True
log.info("main %d", 300)
"""
    messages = run(log_file, code)
    assert [int(text.split()[1]) for text in messages if text.startswith("main")] == list(range(301))
