"""Where logs are: a path, an app's files, or whatever has files of its own (a pipeline)."""

from __future__ import annotations

import os

from yarder.ring.yards import folders

__all__ = ["app_files", "paths"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from yarder.typing import LogSource


def paths(source: LogSource) -> list[str]:
    """The files and folders of a source. A name that is no path is an app: the files of its yard's plans."""
    if not isinstance(source, (str, os.PathLike)):
        return list(source.log_files())
    path = os.fspath(source)
    if os.sep not in path and not os.path.exists(path):  # noqa: PTH110 - pathlib costs 5 ms to import
        # Nothing here is called so; an app may be. Of a stem (`web` for `web.log`) the files are nearer.
        beside = any(name.startswith(f"{path}.") for name in os.listdir())  # noqa: PTH208
        files = [] if beside else app_files(path)
        if files:
            return files
    return [path]


def app_files(app: str) -> list[str]:
    """The log files of an app that runs or ran on this host, newest plan last; empty when there is none."""
    from pathlib import Path

    files: dict[str, None] = {}
    for folder in folders(app):
        plans = sorted(Path(folder).glob("plans/*.json"), key=lambda plan: plan.stat().st_mtime)
        for plan in plans:
            files.update(dict.fromkeys(_files(plan)))
    return list(files)


def _files(plan: Path) -> list[str]:
    import json

    try:
        loaded: dict[str, Any] = json.loads(plan.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []  # swept away, or of a later version
    return [entry["path"] for entry in loaded.get("destinations", []) if isinstance(entry.get("path"), str)]
