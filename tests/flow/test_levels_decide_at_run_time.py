"""Levels by facility, changed at run time, from this process or another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import yarder
from tests.programs import poll, read, start

OTHER = """
import sys, yarder
yarder.configure(app="web", level="info", backends=[yarder.File(sys.argv[1])])
log = yarder.get_logger("db.pool")
print("ready", flush=True)
for word in sys.stdin:
    word = word.split()
    if word[0] == "set":
        yarder.set_level(word[1], facility=word[2] or None, pid=int(word[3]) or None)
    elif word[0] == "clear":
        yarder.clear_level(word[1], pid=int(word[2]) or None)
    elif word[0] == "ask":
        print(log.is_enabled(word[1]), flush=True)
        continue
    print("done", flush=True)
"""


def enabled(log: yarder.Logger) -> str:
    """The least severe level that passes."""
    names = [level.name.lower() for level in yarder.Level if log.is_enabled(level)]
    return names[-1] if names else "off"


def test_the_longest_prefix_wins(log_file: Path) -> None:
    """Dotted names part by part: `db.pool` decides for `db.pool.x`, never for `db.pools`."""
    levels = {"db": "warning", "db.pool": "trace", "db.pool.quiet": "off"}
    with yarder.Pipeline(app="web", level="info", levels=levels, backends=[yarder.File(log_file)]) as pipeline:
        names = ["", "web", "db", "db.x", "db.pool", "db.pool.x", "db.pools", "db.pool.quiet", "db.pool.quiet.x", "dbx"]
        found = {name: enabled(pipeline.logger(name or None)) for name in names}
        for name in names:
            for level in yarder.Level:
                pipeline.logger(name or None).log(level, "x", name=name)
    assert found == {
        "": "info", "web": "info", "db": "warning", "db.x": "warning", "db.pool": "trace", "db.pool.x": "trace",
        "db.pools": "warning", "db.pool.quiet": "off", "db.pool.quiet.x": "off", "dbx": "info",
    }  # fmt: skip
    for name in names:
        written = [record["level"] for record in read(log_file) if record["fields"]["name"] == name]
        assert written == [level.value for level in yarder.Level if level.name.lower() in _up_to(found[name])]


def _up_to(name: str) -> list[str]:
    names = [level.name.lower() for level in yarder.Level]
    return names[: names.index(name) + 1] if name in names else []


def test_set_and_clear(log_file: Path) -> None:
    """`set_level` counts from the next call on, also for loggers made before and bound ones; `clear_level` takes it back."""
    with yarder.Pipeline(app="web", level="info", backends=[yarder.File(log_file)]) as pipeline:
        log, bound = pipeline.logger("db"), pipeline.logger("db").bind(a=1)
        log.debug("no")
        pipeline.set_level("debug", facility="db")
        log.debug("yes")
        bound.debug("yes")
        pipeline.logger("web").debug("no")
        pipeline.set_level(yarder.Level.TRACE)
        pipeline.logger("web").trace("yes")
        log.trace("no, db has its own")
        pipeline.clear_level("db")
        log.trace("yes")
        pipeline.clear_level()
        log.debug("no")
        pipeline.clear_level("never.set")
        assert pipeline.levels() == {"": yarder.Level.INFO}
    assert [record["message"] for record in read(log_file)] == ["yes"] * 4


def test_many_rules(log_file: Path) -> None:
    """Two hundred facilities with levels of their own are all obeyed, and a reconfiguration keeps what was set."""
    with yarder.Pipeline(app="web", level="info", backends=[yarder.File(log_file)]) as pipeline:
        for n in range(200):
            pipeline.set_level(list(yarder.Level)[n % 9], facility=f"part.{n}")
        for n in range(200):
            assert enabled(pipeline.logger(f"part.{n}.x")) == list(yarder.Level)[n % 9].name.lower()
        pipeline.configure(app="web", level="error", backends=[yarder.File(log_file)])
        assert enabled(pipeline.logger("part.8")) == "trace"
        assert enabled(pipeline.logger("other")) == "error"


@pytest.mark.parametrize("wrong", [0, "loud", 99, None, True])
def test_a_wrong_level_is_refused(log_file: Path, wrong: Any) -> None:
    """`set_level` says what to write instead and changes nothing."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        with pytest.raises(yarder.ConfigError):
            pipeline.set_level(wrong)
        assert pipeline.levels() == {"": yarder.Level.INFO}


def test_is_enabled_tells_the_truth(log_file: Path) -> None:
    """It takes every form of a level, and a wrong one is no reason to raise."""
    with yarder.Pipeline(app="web", level="warning", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        assert all(log.is_enabled(level) for level in (yarder.Level.ERROR, 3, "error", "ERR", 40, "warning", 30))
        assert not any(log.is_enabled(level) for level in (yarder.Level.INFO, 6, "info", 20, "trace", 8))


def test_another_process(log_file: Path) -> None:
    """A level set in one process of the app counts in the others at their next call, or in the named one alone."""
    with (
        yarder.Pipeline(app="web", level="info", backends=[yarder.File(log_file)]) as pipeline,
        start(OTHER, log_file) as other,
    ):
        log = pipeline.logger("db.pool")
        log.info("here")

        def tell(words: str) -> str:
            assert other.stdin is not None
            assert other.stdout is not None
            other.stdin.write(words + "\n")
            other.stdin.flush()
            return other.stdout.readline().strip()

        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        assert tell("ask debug") == "False"
        pipeline.set_level("debug", facility="db")
        poll(lambda: tell("ask debug") == "True", "the level to reach the other process")
        assert tell("set trace db.pool 0") == "done"
        assert log.is_enabled("trace")
        assert tell("clear db.pool 0") == "done"
        assert not log.is_enabled("trace")
        assert tell(f"set error db.pool {os.getpid()}") == "done"
        assert enabled(log) == "error"
        assert tell("ask debug") == "True"
        pipeline.set_level("alert", facility="db.pool", pid=other.pid)
        assert tell("ask critical") == "False"
        assert enabled(log) == "error"
        pipeline.clear_level("db.pool", pid=os.getpid())
        assert enabled(log) == "debug"
        other.communicate("", timeout=30)


def test_a_level_outlives_its_process(log_file: Path) -> None:
    """What an operator set stays set for the next start of the app."""
    with yarder.Pipeline(app="web", level="info", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("x")
        pipeline.set_level("debug", facility="db")
    with yarder.Pipeline(app="web", level="info", backends=[yarder.File(log_file)]) as pipeline:
        assert pipeline.logger("db").is_enabled("debug")
