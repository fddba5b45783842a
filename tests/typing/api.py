"""Read by type checkers, never run: the public names have the types that the docs say."""

from __future__ import annotations

import logging as stdlib
from pathlib import Path
from typing import assert_type

import yarder
from yarder.meters import BackendStats
from yarder.typing import BackendOptions, Options


def configuring() -> None:
    """Options are checked by name and type; the result is a pipeline."""
    file = yarder.File(Path("logs") / "{app}.log", format="json", level="debug", facilities={"db": yarder.Level.INFO})
    console = yarder.Console("stdout", color=False)
    pipeline = yarder.configure(
        app="web", level=30, levels={"db": "off"}, backends=[file, console, yarder.Call(print)], mode="sync",
        overflow="drop_newest", block_ms={"error": None, "debug": 0}, ring_slots=8192, tz="utc", env=False, caller=True,
    )  # fmt: skip
    assert_type(pipeline, yarder.Pipeline)
    yarder.configure("yarder.toml", block_ms=None)
    yarder.configure(levle="info")  # type: ignore[call-arg]
    yarder.configure(mode="fast")  # type: ignore[arg-type]
    yarder.File("x", format=yarder.Json("ecs", level="name", rename={"message": "text"}, max_line=4096))
    yarder.File("x", format="{timestamp} {level:<8} {message}")
    yarder.File("x", format=3)  # type: ignore[arg-type]
    yarder.Json("splunk")  # type: ignore[arg-type]
    options: Options = {"app": "a", "ring_slots": 256}
    yarder.Pipeline(**options)
    backend: BackendOptions = file
    assert_type(backend.name, str | None)


def bridging() -> None:
    """The standard library's logging takes levels in any form; the handler is one of its own."""
    yarder.install_logging()
    yarder.install_logging(level="debug", capture_warnings=False, replace=False, excepthooks=True)
    yarder.install_logging(level=b"debug")  # type: ignore[arg-type]
    yarder.uninstall_logging()
    stdlib.getLogger().addHandler(yarder.Handler("INFO", pipeline=yarder.Pipeline(app="audit")))


def logging() -> None:
    """Messages, arguments and fields of any type; `level` and `msg` are legal field names."""
    log = yarder.get_logger("db", library=True)
    assert_type(log, yarder.Logger)
    log.info("user %s took %d ms", "x", 3, user_id=7, level="x", msg=object())
    assert_type(log.bind(request="r").unbind("request"), yarder.Logger)
    assert_type(log.is_enabled(yarder.Level.DEBUG), bool)
    log.log("warn", "x")
    with yarder.context(trace="t", n=1) as entered:
        assert_type(entered, yarder.context)


@yarder.catch
def decorated(n: int) -> str:
    """Decorating keeps the type of the function."""
    return str(n)


@yarder.catch(level=yarder.Level.CRITICAL, reraise=False)
async def awaited(n: int) -> str:
    """The same with arguments, for a coroutine function."""
    return str(n)


async def living(record: yarder.Record) -> None:
    """What runs, flushes, counts and closes."""
    assert_type(decorated(1), str)
    assert_type(await awaited(1), str)
    assert_type(yarder.flush(timeout=1.0), bool)
    assert_type(await yarder.aflush(), bool)
    assert_type(yarder.stats(), yarder.Stats)
    assert_type(yarder.stats().backends["file"], BackendStats)
    assert_type(yarder.levels(), dict[str, yarder.Level | str])
    assert_type(yarder.add_handler(living, level="error"), object)  # type: ignore[assert-type]
    assert_type(record.level.at_least("warning"), bool)
    assert_type(record.fields["a"], object)  # type: ignore[assert-type]
    async with yarder.Pipeline(app="x") as pipeline:
        assert_type(pipeline.write("info", "x", a=1), bool)
    with yarder.Ring.create("/dev/shm/x", 256) as ring:
        assert_type(ring.read(), bytes | None)
