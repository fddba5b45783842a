"""Bound fields and context fields reach exactly the records they belong to."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import yarder
from tests.helpers import run_python
from tests.programs import read


def by_message(path: Path) -> dict[str, Any]:
    """Fields by message; a message that is there twice fails the test."""
    records = read(path)
    found = {record["message"]: record["fields"] for record in records}
    assert len(found) == len(records)
    return found


def test_bind_and_unbind(log_file: Path) -> None:
    """A bound logger adds its fields, later binds win, `unbind` takes them off, and the logger it came from is unchanged."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger("db")
        one = log.bind(a=1, b=2)
        two = one.bind(b=3, c=[4])
        log.info("plain")
        one.info("one")
        two.info("two")
        two.unbind("a", "unknown").info("unbound")
        two.unbind("a", "b", "c").info("bare")
        two.info("call wins", a="call")
        assert (one.fields, two.facility) == ({"a": 1, "b": 2}, "db")
    found = by_message(log_file)
    assert found["plain"] == found["bare"] == {}
    assert found["one"] == {"a": 1, "b": 2}
    assert found["two"] == {"a": 1, "b": 3, "c": [4]}
    assert found["unbound"] == {"b": 3, "c": [4]}
    assert found["call wins"] == {"a": "call", "b": 3, "c": [4]}


def test_bound_values_are_those_of_the_bind(log_file: Path) -> None:
    """A list that changes after `bind` or `context` does not change the records."""
    items = [1]
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        bound = pipeline.logger().bind(items=items)
        with yarder.context(seen=items):
            items.append(2)
            bound.info("x")
    assert by_message(log_file)["x"] == {"seen": [1], "items": [1]}


def test_the_nearest_wins(log_file: Path) -> None:
    """Call over bound over context, inner over outer; a key is there once, and order is context, bound, call."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger().bind(k="bound", b=1)
        with yarder.context(k="outer", o=1, i=1), yarder.context(k="inner", i=2):
            pipeline.logger().info("context")
            log.info("bound")
            log.info("call", k="call", z=9)
        log.info("outside")
    found = by_message(log_file)
    assert found["context"] == {"o": 1, "k": "inner", "i": 2}
    assert found["bound"] == {"o": 1, "i": 2, "k": "bound", "b": 1}
    assert list(found["call"].items()) == [("o", 1), ("i", 2), ("b", 1), ("k", "call"), ("z", 9)]
    assert found["outside"] == {"k": "bound", "b": 1}


def test_tasks(log_file: Path) -> None:
    """Hundreds of tasks that take turns each log with their own fields."""
    with yarder.Pipeline(app="web", ring_slots=65536, backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()

        async def work(name: int) -> None:
            with yarder.context(task=name):
                for step in range(5):
                    with yarder.context(step=step):
                        log.info("x", me=name, my_step=step)
                        await asyncio.sleep(0)
                    log.info("between", me=name)

        async def main() -> None:
            await asyncio.gather(*(work(name) for name in range(200)))

        asyncio.run(main())
    for record in read(log_file):
        fields = record["fields"]
        assert fields["task"] == fields["me"]
        assert fields.get("step") == fields.get("my_step")


def test_threads_and_executors(log_file: Path) -> None:
    """Threads started inside, executors, `asyncio.to_thread` and copied contexts carry the fields; others do not."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        pool = ThreadPoolExecutor(2)
        with yarder.context(where="inside"):
            thread = threading.Thread(target=lambda: (log.info("thread"), spawn()))

            def spawn() -> None:
                inner = threading.Thread(target=log.info, args=("thread of a thread",))
                inner.start()
                inner.join()

            thread.start()
            thread.join()
            pool.submit(log.info, "submitted").result()
            list(pool.map(log.info, ["mapped"]))
            copied = contextvars.copy_context()

            async def main() -> None:
                await asyncio.to_thread(log.info, "to_thread")
                await asyncio.get_running_loop().run_in_executor(None, log.info, "run_in_executor")

            asyncio.run(main())
        late = threading.Thread(target=log.info, args=("outside thread",))
        late.start()
        late.join()
        pool.submit(log.info, "outside pool").result()
        pool.shutdown()
        copied.run(log.info, "copied")
    found = by_message(log_file)
    outside = {message for message, fields in found.items() if fields == {}}
    assert outside == {"outside thread", "outside pool"}
    assert all(fields == {"where": "inside"} for message, fields in found.items() if message not in outside)
    assert len(found) == 9


def test_a_generator_in_a_context(log_file: Path) -> None:
    """A context that a generator leaves open, or that the collector closes elsewhere, disturbs nobody."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()

        def lines() -> Any:
            with yarder.context(inside=True):
                yield 1
                yield 2

        generator = lines()
        contextvars.copy_context().run(next, generator)
        log.info("elsewhere")
        del generator
        gc.collect()
        log.info("after")
    assert set(map(str, by_message(log_file).values())) == {"{}"}


def test_opentelemetry(log_file: Path) -> None:
    """Records inside a span carry its ids, nested spans and tasks their own, records outside none."""
    tracer = TracerProvider().get_tracer("test")
    expected: dict[str, dict[str, str]] = defaultdict(dict)

    def ids(span: trace.Span) -> dict[str, str]:
        context = span.get_span_context()
        return {
            "trace_id": f"{context.trace_id:032x}",
            "span_id": f"{context.span_id:016x}",
            "trace_flags": f"{int(context.trace_flags):02x}",
        }

    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()

        async def work(name: str) -> None:
            with tracer.start_as_current_span(name) as span:
                await asyncio.sleep(0)
                expected[name] = ids(span)
                log.info(name)

        async def main() -> None:
            await asyncio.gather(*(work(f"task {n}") for n in range(20)))

        log.info("before")
        with tracer.start_as_current_span("outer") as outer:
            with tracer.start_as_current_span("inner") as inner:
                log.info("inner", a=1)
            log.info("outer")
        log.info("after")
        asyncio.run(main())
    expected["inner"], expected["outer"] = {**ids(inner), "a": 1}, ids(outer)  # type: ignore[dict-item]
    expected["before"] = expected["after"] = {}
    assert by_message(log_file) == dict(expected)


def test_opentelemetry_is_not_imported() -> None:
    """A program that does not use it never loads it for yarder."""
    code = "import sys, yarder; yarder.get_logger().info('x'); yarder.flush(); print('opentelemetry' in sys.modules)"
    assert run_python(code).stdout == "False\n"
