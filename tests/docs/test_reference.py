"""The reference pages say what the tables in the code say, and prose names only what exists."""

from __future__ import annotations

import re
import subprocess
import sys

import yarder
from tests.docs.pages import PAGES, ROOT
from yarder import _core


def test_reference_pages_are_not_stale() -> None:
    """Writing the pages anew from the code's tables would change nothing."""
    command = [sys.executable, "scripts/generate_reference.py", "--check"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{result.stderr}run: make docs"


def test_every_loss_reason_is_explained() -> None:
    """The page on loss has a row for each reason that can be counted, in their order, and no other."""
    text = (ROOT / "docs" / "concepts" / "loss.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^\| `(\w+)` \|", text, re.M)) == tuple(_core.LOSS_REASONS)


def test_names_that_pages_show_are_exported() -> None:
    """Each `yarder.something` on a page is an attribute of the package."""
    shown = set()
    for path in PAGES:
        shown |= set(re.findall(r"(?<![\w/.-])yarder\.([A-Za-z]\w*)", path.read_text(encoding="utf-8")))
    files = {"toml"}
    missing = sorted(name for name in shown - files if not hasattr(yarder, name))
    assert missing == []


def test_changelog_knows_this_version() -> None:
    """The version in Cargo.toml, which is the package's, has its section in the changelog."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{yarder.__version__}]" in text
    assert yarder.__version__ == _core.VERSION
