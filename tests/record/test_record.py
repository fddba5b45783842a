"""`Record`: what handlers see."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tests.helpers import row
from yarder import Level, Record


def test_from_a_row() -> None:
    """A row of the queue becomes typed values, the time to the microsecond in UTC."""
    record = Record.from_row(row("hi", level=3, sequence=9))
    assert record.id == UUID("01890a5d-ac96-8774-bcce-b302099a8057")
    assert record.timestamp == datetime(2026, 1, 15, 10, 30, 45, 123456, tzinfo=UTC)
    assert record.level is Level.ERROR
    assert (record.app, record.facility, record.message, record.fields) == ("web", "db", "hi", {"a": 1})
    assert (record.pid, record.tid, record.process, record.thread) == (12, 1, "p", "t")
    assert (record.hostname, record.caller, record.producer, record.sequence) == ("host", "x.py:1 in f", 7, 9)


def test_frozen_with_slots() -> None:
    """A record cannot be changed and has no dictionary; two of the same row are equal."""
    record = Record.from_row(row())
    with pytest.raises(FrozenInstanceError):
        record.message = "other"  # type: ignore[misc]
    assert not hasattr(record, "__dict__")
    assert record == Record.from_row(row())
