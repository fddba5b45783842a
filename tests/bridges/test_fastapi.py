"""FastAPI under uvicorn: accesses with fields, a request id on every record of a request, uvicorn's own log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bridges.serving import Server, next_start, serving

APP = """
import asyncio, sys
import uvicorn, yarder
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from yarder.bridges.web.asgi import AccessLog
from yarder.bridges.web.uvicorn import log_config

yarder.configure(app="shop", backends=[yarder.File("log.json")])
log = yarder.get_logger("orders")
app = FastAPI()
app.add_middleware(AccessLog)

@app.get("/async/{number}")
async def in_loop(number: int):
    log.info("in loop", number=number)
    await asyncio.sleep(0)
    return {"number": number}

@app.get("/thread")
def in_thread():
    log.info("in thread")
    return "x" * 1000

@app.get("/stream")
def stream():
    def pieces():
        for piece in range(3):
            log.info("piece")
            yield b"12345"
    return StreamingResponse(pieces())

@app.get("/broken")
async def broken():
    raise ValueError("bad order")

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_config=log_config(access="both" in sys.argv))
"""


def served(folder: Path) -> Path:
    """The folder, with the application in it."""
    (folder / "shop.py").write_text(APP, encoding="utf-8")
    return folder


def access(server: Server, path: str) -> dict[str, object]:
    """The fields of the one access to a path, without what differs each time."""
    (record,) = [r for r in server.records("access") if r["fields"]["path"] == path]
    fields: dict[str, object] = record["fields"]
    assert fields.pop("duration_ms") > 0  # type: ignore[operator]
    return {**fields, "level": record["level"], "message": record["message"]}


def test_each_request_is_one_record_with_fields_and_an_id(tmp_path: Path) -> None:
    """Async, threaded, streamed, missing and broken endpoints: fields are right, and the id is on what they log."""
    with serving("shop.py", "{port}", folder=served(tmp_path)) as server:
        answers = {path: server.get(path) for path in ("/async/7", "/thread", "/stream", "/gone", "/broken")}
        given = server.get("/async/8?secret=1", X_Request_ID="r-1")
        hostile = server.get("/async/9", X_Request_ID='x" y')
        server.wait("access", 7)
    assert [answer.status for answer in answers.values()] == [200, 200, 200, 404, 500]
    common = {"method": "GET", "client": "127.0.0.1"}
    for path, answer in answers.items():
        fields = access(server, path)
        if path != "/broken":
            assert fields.items() >= {"status": answer.status, "bytes": len(answer.body), "level": 6}.items()
            assert fields["request_id"] == answer.headers["x-request-id"]
        assert fields.items() >= {**common, "message": f"GET {path} {answer.status}"}.items()
    assert access(server, "/broken").items() >= {"level": 3, "exception.type": "ValueError"}.items()
    ids = [answer.headers["x-request-id"] for path, answer in answers.items() if path != "/broken"]
    assert len({*ids}) == 4
    assert given.headers["x-request-id"] == access(server, "/async/8")["request_id"] == "r-1"
    assert hostile.headers["x-request-id"] == access(server, "/async/9")["request_id"] != 'x" y'
    logged = [(r["message"], r["fields"].get("request_id")) for r in server.records("orders")]
    assert logged == [
        ("in loop", ids[0]),
        ("in thread", ids[1]),
        *[("piece", ids[2])] * 3,
        ("in loop", "r-1"),
        ("in loop", hostile.headers["x-request-id"]),
    ]


def test_uvicorn_says_the_rest_on_yarder(tmp_path: Path) -> None:
    """Start, exceptions and end of the server are records; nothing is printed, and its own access log is off."""
    with serving("shop.py", "{port}", folder=served(tmp_path)) as server:
        server.get("/broken")
    # uvicorn ends by the signal it got, without Python's exit: the last words are in the ring until the next start.
    next_start(tmp_path)
    messages = [record["message"] for record in server.records("uvicorn.error")]
    assert any(message.startswith("Uvicorn running on") for message in messages)
    assert any(message.startswith("Exception in ASGI application") for message in messages)
    assert any(message.startswith("Finished server process") for message in messages)
    assert server.records("uvicorn.access") == []
    assert (tmp_path / "output").read_text(encoding="utf-8") == ""


def test_uvicorns_own_access_log_has_fields(tmp_path: Path) -> None:
    """With `access=True` each access of uvicorn's own has client, method, path and status as fields, and no query."""
    with serving("shop.py", "{port}", "both", folder=served(tmp_path)) as server:
        server.get("/async/7?secret=1")
        server.wait("uvicorn.access", 1)
    (record,) = server.records("uvicorn.access")
    assert record["message"] == "GET /async/7 200"
    client = record["fields"].pop("client")
    assert client.startswith("127.0.0.1:")
    assert record["fields"].items() >= {"method": "GET", "path": "/async/7", "status": 200}.items()


@pytest.mark.parametrize("colors", ["--use-colors", "--no-use-colors"])
def test_the_command_line_takes_it_as_a_file(tmp_path: Path, colors: str) -> None:
    """`uvicorn --log-config file.json`, with the set-up written as JSON, logs the same."""
    from yarder.bridges.web.uvicorn import log_config

    (served(tmp_path) / "log_config.json").write_text(json.dumps(log_config()), encoding="utf-8")
    words = ("-c", "import sys; from uvicorn import main; main()", "shop:app")
    with serving(*words, "--port", "{port}", "--log-config", "log_config.json", colors, folder=tmp_path) as server:
        server.get("/async/7")
        server.wait("uvicorn.access", 1)
    assert [record["message"] for record in server.records("uvicorn.access")] == ["GET /async/7 200"]
    assert {record["daemon"] for record in server.records()} == {"shop"}
