"""The one table of levels, and the one function that reads every way to write one.

Numbers are RFC 5424 severities, 0 the most severe; `trace` (8) lies below the RFC and is written as debug at the
standard edges. "off" is -1: nothing is that severe. `Level`, the enum, lives in `yarder.severity` because `enum` alone
costs 5 ms of import time and a process that only logs never needs it. (The module is not called `levels`: that is a
function of the package, and importing a submodule of that name would hide it.)
"""

from __future__ import annotations

from yarder.errors import ConfigError, nearest

__all__ = ["ALIASES", "MOST", "NAMES", "OFF", "STDLIB", "TABLE", "name_of", "parse"]

TABLE: tuple[tuple[int, str, int, tuple[str, ...]], ...] = (
    (0, "emergency", 70, ("emerg", "panic")),
    (1, "alert", 60, ()),
    (2, "critical", 50, ("crit", "fatal")),
    (3, "error", 40, ("err",)),
    (4, "warning", 30, ("warn",)),
    (5, "notice", 25, ()),
    (6, "info", 20, ()),
    (7, "debug", 10, ()),
    (8, "trace", 5, ()),
)
"""(number, name, number in stdlib's `logging`, other names)."""

OFF = -1
"""The level that lets nothing through."""

MOST = 8
"""The level that lets everything through."""

NAMES: tuple[str, ...] = tuple(name for _, name, _, _ in TABLE)
"""Names by number."""

ALIASES: dict[str, int] = {alias: number for number, name, _, aliases in TABLE for alias in (name, *aliases)}
"""Every accepted name to its number."""

STDLIB: tuple[int, ...] = tuple(stdlib for _, _, stdlib, _ in TABLE)
"""stdlib's numbers by number."""

_ZERO = "0 is stdlib's NOTSET but RFC 5424's emergency"
_ZERO_HINT = "write 'trace' to let everything through, 'emergency' or Level.EMERGENCY for the most severe"


def name_of(number: int) -> str:
    """The name of a level number; "off" for -1."""
    return "off" if number == OFF else NAMES[number]


def parse(level: object, key: str = "level") -> int:
    """The number of a level, however it is written; -1 for "off".

    Taken are a `Level`, its number 1..8, a name in any case (also warn, err, crit, fatal, emerg, panic), stdlib's
    numbers 10..70 (between two: the more severe) and "off". A plain 0 is refused, because stdlib's 0 lets everything
    through and RFC 5424's 0 nearly nothing.

    Raises:
        ConfigError: with `key` as its key and the right name in its hint.
    """
    if isinstance(level, str):
        word = level.strip().lower()
        if word == "off":
            return OFF
        if word in ALIASES:
            return ALIASES[word]
        if not word.isdecimal():
            hint = _ZERO_HINT if word == "notset" else nearest(word, (*NAMES, "off"))
            raise _wrong(key, f"{level!r} is no level", hint)
        level = int(word)
    if isinstance(level, bool) or not isinstance(level, int):
        raise _wrong(key, f"{level!r} is no level", "write a name such as 'info', or a yarder.Level")
    if level == 0 and type(level) is int:
        raise _wrong(key, _ZERO, _ZERO_HINT)
    if 0 <= level <= MOST:
        return int(level)
    if STDLIB[7] <= level <= STDLIB[0]:
        # Least severe first: the first row that is at least as severe as the number asked for.
        return max(number for number, stdlib in enumerate(STDLIB) if stdlib >= level)
    raise _wrong(key, f"{level!r} is no level", "numbers are 1..8 (RFC 5424 and trace) or stdlib's 10..70")


def _wrong(key: str, what: str, hint: str) -> ConfigError:
    return ConfigError(f"{key}: {what}; {hint}", key=key, hint=hint)
