"""Forks, threads and loggers that come and go."""

from __future__ import annotations

import gc
import logging
import os
import threading
import weakref
from pathlib import Path

from tests.bridges.conftest import Records
from tests.helpers import run_python
from tests.programs import account, read
from yarder.native import bridge_is_open


def test_threads_while_everything_changes(installed: Records) -> None:
    """Four threads log while filters, handlers, levels and loggers come and go: no record is lost or doubled."""
    logs = [logging.getLogger(f"t.{n}") for n in range(4)]
    done = threading.Event()

    def work(number: int) -> None:
        for n in range(2000):
            logs[number].info("x", extra={"who": number, "n": n})

    def change() -> None:
        turn = 0
        while not done.is_set():
            turn += 1
            log, handler = logs[turn % 4], logging.NullHandler(level=turn % 50)
            accept = logging.Filter()
            log.addHandler(handler)
            log.addFilter(accept)
            log.setLevel(logging.INFO)
            logging.getLogger(f"t.{turn % 4}.{turn}")
            log.removeFilter(accept)
            log.setLevel(logging.NOTSET)
            log.removeHandler(handler)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    changer = threading.Thread(target=change)
    for thread in (changer, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    changer.join()
    records = installed()
    account(records)
    for number in range(4):
        assert [r["fields"]["n"] for r in records if r["fields"].get("who") == number] == list(range(2000))


def test_loggers_are_let_go(installed: Records) -> None:
    """A logger outside the hierarchy is freed when its last user drops it, with handlers and filters; its address may serve again."""

    class Part(logging.NullHandler):
        pass

    for n in range(300):
        log = logging.Logger(f"free-{n}")
        log.parent = logging.getLogger()
        log.info("n", extra={"n": n})
        assert bridge_is_open(log)
        part = Part()
        log.addHandler(part)
        log.info("long way")
        gone = [weakref.ref(log), weakref.ref(part)]
        del log, part
        gc.collect(0)
        assert [ref() for ref in gone] == [None, None]
    records = [record for record in installed() if "n" in record["fields"]]
    assert [(r["facility"], r["fields"]["n"]) for r in records] == [(f"free-{n}", n) for n in range(300)]


def test_forks(installed: Records) -> None:
    """Children log by the same loggers on the short way, each record once."""
    log = logging.getLogger("x")
    log.info("parent")
    children = []
    for n in range(3):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                log.info("child %d", n)
                code = 0 if bridge_is_open(log) else 2
                logging.shutdown()
            finally:
                os._exit(code)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]
    records = installed()
    account(records)
    assert sorted(record["message"] for record in records) == ["child 0", "child 1", "child 2", "parent"]
    assert {record["pid"] for record in records} == {os.getpid(), *children}


def test_the_end_of_a_program(tmp_path: Path) -> None:
    """What is logged in `atexit`, in destructors at the end and by module teardown is written, and nothing crashes."""
    code = """
import atexit, logging, sys, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
yarder.install_logging()
log = logging.getLogger("x")
class Late:
    def __del__(self, info=log.info):
        info("destructor")
late = Late()
atexit.register(log.info, "atexit")
log.info("main")
"""
    assert run_python(code, str(tmp_path / "web.log")).stderr == ""
    messages = [record["message"] for record in read(tmp_path / "web.log")]
    assert messages == ["main", "atexit", "destructor"]
