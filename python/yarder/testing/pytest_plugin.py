"""The pytest plug-in (entry point `yarder`): the fixture `yarder_records`, and the log of a failed test in its report.

`yarder_report = false` in the ini file leaves the report alone; `-p no:yarder` all of it. Nothing is started for
tests that log nothing.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from yarder.testing.records import Records, as_text

__all__ = ["pytest_addoption", "pytest_configure", "yarder_records"]

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_LINES = 1000
_KEPT = pytest.StashKey[Records]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The one option."""
    parser.addini("yarder_report", "Show what a failed test logged with yarder.", type="bool", default=True)


def pytest_configure(config: pytest.Config) -> None:
    """Keep every test's records, if its log is wanted in its report."""
    if config.getini("yarder_report"):
        config.pluginmanager.register(_Reporter(), "yarder_report")


@pytest.fixture
def yarder_records() -> Iterator[Records]:
    """What the default pipeline logs during the test: `.has("text", level=..., field=value)`, `.clear()`, iteration.

    Records of fixtures that were made before this one are not in it.
    """
    with Records() as records:
        yield records


class _Reporter:
    """Follows the default pipeline through each test."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """From before the first fixture to after the last."""
        with Records() as records:
            item.stash[_KEPT] = records
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, Any]:
        """A phase that failed shows what was logged until then and not yet shown."""
        records = item.stash.get(_KEPT, None)
        if records is not None and call.excinfo is not None:
            lines = [as_text(record) for record in records]
            records.clear()
            if len(lines) > _MOST_LINES:
                lines = [f"[{len(lines) - _MOST_LINES} records left out]", *lines[-_MOST_LINES:]]
            if lines:
                item.add_report_section(call.when, "yarder log", "\n".join(lines))
        return (yield)
