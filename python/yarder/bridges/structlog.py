"""structlog on yarder: `LoggerFactory` makes the loggers, `Renderer` is the last processor.

    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, Renderer()],
        logger_factory=LoggerFactory(),
        cache_logger_on_first_use=True,
    )

The event is the message, what was bound or given by keyword are fields, exceptions stay exceptions. Rendering, time
and level are yarder's: processors that make a string (`JSONRenderer`, `TimeStamper`, `format_exc_info`) are not needed.
"""

from __future__ import annotations

import sys

__all__ = ["LoggerFactory", "Renderer", "filter_by_level"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from types import FrameType
    from typing import Any

    from yarder.native import Logger
    from yarder.pipeline import Pipeline

_LEVEL_OF = {"exception": "error", "msg": "info"}


class LoggerFactory:
    """For `structlog.configure(logger_factory=...)`: the first argument of `structlog.get_logger` is the facility.

    Args:
        pipeline: whose loggers to make; None: the default pipeline.
    """

    __slots__ = ("_pipeline",)

    def __init__(self, pipeline: Pipeline | None = None):
        self._pipeline = pipeline

    def __call__(self, *args: Any) -> Logger:
        """A logger of the pipeline; without a name the app's own."""
        facility = args[0] if args else None
        if self._pipeline is not None:
            return self._pipeline.logger(facility)
        from yarder.default import get_logger

        return get_logger(facility)


class Renderer:
    """The last processor: turns an event dictionary into the arguments of a yarder log call.

    `event` is the message; `exc_info`, `stack_info` and `positional_args` mean what they mean in structlog; a `level`
    that only repeats the method's is left out; everything else is a field. The record's caller is the line that
    called structlog. For `await log.ainfo(...)`, which runs in another thread, that line is the field `caller`.
    Cost: about 4 us. Raises nothing.

    Args:
        ignore: further modules to step over when the caller is looked for: wrappers of your own, by dotted prefix.
    """

    __slots__ = ("_ignore",)

    def __init__(self, ignore: tuple[str, ...] = ()):
        self._ignore = tuple(f"{prefix}." for prefix in ("structlog", *ignore))

    def __call__(
        self, _logger: Any, method_name: str, event_dict: MutableMapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What structlog hands to the logger's method."""
        fields = dict(event_dict)
        message = fields.pop("event", "")
        keywords: dict[str, Any] = {"fields": fields}
        for name in ("exc_info", "stack_info"):
            if name in fields:
                keywords[name] = fields.pop(name)
        if fields.get("level") == _LEVEL_OF.get(method_name, method_name):
            del fields["level"]
        args = tuple(fields.pop("positional_args", ()))
        away = _calling_frame()
        if away is None:
            keywords["stacklevel"] = self._depth(sys._getframe(1))
        else:
            fields.setdefault("caller", self._describe(away))
        return (message, *args), keywords

    def _depth(self, frame: FrameType | None) -> int:
        # The logger's method will be called by whoever called `_process_event`: that frame is stacklevel 1.
        while frame is not None and frame.f_code.co_name != "_process_event":
            frame = frame.f_back
        frame = frame and frame.f_back
        depth = 1
        while frame is not None and self._steps_over(frame):
            frame = frame.f_back
            depth += 1
        return depth

    def _steps_over(self, frame: FrameType) -> bool:
        name = frame.f_globals.get("__name__") or ""
        return bool(f"{name}.".startswith(self._ignore))

    def _describe(self, frame: FrameType) -> str:
        while self._steps_over(frame) and frame.f_back is not None:
            frame = frame.f_back
        return f"{frame.f_code.co_filename.rpartition('/')[2]}:{frame.f_lineno} in {frame.f_code.co_name}"


def filter_by_level(logger: Any, method_name: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A first processor: drops what yarder's level of the facility would not let through, before others do their work.

    Follows `yarder.set_level` at run time. Cost: about 0.2 us.

    Raises:
        structlog.DropEvent: to end the chain; it does not reach the caller of the log method.
    """
    if logger.is_enabled(_LEVEL_OF.get(method_name, method_name)):
        return event_dict
    import structlog

    raise structlog.DropEvent


def _calling_frame() -> FrameType | None:
    """The frame that awaits, when structlog runs the processors in a thread of its executor."""
    variable = getattr(sys.modules.get("structlog.contextvars"), "_ASYNC_CALLING_STACK", None)
    return variable.get(None) if variable is not None else None
