"""Whatever a call is given, it returns None and leaves exactly one whole record, with the values it was given."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import yarder
from tests.programs import account, losses, read

surrogates = st.text(st.characters(exclude_categories=[]), max_size=20)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**40), 10**40),
    st.floats(),
    surrogates,
    st.binary(max_size=20),
)
nested = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.tuples(inner, inner), st.dictionaries(surrogates, inner, max_size=4)
    ),
    max_leaves=12,
)


class Odd:
    """An object whose methods do something odd each time."""

    def __init__(self, kind: int):
        self.kind = kind

    def __str__(self) -> str:
        if self.kind == 0:
            raise ValueError("odd")
        if self.kind == 1:
            return str(self)
        if self.kind == 2:
            return "\ud800\0\u2028"
        return "x" * 70_000

    __repr__ = __str__

    def __bool__(self) -> bool:
        raise TypeError("neither")

    def __int__(self) -> int:
        raise OverflowError("too odd")

    __index__ = __int__


anything = st.one_of(nested, st.integers(0, 3).map(Odd), st.just(Odd), st.just(ValueError("x")), st.just(math))
names = st.one_of(
    st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
    st.sampled_from(["exc_info", "stack_info", "stacklevel", "extra", "fields", "level", "msg", "self", "args"]),
    surrogates,
)
templates = st.one_of(
    surrogates, st.sampled_from(["%s", "%d %s", "%(a)s", "%r|%5s|%x", "%", "%s" * 20, "x" * 5000]), anything
)
calls = st.tuples(
    st.sampled_from(["info", "error", "exception", "emergency", "warn"]),
    templates,
    st.lists(anything, max_size=4),
    st.dictionaries(names, anything, max_size=6),
    st.booleans(),
)
relaxed = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(relaxed, max_examples=120)
@given(st.lists(calls, min_size=1, max_size=25))
def test_any_call(tmp_path_factory: pytest.TempPathFactory, calls: list[Any]) -> None:
    """Junk as message, argument, field and keyword, at once: as many records as calls, whole, in order."""
    path = tmp_path_factory.mktemp("any") / "web.log"
    with yarder.Pipeline(app="web", ring_slots=256, block_ms=None, backends=[yarder.File(path)]) as pipeline:
        log = pipeline.logger("db")
        for method, message, args, fields, inside in calls:
            if inside:
                try:
                    raise KeyError(message)
                except KeyError:
                    assert getattr(log, method)(message, *args, **fields) is None
            else:
                assert getattr(log, method)(message, *args, **fields) is None
    records = read(path)
    account(records)
    assert len(records) == len(calls)
    assert not losses(records)


def whole(text: str) -> str:
    """Two surrogates in a row that make a pair are one character wherever text goes through UTF-16's escapes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def plain(value: Any) -> Any:
    """What a value is in JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {whole(key): plain(item) for key, item in value.items()}
    return value


def typed(fields: dict[str, Any]) -> str:
    """What a handler gets: simple values as they are, nested ones as JSON has them."""
    kept = (str, bytes, float)
    return repr({whole(key): item if isinstance(item, kept) else plain(item) for key, item in fields.items()})


def depth(value: Any) -> int:
    """How deep containers are nested."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@settings(relaxed, max_examples=120)
@given(st.lists(st.dictionaries(surrogates, nested, max_size=5), min_size=1, max_size=10))
def test_any_values(tmp_path_factory: pytest.TempPathFactory, calls: list[dict[str, Any]]) -> None:
    """Fields of any shape come back equal: as arguments of the call, bound, in a context, and from a handler."""
    assume(all(depth(value) <= 8 for fields in calls for value in fields.values()))
    path = tmp_path_factory.mktemp("values") / "web.log"
    handled: list[yarder.Record] = []
    with yarder.Pipeline(
        app="web", block_ms=None, backends=[yarder.File(path), yarder.Call(handled.append)]
    ) as pipeline:
        log = pipeline.logger()
        for fields in calls:
            log.info("call", fields=fields)
            log.bind(**fields).info("bound")
            with yarder.context(**fields):
                log.info("context")
        assert pipeline.flush(20.0)
    every = [fields for fields in calls for _ in range(3)]
    assert [record["fields"] for record in read(path)] == [plain(fields) for fields in every]
    assert [typed(record.fields) for record in handled] == [typed(fields) for fields in every]
