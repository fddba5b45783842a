"""Option objects to plans: the shared one, which goes into the yard, and the local one of this process.

A plan is JSON with every path absolute and every option resolved, so that whoever writes for a process, now or after
its death, needs nothing else (docs/specs/yard.md). JSON is written here by hand: `json` imports `re` and `enum`, 10 ms
that a first log call would pay.
"""

from __future__ import annotations

import os
from _json import encode_basestring_ascii as quoted

from yarder.config.name import path_part
from yarder.errors import ConfigError

__all__ = ["PLAN_VERSION", "Plans", "dumps", "make_plans"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from yarder.config.options import Settings
    from yarder.typing import Destination

PLAN_VERSION = 1
"""Version of the plan's layout; a writer leaves newer ones alone."""


class Plans:
    """What a configuration comes to: JSON texts or None, for shared and for local destinations."""

    __slots__ = ("local", "shared")

    def __init__(self, shared: str | None, local: str | None):
        self.shared = shared
        self.local = local


def make_plans(settings: Settings) -> Plans:
    """The plans of a configuration. Cost: tens of microseconds.

    Raises:
        ConfigError: when two files are one path: each line would be there twice.
    """
    names: set[str] = set()
    paths: dict[str, int] = {}
    shared: list[Destination] = []
    local: list[Destination] = []
    for at, backend in enumerate(settings.backends):
        entry = backend.destination()
        if entry is None:
            continue
        entry["name"] = _unique(entry["name"], names)
        if "path" in entry:
            entry["path"] = _absolute(entry["path"], settings.app)
            first = paths.setdefault(entry["path"], at)
            if first != at:
                key, hint = f"backends[{at}].path", "give each its own file"
                text = f"{key}: {entry['path']!r} is also the path of backends[{first}]; {hint}"
                raise ConfigError(text, key=key, hint=hint)
        if "color" in entry and settings.colour is not None:
            entry["color"] = settings.colour
        (local if backend.local else shared).append(entry)
    return Plans(_plan(settings, shared), _plan(settings, local))


def _plan(settings: Settings, destinations: list[Destination]) -> str | None:
    if not destinations:
        return None
    plan = {"version": PLAN_VERSION, "app": settings.app, "tz": settings.tz, "destinations": destinations}
    return dumps(plan)


def _unique(name: str, names: set[str]) -> str:
    made, n = name, 1
    while made in names:
        n += 1
        made = f"{name}-{n}"
    names.add(made)
    return made


def _absolute(path: str, app: str) -> str:
    return os.path.abspath(path.replace("{app}", path_part(app)))  # noqa: PTH100 - pathlib costs 5 ms to import


def dumps(value: Any) -> str:
    """JSON of None, bool, int, float, str, list, tuple and dict; ASCII only."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{quoted(key)}:{dumps(item)}" for key, item in value.items()) + "}"
    return "[" + ",".join(dumps(item) for item in value) + "]"
