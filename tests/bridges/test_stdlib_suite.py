"""CPython's own tests of `logging`, with the bridge installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bridges import stdlib_suite
from tests.helpers import ROOT, run_python

MUST_FAIL = {
    "LastResortTest.test_last_resort": "takes its handler off the root and waits for the last resort; ours is there",
}
"""Every test that fails, and why it must."""


@pytest.mark.slow
def test_cpythons_own_suite(tmp_path: Path) -> None:
    """Every test of the running interpreter's test_logging passes with the bridge installed, but for those in the list."""
    code = f"import runpy, sys; sys.path.insert(0, {str(ROOT)!r}); runpy.run_path({stdlib_suite.__file__!r}, run_name='__main__')"
    result = json.loads(run_python(code, str(tmp_path / "suite.log")).stdout.splitlines()[-1])
    assert result["run"] > 200
    assert sorted(result["failed"]) == sorted(MUST_FAIL)
    assert (tmp_path / "suite.log").stat().st_size > 0
