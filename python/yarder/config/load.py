"""What was asked for, and where: file, environment or keywords, unchecked."""

from __future__ import annotations

import os

from yarder.config.table import CONSOLE, OPTIONS
from yarder.errors import ConfigError

__all__ = ["Asked", "from_env", "from_file", "from_keywords", "line_of"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from yarder.typing import StrPath


class Asked:
    """One value as it was written: under which key, and in which file if it came from one."""

    __slots__ = ("file", "from_env", "key", "lines", "name", "value")

    def __init__(self, name: str, value: Any, key: str, *, from_env: bool = False):
        self.name = name
        self.value = value
        self.key = key
        self.from_env = from_env
        self.file = ""
        self.lines: list[str] = []

    def place(self, key: str) -> str:
        """What to write before a message about a key in it: file and line, for people and editors."""
        if not self.file:
            return ""
        line = line_of(self.lines, key)
        return f"{self.file}:{line}: " if line else f"{self.file}: "


def from_keywords(keywords: Mapping[str, Any]) -> list[Asked]:
    """Keywords of `configure`; None means "not said", except for `block_ms`, where it means without limit."""
    return [Asked(name, value, name) for name, value in keywords.items() if value is not None or name == "block_ms"]


def from_env(environ: Mapping[str, str]) -> list[Asked]:
    """The environment, by the variables of the table; an empty variable says nothing."""
    return [
        Asked(option.name, environ[option.env], option.env, from_env=True)
        for option in (*OPTIONS, *CONSOLE)
        if option.env and environ.get(option.env)
    ]


def from_file(path: StrPath) -> list[Asked]:
    """A TOML file with the same names; `[[backend]]` tables give `backends`. Reads the file: configuration only.

    Raises:
        ConfigError: when it cannot be read or is no TOML; the text names line and column.
    """
    import tomllib  # late: brings datetime and re, which only a file needs

    name = os.fspath(path)
    try:
        with open(name, "rb") as file:  # noqa: PTH123 - pathlib costs 5 ms to import
            content = file.read().decode()
        tables = tomllib.loads(content)
    except OSError as error:
        hint = "check the path and who may read it"
        raise ConfigError(f"{name}: cannot be read: {error.strerror or error}; {hint}", key=name, hint=hint) from None
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are both ValueErrors
        hint = "correct the file"
        raise ConfigError(f"{name}: is no TOML: {error}; {hint}", key=name, hint=hint) from None
    lines = content.splitlines()
    asked: list[Asked] = []
    for key, value in tables.items():
        one = Asked("backends" if key == "backend" else key, value, key)
        one.file, one.lines = name, lines
        asked.append(one)
    return asked


def line_of(lines: list[str], path: str) -> int:
    """Line of a key path such as `level`, `levels.db` or `backend[1].path`; else of what holds it; else 0.

    `tomllib` keeps no positions; this finds the usual spellings, which is all that a message needs.
    """
    top, _, key = path.partition(".")
    name, _, index = top.rstrip("]").partition("[")
    nth = int(index) if index.isdecimal() else 0
    inside, seen, found = "", -1, 0
    for number, line in enumerate(lines, 1):
        bare = line.split("#", 1)[0].strip()
        word = bare.partition("=")[0].strip().strip("\"'")
        if bare.startswith("["):
            inside = bare.strip("[] \t")
            seen += inside == name
            found = number if inside == name and seen == nth else found
        elif inside == name and seen == nth and word == key:
            return number
        elif not inside and word == name:
            found = number
    return found
