"""What was asked for, checked: every error at once, and every option with its value.

Precedence: environment over keywords over file over defaults (the operator outranks the code). A bad value in a file
or a keyword is an error; a bad value in the environment is left out and costs one line on stderr, because an operator's
typing error must not keep an app from starting.
"""

from __future__ import annotations

import os

from yarder.config.check import CHECKS, flag, wrong
from yarder.config.load import Asked, from_env, from_file, from_keywords
from yarder.config.name import app_name
from yarder.config.options import Settings
from yarder.config.table import CONSOLE, OPTIONS, Option, named
from yarder.errors import ConfigError, nearest

__all__ = ["resolve"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from yarder.typing import BackendOptions, StrPath

    Kinds = Mapping[str, type[BackendOptions]]


def resolve(
    path: StrPath | None,
    keywords: Mapping[str, Any],
    kinds: Kinds,
    *,
    environ: Mapping[str, str] | None = None,
    lenient: bool = False,
) -> Settings:
    """The settings that file, keywords and environment give together. Cost: 0.1 ms, plus reading a file.

    Args:
        path: a TOML file; `YARDER_CONFIG` outranks it.
        keywords: those of `configure`.
        kinds: the word for a backend in files to its class.
        environ: the environment; the process's own if None.
        lenient: a wrong file is a remark, not an error (zero configuration must not raise).

    Raises:
        ConfigError: with every problem of file and keywords.
    """
    environ = os.environ if environ is None else environ
    problems: list[ConfigError] = []
    remarks: list[str] = []
    env = _whether_env(keywords, problems)
    operator = from_env(environ) if env else []
    chosen: dict[str, Any] = {}
    for asked in [*_file(path, environ if env else {}, problems, remarks, lenient), *from_keywords(keywords)]:
        _take(asked, kinds, chosen, problems)
    for asked in operator:
        bad: list[ConfigError] = []
        _take(asked, kinds, chosen, bad)
        remarks += [f"{problem}; left out" for problem in bad]
    if problems:
        raise ConfigError.gather(problems)
    return _settings(chosen, kinds, environ if env else {}, remarks)


def _whether_env(keywords: Mapping[str, Any], problems: list[ConfigError]) -> bool:
    try:
        return flag(True if keywords.get("env") is None else keywords["env"], "env")
    except ConfigError as problem:
        problems.append(problem)
        return True


def _file(
    path: StrPath | None,
    environ: Mapping[str, str],
    problems: list[ConfigError],
    remarks: list[str],
    lenient: bool,
) -> list[Asked]:
    from_operator = environ.get("YARDER_CONFIG")
    if from_operator:
        try:
            return from_file(from_operator)
        except ConfigError as problem:
            remarks.append(f"YARDER_CONFIG: {problem}; left out")
    if path is None:
        return []
    try:
        return from_file(path)
    except ConfigError as problem:
        if lenient:
            remarks.append(str(problem))
        else:
            problems.append(problem)
        return []


def _take(asked: Asked, kinds: Kinds, chosen: dict[str, Any], problems: list[ConfigError]) -> None:
    """Check one value and keep it; a later one of the same name wins."""
    option = next((row for row in CONSOLE if asked.from_env and row.name == asked.name), None)
    option = option or named(asked.name)
    try:
        if option is None:
            names = [row.name for row in OPTIONS] + (["backend"] if asked.file else [])
            raise wrong(asked.key, "there is no such option", nearest(asked.name, names))
        if asked.file and option.name == "env":
            raise wrong("env", "can only be said in the code", "leave it out of the file")
        value = _checked(option, asked, kinds)
    except ConfigError as problem:
        problems.append(problem.at(asked.place))
        return
    if option.name == "levels" and "levels" in chosen:
        value = {**chosen["levels"], **value}  # levels add up, facility by facility
    chosen[option.name] = value


def _checked(option: Option, asked: Asked, kinds: Kinds) -> Any:
    if option.kind == "backends":
        return _backends(asked, kinds)
    return CHECKS[option.kind](asked.value, asked.key, option.choices)


def _backends(asked: Asked, kinds: Kinds) -> tuple[Any, ...]:
    value = asked.value
    if isinstance(value, (str, bytes)) or hasattr(value, "items") or not hasattr(value, "__iter__"):
        raise wrong(asked.key, f"{value!r} is no list of backends", "write [yarder.File(...), yarder.Console()]")
    problems: list[ConfigError] = []
    made: list[Any] = []
    for at, item in enumerate(value):
        key = f"{asked.key}[{at}]"
        try:
            from_table = asked.file or isinstance(item, dict)
            made.append(_from_table(item, kinds, key) if from_table else _known(item, kinds, key))
        except ConfigError as problem:
            problems.append(problem)
    if problems:
        raise ConfigError.gather(problems)
    return tuple(made)


def _known(item: Any, kinds: Kinds, key: str) -> Any:
    if isinstance(item, tuple(kinds.values())):
        return item
    names = ", ".join(cls.__name__ for cls in kinds.values())
    hint = f"use one of {names}"
    if callable(item):
        hint = f"write yarder.Call({getattr(item, '__name__', 'fn')})"
    raise wrong(key, f"{item!r} is no backend", hint)


def _from_table(table: Any, kinds: Kinds, key: str) -> Any:
    if not isinstance(table, dict):
        raise wrong(key, f"{table!r} is no table", 'write [[backend]] with type = "file"')
    options = dict(table)
    kind = options.pop("type", None)
    words = tuple(word for word, cls in kinds.items() if cls.from_table)
    if kind not in words:
        what = "has no type" if kind is None else f"{kind!r} is no type"
        raise wrong(f"{key}.type", what, nearest(str(kind or ""), words))
    try:
        return kinds[kind].read(options)
    except ConfigError as problem:
        raise problem.under(key) from None


def _settings(chosen: dict[str, Any], kinds: Kinds, environ: Mapping[str, str], remarks: list[str]) -> Settings:
    values = {row.name: chosen.get(row.name) for row in OPTIONS}
    for row in OPTIONS:
        if row.name not in chosen and row.default is not None:
            values[row.name] = (
                row.default if row.kind == "backends" else CHECKS[row.kind](row.default, row.name, row.choices)
            )
    backends = chosen.get("backends")
    if backends is None:
        backends = (kinds["console"](),)
    console = {row.name: chosen[row.name] for row in CONSOLE if row.name in chosen}
    if console:
        backends = tuple(item.replace(**console) if isinstance(item, kinds["console"]) else item for item in backends)
    colour = False if environ.get("NO_COLOR") else True if environ.get("FORCE_COLOR") else None
    return Settings(
        app=values["app"] or app_name(),
        backends=backends,
        block_ms=values["block_ms"],
        caller=values["caller"],
        colour=colour,
        levels={"": values["level"], **(values["levels"] or {})},
        max_record_bytes=values["max_record_bytes"],
        mode=values["mode"],
        overflow=values["overflow"],
        remarks=tuple(remarks),
        ring_slots=values["ring_slots"],
        sync_ms=values["sync_ms"],
        tz=values["tz"],
        yard=values["yard"],
    )
