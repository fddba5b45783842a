"""What others put in the way makes a logger take the standard library's own way, and it comes back when that is gone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.bridges.conftest import Records
from yarder.native import bridge_is_open

Obstacle = Callable[[logging.Logger], Any]


class Kept(logging.Handler):
    """Keeps what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def refuse(record: logging.LogRecord) -> bool:
    """A filter."""
    return record.getMessage() != "refused"


@contextmanager
def a_filter(log: logging.Logger) -> Iterator[None]:
    log.addFilter(refuse)
    yield
    log.removeFilter(refuse)


@contextmanager
def a_filter_in_the_list(log: logging.Logger) -> Iterator[None]:
    log.filters[:] = [refuse]
    yield
    log.filters.clear()


@contextmanager
def a_handler(log: logging.Logger) -> Iterator[None]:
    kept = Kept()
    log.addHandler(kept)
    yield
    log.removeHandler(kept)
    assert kept.records[0].getMessage() == "seen 1"


@contextmanager
def a_handler_of_the_parent(log: logging.Logger) -> Iterator[None]:
    with a_handler(logging.getLogger("web")):
        yield


@contextmanager
def a_handler_of_the_root(log: logging.Logger) -> Iterator[None]:
    with a_handler(logging.getLogger()):
        yield


@contextmanager
def another_list(log: logging.Logger) -> Iterator[None]:
    before, kept = log.handlers, Kept()
    log.handlers = [kept]
    yield
    log.handlers = before
    assert len(kept.records) == 1


@contextmanager
def one_of_its_own_in_its_place(log: logging.Logger) -> Iterator[None]:
    root, kept = logging.getLogger(), Kept()
    (ours,) = root.handlers
    root.handlers[0] = kept
    root.handlers.append(ours)
    yield
    root.handlers[:] = [ours]
    assert len(kept.records) == 1


@contextmanager
def a_factory(log: logging.Logger) -> Iterator[None]:
    class Record(logging.LogRecord):
        pass

    logging.setLogRecordFactory(Record)
    yield
    logging.setLogRecordFactory(logging.LogRecord)


@contextmanager
def a_patched_class(log: logging.Logger) -> Iterator[None]:
    own = logging.Logger.callHandlers

    def heard(self: logging.Logger, record: logging.LogRecord) -> None:
        own(self, record)

    logging.Logger.callHandlers = heard  # type: ignore[method-assign]
    yield
    logging.Logger.callHandlers = own  # type: ignore[method-assign]


@contextmanager
def a_patched_logger(log: logging.Logger) -> Iterator[None]:
    own = log.handle
    log.handle = lambda record: own(record)  # type: ignore[method-assign]
    yield
    del log.handle


@contextmanager
def a_patched_message(log: logging.Logger) -> Iterator[None]:
    own = logging.LogRecord.getMessage
    logging.LogRecord.getMessage = lambda self: own(self)  # type: ignore[method-assign]
    yield
    logging.LogRecord.getMessage = own  # type: ignore[method-assign]


@contextmanager
def a_format(log: logging.Logger) -> Iterator[None]:
    (ours,) = logging.getLogger().handlers
    ours.setFormatter(logging.Formatter("%(message)s", datefmt="%H"))
    yield
    ours.setFormatter(None)


@contextmanager
def a_filter_on_our_handler(log: logging.Logger) -> Iterator[None]:
    (ours,) = logging.getLogger().handlers
    ours.addFilter(refuse)
    yield
    ours.removeFilter(refuse)


OBSTACLES = (
    a_filter,
    a_filter_in_the_list,
    a_handler,
    a_handler_of_the_parent,
    a_handler_of_the_root,
    another_list,
    one_of_its_own_in_its_place,
    a_factory,
    a_patched_class,
    a_patched_logger,
    a_patched_message,
    a_format,
    a_filter_on_our_handler,
)


@pytest.mark.parametrize("obstacle", OBSTACLES, ids=lambda obstacle: obstacle.__name__)
def test_it_steps_aside_and_comes_back(installed: Records, obstacle: Obstacle) -> None:
    """Each obstacle closes the short way from the next call on; no record is lost or doubled; gone, the way is open."""
    logging.getLogger("web")
    log = logging.getLogger("web.db")
    log.info("before")
    assert bridge_is_open(log)
    with obstacle(log):
        log.info("seen %d", 1)
        assert not bridge_is_open(log)
    log.info("after")
    assert bridge_is_open(log)
    records = installed()
    assert [record["message"] for record in records] == ["before", "seen 1", "after"]
    assert {record["caller"].split(":")[0] for record in records} == {"test_stdlib_obstacles.py"}
    assert {record["caller"].split(" in ")[1] for record in records} == {"test_it_steps_aside_and_comes_back"}


def test_filters_filter(installed: Records) -> None:
    """A logger's filter refuses and changes records, on a logger that had logged without it."""
    log = logging.getLogger("x")
    log.info("refused")

    def tag(record: logging.LogRecord) -> bool:
        record.user = "ada"
        return True

    log.addFilter(refuse)
    log.addFilter(tag)
    log.info("refused")
    log.info("kept %s", "so")
    assert [(r["message"], r["fields"]) for r in installed()] == [("refused", {}), ("kept so", {"user": "ada"})]


def test_propagation(installed: Records, capsys: pytest.CaptureFixture[str]) -> None:
    """`propagate=False` keeps records from the root, and with no handler the last resort has them, as ever."""
    log = logging.getLogger("alone")
    log.info("one")
    log.propagate = False
    log.warning("nobody listens")
    assert capsys.readouterr().err == "nobody listens\n"
    log.propagate = True
    log.info("two")
    assert [record["message"] for record in installed()] == ["one", "two"]


def test_null_handlers_are_no_obstacle(installed: Records) -> None:
    """Libraries put a NullHandler on their top logger; their calls are fast all the same."""
    top, log = logging.getLogger("library"), logging.getLogger("library.part")
    top.addHandler(logging.NullHandler())
    log.info("x")
    assert bridge_is_open(log)
    assert bridge_is_open(top)
    assert len(installed()) == 1


def test_a_disabled_logger(installed: Records) -> None:
    """`logger.disabled`, which dictConfig sets, silences a logger at its next call."""
    log = logging.getLogger("x")
    log.critical("one")
    log.disabled = True
    log.critical("two")
    log.log(70, "two")
    assert not log.isEnabledFor(50)
    log.disabled = False
    log.critical("three")
    assert [record["message"] for record in installed()] == ["one", "three"]


def test_a_new_parent(installed: Records) -> None:
    """A logger made later between a logger and the root is seen: its level, its handlers, its propagation."""
    log = logging.getLogger("a.b.c")
    log.info("one")
    middle = logging.getLogger("a.b")
    middle.setLevel(logging.ERROR)
    log.info("not enabled")
    middle.setLevel(logging.NOTSET)
    middle.propagate = False
    middle.addHandler(logging.NullHandler())
    log.info("does not get there")
    middle.propagate = True
    log.info("two")
    assert [record["message"] for record in installed()] == ["one", "two"]
