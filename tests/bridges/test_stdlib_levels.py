"""Levels of two worlds: numbers map, the root may leave them to the pipeline, and every switch is seen at the next call."""

from __future__ import annotations

import logging

import pytest

import yarder
from tests.bridges.conftest import Records
from yarder.native import bridge_is_open

NUMBERS = {
    1: 8,
    5: 8,
    6: 7,
    10: 7,
    11: 6,
    20: 6,
    21: 5,
    25: 5,
    26: 4,
    30: 4,
    35: 3,
    40: 3,
    50: 2,
    51: 1,
    60: 1,
    70: 0,
    99: 0,
}


@pytest.mark.parametrize("way", ["short", "long"])
def test_numbers(written: Records, bare_root: logging.Logger, way: str) -> None:
    """5 is trace, 25 notice, 60 alert, 70 emergency; between two the more severe; the same on both ways."""
    yarder.set_level("trace")
    bare_root.setLevel(1)
    yarder.install_logging()
    log = logging.getLogger("x")
    if way == "long":
        log.addFilter(lambda record: True)
    for number in NUMBERS:
        log.log(number, "%d", number)
    assert {int(record["message"]): record["level"] for record in written()} == NUMBERS


def test_the_root_follows_the_pipeline(installed: Records) -> None:
    """An untouched root has the pipeline's levels, facility by facility, also when they change at run time."""
    root, db, web = logging.getLogger(), logging.getLogger("db.pool"), logging.getLogger("www")
    assert (root.level, db.getEffectiveLevel(), web.isEnabledFor(logging.DEBUG)) == (20, 20, False)
    db.debug("off")
    yarder.set_level("debug", facility="db")
    db.debug("on")
    web.debug("off")
    assert (db.getEffectiveLevel(), db.isEnabledFor(10), web.isEnabledFor(10)) == (10, True, False)
    yarder.set_level("off", facility="db")
    db.critical("off")
    assert not db.isEnabledFor(70)
    yarder.clear_level(facility="db")
    db.info("on again")
    assert [record["message"] for record in installed()] == ["on", "on again"]
    assert bridge_is_open(db)


@pytest.mark.parametrize("level", [logging.ERROR, logging.DEBUG, logging.NOTSET])
def test_an_explicit_level_stays(written: Records, bare_root: logging.Logger, level: int) -> None:
    """A root that was set to anything but WARNING keeps its level."""
    bare_root.setLevel(level)
    yarder.install_logging()
    assert bare_root.level == level
    log = logging.getLogger("x")
    log.info("info")
    log.error("error")
    expected = ["error"] if level == logging.ERROR else ["info", "error"]
    assert [record["message"] for record in written()] == expected


def test_a_level_set_later_is_explicit(installed: Records, bare_root: logging.Logger) -> None:
    """`setLevel` on a root that follows ends that; the former level put back, as caplog does, begins it again."""
    before = bare_root.level
    bare_root.setLevel(logging.ERROR)
    log = logging.getLogger("x")
    log.warning("not enabled")
    bare_root.setLevel(before)
    yarder.set_level("debug")
    log.debug("follows again")
    assert [record["message"] for record in installed()] == ["follows again"]


@pytest.mark.parametrize(
    ("given", "number"),
    [("debug", 10), ("WARN", 30), (yarder.Level.NOTICE, 25), (35, 35), (7, 10), ("off", 71), ("trace", 5)],
)
def test_levels_in_any_form(written: Records, bare_root: logging.Logger, given: yarder.LevelLike, number: int) -> None:
    """`level=` takes names, `Level`, RFC 5424's numbers and the standard library's own."""
    yarder.install_logging(level=given)
    assert bare_root.level == number


@pytest.mark.parametrize("given", ["loud", 0, 500, None.__class__])
def test_a_level_that_is_none(written: Records, bare_root: logging.Logger, given: object) -> None:
    """A wrong level is a ConfigError, and nothing was installed."""
    with pytest.raises(yarder.ConfigError):
        yarder.install_logging(level=given)  # type: ignore[arg-type]
    assert bare_root.handlers == []


def test_the_levels_of_loggers(installed: Records) -> None:
    """`setLevel` on a logger or its parents counts, whatever was called before; the pipeline's level counts too."""
    parent, log = logging.getLogger("a"), logging.getLogger("a.b")
    log.info("one")
    parent.setLevel(logging.ERROR)
    log.info("no")
    log.setLevel(logging.DEBUG)
    log.info("two")
    log.debug("enabled here, not in the pipeline")
    log.setLevel(logging.NOTSET)
    log.info("no")
    parent.setLevel(logging.NOTSET)
    log.info("three")
    assert [record["message"] for record in installed()] == ["one", "two", "three"]


def test_disable(installed: Records) -> None:
    """`logging.disable` and `manager.disable` are seen at the next call, and so is their end."""
    log = logging.getLogger("x")
    for level in (logging.NOTSET, logging.INFO, logging.CRITICAL, logging.NOTSET):
        logging.disable(level)
        log.info("info at %d", level)
        log.error("error at %d", level)
        assert log.isEnabledFor(logging.INFO) == (level < logging.INFO)
    log.manager.disable = logging.ERROR
    log.error("no")
    log.critical("critical")
    messages = [record["message"] for record in installed()]
    assert messages == ["info at 0", "error at 0", "error at 20", "info at 0", "error at 0", "critical"]


def test_the_level_of_the_handler(installed: Records, bare_root: logging.Logger) -> None:
    """A level on our handler keeps the rest out without closing the short way; the logger is enabled all the same."""
    bare_root.handlers[0].setLevel(logging.ERROR)
    log = logging.getLogger("x")
    log.warning("no")
    log.error("yes")
    assert log.isEnabledFor(logging.INFO)
    assert bridge_is_open(log)
    assert [record["message"] for record in installed()] == ["yes"]
