"""Real servers on a free port of the loopback, and what they logged."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.helpers import ROOT
from tests.programs import environment, poll, read

__all__ = ["Answer", "Server", "free_port", "next_start", "program", "serving"]


@dataclass
class Answer:
    """A response."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Server:
    """A server that runs, or ran."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str, **headers: str) -> Answer:
        """One request; underscores in names of headers stand for hyphens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("GET", path, headers={"User-Agent": "test", **named})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            try:
                body = response.read()
            except http.client.IncompleteRead as broken:
                body = broken.partial
            return Answer(response.status, found, body.decode())

    def wait(self, facility: str, count: int) -> None:
        """Until so many of its records are in the file: a server logs an access behind the answer."""
        poll(lambda: len(self.records(facility)) >= count, f"{count} records of {facility}")

    def records(self, facility: str | None = None) -> list[dict[str, Any]]:
        """What is in the file, of one facility or all."""
        return [r for r in read(self.log) if facility is None or r.get("facility", r["daemon"]) == facility]


def next_start(folder: Path) -> None:
    """Start the app `shop` again, as an operator would: it writes what a killed process had left in its ring."""
    code = (
        "import yarder; yarder.configure(app='shop', backends=[yarder.File('log.json')]); yarder.get_logger().info('')"
    )
    with program("-c", f"{code}; yarder.shutdown(30.0)", folder=folder) as process:
        process.wait(30)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def program(*arguments: object, folder: Path, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python arguments...` in a folder, with the tests on its path; ended by SIGTERM, at last by SIGKILL."""
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=folder,
            env=environment(PYTHONPATH=f"{ROOT}", **environ),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        except BaseException as error:
            error.add_note(output.read_text(encoding="utf-8", errors="replace"))
            raise
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def serving(*arguments: object, folder: Path, **environ: str) -> Iterator[Server]:
    """The server, from when it answers; a `{port}` among the arguments is its port. Its log is `log.json` in the folder."""
    port = free_port()
    with program(*(str(word).replace("{port}", str(port)) for word in arguments), folder=folder, **environ) as process:
        server = Server(port, process, folder / "log.json")
        poll(lambda: _answers(server), "the server to answer")
        yield server


def _answers(server: Server) -> bool:
    assert server.process.poll() is None, "the server ended"
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=1):
        return True
    return False
