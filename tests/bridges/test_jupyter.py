"""Jupyter: records appear in the output of the cell that logged them."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = (
    "import yarder; yarder.get_logger('first').warning('without configuration')",
    """
    yarder.configure(app='lab', backends=[yarder.Console(), yarder.File('log.json')])
    log = yarder.get_logger('cells')
    log.info('second cell', n=2)
    """,
    "log.debug('unseen'); print('printed'); log.error('third cell')",
    "from yarder.bridges import prints\nwith prints.capture(): print('captured')\nprint('again')",
    "import threading; t = threading.Thread(target=log.info, args=('from a thread',)); t.start(); t.join()",
)


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What each cell shows, by stream, run by a real kernel."""
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    colors = re.compile(r"\x1b\[[0-9;]*m")  # a notebook shows them
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    client = NotebookClient(notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": tmp_path}})
    client.execute()
    shown = []
    for cell in notebook.cells:
        streams: dict[str, str] = {}
        for output in cell.outputs:
            assert output.output_type == "stream", output
            streams[output.name] = streams.get(output.name, "") + colors.sub("", output.text)
        shown.append(streams)
    return shown


def test_records_appear_in_their_cell(outputs: list[dict[str, str]], tmp_path: Path) -> None:
    """With and without configuration, from threads too, a record's line is in the cell that ran; files get it as well."""
    first, second, third, fourth, fifth = outputs
    assert "/first: without configuration" in first["stderr"]
    assert "INFO lab/cells: second cell n=2" in second["stderr"]
    assert "ERROR lab/cells: third cell" in third["stderr"]
    assert "unseen" not in third["stderr"]
    assert third["stdout"] == "printed\n"
    assert "INFO lab/stdout: captured" in fourth["stderr"]
    assert fourth["stdout"] == "again\n"
    assert "from a thread" in fifth["stderr"]
    assert [len(streams.get("stderr", "").splitlines()) for streams in outputs] == [1, 1, 1, 1, 1]
    assert len((tmp_path / "log.json").read_text(encoding="utf-8").splitlines()) == 4
