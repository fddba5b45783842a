"""`yarder.Handler` in the standard library's own ways of configuration, with its formatters, queues and errors."""

from __future__ import annotations

import logging
import logging.config
import logging.handlers
import pickle
import queue
import threading
from pathlib import Path
from typing import Any

import pytest

import yarder
from tests.bridges.conftest import Records
from tests.programs import read


def test_dict_config(written: Records, bare_root: logging.Logger) -> None:
    """By class name, with a level, a filter and a formatter, on a logger of its own."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"loud": {"format": "<%(levelname)s> %(message)s"}},
            "filters": {"db": {"name": "db"}},
            "handlers": {
                "plain": {"class": "yarder.Handler", "level": "INFO"},
                "formatted": {"class": "yarder.Handler", "formatter": "loud", "filters": ["db"]},
            },
            "loggers": {"db": {"handlers": ["formatted"], "propagate": False}},
            "root": {"handlers": ["plain"], "level": "DEBUG"},
        }
    )
    logging.getLogger("web").debug("below the handler")
    logging.getLogger("web").info("n %d", 1, extra={"user": 7})
    logging.getLogger("db").warning("n %d", 2)
    web, db = written()
    assert (web["message"], web["fields"], web["level"]) == ("n 1", {"user": 7}, 6)
    assert (db["message"], db["facility"], db["level"]) == ("<WARNING> n 2", "db", 4)


def test_basic_config(written: Records, bare_root: logging.Logger) -> None:
    """`basicConfig(handlers=...)` gives every handler its default format, which nobody asked for: messages stay bare."""
    logging.basicConfig(handlers=[yarder.Handler()], level=logging.INFO)
    logging.getLogger("x").info("bare")
    logging.basicConfig(handlers=[yarder.Handler()], format="%(name)s says %(message)s", force=True)
    logging.getLogger("x").info("dressed")
    assert [record["message"] for record in written()] == ["bare", "x says dressed"]


def test_file_config(written: Records, bare_root: logging.Logger, tmp_path: Path) -> None:
    """An ini file names the class."""
    ini = tmp_path / "logging.ini"
    ini.write_text(
        "[loggers]\nkeys=root\n[handlers]\nkeys=ours\n[formatters]\nkeys=\n"
        "[logger_root]\nlevel=INFO\nhandlers=ours\n[handler_ours]\nclass=yarder.Handler\nargs=('WARNING',)\n"
    )
    logging.config.fileConfig(ini, disable_existing_loggers=False)
    logging.getLogger("x").info("below")
    logging.getLogger("x").warning("from a file")
    assert [record["message"] for record in written()] == ["from a file"]


def test_after_dict_config_install_again(installed: Records, bare_root: logging.Logger) -> None:
    """`dictConfig` takes our handler off the root as any other; another `install_logging` puts it back."""
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, "root": {"handlers": []}})
    logging.getLogger("x").info("nobody")
    yarder.install_logging()
    logging.getLogger("x").info("somebody")
    assert [record["message"] for record in installed()] == ["somebody"]


def test_records_keep_what_they_have(written: Records, bare_root: logging.Logger) -> None:
    """Exceptions, stacks, extra fields and the call site come through the handler."""
    bare_root.addHandler(yarder.Handler())
    log = logging.getLogger("x")
    try:
        raise ValueError("v")
    except ValueError:
        log.exception("failed", stack_info=True, extra={"a": [1, 2]})
    (record,) = written()
    assert (record["fields"]["exception.type"], record["fields"]["exception.message"]) == ("ValueError", "v")
    assert record["fields"]["code.stacktrace"].startswith("Stack (most recent call last):")
    assert record["fields"]["a"] == [1, 2]
    assert record["caller"].startswith("test_stdlib_handler.py:")
    assert record["caller"].endswith(" in test_records_keep_what_they_have")


def test_a_formatter_is_honoured_whole(written: Records, bare_root: logging.Logger) -> None:
    """What a formatter makes is the message, its stack trace included, which is not told twice."""

    class OneLine(logging.Formatter):
        def formatException(self, ei: Any) -> str:
            return f"({ei[0].__name__})"

    handler = yarder.Handler()
    handler.setFormatter(OneLine("%(levelname)s %(message)s"))
    bare_root.addHandler(handler)
    try:
        raise ValueError("v")
    except ValueError:
        logging.getLogger("x").exception("failed")
    (record,) = written()
    assert (record["message"], record["fields"]) == ("ERROR failed\n(ValueError)", {})


def test_factories_and_other_records(written: Records, bare_root: logging.Logger) -> None:
    """A record class of its own says its own message; a record from another process says where it was."""

    class Braces(logging.LogRecord):
        def getMessage(self) -> str:
            return str(self.msg).format(*(self.args or ()))

    bare_root.addHandler(yarder.Handler())
    logging.setLogRecordFactory(Braces)
    try:
        logging.getLogger("x").warning("{} and {}", 1, 2)
    finally:
        logging.setLogRecordFactory(logging.LogRecord)
    far = logging.LogRecord("far", 30, "/srv/far.py", 7, "sent %s", ("here",), None, "send")
    far.process = 1
    logging.getLogger("far").handle(logging.makeLogRecord(pickle.loads(pickle.dumps(vars(far)))))
    near, sent = written()
    assert near["message"] == "1 and 2"
    assert (sent["message"], sent["caller"], sent["fields"]) == ("sent here", "far.py:7 in send", {"process.pid": 1})


def test_behind_a_queue(written: Records, bare_root: logging.Logger) -> None:
    """A QueueListener may hold it: the thread that logged is told."""
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    listener = logging.handlers.QueueListener(waiting, yarder.Handler())
    bare_root.addHandler(logging.handlers.QueueHandler(waiting))
    listener.start()
    thread = threading.Thread(target=lambda: logging.getLogger("x").warning("n %d", 1), name="worker-1")
    thread.start()
    thread.join()
    listener.stop()
    (record,) = written()
    assert (record["message"], record["fields"]["thread.name"]) == ("n 1", "worker-1")


def test_a_pipeline_of_its_own(bare_root: logging.Logger, tmp_path: Path) -> None:
    """`pipeline=` sends to another pipeline; `flush` waits for it, `close` leaves it open."""
    with yarder.Pipeline(app="audit", backends=[yarder.File(tmp_path / "audit.log")]) as pipeline:
        handler = yarder.Handler(pipeline=pipeline)
        bare_root.addHandler(handler)
        logging.getLogger("x").warning("kept")
        handler.flush()
        assert [record["daemon"] for record in read(tmp_path / "audit.log")] == ["audit"]
        handler.close()
        assert pipeline.write("info", "still open")


def test_what_goes_wrong_is_handled(
    written: Records, bare_root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    """A formatter that raises is told of as the standard library does, and raises nothing into the program."""

    class Broken(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            raise RuntimeError("no")

    handler = yarder.Handler()
    handler.setFormatter(Broken())
    bare_root.addHandler(handler)
    logging.getLogger("x").warning("lost")
    assert "--- Logging error ---" in capsys.readouterr().err
    assert written() == []
