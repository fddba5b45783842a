"""`context` reaches everything that is logged inside: nested, in tasks, in threads, in executors; and nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.helpers import run_python
from yarder import context
from yarder.native import CONTEXT


def seen() -> dict[str, Any] | None:
    """The fields that a record logged here would get."""
    fields = CONTEXT.get(None)
    return None if fields is None else fields.as_dict()


def in_thread(function: Any) -> Any:
    """The result of a function, called in a new thread."""
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(function()))
    thread.start()
    thread.join()
    return result[0]


def test_inner_fields_add_to_outer_ones() -> None:
    """Blocks nest, the inner value wins, and leaving restores what was."""
    assert seen() is None
    with context(a=1, b=1):
        with context(b=2, c=3):
            assert seen() == {"a": 1, "b": 2, "c": 3}
        assert seen() == {"a": 1, "b": 1}
    assert seen() is None


def test_one_object_may_be_entered_again() -> None:
    """The same object can be used twice, also inside itself."""
    request = context(a=1)
    with request, context(a=2), request:
        assert seen() == {"a": 1}
    with request:
        assert seen() == {"a": 1}
    assert seen() is None


def test_it_ends_with_an_exception() -> None:
    """An exception passes through and the fields are gone."""
    with pytest.raises(KeyError), context(a=1):
        raise KeyError
    assert seen() is None


def test_threads_started_inside() -> None:
    """A thread has the fields of where it was started, also after the block, and later blocks are not its own."""
    go, result = threading.Event(), []
    with context(a=1):
        thread = threading.Thread(target=lambda: result.append(go.wait(10) and seen()))
        thread.start()
    with context(b=2):
        go.set()
        thread.join()
    assert result == [{"a": 1}]
    assert in_thread(seen) is None


def test_threads_that_override_run() -> None:
    """Subclasses with a `run` of their own inherit too, and the object keeps no wrapper."""

    class Worker(threading.Thread):
        got: Any = None

        def run(self) -> None:
            self.got = seen()

    with context(a=1):
        worker = Worker()
        worker.start()
        worker.join()
    assert worker.got == {"a": 1}
    assert "run" not in vars(worker)


def test_tasks() -> None:
    """Each task has its own fields, across await."""

    async def one(n: int) -> Any:
        with context(n=n):
            await asyncio.sleep(0)
            return seen(), await asyncio.to_thread(seen)

    async def all_of_them() -> list[Any]:
        with context(outer=True):
            return await asyncio.gather(*(one(n) for n in range(3)))

    assert asyncio.run(all_of_them()) == [({"outer": True, "n": n},) * 2 for n in range(3)]


def test_executors() -> None:
    """A task in a pool has the fields of where it was submitted; the worker forgets them."""
    with ThreadPoolExecutor(1) as pool:
        with context(a=1):
            inside = pool.submit(seen)
        outside = pool.submit(seen)
        with context(b=2):
            mapped = list(pool.map(lambda _: seen(), range(2)))
    assert inside.result() == {"a": 1}
    assert outside.result() is None
    assert mapped == [{"b": 2}, {"b": 2}]


def test_run_in_executor() -> None:
    """The loop's default executor carries the fields of the coroutine."""

    async def main() -> Any:
        with context(a=1):
            return await asyncio.get_running_loop().run_in_executor(None, seen)

    assert asyncio.run(main()) == {"a": 1}


def test_an_executor_that_is_imported_inside() -> None:
    """A pool whose module was not loaded when the block began carries the fields, and forgets them after it."""
    code = """
import sys, yarder
from yarder.native import CONTEXT
seen = lambda: (lambda f: f and f.as_dict())(CONTEXT.get(None))
with yarder.context(a=1):
    assert "concurrent.futures" not in sys.modules
    from concurrent.futures import ThreadPoolExecutor
    pool = ThreadPoolExecutor(1)
    inside = pool.submit(seen)
outside = pool.submit(seen)
print(inside.result(), outside.result())
"""
    assert run_python(code).stdout == "{'a': 1} None\n"


def test_wrapping_is_done_once() -> None:
    """However often `context` is used, thread and executor methods are wrapped one time, and look the same."""
    for n in range(3):
        with context(n=n):
            start, submit = threading.Thread.start, ThreadPoolExecutor.submit
    with context():
        assert threading.Thread.start is start
        assert ThreadPoolExecutor.submit is submit
    assert not hasattr(start.__wrapped__, "__wrapped__")  # type: ignore[attr-defined]
    assert start.__qualname__ == "Thread.start"
    assert submit.__doc__ == submit.__wrapped__.__doc__  # type: ignore[attr-defined]


def test_a_thread_cannot_be_started_twice() -> None:
    """The wrapped method keeps stdlib's own error."""
    with context(a=1):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        with pytest.raises(RuntimeError):
            thread.start()


def test_a_generator_closed_elsewhere() -> None:
    """A generator that was entered in one context and closed in another does not raise."""

    def walk() -> Generator[Any, None, None]:
        with context(a=1):
            yield seen()

    generator = walk()
    assert in_thread(lambda: next(generator)) == {"a": 1}
    generator.close()
    assert seen() is None


def test_nothing_is_wrapped_without_use() -> None:
    """A program that never uses `context` has stdlib's own methods."""
    code = "import threading, yarder; yarder.get_logger(); print(hasattr(threading.Thread.start, '__wrapped__'))"
    assert run_python(code).stdout == "False\n"
