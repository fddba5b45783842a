"""The yards on this host: where they are, and what stands in each."""

from __future__ import annotations

import os

__all__ = ["folders", "state"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def folders(app: str | None = None) -> list[str]:
    """The yards of this user, of one app or of all. `YARDER_YARD` names the only place to look, as for the app itself."""
    from yarder.config.name import path_part

    named = os.environ.get("YARDER_YARD")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    bases = [named] if named else [f"/dev/shm/yarder-{os.getuid()}", f"{runtime}/yarder" if runtime else None]  # noqa: S108
    found = []
    for base in bases:
        try:
            names = sorted(os.listdir(base)) if base else []  # noqa: PTH208 - pathlib costs 5 ms to import
        except OSError:
            continue
        wanted = [name for name in names if app is None or name == path_part(app)]
        found += [f"{base}/{name}" for name in wanted if os.path.isdir(f"{base}/{name}")]  # noqa: PTH112
    return found


def state(folder: str) -> dict[str, Any] | None:
    """What stands in a yard: app, folder, writer, rules, rings; None when it is none.

    Raises:
        RingError: when it is of a later release or cannot be trusted.
    """
    from yarder._core import yard_state

    found = yard_state(folder)
    return None if found is None else {"app": folder.rpartition("/")[2], "folder": folder, **found}
