"""The public face on the real native module: what goes in at the call comes out at the destinations."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

import yarder
from tests.helpers import run_python


def lines(path: Path) -> list[dict[str, Any]]:
    """The records of a JSON file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_record_in_a_file(log_file: Path) -> None:
    """Message, level, app, facility, fields and call site are in the line; flush says when."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger("db").info("user %s took %d ms", "Ada", 3, user_id=7, ok=True)
        pipeline.logger().bind(a=1).error("no facility")
        assert pipeline.flush()
        first, second = lines(log_file)
    assert (first["message"], first["level"], first["daemon"], first["facility"]) == (
        "user Ada took 3 ms",
        6,
        "web",
        "db",
    )
    assert first["fields"] == {"user_id": 7, "ok": True}
    assert first["caller"].startswith("test_live.py:")
    assert first["caller"].endswith(" in test_a_record_in_a_file")
    assert (second["facility"], second["fields"]) == ("web", {"a": 1})


def test_context_reaches_records(log_file: Path) -> None:
    """Fields of a block are in the records of the block, of its threads and of its tasks."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()

        async def task() -> None:
            log.info("task")

        with yarder.context(trace="t-9", n=1):
            log.info("inside", n=2)
            thread = threading.Thread(target=log.info, args=("thread",))
            thread.start()
            thread.join()
            asyncio.run(task())
        log.info("outside")
        pipeline.flush()
        found = {record["message"]: record["fields"] for record in lines(log_file)}
    assert found["inside"] == {"trace": "t-9", "n": 2}
    assert found["thread"] == found["task"] == {"trace": "t-9", "n": 1}
    assert found["outside"] == {}


def test_catch_writes_the_exception(log_file: Path) -> None:
    """Type, message and stack trace are fields of the record."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:

        @yarder.catch(reraise=False, logger=pipeline.logger(), level="critical")
        def divide() -> None:
            1 / 0

        divide()
        pipeline.flush()
        [record] = lines(log_file)
    assert record["level"] == 2
    assert record["message"].endswith("divide")
    assert record["fields"]["exception.type"] == "ZeroDivisionError"
    assert record["fields"]["exception.message"] == "division by zero"
    assert record["fields"]["exception.stacktrace"].startswith("Traceback (most recent call last):\n")


def test_handlers_get_records(log_file: Path) -> None:
    """Functions, coroutine functions and `Call` get the same records; flush waits for them; levels filter."""
    got: dict[str, list[str]] = {"call": [], "function": [], "coroutine": []}

    async def coroutine(record: yarder.Record) -> None:
        got["coroutine"].append(record.message)

    def call(record: yarder.Record) -> None:
        assert isinstance(record.level, yarder.Level)
        got["call"].append(f"{record.message} {record.fields['n']}")

    with yarder.Pipeline(app="web", backends=[yarder.Call(call)]) as pipeline:
        pipeline.add_handler(coroutine, facility="db")
        pipeline.add_handler(lambda record: got["function"].append(record.message), level="error")
        for n in range(3):
            pipeline.logger("db").info("i", n=n)
            pipeline.logger("web").error("e", n=n)
        assert pipeline.flush(10.0)
        assert pipeline.stats().handlers == 3
    assert got == {"call": ["i 0", "e 0", "i 1", "e 1", "i 2", "e 2"], "function": ["e"] * 3, "coroutine": ["i"] * 3}


def test_reconfigure_loses_nothing(tmp_path: Path) -> None:
    """Records before and after a swap are all there, each in the file that was configured then."""
    pipeline = yarder.Pipeline(app="web", backends=[yarder.File(tmp_path / "0.log")])
    log = pipeline.logger()
    for n in range(5):
        pipeline.configure(app="web", backends=[yarder.File(tmp_path / f"{n}.log")])
        for i in range(100):
            log.info("x", i=i)
    pipeline.close()
    for n in range(5):
        assert [record["fields"]["i"] for record in lines(tmp_path / f"{n}.log")] == list(range(100))


def test_levels_at_run_time(log_file: Path) -> None:
    """`set_level` and `clear_level` act on the next call; the longest prefix wins."""
    with yarder.Pipeline(app="web", levels={"db": "error"}, backends=[yarder.File(log_file)]) as pipeline:
        pool, web = pipeline.logger("db.pool"), pipeline.logger("web")
        assert not pool.is_enabled("warning")
        pipeline.set_level("debug", facility="db.pool")
        assert pool.is_enabled("debug")
        assert not pipeline.logger("db").is_enabled("info")
        pipeline.set_level("off")
        assert not web.is_enabled("emergency")
        assert pipeline.levels() == {"": "off", "db": yarder.Level.ERROR, "db.pool": yarder.Level.DEBUG}
        pipeline.clear_level()
        pipeline.clear_level("db.pool")
        assert pipeline.levels() == {"": yarder.Level.INFO, "db": yarder.Level.ERROR}


def test_write_says_whether_it_was_accepted(log_file: Path) -> None:
    """True while open, also below the level; False after close, and the record is counted, not lost silently."""
    pipeline = yarder.Pipeline(app="web", backends=[yarder.File(log_file)])
    assert pipeline.write("warn", "kept", n=1)
    assert pipeline.write("debug", "below")
    pipeline.close()
    assert pipeline.write("info", "late") is False
    assert [record["message"] for record in lines(log_file)] == ["kept"]


def test_stats_add_up(log_file: Path) -> None:
    """Accepted records are written, by backend too; slots are those of the configuration."""
    with yarder.Pipeline(app="web", ring_slots=1024, backends=[yarder.File(log_file, name="main")]) as pipeline:
        for n in range(50):
            pipeline.logger().info("x %d", n)
        pipeline.flush()
        stats = pipeline.stats()
    assert (stats.accepted, stats.lost, stats.ring_slots, stats.mode) == (50, 0, 1024, "async")
    assert stats.backends["main"].written == 50
    assert stats.producers >= 1


def test_zero_configuration_in_a_program() -> None:
    """Human lines of level info and worse on stderr; the environment changes level, format and stream."""
    code = "import yarder; log = yarder.get_logger('db'); log.debug('no'); log.info('yes', a=1)"
    plain = run_python(code, YARDER_APP="web")
    assert plain.stdout == ""
    assert plain.stderr.endswith(" INFO web/db: yes a=1\n")
    assert plain.stderr.count("\n") == 1
    told = run_python(code, YARDER_APP="web", YARDER_LEVEL="debug", YARDER_FORMAT="json", YARDER_STREAM="stdout")
    assert told.stderr == ""
    assert [json.loads(line)["message"] for line in told.stdout.splitlines()] == ["no", "yes"]
    bad = run_python(code, YARDER_APP="web", YARDER_LEVEL="loud")
    assert bad.stderr.splitlines()[0].startswith("yarder: YARDER_LEVEL: 'loud' is no level")
    assert len(bad.stderr.splitlines()) == 2


def test_a_file_of_configuration(tmp_path: Path) -> None:
    """YARDER_CONFIG alone configures a program that never heard of it."""
    config = tmp_path / "yarder.toml"
    config.write_text(f'app = "shop"\n[[backend]]\ntype = "file"\npath = "{tmp_path}/{{app}}.log"\n')
    result = run_python("import yarder; yarder.get_logger().warning('hi')", YARDER_CONFIG=str(config))
    assert result.stderr == ""
    assert [record["message"] for record in lines(tmp_path / "shop.log")] == ["hi"]


def test_handlers_run_before_exit() -> None:
    """A program that ends without flush or shutdown still hands its last records to handlers."""
    code = """
import yarder
yarder.configure(app="web", backends=[yarder.Call(lambda record: print(record.message, flush=True))])
for n in range(100):
    yarder.get_logger().info("n %d", n)
"""
    assert run_python(code).stdout.splitlines() == [f"n {n}" for n in range(100)]


def test_handlers_in_a_forked_child() -> None:
    """A child has handler threads of its own and gets its own records only."""
    code = """
import os, yarder
got = []
yarder.configure(app="web", backends=[yarder.Call(lambda record: got.append(record.message))])
log = yarder.get_logger()
log.info("parent")
assert yarder.flush()
pid = os.fork()
log.info("child" if pid == 0 else "parent again")
assert yarder.flush()
expected = ["parent", "child"] if pid == 0 else ["parent", "parent again"]
if pid == 0:
    os._exit(0 if got == expected else 1)
assert got == expected, got
assert os.waitpid(pid, 0)[1] == 0
print("ok")
"""
    assert run_python(code).stdout == "ok\n"


def test_shutdown_and_again(log_file: Path) -> None:
    """After shutdown records go to stderr; `configure` starts again, with the loggers that were made before."""
    code = """
import sys, yarder
log = yarder.get_logger()
for _ in range(2):
    yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
    log.info("kept")
    assert yarder.shutdown() and yarder.shutdown()
    log.error("late")
"""
    result = run_python(code, str(log_file))
    assert [record["message"] for record in lines(log_file)] == ["kept", "kept"]
    assert result.stderr.count("late") == 2


def test_asynchronous_doors(log_file: Path) -> None:
    """`async with`, `aflush` and `aclose` do not block the loop and lose nothing."""

    async def main() -> None:
        async with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
            pipeline.logger().info("a")
            assert await pipeline.aflush()
            pipeline.logger().info("b")

    asyncio.run(main())
    assert [record["message"] for record in lines(log_file)] == ["a", "b"]


def test_a_subinterpreter() -> None:
    """A subinterpreter logs to stderr, the main one goes on, and nothing crashes."""
    code = """
import sys, yarder
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
yarder.configure(app="main", backends=[yarder.Console()])
yarder.get_logger().info("before")
inner = interpreters.create()
run = getattr(interpreters, "run_string")
error = run(inner, "import yarder; yarder.get_logger('sub').warning('inside'); assert yarder.stats().accepted == 1")
assert error is None, error
interpreters.destroy(inner)
yarder.get_logger().info("after")
"""
    result = run_python(code)
    texts = [line.partition(": ")[2] for line in result.stderr.splitlines()]
    assert sorted(texts) == ["after", "before", "inside"]


@pytest.mark.parametrize("path", ["{app}.log", "deep/er/{app}.log"])
def test_the_name_of_the_app_stays_in_its_folder(tmp_path: Path, path: str) -> None:
    """An app called `../x` writes no file outside the folder."""
    with yarder.Pipeline(app="../x", backends=[yarder.File(tmp_path / "in" / path)]) as pipeline:
        pipeline.logger().info("hi")
    assert [file.name for file in tmp_path.rglob("*.log")] == ["_._x.log"]
    assert not (tmp_path / "x.log").exists()
