"""`context`: fields for everything that is logged inside a block, across await, threads started inside, and executors.

Tasks copy the context variables of their maker, so asyncio needs nothing. Threads do not (before Python 3.14), so the
first use of `context` wraps two methods for this one variable: `threading.Thread.start` and, as soon as the module is
loaded, `ThreadPoolExecutor.submit`. Nothing is wrapped in a program that never uses `context`.
"""

from __future__ import annotations

import sys

from yarder.native import CONTEXT, Fields

__all__ = ["context"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token
    from typing import Any, Self

_MARK = "__yarder_carries_context__"


class context:  # noqa: N801 - used like a function: `with yarder.context(...)`
    """Fields for every record logged inside the `with` block; inner blocks add to outer ones, later wins.

    Cost: about a microsecond to enter; each record inside costs one more copy. An object may be entered again, also
    while it is entered. Raises nothing.
    """

    __slots__ = ("_fields", "_tokens")

    def __init__(self, /, **fields: Any):
        self._fields = fields
        self._tokens: list[Token[Fields | None]] = []

    def __enter__(self) -> Self:
        _carry()
        self._tokens.append(CONTEXT.set(Fields(self._fields, CONTEXT.get(None))))
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            CONTEXT.reset(self._tokens.pop())
        except ValueError:
            # A generator was entered in one context and closed in another (by the collector, say): the variable of
            # the context it was entered in is gone with it, and the one that runs now was never touched.
            return


def _carry() -> None:
    """Let new threads and executors carry the variable. Idempotent; two dictionary look-ups when there is no more to do."""
    import threading  # late, and a look-up when it is loaded: it costs 5 ms

    if not hasattr(threading.Thread.start, _MARK):
        _wrap_threads(threading.Thread)
    futures = sys.modules.get("concurrent.futures.thread")
    pool = getattr(futures, "ThreadPoolExecutor", None)
    if pool is not None and not hasattr(pool.submit, _MARK):
        _wrap_executors(pool)


def _wrap_threads(thread: Any) -> None:
    original = thread.start

    def start(self: Any) -> None:
        if getattr(getattr(self, "_target", None), "__module__", None) == "concurrent.futures.thread":
            # An executor that was imported after the last `context`. From here on each task carries its own fields;
            # this worker inherits them for the task that is already queued and was not wrapped.
            _carry()
        fields = CONTEXT.get(None)
        if fields is None:
            original(self)
            return
        self.run = _carried(self.run, fields, self)
        try:
            original(self)
        except BaseException:
            self.__dict__.pop("run", None)  # not started: as it was before
            raise

    _dress(start, original)
    thread.start = start


def _carried(run: Callable[[], None], fields: Fields, owner: Any) -> Callable[[], None]:
    def carried() -> None:
        owner.__dict__.pop("run", None)  # breaks the cycle thread -> run -> thread
        CONTEXT.set(fields)
        run()

    return carried


def _wrap_executors(pool: Any) -> None:
    original = pool.submit

    def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        # Also without fields: the worker may have inherited those of the task that made it.
        return original(self, _task(fn, CONTEXT.get(None)), *args, **kwargs)

    _dress(submit, original)
    pool.submit = submit


def _task(fn: Callable[..., Any], fields: Fields | None) -> Callable[..., Any]:
    def task(*args: Any, **kwargs: Any) -> Any:
        token = CONTEXT.set(fields)
        try:
            return fn(*args, **kwargs)
        finally:
            CONTEXT.reset(token)

    return task


def _dress(wrapper: Any, original: Any) -> None:
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(wrapper, name, getattr(original, name, None))
    wrapper.__wrapped__ = original
    setattr(wrapper, _MARK, True)
