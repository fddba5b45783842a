"""A yard for the bench alone, where yards lie by default: in memory."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["make_yard", "own_yard"]


def make_yard() -> str:
    """A new private folder."""
    shared = Path("/dev/shm")
    return tempfile.mkdtemp(prefix="yarder-bench-", dir=shared if shared.is_dir() else None)


@contextmanager
def own_yard() -> Iterator[str]:
    """The same, taken away afterwards."""
    place = make_yard()
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
