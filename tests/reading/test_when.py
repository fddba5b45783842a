"""Times as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from yarder.errors import ConfigError
from yarder.reading.when import nanoseconds

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
NOW_NS = 1_768_478_400_000_000_000


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("10m", 600), ("1h30m", 5400), ("2 d", 172_800), ("1.5s", 1.5), ("now", 0), (timedelta(minutes=1), 60)],
)
def test_so_long_ago(value: str | timedelta, seconds: float) -> None:
    """A duration is counted back from now."""
    assert nanoseconds(value, "since", NOW) == NOW_NS - int(seconds * 1e9)


def test_moments() -> None:
    """A zone counts, without one it is local; exact to the microsecond."""
    assert nanoseconds("2026-01-15T12:00:00.000001Z", "since") == NOW_NS + 1000
    assert nanoseconds("2026-01-15T13:00:00+01:00", "since") == NOW_NS
    local = datetime(2026, 1, 15, 12)  # noqa: DTZ001 - the point
    assert nanoseconds(local, "since") == int(local.timestamp()) * 1_000_000_000
    assert nanoseconds("2026-01-15", "since") == nanoseconds(datetime(2026, 1, 15), "since")  # noqa: DTZ001
    assert nanoseconds("1950-01-01T00:00:00Z", "since") == 0


@pytest.mark.parametrize("value", ["soon", "10 parsecs", "", "5", 5, None])
def test_nonsense_is_refused(value: object) -> None:
    """What is no time is an error that names the key."""
    with pytest.raises(ConfigError) as caught:
        nanoseconds(value, "until")  # type: ignore[arg-type]
    assert caught.value.key == "until"
