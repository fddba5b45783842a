"""`yarder.read`: every filter, both directions, what it gives and what it says about the rest."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import yarder
from tests.reading.logs import START, human_line, json_line, log, numbered


def messages(source: Any, **filters: Any) -> list[str]:
    """The messages that `read` finds."""
    return [record.message for record in yarder.read(source, **filters)]


def test_a_record_is_whole(tmp_path: Path) -> None:
    """Every part of a JSON line is where `Record` has it, values with their types."""
    live = tmp_path / "web.log"
    live.write_text(json_line(7, fields={"n": 7, "big": 2**70, "x": 1.5, "none": None, "list": [1, {"a": "b"}]}))
    (record,) = yarder.read(live)
    assert isinstance(record, yarder.Record)
    assert record.id == UUID("019bc135-2883-874f-a345-6789a0000007")
    assert record.timestamp == START + timedelta(seconds=7)
    assert record.level is yarder.Level.INFO
    assert (record.app, record.facility, record.message) == ("web", "web", "message 7")
    assert record.fields == {"n": 7, "big": 2**70, "x": 1.5, "none": None, "list": [1, {"a": "b"}]}
    assert (record.pid, record.tid, record.thread, record.hostname) == (1234, 1234, "MainThread", "s1")
    assert (record.caller, record.producer, record.sequence) == ("app.py:12 in f", 0x23456789A, 7)


def test_archives_and_live_file_come_in_order(tmp_path: Path) -> None:
    """Archive first, live file last; `reverse` is exactly the other way round; `limit` counts from where it begins."""
    live = log(tmp_path)
    assert messages(live) == numbered(range(100))
    assert messages(str(tmp_path)) == numbered(range(100))
    assert messages(live, reverse=True, limit=60) == numbered(range(99, 39, -1))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"since": START + timedelta(seconds=95)}, range(95, 100)),
        ({"until": (START + timedelta(seconds=2)).isoformat()}, range(3)),
        ({"since": "2026-01-15T10:31:00Z", "until": "2026-01-15T10:31:01.123456Z"}, range(15, 17)),
        ({"level": "error"}, range(0, 100, 10)),
        ({"level": yarder.Level.WARNING}, range(0, 100, 10)),
        ({"level": "=info", "limit": 2}, [1, 2]),
        ({"level": "=warning"}, []),
        ({"facility": "db"}, range(0, 100, 10)),
        ({"app": "api"}, []),
        ({"contains": "message 42"}, [42]),
        ({"contains": "n=42"}, [42]),
        ({"regex": r"^message \d$"}, range(10)),
        ({"regex": re.compile("message 9[0-3]")}, range(90, 94)),
        ({"where": {"n": 42}}, [42]),
        ({"where": {"ok": True, "n": "42.0"}}, [42]),
        ({"where": {"thread": "nobody"}}, []),
    ],
    ids=str,
)
def test_filters(tmp_path: Path, filters: dict[str, Any], expected: Any) -> None:
    """Each filter takes what the docs say, both ends of a time included."""
    assert messages(log(tmp_path), **filters) == numbered(expected)


def test_human_lines_are_records(tmp_path: Path) -> None:
    """A human file reads as the JSON file does, as far as it keeps things; tracebacks are joined."""
    live = tmp_path / "web.log"
    live.write_text(human_line(10) + "  Traceback (most recent call last):\n  ValueError: bad\n" + human_line(11))
    first, second = yarder.read(live, tz="utc")
    assert first.fields["exception.type"] == "ValueError"
    assert first.fields["exception.message"] == "bad"
    assert first.timestamp == (START + timedelta(seconds=10)).replace(microsecond=123000)
    assert (second.fields, second.facility, second.id.int, second.pid) == ({"n": 11, "ok": False}, "web", 0, 0)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Foreign lines are skipped and stand in `problems` with their place."""
    live = tmp_path / "web.log"
    live.write_text(json_line(0) + "what?\n" + json_line(1))
    reading = yarder.read(live)
    assert [record.message for record in reading] == numbered(range(2))
    problems = reading.problems
    assert (problems.count, problems.first[0].offset) == (1, len(json_line(0)))
    assert str(problems) == (
        f"1 place could not be read, the first is a line in no known format at byte {len(json_line(0))} of {live}"
    )


def test_texts_come_back_as_they_went_in(tmp_path: Path) -> None:
    """Lone surrogates, bytes that are no UTF-8, and integers beyond all bounds are no reason to fail."""
    live = tmp_path / "web.log"
    lone = json_line(0, message="x").replace('"x"', '"lone \\ud83d"')
    live.write_bytes(lone.encode() + json_line(1, message="y").encode().replace(b'"y"', b'"\xff"'))
    assert messages(live) == ["lone \ud83d", "\\xff"]


def test_an_app_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is no path stands for the files of the app's plans."""
    live = log(tmp_path / "logs")
    plans = Path(os.environ["YARDER_YARD"]) / "shop" / "plans"
    plans.mkdir(parents=True)
    (plans / "a.json").write_text(f'{{"version": 1, "destinations": [{{"path": "{live}"}}, {{"kind": "other"}}]}}')
    (plans / "b.json").write_text("{broken")
    monkeypatch.chdir(tmp_path)
    assert len(messages("shop")) == 100


def test_a_pipeline_is_its_files(tmp_path: Path) -> None:
    """Whatever has `log_files` is a source; of several files one may be missing."""

    class Pipeline:
        def log_files(self) -> list[str]:
            return [str(log(tmp_path)), str(tmp_path / "not-yet.log")]

    assert len(messages(Pipeline())) == 100


def test_all_that_is_wrong_comes_at_once() -> None:
    """Every wrong filter is named, with what to write instead."""
    with pytest.raises(yarder.ConfigError) as caught:
        yarder.read("x", since="soon", level="loud", contains=7, where=5, colour=1)  # type: ignore[arg-type, call-arg]
    assert {problem.key for problem in caught.value.problems} == {"since", "level", "contains", "where", "colour"}
    with pytest.raises(yarder.ConfigError, match="regex: "):
        yarder.read(".", regex="(")
    with pytest.raises(yarder.ConfigError, match="tz: there is no zone"):
        yarder.read(".", tz="Mars/Olympus")


def test_a_missing_source_is_an_os_error(tmp_path: Path) -> None:
    """The errors are Python's own, with the path."""
    with pytest.raises(FileNotFoundError) as caught:
        yarder.read(tmp_path / "nothing")
    assert caught.value.filename == str(tmp_path / "nothing")
