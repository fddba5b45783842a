"""Flask: its logger through `yarder.Handler`, accesses with fields and a request id, streamed answers included."""

from __future__ import annotations

from pathlib import Path

from tests.bridges.serving import serving

APP = """
import logging, logging.config, sys
import yarder
from flask import Flask, Response
from yarder.bridges.web.wsgi import AccessLog

yarder.configure(app="shop", backends=[yarder.File("log.json")])
logging.config.dictConfig({
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"yarder": {"class": "yarder.Handler"}},
    "root": {"level": "INFO", "handlers": ["yarder"]},
    "loggers": {"werkzeug": {"level": "WARNING"}},  # its access lines: there is an access log
})
app = Flask("shop.web")
app.wsgi_app = AccessLog(app.wsgi_app)

@app.get("/order/<int:number>")
def order(number):
    app.logger.info("order %d", number, extra={"number": number})
    return "12345"

@app.get("/stream")
def stream():
    def pieces():
        for _ in range(3):
            yarder.get_logger("orders").info("piece")
            yield "123"
    return Response(pieces())

@app.get("/cut")
def cut():
    def pieces():
        yield "123"
        raise ValueError("cut off")
    return Response(pieces())

@app.get("/broken")
def broken():
    raise ValueError("bad order")

if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), threaded=True)
"""


def test_requests_are_records_with_fields_and_an_id(tmp_path: Path) -> None:
    """Plain, streamed, broken and missing pages: the access has its fields, and the id is on what the view logs."""
    (tmp_path / "shop.py").write_text(APP, encoding="utf-8")
    with serving("shop.py", "{port}", folder=tmp_path) as server:
        answers = [server.get(path) for path in ("/order/7?secret=1", "/stream", "/broken", "/gone")]
        given = server.get("/order/8", X_Request_ID="r-1")
        server.wait("access", 5)
    assert [answer.status for answer in answers] == [200, 200, 500, 404]
    ids = [answer.headers["x-request-id"] for answer in (*answers, given)]
    assert ids[-1] == "r-1"
    accesses = {record["fields"]["request_id"]: record for record in server.records("access")}
    assert len(accesses) == 5
    for identity, path, answer in zip(ids, ("/order/7", "/stream", "/broken", "/gone"), answers, strict=False):
        record = accesses[identity]
        assert record["fields"].pop("duration_ms") > 0
        assert record["fields"].pop("bytes") == len(answer.body)
        expected = {"method": "GET", "path": path, "client": "127.0.0.1", "status": answer.status}
        assert record["fields"] == {**expected, "request_id": identity}
        assert record["level"] == (3 if answer.status == 500 else 6)
    own = server.records("shop.web")
    logged = [(r["message"], r["fields"].get("number"), r["fields"]["request_id"]) for r in own if r["level"] == 6]
    assert logged == [("order 7", 7, ids[0]), ("order 8", 8, "r-1")]
    (broken,) = [record for record in own if record["level"] == 3]
    assert broken["fields"]["exception.type"] == "ValueError"
    assert broken["fields"]["request_id"] == ids[2]
    assert [record["fields"]["request_id"] for record in server.records("orders")] == [ids[1]] * 3


def test_an_answer_that_breaks_off_is_told(tmp_path: Path) -> None:
    """An exception in the middle of a streamed answer is on the access record, as an error."""
    (tmp_path / "shop.py").write_text(APP, encoding="utf-8")
    with serving("shop.py", "{port}", folder=tmp_path) as server:
        assert server.get("/cut").body == "123"
        server.wait("access", 1)
    (record,) = server.records("access")
    assert (record["level"], record["fields"]["exception.type"], record["fields"]["bytes"]) == (3, "ValueError", 3)
