"""Every way to write a level means the same number everywhere."""

from __future__ import annotations

import pytest

import yarder
from yarder.level import ALIASES, NAMES, OFF, STDLIB, TABLE, name_of, parse
from yarder.severity import BY_NUMBER, Level


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("emergency", 0), ("EMERG", 0), ("panic", 0), (Level.EMERGENCY, 0), ("Alert", 1), (1, 1), ("crit", 2),
        ("fatal", 2), ("err", 3), (" error ", 3), ("warn", 4), ("notice", 5), (6, 6), ("info", 6), ("debug", 7),
        ("trace", 8), (8, 8), ("6", 6), ("off", OFF), ("OFF", OFF),
    ],
)  # fmt: skip
def test_names_and_numbers(written: object, number: int) -> None:
    """Names in any case, aliases, RFC numbers, members and "off" are read."""
    assert parse(written) == number


@pytest.mark.parametrize(
    ("stdlib", "name"),
    [
        (10, "debug"), (15, "info"), (20, "info"), (22, "notice"), (25, "notice"), (30, "warning"), (31, "error"),
        (40, "error"), (45, "critical"), (50, "critical"), (60, "alert"), (70, "emergency"),
    ],
)  # fmt: skip
def test_numbers_of_stdlib_round_to_the_more_severe(stdlib: int, name: str) -> None:
    """A number of stdlib between two levels means the more severe of them."""
    assert name_of(parse(stdlib)) == name


@pytest.mark.parametrize("written", [0, "0", "notset"])
def test_a_plain_zero_is_refused_with_the_name_to_use(written: object) -> None:
    """0 means everything in stdlib and nearly nothing in RFC 5424: the error names both ways out."""
    with pytest.raises(yarder.ConfigError) as caught:
        parse(written, "level")
    assert caught.value.key == "level"
    assert "trace" in caught.value.hint
    assert "emergency" in caught.value.hint


@pytest.mark.parametrize("written", [9, -1, 71, True, None, 1.5, "loud", "", b"info", object()])
def test_anything_else_is_refused(written: object) -> None:
    """What is no level is an error that says what to write."""
    with pytest.raises(yarder.ConfigError) as caught:
        parse(written, "levels.db")
    assert caught.value.key == "levels.db"
    assert caught.value.hint


def test_a_near_miss_names_the_right_word() -> None:
    """A typing error is answered with the nearest level."""
    with pytest.raises(yarder.ConfigError, match="did you mean 'warning'"):
        parse("waring")


def test_the_enum_and_the_table_agree() -> None:
    """`Level` has the rows of the table, and nothing else."""
    assert [(member.value, member.name.lower()) for member in Level] == [(n, name) for n, name, _, _ in TABLE]
    assert tuple(Level) == BY_NUMBER
    assert len(ALIASES) == len(set(ALIASES))
    assert sorted(STDLIB, reverse=True) == list(STDLIB)
    assert NAMES[Level.INFO] == "info"


def test_at_least_compares_severity() -> None:
    """`at_least` is true for the same level and for more severe ones, however the other is written."""
    assert Level.ERROR.at_least("warning")
    assert Level.ERROR.at_least(Level.ERROR)
    assert not Level.DEBUG.at_least(20)
    assert not Level.EMERGENCY.at_least("off")


def test_the_enum_reads_names() -> None:
    """`Level("warn")` and `Level(30)` give the member; what is no level raises."""
    assert Level("warn") is Level.WARNING  # type: ignore[arg-type]
    assert Level(30) is Level.WARNING
    with pytest.raises((ValueError, yarder.ConfigError)):
        Level("loud")  # type: ignore[arg-type]
