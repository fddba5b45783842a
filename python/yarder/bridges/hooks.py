"""What happens to exceptions that nobody caught: logged, then handed to whatever handled them before."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from yarder import default
from yarder.native import relay

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Hooks"]

_CRITICAL, _ERROR = 50, 40


class Hooks:
    """The hooks of the interpreter, of threads and of asyncio; `remove` puts the former ones back."""

    def __init__(self) -> None:
        from asyncio import base_events

        self._loop: Any = base_events.BaseEventLoop
        self._before: tuple[Any, Any, Any, Any] = (
            sys.excepthook,
            threading.excepthook,
            sys.unraisablehook,
            self._loop.call_exception_handler,
        )
        # Kept: a bound method is another object each time, and `remove` compares.
        self._ours: tuple[Any, Any, Any, Any] = (self._main, self._thread, self._unraisable, self._on_loop())
        self._set(self._ours)

    def remove(self) -> None:
        """Put the former hooks back, where ours are still the ones in force."""
        now = (sys.excepthook, threading.excepthook, sys.unraisablehook, self._loop.call_exception_handler)
        pairs = zip(now, self._ours, self._before, strict=True)
        self._set(tuple(before if current is ours else current for current, ours, before in pairs))

    def _set(self, hooks: tuple[Any, ...]) -> None:
        sys.excepthook, threading.excepthook, sys.unraisablehook, self._loop.call_exception_handler = hooks

    def _main(self, kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            _say(_CRITICAL, "uncaught exception", (), (kind, value, trace))
        self._before[0](kind, value, trace)

    def _thread(self, args: Any) -> None:
        if args.exc_type is not SystemExit:
            name = args.thread.name if args.thread is not None else "unknown"
            _say(
                _ERROR, "uncaught exception in thread %s", (name,), (args.exc_type, args.exc_value, args.exc_traceback)
            )
        self._before[1](args)

    def _unraisable(self, args: Any) -> None:
        what = args.err_msg or "Exception ignored in"
        _say(_ERROR, "%s: %s", (what, _shown(args.object)), (args.exc_type, args.exc_value, args.exc_traceback))
        self._before[2](args)

    def _on_loop(self) -> Any:
        former = self._before[3]

        def call_exception_handler(loop: Any, context: dict[str, Any]) -> None:
            # asyncio's default handler logs through the standard library, and so to us: only another one needs help.
            if loop.get_exception_handler() is not None:
                error = context.get("exception")
                exc_info = (type(error), error, error.__traceback__) if error is not None else None
                _say(_ERROR, "%s", (context.get("message") or "Unhandled exception in event loop",), exc_info)
            former(loop, context)

        return call_exception_handler


def _shown(what: object) -> str:
    try:
        return repr(what)
    except Exception:  # noqa: BLE001 - __repr__ is foreign code, and this runs where nothing may be raised
        return f"<unprintable {type(what).__name__} object>"


def _say(number: int, message: str, args: tuple[Any, ...], exc_info: tuple[Any, Any, Any] | None) -> None:
    """One record whose call site is where the exception was raised. Never raises."""
    try:
        relay(default.get_logger(), number, message, args, _raised_at(exc_info), None, exc_info)
    except Exception:  # noqa: BLE001 - the former hook must get its turn
        return


def _raised_at(exc_info: tuple[Any, Any, Any] | None) -> str | None:
    trace = exc_info[2] if exc_info is not None else None
    if trace is None:
        return None
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} in {code.co_name}"
