"""Formats: names, templates and `Json`; a mistake is told at once, with the nearest right word."""

from __future__ import annotations

import copy
import pickle
import re
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import ROOT
from yarder import ConfigError, Console, File, Json
from yarder.backends import KINDS
from yarder.config.format import FORMATS, KEYS, TEMPLATE_NAMES, form
from yarder.config.resolve import resolve
from yarder.route.plan import make_plans

SOURCES = ROOT / "crates" / "yarder-core" / "src"


@pytest.mark.parametrize(
    "good",
    [
        *FORMATS,
        "{timestamp} [{level}] [{facility}] {message}",
        "{{{level:<8}}} {fields.user_id:*^12}{message:>1000}",
        *("{" + name + "}" for name in TEMPLATE_NAMES),
    ],
)
def test_names_and_templates_are_kept(good: str) -> None:
    """A right name or template is what the option and the plan hold."""
    assert File("x", format=good).format == good
    assert Console(format=good).destination()["format"] == good


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("xml", "json"),
        ("jsno", "did you mean 'json'?"),
        (3, "yarder.Json"),
        ("{mesage}", "did you mean 'message'?"),
        ("{fields.}", "did you mean 'fields'?"),
        ("{}", "'timestamp'"),
        ("{message", "other half"),
        ("a } {message}", "other half"),
        ("{{nothing}}", "at least {message}"),
        ("{level:8d}", "alignment"),
        ("{level!r}", "alignment"),
        ("{level:<1001}", "alignment"),
        ("{level:08}", "alignment"),
        ("{message}\n", "control characters"),
        ("{message}" * 1000, "too long"),
    ],
)
def test_wrong_formats_say_what_is_meant(wrong: Any, words: str) -> None:
    """The error names the key `format` and helps."""
    for backend in (lambda: File("x", format=wrong), lambda: Console(format=wrong)):
        with pytest.raises(ConfigError) as caught:
            backend()
        assert caught.value.key == "format"
        assert words in str(caught.value)


def test_json_options_reach_the_plan() -> None:
    """Only what differs from the defaults is in the plan; the object is frozen, equal by value and copied."""
    shape = Json("flat", level="number", rename={"message": "msg", "user": "uid"}, max_line=4096)
    assert File("x", format=shape).destination()["format"] == {
        "type": "json",
        "preset": "flat",
        "level": "number",
        "rename": {"message": "msg", "user": "uid"},
        "max_line": 4096,
    }
    assert Console(format=Json("ecs")).destination()["format"] == {"type": "json", "preset": "ecs"}
    assert Json() == Json("logstream")
    assert repr(Json("gcp", max_line=2048)) == "Json('gcp', max_line=2048)"
    assert pickle.loads(pickle.dumps(shape)) == copy.deepcopy(shape) == shape
    assert hash(Json()) == hash(Json())
    with pytest.raises(AttributeError, match="frozen"):
        shape.preset = "ecs"


@pytest.mark.parametrize(
    ("options", "keys", "words"),
    [
        ({"preset": "elastic"}, ["preset"], "is not known"),
        ({"preset": "flta"}, ["preset"], "did you mean 'flat'?"),
        ({"preset": "gcp", "level": "number"}, ["level"], "leave it out"),
        ({"rename": {"deamon": "x"}}, ["rename['deamon']"], "did you mean 'daemon'?"),
        ({"preset": "otel", "rename": {"body": "x"}}, ["rename['body']"], "fixed"),
        ({"rename": {"tid": "pid"}}, ["rename"], "'pid'"),
        ({"preset": "flat", "rename": {"user": "app"}}, ["rename"], "'app'"),
        ({"rename": ["daemon"]}, ["rename"], "mapping"),
        ({"level": "word", "max_line": 10}, ["level", "max_line"], "from 1024"),
    ],
)
def test_json_says_everything_that_is_wrong(options: dict[str, Any], keys: list[str], words: str) -> None:
    """Each wrong option is a problem under its own key."""
    with pytest.raises(ConfigError) as caught:
        Json(**options)
    assert [problem.key for problem in caught.value.problems or (caught.value,)] == keys
    assert words in str(caught.value)


def test_a_file_says_json_as_a_table(tmp_path: Path) -> None:
    """In TOML a format with options is a table; what is wrong in it has its whole path."""
    assert form({"preset": "ecs", "max_line": 2048}, "format") == Json("ecs", max_line=2048)
    path = tmp_path / "yarder.toml"
    path.write_text('[[backend]]\ntype = "file"\npath = "x.log"\nformat = {preset = "gcp", lines = 1}\n')
    with pytest.raises(ConfigError) as caught:
        resolve(path, {}, KINDS, environ={})
    assert caught.value.key == "backend[0].format.lines"
    path.write_text('[[backend]]\ntype = "file"\npath = "x.log"\nformat = {type = "json", preset = "gcp"}\n')
    shared = make_plans(resolve(path, {}, KINDS, environ={})).shared
    assert shared is not None
    assert '"format":{"type":"json","preset":"gcp"}' in shared


def test_the_environment_names_a_format() -> None:
    """`YARDER_FORMAT` takes names and templates; a wrong one is left out with a remark."""
    made = resolve(None, {}, KINDS, environ={"YARDER_FORMAT": "{level} {message}"})
    assert made.backends == (Console(format="{level} {message}"),)
    made = resolve(None, {}, KINDS, environ={"YARDER_FORMAT": "{levl}"})
    assert made.backends == (Console(),)
    assert "did you mean 'level'?" in made.remarks[0]


def words_of(path: str, start: str) -> list[str]:
    """The quoted words of a Rust constant, in order."""
    text = (SOURCES / path).read_text(encoding="utf-8")
    body = text.split(start, 1)[1].split("];", 1)[0].split("= ", 1)[1]
    return re.findall(r'"([^"\\]*)"', re.sub(r'Part::\w+\("(?:[^"\\]|\\.)*"\)', "", body))


def test_names_equal_the_native_ones() -> None:
    """Formats, names of templates and keys of presets are the same in both languages."""
    assert words_of("plan/layout.rs", "pub const FORMATS") == list(FORMATS)
    assert words_of("format/template/parse.rs", "pub const NAMES") == list(TEMPLATE_NAMES)
    for preset, keys in KEYS.items():
        assert [key for key in words_of("format/shape/keys.rs", f"const {preset.upper()}:") if key] == list(keys)
