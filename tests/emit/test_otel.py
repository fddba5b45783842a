"""Trace and span of OpenTelemetry, if its API is loaded."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import pytest

from tests.helpers import run_python
from yarder.emit import otel


def load(monkeypatch: pytest.MonkeyPatch, span: Any) -> ContextVar[Any]:
    """Put an API in place whose current span is this one."""
    variable: ContextVar[Any] = ContextVar("current_context")
    runtime = SimpleNamespace(_RUNTIME_CONTEXT=SimpleNamespace(_current_context=variable))
    current = SimpleNamespace(get_span_context=lambda: span)
    monkeypatch.setitem(sys.modules, "opentelemetry.context", runtime)
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", SimpleNamespace(get_current_span=lambda _: current))
    return variable


def test_a_valid_span(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids are hexadecimal, of full length; the same span gives the same object."""
    variable = load(monkeypatch, SimpleNamespace(is_valid=True, trace_id=0xABC, span_id=0x12, trace_flags=1))
    fields = otel.current()
    assert fields is not None
    assert fields.as_dict() == {"trace_id": "0" * 29 + "abc", "span_id": "0" * 14 + "12", "trace_flags": "01"}
    assert otel.current() is fields
    assert otel.context_var() is variable


def test_no_span(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a valid span, or when the API fails, there are no fields and no error."""
    load(monkeypatch, SimpleNamespace(is_valid=False))
    assert otel.current() is None
    load(monkeypatch, None)
    assert otel.current() is None


def test_not_loaded() -> None:
    """Logging never imports the API."""
    code = """
import sys
from yarder.emit import otel
print(otel.current(), otel.context_var(), any(name.startswith("opentelemetry") for name in sys.modules))
"""
    assert run_python(code).stdout == "None None False\n"


def test_the_real_api() -> None:
    """With the API and SDK installed, a record's fields are those of the span that is current."""
    code = """
from opentelemetry.sdk.trace import TracerProvider
from yarder.emit import otel
tracer = TracerProvider().get_tracer("t")
assert otel.current() is None
with tracer.start_as_current_span("s") as span:
    made = otel.current().as_dict()
    assert int(made["trace_id"], 16) == span.get_span_context().trace_id, made
    assert otel.context_var().get() is not None
print("ok")
"""
    assert run_python(code).stdout == "ok\n"
