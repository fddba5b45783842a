"""The native module, or in a subinterpreter its stand-in: the one place that decides which.

The native half keeps state per process, so CPython refuses to load it into a second interpreter. There yarder still
has all its names: records go to stderr as human lines and are counted (see `yarder.fallback`).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from yarder._core import (
        CONTEXT,
        LOSS_REASONS,
        VERSION,
        Fields,
        HandlerQueue,
        Logger,
        Producer,
        Ring,
        bridge_changed,
        bridge_is_open,
        bridge_methods,
        bridge_start,
        bridge_stop,
        event,
        relay,
    )
else:
    try:
        from yarder._core import (
            CONTEXT,
            LOSS_REASONS,
            VERSION,
            Fields,
            HandlerQueue,
            Logger,
            Producer,
            Ring,
            bridge_changed,
            bridge_is_open,
            bridge_methods,
            bridge_start,
            bridge_stop,
            event,
            relay,
        )
    except ImportError as refused:
        if "subinterpreter" not in str(refused):
            raise
        from yarder.fallback import (
            CONTEXT,
            LOSS_REASONS,
            VERSION,
            Fields,
            HandlerQueue,
            Logger,
            Producer,
            Ring,
            bridge_changed,
            bridge_is_open,
            bridge_methods,
            bridge_start,
            bridge_stop,
            event,
            relay,
        )

__all__ = [
    "CONTEXT",
    "LOSS_REASONS",
    "VERSION",
    "Fields",
    "HandlerQueue",
    "Logger",
    "Producer",
    "Ring",
    "__version__",
    "bridge_changed",
    "bridge_is_open",
    "bridge_methods",
    "bridge_start",
    "bridge_stop",
    "event",
    "relay",
]

__version__ = VERSION
