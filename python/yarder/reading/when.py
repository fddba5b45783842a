"""Times as people write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from yarder.errors import ConfigError

__all__ = ["nanoseconds"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - `datetime.UTC` is the same object with one more look-up
_AGO = re.compile(r"(?:(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w))+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_HINT = "write a datetime, RFC 3339 text as '2026-01-15T10:30:00Z', or how long ago as '10m'"


def nanoseconds(value: datetime | timedelta | str, key: str, now: datetime | None = None) -> int:
    """Nanoseconds since 1970 of a datetime, of RFC 3339 text, or of so long ago (`timedelta`, `"10m"`, `"1h30m"`).

    A time without a zone is local; a date alone is its midnight.

    Raises:
        ConfigError: when it is none, with `key` as its key.
    """
    if isinstance(value, str):
        value = _text(value, key)
    if isinstance(value, timedelta):
        value = (now or datetime.now(timezone.utc)) - value  # noqa: UP017
    if not isinstance(value, datetime):
        raise ConfigError(f"{key}: {value!r} is no time; {_HINT}", key=key, hint=_HINT)
    past = value.astimezone(timezone.utc) - _EPOCH  # noqa: UP017
    micros = (past.days * 86400 + past.seconds) * 1_000_000 + past.microseconds
    return max(0, micros) * 1000


def _text(text: str, key: str) -> datetime | timedelta:
    word = text.strip().lower()
    if _AGO.fullmatch(word.replace(" ", "")):
        seconds = sum(float(count) * _UNITS[unit] for count, unit in _PART.findall(word))
        return timedelta(seconds=seconds)
    if word == "now":
        return timedelta()
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(f"{key}: {text!r} is no time; {_HINT}", key=key, hint=_HINT) from None
