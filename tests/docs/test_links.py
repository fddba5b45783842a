"""What the pages point at exists: other pages, headings, files, and tasks of the Makefile."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT

LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (?P<title>.*)$", re.MULTILINE)
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]


def prose(path: Path) -> str:
    """The page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)


def anchors(path: Path) -> set[str]:
    """The names a heading can be linked by."""
    titles = (match["title"].replace("`", "").lower() for match in HEADING.finditer(prose(path)))
    return {re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_links_lead_somewhere(path: Path) -> None:
    """A relative link names a file that exists and, after `#`, one of its headings."""
    for match in LINK.finditer(prose(path)):
        target, _, anchor = match["target"].partition("#")
        if ":" in target:
            continue
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), f"{match[0]}: no such file"
        assert file.is_relative_to(ROOT), f"{match[0]}: outside the repository"
        if anchor:
            assert anchor in anchors(file), f"{match[0]}: no such heading"


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_make_tasks_named_by_a_page_exist(path: Path) -> None:
    """A `make something` that a page shows is a task of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    tasks = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.M))
    shown = set(re.findall(r"(?:`|^)make ([a-z][a-z-]+)", path.read_text(encoding="utf-8"), re.M))
    assert shown <= tasks


def test_make_alone_lists_every_task_with_help() -> None:
    """`make` without a task prints one line for each task a person would call."""
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    wanted = "setup build wheels demo test test-all bench lint docs fuzz loom clean"
    assert all(f"  make {task} " in listed for task in wanted.split(" "))
