"""The records of a test of a bridge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import yarder
from yarder.testing import Records


@pytest.fixture
def records() -> Iterator[Records]:
    """What the default pipeline logs; every level passes, and nothing is printed."""
    yarder.configure(app="web", level="trace", backends=[])
    with Records() as kept:
        yield kept
