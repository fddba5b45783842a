"""One function per kind of option: take what was written, give what it means, or raise a ConfigError that says what to do.

Each takes (value, key, bounds or choices). Text is accepted for numbers and flags, because that is all the environment has.
"""

from __future__ import annotations

import os

from yarder.errors import ConfigError, nearest
from yarder.level import NAMES, parse

__all__ = [
    "CHECKS",
    "choice",
    "count",
    "facilities",
    "flag",
    "form",
    "level",
    "levels",
    "number",
    "path",
    "slots",
    "text",
    "wait",
    "wrong",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")
_BLOCK_MS = 100.0


def wrong(key: str, what: str, hint: str) -> ConfigError:
    """The error for one key."""
    return ConfigError(f"{key}: {what}; {hint}", key=key, hint=hint)


def text(value: Any, key: str, limits: tuple[Any, ...] = ()) -> str:
    """Text that is not empty, without control characters."""
    if not isinstance(value, str) or not value.strip():
        raise wrong(key, f"{value!r} is not a name", "write text that is not empty")
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise wrong(key, f"{value!r} has control characters", "leave them out")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise wrong(key, f"{value!r} is not Unicode text", "leave lone surrogates out") from None
    if size > 200:
        raise wrong(key, f"{size} bytes are too long", "use at most 200")
    return value.strip()


def choice(value: Any, key: str, choices: tuple[str, ...]) -> str:
    """One of a few words, in any case."""
    word = value.strip().lower() if isinstance(value, str) else value
    if word not in choices:
        hint = nearest(word, choices) if isinstance(word, str) else f"write one of {', '.join(choices)}"
        raise wrong(key, f"{value!r} is not known", hint)
    return str(word)


def flag(value: Any, key: str, limits: tuple[Any, ...] = ()) -> bool:
    """True or False; from the environment also yes, no, on, off, 1, 0."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _TRUE + _FALSE:
        return value.strip().lower() in _TRUE
    raise wrong(key, f"{value!r} is neither true nor false", "write True or False")


def number(value: Any, key: str, limits: tuple[float, float]) -> float:
    """A finite number within its limits."""
    given = value
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not limits[0] <= value <= limits[1]:
        raise wrong(key, f"{given!r} is not right", f"write a number from {limits[0]:g} to {limits[1]:g}")
    return float(value)


def count(value: Any, key: str, limits: tuple[int, int]) -> int:
    """A whole number within its limits."""
    given = value
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not limits[0] <= value <= limits[1]:
        raise wrong(key, f"{given!r} is not right", f"write a whole number from {limits[0]} to {limits[1]}")
    return int(value)


def slots(value: Any, key: str, limits: tuple[int, int]) -> int:
    """A power of two within its limits."""
    slots = count(value, key, limits)
    if slots & (slots - 1):
        up = 1 << slots.bit_length()
        raise wrong(key, f"{slots} is not a power of two", f"write {up >> 1} or {up}")
    return slots


def path(value: Any, key: str, limits: tuple[Any, ...] = ()) -> str:
    """A path as text; `~` is the home folder. UTF-8 only, because plans are JSON."""
    try:
        name = os.fspath(value)
    except TypeError:
        raise wrong(key, f"{value!r} is not a path", "write text or a pathlib.Path") from None
    if not isinstance(name, str) or not name or "\0" in name:
        raise wrong(key, f"{name!r} is not a path", "write text that is not empty and has no NUL")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise wrong(key, f"{name!r} is not UTF-8", "rename the folder, or link to it") from None
    return os.path.expanduser(name)  # noqa: PTH111 - pathlib costs 5 ms to import


def level(value: Any, key: str, limits: tuple[Any, ...] = ()) -> int:
    """A level in any of its forms; -1 for "off"."""
    return parse(value, key)


def levels(value: Any, key: str, limits: tuple[Any, ...] = ()) -> dict[str, int]:
    """Facility prefixes to levels: a mapping, or `db=debug,web=warning`."""
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        if not all(sign for _, sign, _ in pairs):
            raise wrong(key, f"{value!r} is not right", "write facility=level, separated by commas")
        value = {name.strip(): word for name, _, word in pairs}
    if not hasattr(value, "items"):
        raise wrong(key, f"{value!r} is not a mapping", "write {'facility': 'level'}")
    problems: list[ConfigError] = []
    checked: dict[str, int] = {}
    for name, word in value.items():
        try:
            prefix = text(name, f"{key}[{name!r}]").strip(".")
            if hasattr(word, "items"):  # `db.pool = "debug"` without quotes is a table in TOML
                checked |= {f"{prefix}.{rest}": level for rest, level in levels(word, f"{key}.{name}").items()}
            else:
                checked[prefix] = parse(word, f"{key}.{name}")
        except ConfigError as problem:
            problems.append(problem)
    if problems:
        raise ConfigError.gather(problems)
    return checked


def facilities(value: Any, key: str) -> dict[str, int] | None:
    """Which facilities a destination takes: None all, a mapping to levels, or a list of prefixes with all levels."""
    if value is None:
        return None
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()] if "=" not in value else value
    if isinstance(value, (list, tuple, set, frozenset)):
        value = dict.fromkeys(value, "trace")
    checked = levels(value, key)
    if not checked:
        raise wrong(key, "names no facility, so that nothing would pass", "leave it out to take every facility")
    return checked


def wait(value: Any, key: str, limits: tuple[Any, ...] = ()) -> tuple[float, ...]:
    """Nine waits in milliseconds, by level; negative waits without limit."""
    if value is None:
        return (-1.0,) * len(NAMES)
    if not hasattr(value, "items"):
        return (number(value, key, (0.0, 3_600_000.0)),) * len(NAMES)
    problems: list[ConfigError] = []
    named: dict[int, float] = {}
    for name, amount in value.items():
        try:
            named[parse(name, f"{key}[{name!r}]")] = wait(amount, f"{key}.{name}")[0]
        except ConfigError as problem:
            problems.append(problem)
    if problems:
        raise ConfigError.gather(problems)
    error, debug = NAMES.index("error"), NAMES.index("debug")
    waits = [_BLOCK_MS] * len(NAMES)
    for place in range(len(waits)):
        if place < error and error in named:
            waits[place] = named[error]
        if place > debug and debug in named:
            waits[place] = named[debug]
        waits[place] = named.get(place, waits[place])
    return tuple(waits)


def form(value: Any, key: str, limits: tuple[Any, ...] = ()) -> Any:
    """A format: a name, a template or a `Json`."""
    from yarder.config.format import form  # late: it stands above this module

    return form(value, key)


CHECKS: dict[str, Callable[[Any, str, Any], Any]] = {
    "choice": choice,
    "count": count,
    "flag": flag,
    "format": form,
    "level": level,
    "levels": levels,
    "number": number,
    "path": path,
    "slots": slots,
    "text": text,
    "wait": wait,
}
"""Kind of an option to its check; "backends" is checked where the kinds of backends are known."""
