"""Every example in README and docs runs, and prints what the page says it prints."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Page, agrees, environment, run

RUNNING = [path for path in PAGES if Page.read(path).python()]


@pytest.mark.parametrize("path", RUNNING, ids=[str(path.relative_to(ROOT)) for path in RUNNING])
def test_page_runs_and_prints_what_it_says(path: Path, tmp_path: Path) -> None:
    """A page's Python blocks, run in order in a fresh process, exit with 0 and print its output blocks."""
    page = Page.read(path)
    printed = run(page, tmp_path)
    for index, block in page.outputs():
        where = f"{path.relative_to(ROOT)}:{block.line}"
        assert agrees(block.text, printed[index]), f"{where} says\n{block.text}\nbut this was printed\n{printed[index]}"


def test_quick_start_in_two_commands_prints_a_line(tmp_path: Path) -> None:
    """The README's `python -c` prints one human line on stderr, with no configuration at all."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (command,) = [line for line in readme.splitlines() if line.startswith("python -c ")]
    result = subprocess.run(
        ["sh", "-c", command],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert agrees("... WARNING ...: hello, forest trees=3", result.stderr)


def test_pages_with_examples_are_found() -> None:
    """The list of pages that run is not empty by accident: README is in it, and every guide."""
    guides = [path for path in PAGES if path.parent.name == "guides"]
    assert ROOT / "README.md" in RUNNING
    assert set(guides) <= set(RUNNING)


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a ... c", "a b c", True),
        ("a ... c", "a b\nc", False),
        ("first\n...\nlast", "first\nlast", True),
        ("first\n...\nlast", "first\n2\n3\nlast\n", True),
        ("first\n...\nlast", "first\n2\n3\nlast\nmore", False),
        ("a.c", "abc", False),
    ],
)
def test_wildcards_match_no_more_than_they_say(expected: str, printed: str, same: bool) -> None:
    """`...` stands for the rest of a line, or alone for lines; all else is literal."""
    assert agrees(expected, printed) is same
