"""`excepthooks=True`: exceptions that nobody caught are records, and whoever handled them before still does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.helpers import run_python
from tests.programs import read

START = "import sys, yarder; yarder.configure(app='web', backends=[yarder.File(sys.argv[1])]);"
INSTALL = "yarder.install_logging(excepthooks=True)\n"


def run(tmp_path: Path, code: str, *, fails: bool = False) -> tuple[list[dict[str, Any]], str]:
    """Runs a program with the hooks installed; its records and what it said on stderr."""
    path = tmp_path / "web.log"
    result = run_python(START + INSTALL + code, str(path), check=not fails)
    assert (result.returncode != 0) == fails
    return read(path), result.stderr


def test_the_main_program(tmp_path: Path) -> None:
    """An exception that ends the program is a critical record with its call site, and CPython prints it as ever."""
    (record,), shown = run(tmp_path, "def f():\n  raise ValueError('v')\nf()", fails=True)
    assert (record["level"], record["message"], record["caller"]) == (2, "uncaught exception", "<string>:3 in f")
    assert record["fields"]["exception.type"] == "ValueError"
    assert shown.endswith("ValueError: v\n")


def test_an_interrupt_is_no_error(tmp_path: Path) -> None:
    """Ctrl-C ends a program without a record."""
    records, shown = run(tmp_path, "raise KeyboardInterrupt", fails=True)
    assert records == []
    assert "KeyboardInterrupt" in shown


def test_threads(tmp_path: Path) -> None:
    """An exception of a thread is an error record that names the thread; SystemExit is none."""
    code = """
import threading
for name, error in (("worker-1", ValueError("v")), ("worker-2", SystemExit(1))):
    def work(error=error):
        raise error
    thread = threading.Thread(target=work, name=name)
    thread.start()
    thread.join()
"""
    (record,), shown = run(tmp_path, code)
    assert (record["level"], record["message"]) == (3, "uncaught exception in thread worker-1")
    assert record["fields"]["exception.message"] == "v"
    assert "Exception in thread worker-1" in shown


def test_destructors(tmp_path: Path) -> None:
    """What a destructor raises is an error record that says whose it was."""
    (record,), shown = run(tmp_path, "class A:\n  def __del__(self): raise ValueError('v')\nA()")
    assert record["message"].startswith("Exception ignored in: <function A.__del__")
    assert record["fields"]["exception.type"] == "ValueError"
    assert "Exception ignored in" in shown


def test_asyncio(tmp_path: Path) -> None:
    """Asyncio's own handler and a program's own each give one record, and the program's own is still called."""
    code = """
import asyncio
def fail():
    raise ValueError("v")
async def main(handler):
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(handler)
    loop.call_soon(fail)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
asyncio.run(main(None))
asyncio.run(main(lambda loop, context: print(context["message"], file=sys.stderr)))
"""
    records, shown = run(tmp_path, code)
    assert [record["fields"]["exception.message"] for record in records] == ["v", "v"]
    assert all("Exception in callback fail()" in record["message"] for record in records)
    assert shown.count("Exception in callback fail()") == 1


def test_hooks_are_given_back(tmp_path: Path) -> None:
    """After uninstalling all four are the former ones, except one that somebody else put there since."""
    code = """
import asyncio, threading
mine = lambda *_: None
threading.excepthook = mine
yarder.uninstall_logging()
assert sys.excepthook is sys.__excepthook__
assert sys.unraisablehook is sys.__unraisablehook__
assert threading.excepthook is mine
assert asyncio.BaseEventLoop.call_exception_handler.__module__ == "asyncio.base_events"
"""
    assert run(tmp_path, code) == ([], "")
