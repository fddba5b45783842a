"""How a record becomes a line: names, templates, and `Json` for lines that a platform reads.

Formatting is native; here a format is only checked, so that a mistake is told at `configure`, with the nearest right
word. The grammar of templates is that of `crates/yarder-core/src/format/template/parse.rs`.
"""

from __future__ import annotations

from _string import formatter_parser  # type: ignore[import-not-found] # `string` itself brings `re`

from yarder.config import check
from yarder.config.options import Frozen
from yarder.errors import ConfigError, nearest

__all__ = ["FORMATS", "KEYS", "TEMPLATE_NAMES", "Json", "form", "part_of_plan"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar, Literal

FORMATS: tuple[str, ...] = ("json", "human", "syslog", "logfmt", "mcr", "raw")
"""Formats that have a name."""

TEMPLATE_NAMES: tuple[str, ...] = (
    "timestamp", "date", "level", "app", "facility", "message", "fields", "pid", "tid", "thread", "process",
    "hostname", "caller", "id",
)  # fmt: skip
"""What a template may fill in; `fields.KEY` besides."""

KEYS: dict[str, tuple[str, ...]] = {
    "logstream": (
        "id", "timestamp", "level", "daemon", "message", "fields", "pid", "hostname", "facility", "tid", "thread",
        "caller",
    ),
    "flat": ("timestamp", "level", "message", "logger", "app"),
    "ecs": (
        "@timestamp", "log.level", "message", "ecs.version", "service.name", "log.logger", "event.id",
        "event.sequence", "host.hostname", "process.pid", "process.name", "process.thread.id", "process.thread.name",
        "log.origin.file.name", "log.origin.file.line", "log.origin.function", "error.type", "error.message",
        "error.stack_trace", "trace.id", "span.id", "labels",
    ),
    "gcp": (
        "severity", "time", "message", "fields", "stack_trace", "serviceContext", "logging.googleapis.com/insertId",
        "logging.googleapis.com/labels", "logging.googleapis.com/sourceLocation", "logging.googleapis.com/trace",
        "logging.googleapis.com/spanId",
    ),
    "otel": (),
}  # fmt: skip
"""The presets of `Json` and the keys of a line, in their order (a test compares them with the native table)."""

_MAX_LINE = (1024, 16_777_216)
_MAX_TEMPLATE = 4096
_MAX_WIDTH = 1000


class Json(Frozen):
    """Lines of JSON in the shape that their reader wants. Formatting is native and costs the caller nothing.

    Args:
        preset: "logstream" (LogStream's keys, what `format="json"` writes), "flat" (fields beside the message),
            "ecs" (Elastic Common Schema), "gcp" (Google Cloud Logging), "otel" (OpenTelemetry: one OTLP message a
            line, as the collector's file receiver reads it).
        level: "number" or "name". Default: as the preset does it; ecs, gcp and otel write names and take no number.
        rename: keys of the preset to other names; with "flat" also fields. The keys of "otel" are fixed.
        max_line: most bytes of a line, 1024 and more. Of a longer one texts are cut, then fields left out, and it
            says `"truncated":true`. None: as long as the record is.

    Raises:
        ConfigError: with every option that is wrong.
    """

    __slots__ = ("level", "max_line", "preset", "rename")

    DEFAULTS: ClassVar[Mapping[str, Any]] = {"preset": "logstream", "level": None, "rename": {}, "max_line": None}

    preset: str
    level: str | None
    rename: Mapping[str, str]
    max_line: int | None

    def __init__(
        self,
        preset: Literal["logstream", "flat", "ecs", "gcp", "otel"] = "logstream",
        *,
        level: Literal["number", "name"] | None = None,
        rename: Mapping[str, str] | None = None,
        max_line: int | None = None,
    ):
        problems: list[ConfigError] = []
        values: dict[str, Any] = {"preset": "logstream", "level": None, "rename": {}, "max_line": None}
        for name, given in (("preset", preset), ("level", level), ("rename", rename), ("max_line", max_line)):
            try:
                if given is not None:
                    values[name] = _CHECKS[name](given, values["preset"])
            except ConfigError as problem:
                problems.append(problem)
        if problems:
            raise ConfigError.gather(problems)
        self._fill(**values)

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Json:
        """From a table of a configuration file, as `format = {preset = "ecs"}`.

        Raises:
            ConfigError: with every unknown and every wrong key.
        """
        options = {key: value for key, value in table.items() if key != "type"}
        known = tuple(cls.DEFAULTS)
        problems = [
            check.wrong(key, "there is no such option", nearest(key, known)) for key in options if key not in known
        ]
        if table.get("type", "json") != "json":
            problems.append(check.wrong("type", f"{table['type']!r} has no options", 'write type = "json"'))
        made = cls()
        try:
            made = cls(**{key: value for key, value in options.items() if key in known})
        except ConfigError as problem:
            problems += problem.problems or (problem,)
        if problems:
            raise ConfigError.gather(problems)
        return made

    def __repr__(self) -> str:
        shown = [repr(self.preset)]
        shown += [f"{name}={getattr(self, name)!r}" for name in ("level", "rename", "max_line") if getattr(self, name)]
        return f"Json({', '.join(shown)})"


def form(value: Any, key: str) -> str | Json:
    """A format: a name in any case, a template, a `Json`, or in a file a table of its options.

    Raises:
        ConfigError: under `key`, with the nearest right name.
    """
    if isinstance(value, Json):
        return value
    if hasattr(value, "items"):
        try:
            return Json.read(value)
        except ConfigError as problem:
            raise problem.under(key) from None
    if not isinstance(value, str):
        raise check.wrong(key, f"{value!r} is no format", "write a name, a template or a yarder.Json")
    if "{" in value or "}" in value:
        _template(value, key)
        return value
    return check.choice(value, key, FORMATS)


def part_of_plan(value: str | Json) -> str | dict[str, Any]:
    """What the plan says of a format: the name, the template, or the options that are not the defaults."""
    if isinstance(value, str):
        return value
    options = {name: getattr(value, name) for name in ("level", "rename", "max_line") if getattr(value, name)}
    return {"type": "json", "preset": value.preset, **options}


def _template(text: str, key: str) -> None:
    if len(text) > _MAX_TEMPLATE:
        raise check.wrong(key, f"a template of {len(text)} characters is too long", f"use at most {_MAX_TEMPLATE}")
    if not text.isprintable():
        raise check.wrong(key, f"{text!r} has control characters", "leave them out: a record is one line")
    try:
        parts = [part for part in formatter_parser(text) if part[1] is not None]
    except ValueError:
        hint = "write {{ or }} for a brace itself"
        raise check.wrong(key, f"{text!r} has a brace without its other half", hint) from None
    if not parts:
        raise check.wrong(key, f"{text!r} fills in nothing", "write at least {message}")
    for _, name, spec, conversion in parts:
        known = name in TEMPLATE_NAMES or (name.startswith("fields.") and len(name) > len("fields."))
        if not known:
            hint = nearest(name, (*TEMPLATE_NAMES, "fields.KEY"))
            raise check.wrong(key, f"{{{name}}} cannot be filled in", hint)
        if conversion or not _is_fill(spec):
            hint = f"write an alignment (<, > or ^) and a width up to {_MAX_WIDTH}, as in {{{name}:<8}}"
            shown = f"{{{name}!{conversion}}}" if conversion else f"{{{name}:{spec}}}"
            raise check.wrong(key, f"{shown} is not right", hint)


def _is_fill(spec: str) -> bool:
    if not spec:
        return True
    start = 2 if spec[1:2] in ("<", ">", "^") else 1 if spec[0] in "<>^" else 0
    digits = spec[start:]
    plain = digits.isascii() and digits.isdecimal() and digits[0] != "0" and len(digits) <= len(str(_MAX_WIDTH))
    return plain and int(digits) <= _MAX_WIDTH


def _preset(value: Any, _: str) -> str:
    return check.choice(value, "preset", tuple(KEYS))


def _level(value: Any, preset: str) -> str:
    style = check.choice(value, "level", ("number", "name"))
    if style == "number" and preset not in ("logstream", "flat"):
        raise check.wrong("level", f"the preset {preset!r} writes levels as its platform wants them", "leave it out")
    return style


def _rename(value: Any, preset: str) -> dict[str, str]:
    if not hasattr(value, "items"):
        raise check.wrong("rename", f"{value!r} is not a mapping", "write {'daemon': 'service'}")
    made: dict[str, str] = {}
    for old, new in value.items():
        made[check.text(old, f"rename[{old!r}]")] = check.text(new, f"rename[{old!r}]")
    keys = KEYS[preset]
    for old in made:
        if old not in keys and preset != "flat":
            hint = nearest(old, keys) if keys else "leave it out: its keys are fixed"
            raise check.wrong(f"rename[{old!r}]", f"the preset {preset!r} has no such key", hint)
    names = [made.get(name, name) for name in keys] + [new for old, new in made.items() if old not in keys]
    for name in names:
        if names.count(name) > 1:
            raise check.wrong("rename", f"two keys would be called {name!r}", "give each its own name")
    return made


def _max_line(value: Any, _: str) -> int:
    return check.count(value, "max_line", _MAX_LINE)


_CHECKS = {"preset": _preset, "level": _level, "rename": _rename, "max_line": _max_line}
