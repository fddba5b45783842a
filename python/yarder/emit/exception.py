"""Exceptions and stacks as text, exactly as CPython prints them, bounded, and never a second exception."""

from __future__ import annotations

import sys

__all__ = ["STACK_CHARS", "describe", "locals_of", "stack"]

_MOST = 20
_CHARS = 200

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any

STACK_CHARS = 131_072
"""A longer stack trace loses its middle: the first frames tell who called, the last ones where it broke."""


def describe(exc_info: Any) -> tuple[str, str, str] | None:
    """(type, message, stack trace) of an exception; None when there is none.

    Causes, contexts, groups and notes are in the stack trace. Cost: 100 us and more, it reads source lines; the first
    one imports `traceback` (15 ms). Never raises, whatever the exception's own methods do.

    Args:
        exc_info: what `exc_info=` takes in stdlib: an exception, a tuple as of `sys.exc_info()`, or a true value for
            the exception that is being handled.
    """
    try:
        kind, value, trace = _triple(exc_info)
        if kind is None and value is None:
            return None
        kind = kind or type(value)
        return _name(kind), _message(value), _trace(kind, value, trace)
    except Exception as error:  # noqa: BLE001 - a broken exception object must not break the log call
        return "Exception", f"<exception that cannot be described: {_name(type(error))}>", ""


def locals_of(exc_info: Any) -> str:
    """The local variables of each frame of an exception's traceback, for consoles with `show_locals`.

    At most 20 variables a frame and 200 characters each; the innermost 20 frames. Never raises.
    """
    try:
        _, _, trace = _triple(exc_info)
        frames = []
        while trace is not None:
            frames.append(trace.tb_frame)
            trace = trace.tb_next
        return _bounded("\n".join(line for frame in frames[-_MOST:] for line in _variables(frame)))
    except Exception as error:  # noqa: BLE001 - see above
        return f"<variables that cannot be shown: {_name(type(error))}>"


def _variables(frame: FrameType) -> list[str]:
    code = frame.f_code
    lines = [f"Locals of {code.co_name} ({code.co_filename}:{frame.f_lineno}):"]
    shown = [item for item in frame.f_locals.items() if not item[0].startswith("__")]
    for name, value in shown[:_MOST]:
        try:
            text = repr(value)
        except Exception as error:  # noqa: BLE001 - __repr__ is foreign code
            text = f"<unprintable {type(value).__name__} object: {_name(type(error))}>"
        lines.append(f"  {name} = {text if len(text) <= _CHARS else text[:_CHARS] + '...'}")
    if len(shown) > _MOST:
        lines.append(f"  [{len(shown) - _MOST} more]")
    return lines


def stack(skip: int = 0) -> str:
    """The stack of the caller as `stack_info=True` shows it in stdlib; `skip` leaves out that many innermost frames."""
    try:
        import traceback

        frame: FrameType | None = sys._getframe(1)
        # A call from inside `logging`, an adapter's for instance, was made by whoever called that: as stdlib does.
        inside = getattr(sys.modules.get("logging"), "_srcfile", None)
        while frame is not None and frame.f_back is not None and frame.f_code.co_filename == inside:
            frame = frame.f_back
        for _ in range(skip):
            frame = frame.f_back if frame is not None and frame.f_back is not None else frame
        lines = traceback.format_stack(frame)
        return _bounded("Stack (most recent call last):\n" + "".join(lines)).rstrip("\n")
    except Exception as error:  # noqa: BLE001 - see above
        return f"<stack that cannot be shown: {_name(type(error))}>"


def _triple(exc_info: Any) -> tuple[Any, Any, TracebackType | None]:
    if isinstance(exc_info, BaseException):
        return type(exc_info), exc_info, exc_info.__traceback__
    if isinstance(exc_info, tuple):
        kind, value, trace = exc_info
        return kind, value, trace
    return sys.exc_info() if exc_info else (None, None, None)


def _name(kind: Any) -> str:
    module = getattr(kind, "__module__", None)
    name = getattr(kind, "__qualname__", None) or repr(kind)
    return name if module in (None, "builtins") else f"{module}.{name}"


def _message(value: Any) -> str:
    try:
        return str(value) if value is not None else ""
    except Exception as error:  # noqa: BLE001 - __str__ is foreign code
        return f"<unprintable {type(value).__name__} object: {_name(type(error))}>"


def _trace(kind: Any, value: Any, trace: TracebackType | None) -> str:
    try:
        import traceback

        return _bounded("".join(traceback.format_exception(kind, value, trace)).rstrip("\n"))
    except Exception as error:  # noqa: BLE001 - a hostile exception, or one so deep that showing it overflows
        return f"{_name(kind)}: {_message(value)} <stack trace that cannot be shown: {_name(type(error))}>"


def _bounded(text: str) -> str:
    if len(text) <= STACK_CHARS:
        return text
    half = STACK_CHARS // 2
    return f"{text[:half]}\n  [{len(text) - 2 * half} characters left out]\n{text[-half:]}"
