"""A question about log files: everything the caller said, checked, as the native module takes it."""

from __future__ import annotations

from yarder._core import Query
from yarder.errors import ConfigError
from yarder.level import MOST, OFF, parse
from yarder.reading.source import paths

__all__ = ["question"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Unpack

    from yarder.typing import Filters, LevelLike, LogSource

_NAMES = ("since", "until", "level", "app", "facility", "contains", "regex", "where", "tz")


def question(source: LogSource, **filters: Unpack[Filters]) -> Query:
    """Check the filters of `read` and make the native query.

    Raises:
        ConfigError: with everything that is wrong.
    """
    problems: list[ConfigError] = []
    given: dict[str, Any] = {name: value for name, value in filters.items() if value is not None}
    for name in given.keys() - set(_NAMES):
        hint = "one of " + ", ".join(_NAMES)
        problems.append(ConfigError(f"{name}: there is no such filter; {hint}", key=name, hint=hint))
    known: dict[str, Any] = {}
    for name, check in _CHECKS.items():
        if name in given:
            try:
                known.update(check(given[name], name))
            except ConfigError as problem:
                problems.append(problem)
    if problems:
        raise ConfigError.gather(problems)
    return Query(paths(source), **known)


def _time(value: Any, key: str) -> dict[str, Any]:
    from yarder.reading.when import nanoseconds  # late: `datetime` and `re` cost 10 ms that most questions do not pay

    return {key: nanoseconds(value, key)}


def _level(value: LevelLike, key: str) -> dict[str, Any]:
    """A level and all that are more severe; `"=warning"` that one alone."""
    exactly = isinstance(value, str) and value.strip().startswith("=")
    number = parse(value.strip()[1:] if isinstance(value, str) and exactly else value, key)
    if number == OFF:
        return {"levels": 0}
    return {"levels": 1 << number if exactly else (2 << min(number, MOST)) - 1}


def _text(value: Any, key: str) -> dict[str, Any]:
    value = getattr(value, "pattern", value)  # a compiled regex
    if not isinstance(value, str):
        hint = "write text"
        raise ConfigError(f"{key}: {value!r} is no text; {hint}", key=key, hint=hint)
    return {key: value}


def _where(value: Mapping[str, object], key: str) -> dict[str, Any]:
    try:
        pairs = [(str(name), _shown(wanted)) for name, wanted in dict(value).items()]
    except (TypeError, ValueError):
        hint = "write a mapping of names to values"
        raise ConfigError(f"{key}: {value!r} is no mapping; {hint}", key=key, hint=hint) from None
    return {key: pairs}


def _shown(value: object) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


_CHECKS = {
    "since": _time,
    "until": _time,
    "level": _level,
    "app": _text,
    "facility": _text,
    "contains": _text,
    "regex": _text,
    "where": _where,
    "tz": _text,
}
