"""Beside others who listen to logging: pytest's caplog, unittest's assertLogs, Sentry, OpenTelemetry."""

from __future__ import annotations

import logging
import unittest
from pathlib import Path

import pytest

from tests.bridges.conftest import Records
from tests.helpers import run_python
from tests.programs import read
from yarder.native import bridge_is_open


def test_caplog(installed: Records, caplog: pytest.LogCaptureFixture) -> None:
    """Pytest's caplog sees every record, also below the pipeline's level when it asks for that; yarder gets its own share."""
    log = logging.getLogger("x")
    log.info("one %d", 1)
    with caplog.at_level(logging.DEBUG):
        log.debug("two")
    with caplog.at_level(logging.DEBUG, logger="x"):
        log.debug("three")
    log.debug("not enabled")
    assert caplog.messages == ["one 1", "two", "three"]
    assert caplog.records[0].funcName == "test_caplog"
    assert [record["message"] for record in installed()] == ["one 1"]


def test_assert_logs(installed: Records) -> None:
    """Both assertLogs and assertNoLogs see what a logger says, which meanwhile goes nowhere else, and then it is fast again."""
    case, log = unittest.TestCase(), logging.getLogger("x")
    log.info("before")
    with case.assertLogs("x", "DEBUG") as seen:
        log.debug("inside %s", "it")
    with case.assertNoLogs("x", "ERROR"):
        log.info("nothing bad")
    with pytest.raises(AssertionError), case.assertLogs(level="INFO"):
        pass
    log.info("after")
    assert seen.output == ["DEBUG:x:inside it"]
    assert [record["message"] for record in installed()] == ["before", "after"]
    assert bridge_is_open(log)


SENTRY = """
import logging, sys, sentry_sdk, yarder
from sentry_sdk.transport import Transport
from yarder.native import bridge_is_open
events = []
class Keep(Transport):
    def capture_envelope(self, envelope):
        events.extend(item.payload.json for item in envelope.items if item.type == "event")
log = logging.getLogger("web.db")
def sentry():
    sentry_sdk.init(dsn="https://key@example.invalid/1", transport=Keep)
def ours():
    yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
    yarder.install_logging()
    log.info("connected")
for step in (sentry, ours) if sys.argv[2] == "sentry" else (ours, sentry):
    step()
log.info("a breadcrumb")
log.error("failed for %s", "ada")
(event,) = events
assert event["logger"] == "web.db", event
assert event["logentry"]["message"] == "failed for %s", event
assert "a breadcrumb" in [crumb["message"] for crumb in event["breadcrumbs"]["values"]], event
assert not bridge_is_open(log)
"""


@pytest.mark.parametrize("first", ["yarder", "sentry"])
def test_sentry(tmp_path: Path, first: str) -> None:
    """Sentry's integration gets errors as events and infos as breadcrumbs, whoever came first; yarder gets all."""
    run_python(SENTRY, str(tmp_path / "web.log"), first)
    messages = [record["message"] for record in read(tmp_path / "web.log") if record["facility"] == "web.db"]
    assert messages == ["connected", "a breadcrumb", "failed for ada"]


@pytest.mark.filterwarnings("ignore")
def test_opentelemetry(installed: Records, bare_root: logging.Logger) -> None:
    """OpenTelemetry's handler on the root gets every record beside yarder; without it the short way is open again."""
    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    handler = LoggingHandler(logger_provider=provider)
    log = logging.getLogger("x")
    bare_root.addHandler(handler)
    log.info("to both %d", 1)
    assert not bridge_is_open(log)
    bare_root.removeHandler(handler)
    log.info("to one")
    assert bridge_is_open(log)
    assert [item.log_record.body for item in exporter.get_finished_logs()] == ["to both 1"]
    assert [record["message"] for record in installed()] == ["to both 1", "to one"]
    provider.shutdown()


def test_a_library_that_looks(installed: Records) -> None:
    """`hasHandlers`, `getChild`, `repr`, pickling and signatures of loggers are as ever."""
    import inspect
    import pickle

    log = logging.getLogger("x")
    assert log.hasHandlers()
    assert log.getChild("y").parent is log
    assert repr(log) == "<Logger x (INFO)>"
    assert pickle.loads(pickle.dumps(log)) is log
    assert "msg" in inspect.signature(log.info).parameters
    assert (log.info.__name__, bool(log.info.__doc__)) == ("info", True)
