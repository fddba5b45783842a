"""A wrong configuration says everything that is wrong, where, and what to do; the environment never raises."""

from __future__ import annotations

from pathlib import Path

import pytest

import yarder
from yarder import ConfigError
from yarder.backends import KINDS
from yarder.config.resolve import resolve

WRONG = """\
levl = "info"
level = "loud"  # not a level

[levels]
db = "debug"
"a.b" = "lout"

[[backend]]
type = "console"

[[backend]]
type = "file"
path = "x.log"
fromat = "json"
fsync = "sometimes"

[[backend]]
type = "fil"
"""


def test_every_error_comes_at_once(tmp_path: Path) -> None:
    """One error holds all problems of file and keywords, each with its key path."""
    path = tmp_path / "yarder.toml"
    path.write_text(WRONG)
    with pytest.raises(ConfigError) as caught:
        yarder.configure(path, ring_slots=1000, levle="info", backends=[print])  # type: ignore[call-arg,list-item]
    keys = [problem.key for problem in caught.value.problems]
    assert keys == [
        "levl", "level", "levels.a.b", "backend[1].fromat", "backend[1].fsync", "backend[2].type",
        "ring_slots", "levle", "backends[0]",
    ]  # fmt: skip
    assert all(problem.hint for problem in caught.value.problems)
    assert caught.value.key == "levl"


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("levl", 1),
        ("level", 2),
        ("levels.a.b", 6),
        ("backend[1].fromat", 14),
        ("backend[1].fsync", 15),
        ("backend[2].type", 18),
    ],
)
def test_a_problem_in_a_file_has_its_line(tmp_path: Path, key: str, line: int) -> None:
    """The text of each problem starts with file and line, so that an editor can jump there."""
    path = tmp_path / "yarder.toml"
    path.write_text(WRONG)
    with pytest.raises(ConfigError) as caught:
        yarder.configure(path)
    problem = next(problem for problem in caught.value.problems if problem.key == key)
    assert str(problem).startswith(f"{path}:{line}: {key}: ")


@pytest.mark.parametrize(
    ("word", "right"),
    [("levle", "level"), ("backend", "backends"), ("ringslots", "ring_slots"), ("over_flow", "overflow")],
)
def test_an_unknown_keyword_names_the_nearest(word: str, right: str) -> None:
    """A typing error is answered with the option that was meant."""
    with pytest.raises(ConfigError) as caught:
        yarder.configure(**{word: 1})  # type: ignore[arg-type]
    assert caught.value.key == word
    assert caught.value.hint == f"did you mean {right!r}?"


@pytest.mark.parametrize(
    "options",
    [
        {"app": ""}, {"app": "a\nb"}, {"app": "x" * 300}, {"level": 0}, {"levels": ["db"]}, {"levels": {"db": 0}},
        {"mode": "fast"}, {"overflow": "drop"}, {"block_ms": -1}, {"block_ms": {"loud": 1}}, {"ring_slots": 128},
        {"ring_slots": 2.5}, {"tz": "moon"}, {"caller": "maybe"}, {"max_record_bytes": 0}, {"sync_ms": float("nan")},
        {"yard": 3}, {"yard": "a\0b"}, {"backends": "file"}, {"backends": {"type": "file"}}, {"env": 7},
    ],
)  # fmt: skip
def test_each_option_is_checked(options: dict[str, object]) -> None:
    """A value that makes no sense names its own key."""
    with pytest.raises(ConfigError) as caught:
        resolve(None, options, KINDS, environ={})
    assert caught.value.key.startswith(next(iter(options)))


def test_an_unreadable_file_and_a_broken_one(tmp_path: Path) -> None:
    """A file that is not there, or is no TOML, is an error that names it."""
    with pytest.raises(ConfigError, match="cannot be read"):
        yarder.configure(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("level = \n")
    with pytest.raises(ConfigError, match="line 1"):
        yarder.configure(broken)


def test_a_bad_environment_is_one_remark_and_no_error(tmp_path: Path) -> None:
    """Each bad variable is left out with one line; what the code said holds."""
    env = {
        "YARDER_LEVEL": "loud",
        "YARDER_MODE": "fast",
        "YARDER_CONFIG": str(tmp_path / "none.toml"),
        "YARDER_LEVELS": "db",
    }
    made = resolve(None, {"level": "debug"}, KINDS, environ=env)
    assert made.levels == {"": 7}
    assert made.mode == "async"
    assert [remark.partition(":")[0] for remark in made.remarks] == [
        "YARDER_CONFIG", "YARDER_LEVEL", "YARDER_LEVELS", "YARDER_MODE",
    ]  # fmt: skip
    assert all("\n" not in remark for remark in made.remarks)


def test_a_file_cannot_switch_the_environment_off(tmp_path: Path) -> None:
    """`env` is the code's to say: in a file it is an error, not silently nothing."""
    path = tmp_path / "yarder.toml"
    path.write_text("env = false\n")
    with pytest.raises(ConfigError, match="only be said in the code"):
        resolve(path, {}, KINDS, environ={})


def test_options_of_later_backends_are_errors_for_now() -> None:
    """A table with an option that does not exist is refused, not ignored."""
    with pytest.raises(ConfigError) as caught:
        resolve(None, {"backends": [{"type": "file", "path": "x.log", "rotat": "1 MB"}]}, KINDS, environ={})
    assert caught.value.key == "backends[0].rotat"
