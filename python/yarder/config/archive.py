"""`rotate` and `keep`: when a file becomes an archive, and which archives stay; in the words of a person.

Sizes are decimal (`100 MB` is 100,000,000 bytes) unless the unit says otherwise (`MiB`); ages are whole units of time.
"""

from __future__ import annotations

from yarder.config import check
from yarder.errors import nearest

__all__ = ["CODECS", "keep", "rotate"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CODECS = ("gzip", "lz4", "zstd")
"""Names of the ways to compress an archive."""

_SIZES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_TIMES = {"s": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}
_TIMES |= {"w": 604_800, "week": 604_800}
_CLOCK = ("hourly", "daily")
_LEAST = 4096
_ROTATE = "write a size ('100 MB'), an age ('24 h'), 'hourly', 'daily', or a list of them"
_KEEP = "write a number of files (7), an age ('30 days'), a size ('10 GB'), 'free 5 GB', or a list of them"


def rotate(value: Any) -> list[Any] | None:
    """The reasons to rotate, as a plan has them; None for never.

    Raises:
        ConfigError: with `rotate` as its key.
    """
    if value is None:
        return None
    made = [_reason(one) for one in _each(value)]
    if not made:
        raise check.wrong("rotate", "an empty list", _ROTATE)
    return made


def _reason(value: Any) -> Any:
    if isinstance(value, str) and value.strip().lower() in _CLOCK:
        return value.strip().lower()
    found = _quantity(value, "rotate", _ROTATE)
    if found is None:
        raise check.wrong("rotate", f"{value!r} is no reason to rotate", _hint(value, _ROTATE))
    unit, number = found
    if unit == "size" and number < _LEAST:
        raise check.wrong("rotate", f"{value!r} is less than {_LEAST} bytes", _ROTATE)
    return {unit: number}


def keep(value: Any) -> dict[str, int] | None:
    """What limits the archives, under the names of a plan; None for nothing.

    Raises:
        ConfigError: with `keep` as its key.
    """
    if value is None:
        return None
    made: dict[str, int] = {}
    for one in _each(value):
        key, number = _limit(one)
        if key in made:
            raise check.wrong("keep", f"{value!r} says two things of one kind", _KEEP)
        made[key] = number
    return made


def _limit(value: Any) -> tuple[str, int]:
    if type(value) is int and value >= 0:
        return "keep", value
    if isinstance(value, str):
        words = value.split(None, 1)
        if len(words) == 2 and words[0].lower() == "free":
            found = _quantity(words[1], "keep", _KEEP)
            if found is not None and found[0] == "size":
                return "min_free", found[1]
        found = _quantity(value, "keep", _KEEP)
        if found is not None:
            return ("keep_bytes" if found[0] == "size" else "keep_age"), found[1]
    raise check.wrong("keep", f"{value!r} limits nothing", _hint(value, _KEEP))


def _each(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _quantity(value: Any, key: str, hint: str) -> tuple[str, int] | None:
    if type(value) is int and key == "rotate":
        return "size", value
    if not isinstance(value, str):
        return None
    text = value.strip().lower().replace(",", "").replace("_", "")
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz ")
    unit = text[len(digits) :].strip()
    try:
        number = float(digits)
    except ValueError:
        return None
    kind, table = ("size", _SIZES) if unit in _SIZES else ("age", _TIMES)
    factor = table.get(unit) or table.get(unit.removesuffix("s"))
    if factor is None:
        return None
    made = int(number * factor)
    if made <= 0:
        raise check.wrong(key, f"{value!r} is nothing", hint)
    return kind, made


def _hint(value: Any, otherwise: str) -> str:
    if isinstance(value, str) and value.strip().isalpha():
        return f"{nearest(value.strip(), _CLOCK)} {otherwise}"
    return otherwise
