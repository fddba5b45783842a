"""`Level`, the enum over the table in `yarder.level`; apart from it because importing `enum` costs 5 ms."""

from __future__ import annotations

from enum import IntEnum

from yarder.level import OFF, parse

__all__ = ["BY_NUMBER", "Level"]


class Level(IntEnum):
    """A severity: RFC 5424's numbers, 0 the most severe, and trace below them.

    `Level("warn")` and `Level(30)` read every form that `yarder.set_level` takes, except "off".
    """

    EMERGENCY = 0
    ALERT = 1
    CRITICAL = 2
    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFO = 6
    DEBUG = 7
    TRACE = 8

    def at_least(self, other: Level | int | str) -> bool:
        """True when this level is as severe as the other or more; nothing is at least "off"."""
        return int(self) <= parse(other)

    @classmethod
    def _missing_(cls, value: object) -> Level | None:
        number = parse(value)
        return None if number == OFF else cls(number)


BY_NUMBER: tuple[Level, ...] = tuple(Level)
"""The members by number: an index is cheaper than a look-up by value."""
