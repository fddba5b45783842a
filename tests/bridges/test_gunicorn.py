"""gunicorn with several workers: its own log, accesses with fields, and the workers' records in one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bridges.serving import next_start, serving
from tests.programs import account

APP = """
import yarder

log = yarder.get_logger("orders")

def app(environ, start_response):
    if environ["PATH_INFO"] == "/broken":
        raise ValueError("bad order")
    log.info("served")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"12345"]
"""

CONFIG = """
import yarder

yarder.configure(app="shop", backends=[yarder.File("log.json")])
logger_class = "yarder.bridges.web.gunicorn.Logger"
accesslog = "-"
workers = 2
graceful_timeout = 2  # a worker that is told to end while it starts does not hear it; its records are safe
"""

MAIN = "from gunicorn.app.wsgiapp import run; run()"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The application and its configuration."""
    (tmp_path / "shop.py").write_text(APP, encoding="utf-8")
    (tmp_path / "gunicorn.conf.py").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def test_accesses_and_the_servers_words_are_records(folder: Path) -> None:
    """Each access has fields, an exception its stack trace, start and end are told, and nothing is printed."""
    with serving("-c", MAIN, "--bind", "127.0.0.1:{port}", "shop:app", folder=folder) as server:
        assert [server.get("/ok?secret=1").body for _ in range(20)] == ["12345"] * 20
        assert server.get("/broken").status == 500
        server.wait("gunicorn.access", 21)
    next_start(folder)
    *accesses, failed = server.records("gunicorn.access")
    assert (failed["message"], failed["level"]) == ("GET /broken 500", 3)
    assert [record["message"] for record in accesses] == ["GET /ok 200"] * 20
    for record in accesses:
        assert record["fields"].pop("duration_ms") > 0
        expected = {"client": "127.0.0.1", "method": "GET", "path": "/ok", "status": 200, "bytes": 5}
        assert record["fields"] == {**expected, "user_agent": "test"}
    own = server.records("gunicorn.error")
    assert any(record["message"].startswith("Listening at") for record in own)
    assert any(record["message"].startswith("Shutting down") for record in own)
    (broken,) = [record for record in own if record["level"] == 3]
    assert broken["fields"]["exception.type"] == "ValueError"
    assert "glogging" not in "".join(record["caller"] for record in own)
    assert (folder / "output").read_text(encoding="utf-8") == ""


def test_workers_share_one_file(folder: Path) -> None:
    """What the workers log is in the file once, in each one's order, and no line is torn."""
    with serving("-c", MAIN, "--bind", "127.0.0.1:{port}", "shop:app", folder=folder) as server:
        for _ in range(50):
            server.get("/ok")
    next_start(folder)
    account(server.records())
    assert len(server.records("orders")) == 50


def test_without_accesslog_there_are_no_accesses(folder: Path) -> None:
    """As ever in gunicorn, no `accesslog` means none; `loglevel` decides what the server says."""
    text = CONFIG.replace('accesslog = "-"', 'loglevel = "warning"')
    (folder / "gunicorn.conf.py").write_text(text, encoding="utf-8")
    with serving("-c", MAIN, "--bind", "127.0.0.1:{port}", "shop:app", folder=folder) as server:
        assert server.get("/ok").status == 200
    next_start(folder)
    assert len(server.records("orders")) == 1
    assert server.records("gunicorn.access") == []
    assert [r["message"] for r in server.records("gunicorn.error") if r["level"] > 4] == []
