"""The pipeline hands each stage what it needs: what native code is told, and when."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import yarder.pipeline
from tests.helpers import FakeProducer, FakeQueue
from yarder import Call, Closed, ConfigError, Console, File, Level, Pipeline
from yarder.drain import handlers


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(yarder.pipeline, "Producer", FakeProducer)
    monkeypatch.setattr(handlers, "HandlerQueue", FakeQueue)
    monkeypatch.setattr(yarder.pipeline, "_open", [])
    yield
    yarder.pipeline._exit_all()


def producer(pipeline: Pipeline) -> Any:
    """The fake producer of a pipeline."""
    return pipeline._producer


def calls(pipeline: Pipeline) -> list[str]:
    """What the fake producer was asked for, in order."""
    return [name for name, *_ in producer(pipeline).calls]


def test_what_attach_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options become numbers, plans become JSON with absolute paths, in one call."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("YARDER_YARD")
    pipeline = Pipeline(
        app="../web",
        level="debug",
        levels={"db": "off"},
        backends=[File("logs/{app}.log", level="info"), Console(), Call(print)],
        mode="sync",
        overflow="overwrite_oldest",
        block_ms=None,
    )
    [told] = producer(pipeline).attached
    plan, local = json.loads(told.pop("plan")), json.loads(told.pop("local"))
    assert [queue.name for queue in told.pop("queues")] == ["print"]
    assert told == {
        "app": "../web", "yard": None, "policy": 2, "block_ms": (-1.0,) * 9, "ring_slots": 8192, "sync": True,
        "max_record_bytes": 262_144, "sync_ms": 1000.0, "caller": True, "levels": {"": 7, "db": -1},
    }  # fmt: skip
    assert plan == {
        "version": 1, "app": "../web", "tz": "local",
        "destinations": [{
            "name": "file", "type": "file", "level": 6, "facilities": None, "path": f"{tmp_path}/logs/_._web.log",
            "format": "json", "mode": 0o640, "fsync": "never", "on_conflict": "suffix",
            "rotate": None, "compress": None,
        }],
    }  # fmt: skip
    assert local["destinations"] == [{
        "name": "console", "type": "console", "level": 8, "facilities": None, "stream": "stderr", "format": "human",
        "color": None, "traceback": "full", "show_locals": False,
    }]  # fmt: skip


def test_only_what_is_there(tmp_path: Path) -> None:
    """Without shared or local destinations there is no such plan."""
    assert producer(Pipeline(app="a", backends=[])).attached[0]["plan"] is None
    assert producer(Pipeline(app="a", backends=[Console()])).attached[0]["plan"] is None
    assert producer(Pipeline(app="a", backends=[File(tmp_path / "x")])).attached[0]["local"] is None


def test_names_are_unique(tmp_path: Path) -> None:
    """Two destinations of one kind are told apart in the meters; a name that was given stays."""
    backends = [File(tmp_path / "a"), File(tmp_path / "b"), File(tmp_path / "c", name="audit")]
    plan = json.loads(producer(Pipeline(app="a", backends=backends)).attached[0]["plan"])
    assert [entry["name"] for entry in plan["destinations"]] == ["file", "file-2", "audit"]


def test_one_path_for_two_files_is_refused(tmp_path: Path) -> None:
    """Each line would be there twice."""
    with pytest.raises(ConfigError) as caught:
        Pipeline(app="a", backends=[File(tmp_path / "a"), Console(), File(f"{tmp_path}/./a")])
    assert caught.value.key == "backends[2].path"


def test_colour_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR reaches the plan of the console, over what the code says."""
    monkeypatch.setenv("NO_COLOR", "1")
    told = producer(Pipeline(app="a", backends=[Console(color=True)])).attached[0]
    assert json.loads(told["local"])["destinations"][0]["color"] is False


def test_a_bad_environment_is_one_line_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pipeline starts; the operator reads which variable was left out."""
    monkeypatch.setenv("YARDER_LEVEL", "loud")
    Pipeline(app="a")
    assert capsys.readouterr().err.count("\n") == 1


def test_reconfigure_swaps() -> None:
    """A second configuration attaches anew, keeps handlers that were added, and ends those of before."""
    pipeline = Pipeline(app="a", backends=[Call(print)])
    [old] = pipeline._calls
    added = pipeline.add_handler(ascii)
    pipeline.configure(app="a", backends=[Call(repr)])
    second = producer(pipeline).attached[1]
    assert [queue.name for queue in second["queues"]] == ["ascii", "repr"]
    assert old.queue.closed
    assert pipeline.remove_handler(added)


def test_a_failed_configuration_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """When attaching fails the error comes out and the former destinations stay."""
    pipeline = Pipeline(app="a", backends=[Call(print)])
    [old] = pipeline._calls

    def fail(**_: Any) -> None:
        raise yarder.RingError("no memory")

    monkeypatch.setattr(producer(pipeline), "attach", fail)
    with pytest.raises(yarder.RingError):
        pipeline.configure(app="b", backends=[Call(repr)])
    assert pipeline._calls == [old]
    assert not old.queue.closed


def test_zero_configuration() -> None:
    """A lazy pipeline attaches nothing until native code asks for it, and then only once."""
    pipeline = Pipeline.lazy()
    pipeline.logger("db")
    assert pipeline.flush()
    assert pipeline.levels() == {"": Level.INFO}
    assert producer(pipeline).attached == []
    producer(pipeline).starter()
    producer(pipeline).starter()
    assert pipeline.flush()
    [told] = producer(pipeline).attached
    assert told["levels"] == {"": 6}
    assert json.loads(told["local"])["destinations"][0]["stream"] == "stderr"


def test_zero_configuration_never_raises(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be had is said on stderr: a log call started it."""
    pipeline = Pipeline.lazy()

    def fail(**_: Any) -> None:
        raise yarder.RingError("no memory")

    monkeypatch.setattr(producer(pipeline), "attach", fail)
    producer(pipeline).starter()
    assert "cannot start: no memory" in capsys.readouterr().err


def test_levels_at_run_time() -> None:
    """`set_level` takes every form, "off" and one process; another app is refused; a plain 0 too."""
    pipeline = Pipeline(app="a", levels={"db": "off"})
    pipeline.set_level("warn", facility="web", pid=7)
    pipeline.set_level(Level.EMERGENCY)
    pipeline.clear_level("web", app="a")
    assert producer(pipeline).calls == [("set_level", 4, "web", 7), ("set_level", 0, "", 0), ("clear_level", "web", 0)]
    assert pipeline.levels() == {"": Level.INFO, "db": "off"}
    with pytest.raises(ConfigError):
        pipeline.set_level(0)
    with pytest.raises(ConfigError):
        pipeline.set_level("info", app="b")


def test_write() -> None:
    """`write` passes level and fields on; after close it says False."""
    pipeline = Pipeline(app="a")
    assert pipeline.write("error", "x", a=1, level=2) is True
    assert producer(pipeline).calls == [("write", None, 3, "x", {"a": 1, "level": 2})]
    with pytest.raises(ConfigError):
        pipeline.write("loud", "x")
    pipeline.close()
    assert pipeline.write("error", "x") is False


def test_close_is_idempotent_and_can_be_undone() -> None:
    """Closing twice is fine; `configure` starts again; a handler cannot be added in between."""
    with Pipeline(app="a") as pipeline:
        pass
    assert pipeline.close()
    assert calls(pipeline) == ["close"]
    with pytest.raises(Closed):
        pipeline.add_handler(print)
    pipeline.configure(app="a")
    assert pipeline.write("info", "x") is True


def test_asynchronous_doors() -> None:
    """`async with`, `aflush` and `aclose` do the same off the loop."""

    async def main() -> list[str]:
        async with Pipeline(app="a") as pipeline:
            assert await pipeline.aflush(1.0)
        return calls(pipeline)

    assert asyncio.run(main()) == ["flush", "close"]


def test_stats() -> None:
    """Native numbers, handlers and threads in one frozen object; reasons without a loss are left out."""
    pipeline = Pipeline(app="a", backends=[Call(print)])
    stats = pipeline.stats()
    assert (stats.ring_used, stats.ring_slots, stats.mode, stats.handlers, stats.threads) == (3, 4, "async", 1, 2)
    assert dict(stats.dropped) == {"ring_full": 2}
    assert stats.lost == 2
    assert stats.backends["print"].written == 0
    with pytest.raises(AttributeError):
        stats.accepted = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        stats.dropped["x"] = 1  # type: ignore[index]
    pipeline.close()
    assert pipeline.stats().mode == "closed"
    assert Pipeline.lazy().stats().mode == "off"


def test_the_interpreter_exits() -> None:
    """What handlers still have to do is done before the interpreter goes."""
    pipeline = Pipeline(app="a")
    pipeline.add_handler(repr)
    yarder.pipeline._exit_all()
    assert calls(pipeline) == ["add_queue", "flush"]
    assert pipeline._added[id(repr)].queue.closed


def test_a_forked_child_has_its_own_queues() -> None:
    """The queue that was inherited is let go, never used again."""
    pipeline = Pipeline(app="a", backends=[Call(print)])
    [thread] = pipeline._calls
    inherited = thread.queue
    yarder.pipeline._fork_all()
    assert thread.queue is not inherited
    assert producer(pipeline).calls[:2] == [("remove_queue", inherited), ("add_queue", thread.queue)]
    assert not inherited.closed
    inherited.close()
