"""Small files: what is long is hard to read."""

from __future__ import annotations

from tests.helpers import ROOT, sources

MOST_LINES = 600
MOST_FILES = 9  # eight and an __init__


def test_no_long_files() -> None:
    """No source file has more than 600 lines."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources(".py", ".pyi", ".rs")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}


def test_no_crowded_rooms() -> None:
    """A room of the package has about eight files at most."""
    rooms = [folder for folder in (ROOT / "python" / "yarder").iterdir() if folder.is_dir()]
    crowded = [folder.name for folder in rooms if len(list(folder.glob("*.py"))) > MOST_FILES]
    assert crowded == []
