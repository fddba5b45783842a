"""`File`: a log file, written by the yard's one writer for every process of the app."""

from __future__ import annotations

from yarder.backends.base import BackendBase
from yarder.config import archive, check
from yarder.config.format import form, part_of_plan

__all__ = ["File"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, ClassVar, Literal

    from yarder.config.format import Json
    from yarder.errors import ConfigError
    from yarder.typing import Destination, Facilities, FormatLike, LevelLike, StrPath

_FSYNC = ("never", "interval", "batch")
_ON_CONFLICT = ("suffix", "error")


class File(BackendBase):
    """Append records to a file. Any number of threads and processes may name the same path; one of them writes.

    Args:
        path: where; `{app}` is replaced by the app's name, which can never leave the folder. Relative to the working
            directory at `configure`. Folders are made when the first record is written.
        format: "json" (one object a line, times in UTC), "human", "syslog", "logfmt", "mcr", "raw", a `yarder.Json` with
            options, or a template such as "{timestamp} [{level}] {message} {fields}". Formatting is native and costs the
            caller nothing.
        rotate: when the file becomes an archive `<stem>.<UTC stamp>.<counter>.log`: a size ("100 MB"), an age ("24 h"),
            "hourly" or "daily" (wall clock of `tz`), a list of them, or None for never. Costs the caller nothing.
        keep: which archives stay: a number of them (7), an age ("30 days"), a size in all ("10 GB"), "free 5 GB" of the
            disk, or a list of them. Only our own archives are ever removed. None: all of them.
        compress: "gzip", "lz4" or "zstd": archives are compressed in the background and stay readable by zcat, lz4cat
            and zstdcat. None: not.
        fsync: when the kernel is told to put bytes on the disk. "never": what was written survives the death of the
            process, not of the machine. "interval": at most a second of it is lost with the machine. "batch": nothing
            that was flushed; costs milliseconds a pass on a disk, so throughput depends on the disk.
        mode: permissions of a file that is made, as a number or octal text.
        on_conflict: what happens when another yard (another app, user or container) holds the file: "suffix" writes to
            `<stem>.<host>-<n>.log` beside it and warns once, "error" refuses.
        level: least severe level that is written. Default: everything that was logged.
        facilities: only these facilities: a list of dotted prefixes, or a mapping of prefixes to levels.
        name: name in `stats()`; default "file".

    Raises:
        ConfigError: with every option that is wrong.
    """

    __slots__ = ("compress", "format", "fsync", "keep", "mode", "on_conflict", "path", "rotate")

    kind: ClassVar[str] = "file"
    DEFAULTS = {
        "path": None,
        "format": "json",
        "rotate": None,
        "keep": None,
        "compress": None,
        "fsync": "never",
        "mode": 0o640,
        "on_conflict": "suffix",
    }

    path: str
    format: str | Json
    rotate: list[Any] | None
    keep: dict[str, int] | None
    compress: str | None
    fsync: str
    mode: int
    on_conflict: str

    def __init__(  # noqa: PLR0913 - an options object is where options belong
        self,
        path: StrPath,
        *,
        format: FormatLike = "json",  # noqa: A002 - the word users know
        rotate: str | int | Sequence[str | int] | None = None,
        keep: str | int | Sequence[str | int] | None = None,
        compress: Literal["gzip", "lz4", "zstd"] | None = None,
        fsync: Literal["never", "interval", "batch"] = "never",
        mode: int | str = 0o640,
        on_conflict: Literal["suffix", "error"] = "suffix",
        level: LevelLike | None = None,
        facilities: Facilities | None = None,
        name: str | None = None,
    ):
        problems: list[ConfigError] = []
        self._fill(
            path=self._check(problems, _path, path),
            format=self._check(problems, form, format, "format"),
            rotate=self._check(problems, archive.rotate, rotate),
            keep=self._check(problems, archive.keep, keep),
            compress=None
            if compress is None
            else self._check(problems, check.choice, compress, "compress", archive.CODECS),
            fsync=self._check(problems, check.choice, fsync, "fsync", _FSYNC),
            mode=self._check(problems, _mode, mode),
            on_conflict=self._check(problems, check.choice, on_conflict, "on_conflict", _ON_CONFLICT),
        )
        self._common(problems, name, level, facilities)
        self._finish(problems)

    def destination(self) -> Destination:
        """Its part of the plan; the path still holds `{app}`."""
        return {
            **(super().destination() or {}),
            "path": self.path,
            "format": part_of_plan(self.format),
            "mode": self.mode,
            "fsync": self.fsync,
            "rotate": self.rotate,
            "compress": self.compress,
            **(self.keep or {}),
            "on_conflict": self.on_conflict,
        }


def _path(value: StrPath) -> str:
    path = check.path(value, "path")
    rest = path.replace("{app}", "")
    if "{" in rest or "}" in rest:
        raise check.wrong("path", f"{path!r} has an unknown field", "only {app} can be filled in")
    if path.endswith("/"):
        raise check.wrong("path", f"{path!r} is a folder", "add a file name, as in 'logs/{app}.log'")
    return path


def _mode(value: int | str) -> int:
    given = value
    if isinstance(value, str):
        try:
            value = int(value, 8)
        except ValueError:
            value = -1
    if type(value) is not int or not 0 <= value <= 0o777 or not value & 0o200:
        hint = "write permissions with which the owner can write, as 0o640"
        raise check.wrong("mode", f"{given!r} is not right", hint)
    return value
