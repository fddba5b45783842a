"""`HandlerThread`: one daemon thread per handler, so that one that hangs hurts nobody else."""

from __future__ import annotations

import threading
import time

from yarder.errors import report
from yarder.native import CONTEXT, HandlerQueue
from yarder.record import Record

__all__ = ["CAPACITY", "HandlerThread", "is_async"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from typing import Any

    from yarder.typing import Handler

CAPACITY = 10_000
"""Records that wait for one handler, at most; then its newest are lost, counted as `handler_slow`."""

_TAKE_S = 1.0
_REPORT_S = 60.0
_COROUTINE = 0x80  # inspect.CO_COROUTINE


class HandlerThread:
    """Takes records from a queue of its own and hands them over one by one.

    An exception is counted; the first, and then one a minute, is reported on stderr. Records that the handler itself
    logs are not handed back to it: that would never end.
    """

    def __init__(
        self,
        handler: Handler,
        name: str,
        level: int,
        facilities: Mapping[str, int] | None,
        timeout_s: float,
    ):
        self.handler = handler
        self.name = name
        self.errors = 0
        self._level = level
        self._facilities = facilities
        self._timeout_s = timeout_s
        self._call: Callable[[Any], Any] = getattr(handler, "handle", None) or handler  # type: ignore[assignment]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reported = float("-inf")
        self.queue = self._new_queue()
        self._thread = self._new_thread()

    def _new_queue(self) -> HandlerQueue:
        return HandlerQueue(self.name, self._level, self._facilities, CAPACITY)

    def _new_thread(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, args=(self.queue,), name=f"yarder-{self.name}", daemon=True)
        thread.start()
        return thread

    def restart(self) -> HandlerQueue:
        """In a forked child: a queue and a thread of its own; returns the queue that was inherited.

        The inherited one may be locked by a thread that does not exist here: it is never touched again.
        """
        inherited = self.queue
        self._loop = None  # never closed: its descriptors belong to the parent too
        self.queue = self._new_queue()
        self._thread = self._new_thread()
        return inherited

    def close(self, timeout: float) -> bool:
        """Let it take what is queued, at most for `timeout` seconds; False when it did not end in time."""
        self.queue.close()
        if self._thread is threading.current_thread():
            return True  # a handler that closes its own pipeline
        self._thread.join(max(0.0, timeout))
        return not self._thread.is_alive()

    def _run(self, queue: HandlerQueue) -> None:
        CONTEXT.set(None)  # fields of the thread that named the handler are not the handler's
        own = threading.get_native_id()
        call = self._awaited if is_async(self._call) else self._call
        try:
            while (rows := queue.take(_TAKE_S)) is not None:
                for row in rows:
                    failed = 0
                    if row[8] != own:
                        failed = self._hand(call, row)
                    queue.done(1, failed)
        finally:
            if self._loop is not None:
                self._loop.close()

    def _hand(self, call: Callable[[Record], Any], row: tuple[Any, ...]) -> int:
        try:
            call(Record.from_row(row))
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises hurts nobody else
            self.errors += 1
            self._report(error)
            return 1
        return 0

    def _awaited(self, record: Record) -> None:
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        error = self._loop.run_until_complete(asyncio.wait_for(self._outcome(record), self._timeout_s))
        if error is not None:
            raise error

    async def _outcome(self, record: Record) -> BaseException | None:
        try:
            await self._call(record)
        except (SystemExit, KeyboardInterrupt) as error:
            return error  # raised in here they would break the loop off and leave its tasks behind
        return None

    def _report(self, error: BaseException) -> None:
        now = time.monotonic()
        if now - self._reported < _REPORT_S:
            return
        self._reported = now
        try:
            text = f"{type(error).__name__}: {error}".splitlines()[0]
        except Exception:  # noqa: BLE001 - the text of an exception is foreign code
            text = type(error).__name__
        report(f"handler {self.name!r} raised {text} ({self.errors} in all); its record is counted as failed")


def is_async(function: Any) -> bool:
    """Whether calling it gives a coroutine: a coroutine function, a bound method of one, or an object called as one."""
    function = getattr(function, "func", function)  # functools.partial
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        code = getattr(vars(type(function)).get("__call__"), "__code__", None)
    return bool(getattr(code, "co_flags", 0) & _COROUTINE)
