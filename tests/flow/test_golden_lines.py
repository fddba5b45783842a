"""Whole lines of both formats, from the public call to the bytes in the file, against lines that a person has read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import yarder

CODE = """\
import yarder
def f(log):
    log.info("static message")
    log.info("")
    log.info("user %s took %d ms", "Ada", 3, user_id=7, ok=True, ratio=0.5, none=None, raw=b"\\xff")
    log.warning("two\\nlines and \\x1b[31m colour", text="two words", quoted='say "x"', eq="a=b", empty="")
    log.error("nested", value={"a": [1, None, {"b": "c d"}]}, big=2**70)
    log.info("only %s")
    log.info("%d", "text")
    log.bind(bound=1).notice("ünïcödé ☃ 😀", key="значение")
    with yarder.context(trace="t-9"):
        log.critical("last", n=1)
"""

JSON = """\
{"id":"ID","timestamp":"TIME","level":6,"daemon":"web","message":"static message","fields":{},"pid":PID,"hostname":"HOST","facility":"db","tid":TID,"thread":"MainThread","caller":"golden.py:3 in f"}
{"id":"ID","timestamp":"TIME","level":6,"daemon":"web","message":"","fields":{},"pid":PID,"hostname":"HOST","facility":"db","tid":TID,"thread":"MainThread","caller":"golden.py:4 in f"}
{"id":"ID","timestamp":"TIME","level":6,"daemon":"web","message":"user Ada took 3 ms","fields":{"user_id":7,"ok":true,"ratio":0.5,"none":null,"raw":"\\\\xff"},"pid":PID,"hostname":"HOST","facility":"db","tid":TID,"thread":"MainThread","caller":"golden.py:5 in f"}
{"id":"ID","timestamp":"TIME","level":4,"daemon":"web","message":"two\\nlines and \\u001b[31m colour","fields":{"text":"two words","quoted":"say \\"x\\"","eq":"a=b","empty":""},"pid":PID,"hostname":"HOST","facility":"db","tid":TID,"thread":"MainThread","caller":"golden.py:6 in f"}
{"id":"ID","timestamp":"TIME","level":3,"daemon":"web","message":"nested","fields":{"value":{"a":[1,null,{"b":"c d"}]},"big":1180591620717411303424},"pid":PID,"hostname":"HOST","facility":"db","tid":TID,"thread":"MainThread","caller":"golden.py:7 in f"}
{"id":"ID","timestamp":"TIME","level":6,"daemon":"web","message":"only %s","fields":{},"pid":PID,"hostname":"HOST","facility":"db","tid":TID,"thread":"MainThread","caller":"golden.py:8 in f"}
{"id":"ID","timestamp":"TIME","level":6,"daemon":"web","message":"%d [%d format: a real number is required, not str: args=('text',)]","fields":{"format_error":true},"pid":PID,"hostname":"HOST","facility":"db","tid":TID,"thread":"MainThread","caller":"golden.py:9 in f"}
{"id":"ID","timestamp":"TIME","level":5,"daemon":"web","message":"ünïcödé ☃ 😀","fields":{"bound":1,"key":"значение"},"pid":PID,"hostname":"HOST","facility":"db","tid":TID,"thread":"MainThread","caller":"golden.py:10 in f"}
{"id":"ID","timestamp":"TIME","level":2,"daemon":"web","message":"last","fields":{"trace":"t-9","n":1},"pid":PID,"hostname":"HOST","facility":"db","tid":TID,"thread":"MainThread","caller":"golden.py:12 in f"}
"""

HUMAN = """\
TIME INFO web/db: static message
TIME INFO web/db:
TIME INFO web/db: user Ada took 3 ms user_id=7 ok=true ratio=0.5 none=null raw="\\\\xff"
TIME WARNING web/db: two\\nlines and \\x1b[31m colour text="two words" quoted="say \\"x\\"" eq="a=b" empty=""
TIME ERROR web/db: nested value={"a":[1,null,{"b":"c d"}]} big=1180591620717411303424
TIME INFO web/db: only %s
TIME INFO web/db: %d [%d format: a real number is required, not str: args=('text',)] format_error=true
TIME NOTICE web/db: ünïcödé ☃ 😀 bound=1 key=значение
TIME CRITICAL web/db: last trace=t-9 n=1
"""


def run(path: Path, form: str, tz: str = "utc") -> str:
    """What stands in the file after the program ran."""
    with yarder.Pipeline(app="web", tz=tz, backends=[yarder.File(path, format=form)]) as pipeline:  # type: ignore[arg-type]
        scope: dict[str, object] = {}
        exec(compile(CODE, "/somewhere/golden.py", "exec"), scope)
        scope["f"](pipeline.logger("db"))  # type: ignore[operator]
    return path.read_text()


def test_json(log_file: Path) -> None:
    """Keys, order, escapes and types of JSON lines."""
    text = run(log_file, "json")
    text = re.sub(r'"id":"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"', '"id":"ID"', text)
    text = re.sub(r'"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"', '"timestamp":"TIME"', text)
    text = re.sub(r'"pid":\d+,"hostname":"[^"]+"', '"pid":PID,"hostname":"HOST"', text)
    assert re.sub(r'"tid":\d+', '"tid":TID', text) == JSON


def test_human(log_file: Path) -> None:
    """Lines for people, field quoting and escapes."""
    assert re.sub(r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} ", "TIME ", run(log_file, "human")) == HUMAN


def test_times(tmp_path: Path) -> None:
    """JSON times and ids are of now, in UTC; human lines are in UTC or in local time, as `tz` says."""
    import json
    import time

    before = time.time_ns() // 1_000_000
    text = run(tmp_path / "a.log", "json")
    after = time.time_ns() // 1_000_000
    for line in text.splitlines():
        record = json.loads(line)
        stamp = datetime.fromisoformat(record["timestamp"])
        assert stamp.tzinfo == UTC
        assert before - 50 <= stamp.timestamp() * 1000 <= after + 50
        assert int(record["id"].replace("-", "")[:12], 16) == int(stamp.timestamp() * 1000 + 1e-4)
    for tz, zone in (("utc", UTC), ("local", None)):
        line = run(tmp_path / f"{tz}.log", "human", tz).splitlines()[0]
        shown = datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=zone)
        assert abs(shown.timestamp() - time.time()) < 60


@pytest.mark.parametrize(("zone", "hours"), [("Asia/Kolkata", 5.5), ("America/St_Johns", -3.5), ("UTC", 0.0)])
def test_local_time_is_the_zone_of_the_process(tmp_path: Path, zone: str, hours: float) -> None:
    """`TZ` decides what local is."""
    from tests.helpers import run_python

    code = "import yarder; yarder.get_logger().warning('x')"
    line = run_python(code, TZ=zone).stderr
    shown = datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
    ahead = (shown - datetime.now(UTC)).total_seconds() / 3600
    assert min(abs(ahead - hours), abs(ahead - hours - 1)) < 0.05  # an hour more in summer
