"""Option objects of backends: frozen, checked, equal by value, short to read."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from yarder import Call, ConfigError, Console, File


def test_equality_and_repr() -> None:
    """Two that say the same are equal; the repr shows only what differs from the defaults."""
    assert File("x.log") == File(Path("x.log"), format="json")
    assert hash(File("x.log")) == hash(File("x.log"))
    assert File("x.log") != File("y.log")
    assert File("x.log") != Console()
    assert repr(File("x.log", level="error", fsync="batch")) == "File('x.log', fsync='batch', level='error')"
    assert repr(Console()) == "Console()"
    assert repr(Call(len, name="n")) == "Call(<built-in function len>, name='n')"


def test_frozen_but_copied_and_pickled() -> None:
    """Attributes cannot be set or deleted; copies are equal."""
    file = File("x.log", facilities={"db": "debug"})
    with pytest.raises(AttributeError, match="frozen"):
        file.path = "y.log"
    with pytest.raises(AttributeError, match="frozen"):
        del file.path
    assert copy.copy(file) == file
    assert copy.deepcopy(file) == file
    assert pickle.loads(pickle.dumps(file)) == file


def test_replace_keeps_the_rest() -> None:
    """`replace` changes one option and keeps level and facilities, also "emergency" and "off"."""
    for level in ("emergency", "off", "debug"):
        console = Console(level=level, facilities=["db"])
        assert console.replace(format="json") == Console(format="json", level=level, facilities=["db"])


def test_levels_and_facilities_become_numbers() -> None:
    """A list of prefixes takes all of their levels; a mapping has a level for each."""
    assert File("x", level="warn").level == 4
    assert File("x").level == 8
    assert File("x", facilities=["db", "web"]).facilities == {"db": 8, "web": 8}
    assert File("x", facilities={"db.pool": "info"}).facilities == {"db.pool": 6}


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"path": ""}, ["path"]),
        ({"path": "logs/"}, ["path"]),
        ({"path": "{date}.log"}, ["path"]),
        ({"path": 3}, ["path"]),
        ({"path": "\udcff.log"}, ["path"]),
        ({"path": "x", "format": "xml", "fsync": 1, "mode": "rw"}, ["format", "fsync", "mode"]),
        ({"path": "x", "mode": 0o440}, ["mode"]),
        ({"path": "x", "level": 0, "facilities": []}, ["level", "facilities"]),
        ({"path": "x", "on_conflict": "wait", "name": ""}, ["on_conflict", "name"]),
    ],
)
def test_a_file_says_everything_that_is_wrong(options: dict[str, object], keys: list[str]) -> None:
    """The constructor raises one error with each wrong option."""
    with pytest.raises(ConfigError) as caught:
        File(**options)  # type: ignore[arg-type]
    assert [problem.key for problem in caught.value.problems or (caught.value,)] == keys


def test_modes_as_octal_text() -> None:
    """Permissions may be text, as people write them."""
    assert File("x", mode="0600").mode == 0o600


def test_console_and_call_are_checked() -> None:
    """Wrong options of the others name their keys too."""
    with pytest.raises(ConfigError) as caught:
        Console(stream="out", format="xml", color=3, traceback="long")  # type: ignore[arg-type]
    assert [problem.key for problem in caught.value.problems] == ["stream", "format", "color", "traceback"]
    with pytest.raises(ConfigError) as caught:
        Call(3, timeout_s=0)  # type: ignore[arg-type]
    assert [problem.key for problem in caught.value.problems] == ["fn", "timeout_s"]
