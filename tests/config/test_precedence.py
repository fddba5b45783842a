"""Environment over keywords over file over defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from yarder import Console, File
from yarder.backends import KINDS
from yarder.config.options import Settings
from yarder.config.resolve import resolve
from yarder.level import NAMES


def settings(path: Path | None = None, environ: dict[str, str] | None = None, **keywords: Any) -> Settings:
    """What file, environment and keywords give together."""
    return resolve(path, {"app": "web", **keywords}, KINDS, environ=environ or {})


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    """A file that says something other than the defaults."""
    path = tmp_path / "yarder.toml"
    path.write_text(
        'app = "shop"\nlevel = "notice"\nmode = "sync"\ncaller = false\n[levels]\ndb = "debug"\nweb = "error"\n'
        '[[backend]]\ntype = "file"\npath = "x.log"\nlevel = "error"\n[[backend]]\ntype = "console"\n'
    )
    return path


def test_defaults() -> None:
    """Nothing said: info and worse, one console, async, block for 100 ms, 8192 slots, local time."""
    made = settings()
    assert made.levels == {"": NAMES.index("info")}
    assert made.backends == (Console(),)
    assert (made.mode, made.overflow, made.tz, made.ring_slots) == ("async", "block", "local", 8192)
    assert made.block_ms == (100.0,) * 9
    assert (made.caller, made.max_record_bytes, made.sync_ms, made.yard) == (True, 262_144, 1000.0, None)


def test_a_file_outranks_defaults(toml: Path) -> None:
    """Every key of the file arrives, backends as objects."""
    made = resolve(toml, {}, KINDS, environ={})
    assert (made.app, made.mode, made.caller) == ("shop", "sync", False)
    assert made.levels == {"": 5, "db": 7, "web": 3}
    assert made.backends == (File("x.log", level="error"), Console())


def test_keywords_outrank_the_file(toml: Path) -> None:
    """A keyword wins over the same key of the file; levels add up by facility; None says nothing."""
    made = settings(toml, level="warning", levels={"db": "off"}, mode=None, backends=[])
    assert made.levels == {"": 4, "db": -1, "web": 3}
    assert (made.app, made.mode, made.backends) == ("web", "sync", ())


def test_the_environment_outranks_everything(toml: Path) -> None:
    """The operator has the last word."""
    env = {
        "YARDER_APP": "ops",
        "YARDER_LEVEL": "debug",
        "YARDER_LEVELS": "db=trace, ui=7",
        "YARDER_MODE": "async",
        "YARDER_YARD": "/run/y",
        "YARDER_FORMAT": "json",
        "YARDER_STREAM": "stdout",
    }
    made = settings(toml, env, level="warning", levels={"db": "off"}, mode="sync", yard="/tmp/y")
    assert (made.app, made.mode, made.yard) == ("ops", "async", "/run/y")
    assert made.levels == {"": 7, "db": 8, "web": 3, "ui": 7}
    assert made.backends[1] == Console("stdout", "json")
    assert made.backends[0] == File("x.log", level="error"), "format and stream are those of consoles"


def test_the_environment_can_be_left_out(toml: Path) -> None:
    """`env=False` ignores every variable, those about colour too."""
    env = {"YARDER_LEVEL": "debug", "NO_COLOR": "1", "YARDER_CONFIG": "/nowhere"}
    made = settings(None, env, env=False)
    assert made.levels == {"": 6}
    assert made.colour is None
    assert made.remarks == ()


def test_yarder_config_names_the_file(toml: Path, tmp_path: Path) -> None:
    """The file of the environment is read instead of the one in the code."""
    other = tmp_path / "other.toml"
    other.write_text('level = "alert"\n')
    assert settings(other, {"YARDER_CONFIG": str(toml)}).levels[""] == 5


@pytest.mark.parametrize(
    ("env", "colour"),
    [
        ({}, None),
        ({"NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, None),
    ],
)
def test_colour(env: dict[str, str], colour: bool | None) -> None:
    """NO_COLOR wins over FORCE_COLOR; an empty variable says nothing."""
    assert settings(None, env).colour is colour


def test_dotted_facilities_in_a_file(tmp_path: Path) -> None:
    """A dotted facility may be written with and without quotes."""
    path = tmp_path / "yarder.toml"
    path.write_text('[levels]\n"web.ui" = "info"\ndb.pool.idle = "debug"\n')
    assert settings(path).levels == {"": 6, "web.ui": 6, "db.pool.idle": 7}


def test_waits_by_level() -> None:
    """None waits without limit; a mapping sets levels, `error` also those above it and `debug` also trace."""
    assert settings(block_ms=None).block_ms == (-1.0,) * 9
    assert settings(block_ms=5).block_ms == (5.0,) * 9
    assert settings(block_ms={"error": None, "debug": 0}).block_ms == (-1, -1, -1, -1, 100, 100, 100, 0, 0)
    assert settings(block_ms={"error": None, "alert": 7}).block_ms == (-1, 7, -1, -1, 100, 100, 100, 100, 100)
