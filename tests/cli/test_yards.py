"""The commands about running apps, over yards that are described instead of made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import yarder.ring.yards
from tests.cli.test_commands import yarder as program
from yarder import _core
from yarder.cli.main import main

RING = {
    "producer": 7, "pid": 12, "process": "web\x1b[2J", "alive": True, "slots": 8192, "used": 4096, "high_water": 8000,
    "accepted": 1_234_567, "blocked": 3, "stalled": False, "lost": {"ring_full": 5},
}  # fmt: skip
DEAD = {**RING, "pid": 13, "alive": False, "used": 0, "lost": {}, "accepted": 1}
YARD = {"writer_pid": 12, "writer_beat_ns": 1, "rules": [("db", 0, 7), ("", 12, 4)], "rings": [RING, DEAD]}


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the native module takes for a yard."""
    folder = tmp_path / "yards" / "web"
    folder.mkdir(parents=True)
    monkeypatch.setenv("YARDER_YARD", str(folder.parent))
    monkeypatch.setattr(_core, "yard_state", lambda _: YARD)
    return folder


@pytest.fixture
def shown(capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command here: exit code, stdout, stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main(words)
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


def test_rings_are_shown(yard: Path, shown: Any) -> None:
    """One line for each ring: fill, losses by reason, who is dead, who writes; nothing in a name moves the cursor."""
    code, out, _ = shown("rings", "--app", "web")
    assert code == 0
    head, first, second = out.splitlines()
    assert head.split()[:4] == ["app", "pid", "process", "fill"]
    assert "50%  █████" in first
    assert "1,234,567  3        5 ring_full  live, writer" in first
    assert second.endswith("dead, to be drained")
    assert "\x1b" not in out
    assert json.loads(shown("rings", "--json")[1])[0]["rings"] == [RING, DEAD]
    assert shown("top", "-n", "2", "-s", "0")[1].count("ring_full") == 2


def test_stats_are_sums(yard: Path, shown: Any) -> None:
    """Each yard in one line; as JSON the numbers."""
    _, out, _ = shown("stats")
    assert out == (
        "web: writer 12, 1 producers, 1 dead to be drained, rings 25% full, 1,234,568 accepted, 6 waited, lost 5 ring_full\n"
    )
    (sums,) = json.loads(shown("stats", "--json")[1])
    assert (sums["app"], sums["producers"], sums["dead"], sums["dropped"]) == ("web", 1, 1, {"ring_full": 5})


def test_levels_are_set_and_shown(yard: Path, shown: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`set` takes every form of a level; `get` says whose it is; a wrong word says what to write."""
    calls: list[Any] = []

    def called(*how: Any) -> bool:
        calls.append(how)
        return True

    monkeypatch.setattr(_core, "yard_level", called)
    assert shown("level", "get")[1] == "web/db: debug\nweb of process 12: warning\n"
    assert shown("level", "set", "warn", "-F", "db", "--pid", "12")[0] == 0
    assert shown("level", "clear")[0] == 0
    assert calls == [(str(yard), 4, "db", 12), (str(yard), None, "", 0)]
    assert shown("level", "set")[0] == 64
    assert shown("level", "raise", "x")[0] == 64
    code, _, err = shown("level", "set", "loud")
    assert (code, "'loud' is no level" in err) == (64, True)
    (yard.parent / "api").mkdir()
    assert "which app? there are api, web" in shown("level", "set", "debug")[2]


def test_writers_are_asked(yard: Path, shown: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`rotate` and `reopen` reach every yard that is meant."""
    calls: list[Any] = []

    def called(*how: Any) -> bool:
        calls.append(how)
        return True

    monkeypatch.setattr(_core, "yard_ask", called)
    assert [shown("rotate")[0], shown("reopen", "--app", "web")[0]] == [0, 0]
    assert calls == [(str(yard), False), (str(yard), True)]


@pytest.mark.parametrize("words", [("rings",), ("stats",), ("level", "get"), ("rotate",), ("reopen", "--app", "web")])
def test_without_a_yard_there_is_nothing_to_ask(shown: Any, words: tuple[str, ...]) -> None:
    """69, and what that means."""
    code, out, err = shown(*words)
    assert (code, out) == (69, "")
    assert "on this host" in err


def test_no_yard_is_no_yard(tmp_path: Path) -> None:
    """The native module takes no other folder for a yard, and asks nothing of it."""
    assert yarder.ring.yards.state(str(tmp_path)) is None
    assert _core.yard_level(tmp_path, 7) is False
    assert _core.yard_ask(tmp_path, True) is False


def test_audit_needs_a_ledger(tmp_path: Path) -> None:
    """Without a ledger there is nothing to prove: 69."""
    live = tmp_path / "web.log"
    live.write_text("")
    done = program("audit", live)
    assert done.returncode == 69
    assert "ledger" in done.stderr
