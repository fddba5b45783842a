"""The name of the app when nobody gave one."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.helpers import run_python
from yarder.config.name import app_name, path_part


def main(file: str | None = None, spec: str | None = None) -> Any:
    """A stand-in for `__main__`."""
    return SimpleNamespace(__file__=file, __spec__=SimpleNamespace(name=spec) if spec else None)


@pytest.mark.parametrize(
    ("module", "argv", "name"),
    [
        (main("/srv/shop.py"), ["/srv/shop.py"], "shop"),
        (main("/srv/shop"), ["shop"], "shop"),
        (main("/srv/pkg/__main__.py", "pkg.__main__"), ["/srv/pkg/__main__.py"], "pkg"),
        (main("/srv/pkg/tool.py", "pkg.tool"), ["/srv/pkg/tool.py"], "pkg.tool"),
        (main("/srv/folder/__main__.py", "__main__"), ["folder"], "folder"),
        (main("/bin/gunicorn"), ["/bin/gunicorn", "-w", "4", "shop.web:app"], "shop"),
        (main("/bin/gunicorn"), ["/bin/gunicorn", "shop.wsgi", "-b", "localhost:8000"], "shop"),
        (main("/bin/gunicorn"), ["gunicorn", "shop.web:make('x')", "--bind", "127.0.0.1:8000"], "shop"),
        (
            main("/x/uvicorn/__main__.py", "uvicorn.__main__"),
            ["/x/uvicorn/__main__.py", "api.main:app", "--reload"],
            "api",
        ),
        (main("/bin/celery"), ["celery", "-A", "shop.tasks", "worker"], "shop"),
        (main("/bin/celery"), ["celery", "--app=shop.tasks:celery", "worker"], "shop"),
        (main("/bin/gunicorn"), ["gunicorn"], "gunicorn"),
    ],
)
def test_from_the_program(module: Any, argv: list[str], name: str) -> None:
    """The package of `python -m`, the application of a server, else the file's stem."""
    assert app_name(module, argv) == name


@pytest.mark.parametrize("argv", [[""], ["-c"], []])
def test_a_session_without_a_file_shares_with_nobody(argv: list[str]) -> None:
    """In a REPL, a notebook or `python -c` the process number is part of the name."""
    assert app_name(main(), argv, pid=42) == "python-42"


def test_a_notebook_is_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under ipykernel the launcher's file name says nothing; a program that only loads it keeps its own."""
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    assert app_name(main("/srv/shop.py"), ["/srv/shop.py"]) == "shop"
    assert app_name(main("/x/ipykernel_launcher.py"), ["/x/ipykernel_launcher.py"], pid=42) == "python-42"


def test_in_a_real_process(tmp_path: Path) -> None:
    """A program run by path has its stem."""
    code = "import runpy, sys; sys.argv = [sys.argv[1]]; runpy.run_path(sys.argv[0], run_name='__main__')"
    program = tmp_path / "billing.py"
    program.write_text("from yarder.config.name import app_name\nprint(app_name())\n")
    assert run_python(code, str(program)).stdout.strip() == "billing"


@pytest.mark.parametrize(
    ("name", "part"), [("web", "web"), ("../etc", "_._etc"), ("a/b", "a_b"), (".x", "_x"), ("a\0b", "a_b"), ("", "_")]
)
def test_a_name_never_leaves_its_folder(name: str, part: str) -> None:
    """Whatever the app is called, as a part of a path it is one plain name."""
    assert path_part(name) == part
