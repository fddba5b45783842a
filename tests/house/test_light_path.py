"""A program that only logs pays for nothing else: what `import yarder` and the first call may load."""

from __future__ import annotations

import json

import pytest

from tests.helpers import run_python

HEAVY = (
    "logging", "dataclasses", "typing", "uuid", "datetime", "asyncio", "inspect", "enum", "json", "re", "tomllib",
    "contextlib", "functools", "collections", "threading", "pathlib", "traceback", "importlib.metadata",
)  # fmt: skip

BARE = "import sys; before = set(sys.modules); "
SHOW = "; import sys as s; loaded = sorted(set(s.modules) - before); import json; print(json.dumps(loaded))"

PROGRAMS = {
    "import": "import yarder",
    "get_logger": "import yarder; yarder.get_logger('x')",
    "library": "import yarder; yarder.get_logger('x', library=True).info('hi %d', 1, a=2)",
    "first call": "import yarder; yarder.get_logger('x').info('hi')",
    "configure": "import yarder; yarder.configure(app='x', level='debug', levels={'db': 'warn'}, block_ms=5,"
    " backends=[yarder.File('/dev/null'), yarder.Console()]); yarder.get_logger('x').bind(a=1).error('hi', b=2.5)",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_nothing_heavy_is_loaded(program: str) -> None:
    """None of the modules that cost milliseconds is in sys.modules afterwards."""
    loaded = json.loads(run_python(BARE + program + SHOW).stdout.splitlines()[-1])
    assert "yarder" in loaded
    assert sorted(set(loaded) & set(HEAVY)) == []


def test_import_is_one_file() -> None:
    """`import yarder` alone loads no other module of the package, and not the native one."""
    loaded = json.loads(run_python(BARE + "import yarder" + SHOW).stdout)
    assert [name for name in loaded if name.startswith("yarder")] == ["yarder"]


def test_a_library_logger_says_and_starts_nothing() -> None:
    """An unconfigured program with a library that logs has no output and no thread."""
    code = PROGRAMS["library"] + "; import os; print(len(os.listdir('/proc/self/task')), yarder.stats().mode)"
    result = run_python(code)
    assert result.stdout == "1 off\n"
    assert result.stderr == ""
