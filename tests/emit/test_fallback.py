"""In a subinterpreter, where the native module cannot be loaded, every name works and records go to stderr."""

from __future__ import annotations

from tests.helpers import run_python

REFUSED = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name == "yarder._core":
            raise ImportError("module yarder._core does not support loading in subinterpreters")
sys.meta_path.insert(0, Refuse())
"""


def test_records_go_to_stderr_and_are_counted() -> None:
    """Logging, context, bind, exceptions and levels work; control characters are escaped."""
    code = (
        REFUSED
        + """
import yarder
log = yarder.get_logger("db")
with yarder.context(trace="t-9"):
    log.bind(user=7).info("took %d ms\\n%s", 3, "\\x1b[31m", ok=True)
log.debug("not seen")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
log.warning("%d", "mismatch")
yarder.set_level("debug", "db")
assert log.is_enabled("debug") and not yarder.get_logger("web").is_enabled("debug")
stats = yarder.stats()
assert (stats.accepted, stats.lost) == (2, 1), stats
assert yarder.flush() and yarder.shutdown()
"""
    )
    lines = run_python(code, YARDER_APP="web").stderr.splitlines()
    assert lines[0].endswith(" INFO web/db: took 3 ms\\n\\x1b[31m trace=t-9 user=7 ok=True")
    assert lines[1].endswith(" ERROR web/db: failed")
    assert lines[2] == "  Traceback (most recent call last):"
    assert lines[-1] == "  ZeroDivisionError: division by zero"


def test_files_are_said_not_to_be_served() -> None:
    """`configure` with a file works, and says once that records go to stderr."""
    code = (
        REFUSED
        + """
import yarder
with yarder.configure(app="web", backends=[yarder.File("never.log")]) as pipeline:
    assert pipeline.write("error", "still said", a=1)
"""
    )
    result = run_python(code)
    assert result.stderr.count("a subinterpreter has no ring") == 1
    assert result.stderr.rstrip().endswith("ERROR web: still said a=1")


def test_another_import_error_is_not_hidden() -> None:
    """A native module that is missing or broken is an error, not a reason to go on."""
    code = (
        REFUSED.replace("does not support loading in subinterpreters", "is broken")
        + "import yarder\nyarder.get_logger()"
    )
    result = run_python(code, check=False)
    assert result.returncode == 1
    assert "is broken" in result.stderr
