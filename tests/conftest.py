"""What every test gets: an environment without yarder's variables, a yard of its own, and no default pipeline left open."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import yarder
from yarder.testing import Records


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith("YARDER_") or name in ("NO_COLOR", "FORCE_COLOR"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("YARDER_YARD", str(tmp_path_factory.mktemp("yard")))
    yield
    default = sys.modules.get("yarder.default")
    if default is not None and default._pipeline._producer.is_attached():
        default._pipeline.close(5.0)


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    """A path for a log file in a folder that does not exist yet."""
    return tmp_path / "logs" / "web.log"


@pytest.fixture
def records() -> Iterator[Records]:
    """What the default pipeline logs, at every level, with no destination."""
    yarder.configure(app="web", level="trace", backends=[])
    with Records() as kept:
        yield kept
