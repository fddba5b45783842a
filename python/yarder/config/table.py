"""The one table of options: name, type, default, environment variable, unit, what it does.

`configure`, `Pipeline`, configuration files, the environment and the docs read these rows; `yarder.typing.Options`
gives the same names their types, which a test compares.
"""

from __future__ import annotations

__all__ = ["CONSOLE", "OPTIONS", "OVERFLOW", "Option", "named"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Option:
    """One row: `kind` names a check in `yarder.config.check`, `choices` or bounds narrow it."""

    __slots__ = ("choices", "default", "env", "help", "kind", "name", "unit")

    def __init__(  # noqa: PLR0913 - the columns of the table
        self,
        name: str,
        kind: str,
        default: Any,
        env: str,
        unit: str,
        help: str,  # noqa: A002 - the word every table of options uses
        choices: tuple[Any, ...] = (),
    ):
        self.name = name
        self.kind = kind
        self.default = default
        self.env = env
        self.unit = unit
        self.help = help
        self.choices = choices


OVERFLOW: tuple[str, ...] = ("block", "drop_newest", "overwrite_oldest")
"""Policies of a full ring, in the order of their numbers (docs/specs/ring.md)."""

OPTIONS: tuple[Option, ...] = (
    Option(
        "app",
        "text",
        None,
        "YARDER_APP",
        "",
        "Name of the app: processes of one name and user share rings, levels and files. Default: the package of"
        " `python -m`, the application module under gunicorn, uvicorn and celery, else the program's file stem.",
    ),
    Option(
        "level",
        "level",
        "info",
        "YARDER_LEVEL",
        "",
        "Least severe level that is logged. A call below it costs a native call and one load.",
    ),
    Option(
        "levels",
        "levels",
        {},
        "YARDER_LEVELS",
        "",
        "Levels by facility: dotted names, the longest prefix wins. In the environment `db=debug,web=warning`.",
    ),
    Option(
        "backends",
        "backends",
        None,
        "",
        "",
        "Destinations. Default: one `Console()`. In TOML repeated `[[backend]]` tables with a `type`.",
    ),
    Option(
        "mode",
        "choice",
        "async",
        "YARDER_MODE",
        "",
        "async: a call returns when its record is in the ring, which survives the process. sync: when it is written;"
        " costs a system call a record.",
        ("async", "sync"),
    ),
    Option(
        "overflow",
        "choice",
        "block",
        "",
        "",
        "What a full ring does: block (wait, at most block_ms, then drop_newest), drop_newest, overwrite_oldest."
        " Every loss is counted and shown in the stream.",
        OVERFLOW,
    ),
    Option(
        "block_ms",
        "wait",
        100.0,
        "",
        "milliseconds",
        "How long a call may wait for room; at most 5 on a thread that runs an event loop. None: without limit;"
        " a mapping sets it by level: what it leaves out keeps 100, but `error` also stands for the more severe levels"
        " and `debug` for trace, if they have no entry of their own.",
    ),
    Option(
        "ring_slots",
        "slots",
        8192,
        "",
        "slots of 256 bytes",
        "Size of the ring, a power of two from 256 to 4194304. 8192 are 2 MiB: about 8000 usual records, or 0.3 ms at"
        " full speed; take 65536 for bursts of 50,000 records.",
        (256, 4_194_304),
    ),
    Option(
        "tz",
        "choice",
        "local",
        "",
        "",
        "Time zone of human lines, templates and rotation; JSON and archive names are UTC.",
        ("local", "utc"),
    ),
    Option(
        "env",
        "flag",
        True,
        "",
        "",
        "Whether the environment counts. It outranks keywords, which outrank the file, which outranks the defaults.",
    ),
    Option(
        "yard",
        "path",
        None,
        "YARDER_YARD",
        "",
        "Folder to make the yard in. Default: /dev/shm/yarder-<uid>, else $XDG_RUNTIME_DIR/yarder.",
    ),
    Option(
        "caller",
        "flag",
        True,
        "",
        "",
        "Whether records carry their call site (`app.py:12 in f`). Costs about 5 ns a call.",
    ),
    Option(
        "max_record_bytes",
        "count",
        262_144,
        "",
        "bytes",
        "Where a record is cut, on a character boundary and flagged `truncated`; never more than a quarter of the ring.",
        (512, 16_777_216),
    ),
    Option(
        "sync_ms",
        "number",
        1000.0,
        "",
        "milliseconds",
        "How long a call waits for the writer in sync mode, at most; then it returns and is counted.",
        (1.0, 600_000.0),
    ),
)
"""The keywords of `configure` and `Pipeline`, in the order of the docs."""

CONSOLE: tuple[Option, ...] = (
    Option("format", "format", None, "YARDER_FORMAT", "", "Format of every Console: a name or a template."),
    Option("stream", "choice", None, "YARDER_STREAM", "", "Stream of every Console.", ("stderr", "stdout")),
)
"""What the environment alone may say about consoles; `YARDER_CONFIG` names a file to read."""


def named(name: str) -> Option | None:
    """The row of an option, or None."""
    for option in OPTIONS:
        if option.name == name:
            return option
    return None
