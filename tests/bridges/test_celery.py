"""celery: a real worker with forked children; its log, and each task's records with the task's id and name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bridges.serving import Server, next_start, program
from tests.helpers import ROOT
from tests.programs import environment, poll

TASKS = """
import logging
import yarder
from celery import Celery
from yarder.bridges import celery as bridge

yarder.configure(app="shop", backends=[yarder.File("log.json")])
bridge.install()
folders = {"data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control"}
app = Celery("shop", broker="filesystem://")
app.conf.update(broker_transport_options=folders, broker_connection_retry_on_startup=True)

@app.task(name="shop.pack")
def pack(order):
    logging.getLogger("shop.orders").info("packing %s", order, extra={"order": order})
    yarder.get_logger("orders").info("packed")

@app.task(name="shop.fail")
def fail():
    raise ValueError("bad order")
"""

SEND = "import shop; print(*[shop.pack.delay(n).id for n in range(10)], shop.fail.delay().id)"


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_worker_logs_on_yarder(tmp_path: Path, pool: str) -> None:
    """Tasks' records have task_id and task_name, a failure its stack trace, and celery prints nothing of its own."""
    (tmp_path / "queue").mkdir()
    (tmp_path / "shop.py").write_text(TASKS, encoding="utf-8")
    sent = subprocess.run(
        [sys.executable, "-c", SEND], cwd=tmp_path, env=environment(PYTHONPATH=str(ROOT)), stdout=subprocess.PIPE,
        check=True, text=True, timeout=60,
    )  # fmt: skip
    *packed, failed = sent.stdout.split()
    words = (
        "-m",
        "celery",
        "-A",
        "shop",
        "worker",
        "--pool",
        pool,
        "-c",
        "2",
        "--loglevel",
        "INFO",
        "--without-gossip",
    )
    with program(*words, "--without-mingle", "--without-heartbeat", folder=tmp_path) as process:
        server = Server(0, process, tmp_path / "log.json")
        poll(lambda: len(server.records("celery.app.trace")) >= 11, "the tasks' ends")
    next_start(tmp_path)
    for facility, message in (("orders", "packed"), ("shop.orders", "packing ")):
        own = server.records(facility)
        assert sorted(record["fields"]["task_id"] for record in own) == sorted(packed)
        assert all(record["message"].startswith(message) for record in own)
        assert {record["fields"]["task_name"] for record in own} == {"shop.pack"}
    assert sorted(record["fields"]["order"] for record in server.records("shop.orders")) == list(range(10))
    (broken,) = [record for record in server.records("celery.app.trace") if record["level"] == 3]
    assert broken["fields"]["exception.type"] == "ValueError"
    assert failed in broken["message"]
    assert any("ready" in record["message"] for record in server.records("celery.apps.worker"))
    assert "[INFO/" not in (tmp_path / "output").read_text(encoding="utf-8", errors="replace")


def test_install_twice_is_once_and_uninstall_takes_it_back() -> None:
    """Signals are connected once, however often `install` is called, and are gone after `uninstall`."""
    from celery import signals

    from yarder.bridges import celery as bridge

    before = [len(signal.receivers) for signal in (signals.setup_logging, signals.task_prerun, signals.task_postrun)]
    bridge.install()
    bridge.install()
    between = [len(signal.receivers) for signal in (signals.setup_logging, signals.task_prerun, signals.task_postrun)]
    bridge.uninstall()
    after = [len(signal.receivers) for signal in (signals.setup_logging, signals.task_prerun, signals.task_postrun)]
    assert between == [count + 1 for count in before]
    assert after == before
