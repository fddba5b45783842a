"""What goes for a logger of the standard library: which levels it lets through, and whether a call may go the short way.

The native methods ask `decide` once per logger and remember the answer until something it depends on changes: an
attribute of the loggers, the manager or the handler that were looked at, a list of filters or handlers, the logger's
class, a global of `logging`.
"""

from __future__ import annotations

import logging
from typing import Any

from yarder import default
from yarder.bridges.stdlib_handler import Handler, default_target, facility_of, is_default
from yarder.level import STDLIB

__all__ = ["FILE", "Followed", "decide", "effective_level", "is_own", "pipeline_level"]

FILE = logging.addLevelName.__code__.co_filename
"""The source file of `logging`, as its own code finds it."""

_NEVER = 1 << 40
_OFF = STDLIB[0] + 1
_STEPS = ("_log", "findCaller", "makeRecord", "handle", "callHandlers", "filter")
"""Methods between a call and the handlers; whoever overrides one is heard."""


class Followed(int):
    """The level of a root that leaves its levels to the pipeline; its number is what it shows."""


def is_own(function: Any, name: str) -> bool:
    """Whether a function is the standard library's own method of this name."""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename == FILE and code.co_name == name


def decide(logger: logging.Logger) -> tuple[Any, ...] | None:
    """(logger of ours, open, followed, enabled from, emitted from, lists with their items, what was looked at).

    None: nothing that could be remembered, every call goes the long way.
    """
    level, nodes = _level_of(logger)
    followed = isinstance(level, Followed)
    enabled = max(0 if followed else int(level), logger.manager.disable + 1)
    if logger.disabled:
        enabled = _NEVER
    lists: list[tuple[Any, tuple[Any, ...]]] = []
    nodes.append(logger.manager)
    found: list[Handler] = []
    is_open = not _seen(logger.filters, lists) and _is_untouched(logger)
    node: logging.Logger | None = logger
    while node:
        nodes.append(node)
        for handler in _seen(node.handlers, lists):
            if type(handler) is Handler:
                found.append(handler)
                nodes.append(handler)
                is_open = is_open and not _seen(handler.filters, lists)
            elif type(handler) is not logging.NullHandler or not is_own(logging.NullHandler.handle, "handle"):
                is_open = False
        node = node.parent if node.propagate else None
    if any(type(seen) is not list for seen, _ in lists):
        return None
    is_open = is_open and len(found) == 1 and _is_plain(found[0])
    if not _asks_us(logger):
        enabled = 0  # the answer is another's, at each call
        is_open = followed = False
    target = found[0].target(logger.name) if found else default_target(logger.name)
    emitted = max(enabled, found[0].level) if found else enabled
    return target, is_open, followed, enabled, emitted, tuple(lists), tuple(nodes)


def _seen(items: Any, lists: list[tuple[Any, tuple[Any, ...]]]) -> tuple[Any, ...]:
    """The items of a list, remembered: another thread may change it before the answer is kept."""
    found = tuple(items)
    lists.append((items, found))
    return found


def effective_level(self: logging.Logger) -> int:
    """Get the effective level for this logger; where it is left to yarder, the one that its facility has there."""
    level, _ = _level_of(self)
    return pipeline_level(self.name) if isinstance(level, Followed) else level


def pipeline_level(name: str) -> int:
    """The level of the default pipeline for a logger's name, as a number of the standard library. Starts nothing."""
    levels = default.levels()
    prefix = facility_of(name) or ""
    while prefix not in levels:
        prefix = prefix.rpartition(".")[0]
    level = levels[prefix]
    return _OFF if isinstance(level, str) else STDLIB[level]


def _level_of(logger: logging.Logger) -> tuple[int, list[Any]]:
    nodes: list[Any] = []
    node: logging.Logger | None = logger
    while node:
        nodes.append(node)
        if node.level:
            return node.level, nodes
        node = node.parent
    return logging.NOTSET, nodes


def _is_plain(handler: Handler) -> bool:
    """Whether a handler of ours does nothing but write what it gets."""
    touched = vars(handler).keys() & {"emit", "handle", "format", "filter", "target"}
    return not touched and is_default(handler.formatter)


def _is_untouched(logger: logging.Logger) -> bool:
    """Whether everything between a call and the handlers is the standard library's own code."""
    return (
        getattr(logging, "_logRecordFactory", None) is logging.LogRecord
        and is_own(logging.LogRecord.getMessage, "getMessage")
        and is_own(logging.LogRecord.__init__, "__init__")
        and all(is_own(getattr(getattr(logger, name), "__func__", None), name) for name in _STEPS)
        and type(logger).__setattr__ in (logging.Logger.__setattr__, logging.RootLogger.__setattr__)
    )


def _asks_us(logger: logging.Logger) -> bool:
    """Whether `isEnabledFor` and `getEffectiveLevel` of this logger are those we put there."""
    kind = type(logger)
    asked = kind.isEnabledFor in (logging.Logger.isEnabledFor, logging.RootLogger.isEnabledFor)
    walks = getattr(logger.getEffectiveLevel, "__func__", None) is logging.Logger.getEffectiveLevel
    own = getattr(logger.isEnabledFor, "__self__", None) is logger
    return asked and walks and own and logging.Logger.getEffectiveLevel is effective_level
