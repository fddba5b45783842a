"""`install_logging` and `uninstall_logging`: every logger of the standard library writes to the default pipeline.

Installing puts a `Handler` on the root logger and native methods on `logging.Logger`. A call whose logger needs nothing
but that handler goes straight to the ring; any other goes through the standard library's own code, handlers and all.
"""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

from yarder import level as levels
from yarder.bridges import hooks
from yarder.bridges.stdlib_handler import RESERVED, Handler
from yarder.bridges.stdlib_rules import FILE, Followed, decide, effective_level, is_own, pipeline_level
from yarder.native import bridge_changed, bridge_methods, bridge_start, bridge_stop

if TYPE_CHECKING:
    from yarder.typing import LevelLike

__all__ = ["install_logging", "uninstall_logging"]

_lock = threading.RLock()
_installed: _Installed | None = None


class _Installed:
    """What was changed, to take it back."""

    def __init__(self) -> None:
        self.handler = Handler()
        self.own: dict[tuple[type, str], Any] = {}
        self.put: dict[tuple[type, str], Any] = {}
        self.replaced: list[tuple[int, logging.Handler]] = []
        self.level: tuple[int, int] | None = None
        self.warnings = False
        self.hooks: hooks.Hooks | None = None


def install_logging(
    level: LevelLike | None = None, capture_warnings: bool = True, replace: bool = True, excepthooks: bool = False
) -> None:
    """Send everything logged through the standard library to the default pipeline, by native methods.

    Loggers that exist already and later ones alike. Filters, levels, `propagate`, `disable`, adapters and handlers of
    others go on as before: a logger that has any of them takes the standard library's own way, and comes back when it
    has none. Cost of a call: 2 to 3 times that of yarder's own logger, a hundredth of a `FileHandler`'s.

    A second call does what the first has not done yet, and puts the handler back if it was taken off the root.

    Args:
        level: of the root logger, in any form. None: a root at its untouched WARNING leaves its levels to the
            pipeline, run-time levels included; any other level stays.
        capture_warnings: `warnings.warn` is logged, as by `logging.captureWarnings(True)`.
        replace: the standard library's own StreamHandlers on stdout and stderr leave the root; others stay.
        excepthooks: uncaught exceptions of threads, of the main program, of destructors and of asyncio's callbacks are
            logged, then handed to whatever handled them before.

    Raises:
        ConfigError: when the level is none.
    """
    global _installed
    number = None if level is None else _number(level)
    with _lock:
        state = _installed
        if state is None:
            state = _Installed()
            _patch(state)
            _installed = state
        root = logging.getLogger()
        if replace:
            _replace(state, root)
        if not any(isinstance(handler, Handler) for handler in root.handlers):
            root.addHandler(state.handler)
        if number is not None or (root.level == logging.WARNING and not isinstance(root.level, Followed)):
            before = root.level if state.level is None else state.level[0]
            root.setLevel(Followed(pipeline_level("root")) if number is None else number)
            state.level = (before, root.level)
        if capture_warnings and getattr(logging, "_warnings_showwarning", None) is None:
            logging.captureWarnings(True)
            state.warnings = True
        if excepthooks and state.hooks is None:
            state.hooks = hooks.Hooks()
        bridge_changed()


def uninstall_logging() -> None:
    """Take back what `install_logging` changed, and nothing that others changed since. Without it: nothing happens."""
    global _installed
    with _lock:
        state, _installed = _installed, None
        if state is None:
            return
        bridge_stop()
        for (kind, name), put in state.put.items():
            if vars(kind).get(name) is put:
                _restore(kind, name, state.own.get((kind, name)))
        root = logging.getLogger()
        root.removeHandler(state.handler)
        for index, handler in state.replaced:
            if handler not in root.handlers:
                root.handlers.insert(index, handler)
        if state.level is not None and root.level is state.level[1]:
            root.setLevel(state.level[0])
        if state.warnings:
            logging.captureWarnings(False)
        if state.hooks is not None:
            state.hooks.remove()
        root.manager._clear_cache()  # type: ignore[attr-defined]


def _number(level: LevelLike) -> int:
    """A level of the standard library: its own number as it is, any other form by yarder's table."""
    if type(level) is int and level > levels.MOST:
        levels.parse(level)
        return level
    number = levels.parse(level)
    return levels.STDLIB[0] + 1 if number == levels.OFF else levels.STDLIB[number]


def _patch(state: _Installed) -> None:
    kinds: tuple[tuple[type, bool], ...] = (
        (logging.Logger, True),
        (logging.RootLogger, True),
        (logging.Manager, False),
    )
    own = {name: getattr(logging.Logger, name) for name in ("debug", "info", "warning", "error", "critical")}
    own |= {"log": logging.Logger.log, "isEnabledFor": logging.Logger.isEnabledFor}
    if not all(is_own(function, name) for name, function in own.items()):
        # Somebody put methods of their own there: they are heard, and so is every handler, ours among them.
        return
    for kind, logger in kinds:
        for name, method in bridge_methods(kind, logger=logger).items():
            _put(state, kind, name, method)
    if state.put:
        _put(state, logging.Logger, "getEffectiveLevel", effective_level)
    bridge_start(decide, own, vars(logging), RESERVED, FILE)


def _put(state: _Installed, kind: type, name: str, method: Any) -> None:
    if name in vars(kind):
        state.own[kind, name] = vars(kind)[name]
    setattr(kind, name, method)
    state.put[kind, name] = method


def _restore(kind: type, name: str, own: Any) -> None:
    if own is None:
        delattr(kind, name)
    else:
        setattr(kind, name, own)


def _replace(state: _Installed, root: logging.Logger) -> None:
    streams = [stream for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__) if stream is not None]
    for index, handler in reversed(list(enumerate(root.handlers))):
        if type(handler) is logging.StreamHandler and any(handler.stream is stream for stream in streams):
            root.removeHandler(handler)
            state.replaced.insert(0, (index, handler))
