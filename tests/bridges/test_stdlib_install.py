"""`install_logging` and `uninstall_logging`: what they change, twice, and back exactly."""

from __future__ import annotations

import io
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import yarder
from tests.bridges.conftest import Records
from tests.helpers import run_python
from tests.programs import read
from yarder.native import bridge_is_open


def state() -> dict[str, Any]:
    """Everything of `logging` that the bridge could have touched."""
    root = logging.getLogger()
    kinds = (logging.Logger, logging.RootLogger, logging.Manager, logging.Handler)
    return {
        "classes": [dict(vars(kind)) for kind in kinds],
        "module": {name: value for name, value in vars(logging).items() if not name.startswith("__")},
        "root": (list(root.handlers), root.level, type(root.level), root.filters),
        "hooks": (sys.excepthook, sys.unraisablehook, warnings.showwarning),
    }


def test_uninstall_restores_exactly(written: Records, bare_root: logging.Logger) -> None:
    """Classes, root, level, handlers in their order, warnings and hooks are what they were."""
    first, last = logging.StreamHandler(sys.stderr), logging.StreamHandler(sys.stdout)
    others = [logging.StreamHandler(io.StringIO()), logging.NullHandler()]
    bare_root.handlers[:] = [first, others[0], last, others[1]]
    before = state()
    yarder.install_logging(excepthooks=True)
    logging.getLogger("x").info("x")
    yarder.uninstall_logging()
    assert state() == before
    yarder.uninstall_logging()
    assert state() == before
    logging.getLogger("x").error("not ours any more")
    assert [record["message"] for record in written()] == ["x"]


def test_replace(written: Records, bare_root: logging.Logger) -> None:
    """The standard library's own StreamHandlers on stdout and stderr leave the root; other streams and classes stay."""

    class Mine(logging.StreamHandler[Any]):
        pass

    text = io.StringIO()
    stay = [Mine(sys.stderr), logging.StreamHandler(text)]
    bare_root.handlers[:] = [logging.StreamHandler(sys.stderr), *stay, logging.StreamHandler(sys.__stdout__)]
    yarder.install_logging()
    assert bare_root.handlers[:2] == stay
    assert [type(handler) for handler in bare_root.handlers[2:]] == [yarder.Handler]
    logging.getLogger("x").info("to both")
    assert text.getvalue() == "to both\n"
    assert [record["message"] for record in written()] == ["to both"]


def test_nothing_is_replaced(written: Records, bare_root: logging.Logger) -> None:
    """`replace=False` leaves every handler where it is, and all get the record."""
    there = logging.StreamHandler(sys.stderr)
    bare_root.addHandler(there)
    yarder.install_logging(replace=False)
    assert bare_root.handlers[0] is there
    assert len(bare_root.handlers) == 2


def test_twice(installed: Records, bare_root: logging.Logger) -> None:
    """A second call adds nothing that is there, does what is new, and puts a lost handler back; one uninstall is enough."""
    yarder.install_logging()
    logging.getLogger("x").info("once")
    bare_root.handlers.clear()
    yarder.install_logging(level="debug")
    yarder.set_level("debug")
    logging.getLogger("x").debug("once more")
    assert len(bare_root.handlers) == 1
    yarder.uninstall_logging()
    assert (bare_root.handlers, bare_root.level) == ([], logging.WARNING)
    yarder.install_logging()
    logging.getLogger("x").info("and again")
    assert [record["message"] for record in installed()] == ["once", "once more", "and again"]


def test_a_handler_that_is_there_is_used(written: Records, bare_root: logging.Logger) -> None:
    """With a yarder.Handler on the root no second one is added, and calls go straight to it."""
    own = yarder.Handler()
    bare_root.addHandler(own)
    yarder.install_logging()
    log = logging.getLogger("x")
    log.info("once")
    assert bare_root.handlers == [own]
    assert bridge_is_open(log)
    assert len(written()) == 1


def test_warnings_are_captured(installed: Records) -> None:
    """`warnings.warn` is a record of the facility py.warnings; without `capture_warnings` it is not."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old thing", DeprecationWarning, stacklevel=1)
    (record,) = installed()
    assert (record["level"], record["facility"]) == (4, "py.warnings")
    assert "DeprecationWarning: old thing" in record["message"]
    yarder.uninstall_logging()
    shown = warnings.showwarning
    yarder.install_logging(capture_warnings=False)
    assert warnings.showwarning is shown


def test_what_others_changed_since_stays(installed: Records, bare_root: logging.Logger) -> None:
    """Handlers, levels and methods that others put there after us are theirs; wrapped methods go on working."""
    ours = logging.Logger.info
    text = io.StringIO()

    def wrapped(self: logging.Logger, *args: Any, **kwargs: Any) -> None:
        ours(self, *args, **kwargs)

    logging.Logger.info = wrapped  # type: ignore[method-assign]
    bare_root.addHandler(logging.StreamHandler(text))
    bare_root.setLevel(logging.INFO)
    yarder.uninstall_logging()
    try:
        assert logging.Logger.info is wrapped
        assert bare_root.level == logging.INFO
        logging.getLogger("x").info("theirs")
    finally:
        del logging.Logger.info
        logging.Logger.info = vars(logging.Logger).get("info") or _own_info  # type: ignore[method-assign]
    assert text.getvalue() == "theirs\n"


_own_info = logging.Logger.info


def test_loggers_made_before_and_after(tmp_path: Path) -> None:
    """In a program of its own: loggers from before the installation, and before `configure`, are open like later ones."""
    code = """
import logging, sys
early = logging.getLogger("early")
import yarder
from yarder.native import bridge_is_open
yarder.install_logging()
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
late = logging.getLogger("late")
for log in (early, late, logging.getLogger()):
    log.info("x")
    assert bridge_is_open(log), log
"""
    run_python(code, str(tmp_path / "web.log"))
    assert [record["facility"] for record in read(tmp_path / "web.log")] == ["early", "late", "web"]


def test_zero_configuration() -> None:
    """Two lines and no `configure`: human lines of level info on stderr, each once."""
    code = "import logging, yarder; yarder.install_logging(); log = logging.getLogger('db'); log.debug('no'); log.info('hi')"
    shown = run_python(code, YARDER_APP="web").stderr
    assert shown.count("\n") == 1
    assert " INFO web/db: hi" in shown
