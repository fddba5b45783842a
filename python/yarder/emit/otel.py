"""Trace and span of OpenTelemetry as fields, if its API is loaded; it is never imported from here.

The names are those of OpenTelemetry's logs in JSON: `trace_id`, `span_id`, `trace_flags`, in lower-case hexadecimal.
"""

from __future__ import annotations

import sys

from yarder.native import Fields

__all__ = ["context_var", "current", "fields"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import ContextVar
    from typing import Any

_last: tuple[tuple[int, int, int], Fields] | None = None


def context_var() -> ContextVar[Any] | None:
    """The variable in which the API keeps its current context; None when it keeps none or is not loaded.

    While the object in it stays the same, `current()` gives the same answer: native code may keep it.
    """
    runtime = getattr(sys.modules.get("opentelemetry.context"), "_RUNTIME_CONTEXT", None)
    return getattr(runtime, "_current_context", None)


def current() -> Fields | None:
    """Fields of the span that is current now; None without one. Never raises. Cost: about 2 us."""
    return fields(None)


def fields(context: Any = None) -> Fields | None:
    """Fields of the span in a context of the API (None: the current one); None without a valid span."""
    global _last
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    try:
        span = trace.get_current_span(context).get_span_context()
        if not span.is_valid:
            return None
        key = (span.trace_id, span.span_id, int(span.trace_flags))
        last = _last
        if last is not None and last[0] == key:
            return last[1]
        made = Fields({"trace_id": f"{key[0]:032x}", "span_id": f"{key[1]:016x}", "trace_flags": f"{key[2]:02x}"})
    except Exception:  # noqa: BLE001 - a foreign SDK must not break the log call
        return None
    _last = (key, made)
    return made
