"""Without `configure`: human lines of level info and worse on stderr; the environment decides otherwise; libraries are silent."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import run_python
from tests.programs import environment, read

PROGRAM = """
import yarder
log = yarder.get_logger("db")
log.debug("debug")
log.info("info %d", 1, a=2)
log.error("error")
"""
HUMAN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} ([A-Z]+) ([^:]+): (.*)")


def parts(text: str) -> list[tuple[str, ...]]:
    """Level, name and rest of each human line."""
    return [HUMAN.fullmatch(line).groups() for line in text.splitlines()]  # type: ignore[union-attr]


def test_import_does_nothing(tmp_path: Path) -> None:
    """Importing yarder and asking for loggers makes no file, no thread, no line."""
    code = """
import os, threading, yarder
log = yarder.get_logger("x"); bound = log.bind(a=1)
print(len(os.listdir("/proc/self/task")), os.listdir(os.environ["YARDER_YARD"]))
"""
    yard = tmp_path / "yard"
    yard.mkdir(mode=0o700)
    result = run_python(code, YARDER_YARD=str(yard))
    assert (result.stdout, result.stderr) == ("1 []\n", "")


def test_lines_on_stderr() -> None:
    """Info and worse, as human lines; nothing on stdout."""
    result = run_python(PROGRAM, YARDER_APP="shop")
    assert result.stdout == ""
    assert parts(result.stderr) == [("INFO", "shop/db", "info 1 a=2"), ("ERROR", "shop/db", "error")]


@pytest.mark.parametrize(
    ("environ", "messages"),
    [
        ({"YARDER_LEVEL": "debug"}, ["debug", "info 1", "error"]),
        ({"YARDER_LEVEL": "40"}, ["error"]),
        ({"YARDER_LEVELS": "db=error,web=debug"}, ["error"]),
        ({"YARDER_LEVEL": "error", "YARDER_LEVELS": "db=trace"}, ["debug", "info 1", "error"]),
        ({"YARDER_MODE": "sync"}, ["info 1", "error"]),
        ({"YARDER_LEVEL": "off"}, []),
    ],
)
def test_the_environment(environ: dict[str, str], messages: list[str]) -> None:
    """Level, levels and mode of a program that says nothing come from the environment."""
    result = run_python(PROGRAM, YARDER_FORMAT="json", YARDER_STREAM="stdout", **environ)
    assert result.stderr == ""
    assert [json.loads(line)["message"] for line in result.stdout.splitlines()] == messages


def test_the_environment_outranks_the_code(tmp_path: Path) -> None:
    """What the operator says counts more than keywords, unless the code refuses to listen."""
    code = """
import sys, yarder
yarder.configure(app="code", level="error", env=len(sys.argv) < 3, backends=[yarder.File(sys.argv[1])])
yarder.get_logger().debug("debug")
yarder.get_logger().error("error")
"""
    run_python(code, str(tmp_path / "1.log"), YARDER_LEVEL="debug", YARDER_APP="operator")
    run_python(code, str(tmp_path / "2.log"), "deaf", YARDER_LEVEL="debug", YARDER_APP="operator")
    assert [record["daemon"] for record in read(tmp_path / "1.log")] == ["operator", "operator"]
    assert [record["message"] for record in read(tmp_path / "1.log")] == ["debug", "error"]
    assert [(record["daemon"], record["message"]) for record in read(tmp_path / "2.log")] == [("code", "error")]


def test_wrong_values_cost_a_line() -> None:
    """A bad value in the environment is one line on stderr each and never an exception."""
    result = run_python(PROGRAM, YARDER_LEVEL="loud", YARDER_MODE="warp", YARDER_LEVELS="db", YARDER_CONFIG="/no/file")
    complaints = [line for line in result.stderr.splitlines() if line.startswith("yarder: ")]
    assert len(complaints) == 4
    assert [rest for _, _, rest in parts("\n".join(result.stderr.splitlines()[4:]))] == ["info 1 a=2", "error"]


def test_a_library_is_silent(log_file: Path) -> None:
    """`library=True` says and starts nothing until the application configures yarder; then its records are there."""
    code = """
import os, sys, yarder
log = yarder.get_logger("lib", library=True)
log.error("before"); log.bind(a=1).critical("before")
print(len(os.listdir("/proc/self/task")), flush=True)
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
log.info("after"); log.bind(a=1).info("bound")
"""
    result = run_python(code, str(log_file))
    assert (result.stdout, result.stderr) == ("1\n", "")
    assert [(record["message"], record["facility"]) for record in read(log_file)] == [
        ("after", "lib"),
        ("bound", "lib"),
    ]


def test_the_name_of_the_app(tmp_path: Path) -> None:
    """A script's name, a package's name with `-m`, `YARDER_APP` before both."""
    (tmp_path / "shop.py").write_text("import yarder; yarder.get_logger().warning('x')")
    package = tmp_path / "mill"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("import yarder; yarder.get_logger().warning('x')")

    def name(*arguments: str, **environ: str) -> str:
        command = [sys.executable, *arguments]
        env = environment(PYTHONPATH=os.pathsep.join(filter(None, sys.path)), **environ)
        result = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True, timeout=60)
        return parts(result.stderr)[0][1]

    assert name("shop.py") == "shop"
    assert name("-m", "mill") == "mill"
    assert name("mill") == "mill"
    assert name("shop.py", YARDER_APP="told") == "told"
    assert name("-c", "import yarder; yarder.get_logger().warning('x')").startswith("python-")


def test_no_stderr_at_all() -> None:
    """A process whose stderr is closed, or None, logs on and ends well."""
    code = """
import os, sys, yarder
os.close(2)
sys.stderr = None
for n in range(100):
    yarder.get_logger().error("x %d", n)
yarder.flush()
print("alive")
"""
    assert run_python(code).stdout == "alive\n"
