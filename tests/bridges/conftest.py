"""A root logger as a program finds it, without pytest's own handlers, and the bridge installed over a JSON file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import yarder
from tests.programs import read

Records = Callable[[], list[dict[str, Any]]]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """While a test runs that has a bare root and does not want `caplog`, pytest's own handlers are off it."""
    root = logging.getLogger()
    names = pyfuncitem.fixturenames
    wanted = "bare_root" in names and "caplog" not in names
    theirs = [handler for handler in root.handlers if wanted and type(handler).__module__ == "_pytest.logging"]
    for handler in theirs:
        root.removeHandler(handler)
    try:
        return (yield)
    finally:
        for handler in theirs:
            root.addHandler(handler)


@pytest.fixture
def bare_root() -> Iterator[logging.Logger]:
    """The root as a program finds it, at WARNING; afterwards as it was, and every logger of the test gone."""
    root = logging.getLogger()
    handlers, level, known = root.handlers[:], root.level, dict(root.manager.loggerDict)
    root.setLevel(logging.WARNING)
    yield root
    yarder.uninstall_logging()
    logging.disable(logging.NOTSET)
    root.handlers[:] = handlers
    root.setLevel(level)
    root.manager.loggerDict.clear()
    root.manager.loggerDict.update(known)


@pytest.fixture
def written(bare_root: logging.Logger, log_file: Path) -> Records:
    """The default pipeline writes to a file; the function flushes and reads it."""
    yarder.configure(app="web", backends=[yarder.File(log_file)])

    def records() -> list[dict[str, Any]]:
        assert yarder.flush()
        return read(log_file)

    return records


@pytest.fixture
def installed(written: Records) -> Records:
    """`written`, with the bridge installed as by default."""
    yarder.install_logging()
    return written
