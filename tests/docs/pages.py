"""The pages we publish, and how to run one: its Python blocks become one program, line for line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["PAGES", "ROOT", "Block", "Page", "agrees", "environment", "run"]

ROOT = Path(__file__).resolve().parent.parent.parent

PAGES = sorted(
    path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if "specs" not in path.relative_to(ROOT).parts
)

FENCE = re.compile(r"^```(?P<info>.*)$")

# Runs after each block: what the block logged is on the terminal before the next one starts.
MARKER = """\
import os, sys
def mark(number):
    if "yarder" in sys.modules:
        sys.modules["yarder"].flush(timeout=10.0)
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(1, b"\\x00block %d\\x00\\n" % number)
"""


@dataclass
class Block:
    """One fenced block: its info string, the line of its opening fence (from 1), its lines."""

    info: list[str]
    line: int
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The block's content."""
        return "".join(f"{line}\n" for line in self.lines)


@dataclass
class Page:
    """A page of Markdown and its blocks, in order."""

    path: Path
    lines: list[str]
    blocks: list[Block]

    @classmethod
    def read(cls, path: Path) -> Page:
        """Reads the page; an unclosed fence is an error."""
        lines = path.read_text(encoding="utf-8").splitlines()
        blocks: list[Block] = []
        current: Block | None = None
        for number, line in enumerate(lines, 1):
            if match := FENCE.match(line):
                if current is None:
                    current = Block(match["info"].split(), number)
                else:
                    blocks.append(current)
                    current = None
            elif current is not None:
                current.lines.append(line)
        assert current is None, f"{path}:{current.line}: a block that is never closed"
        return cls(path, lines, blocks)

    def python(self) -> list[Block]:
        """The blocks that run."""
        return [block for block in self.blocks if block.info[:1] == ["python"]]

    def outputs(self) -> list[tuple[int, Block]]:
        """Each `text output` block with the index of the Python block before it."""
        found, seen = [], -1
        for block in self.blocks:
            if block.info[:1] == ["python"]:
                seen += 1
            elif block.info == ["text", "output"]:
                assert seen >= 0, f"{self.path}:{block.line}: output of nothing"
                found.append((seen, block))
        return found

    def program(self) -> str:
        """The page as one program: a code line keeps its number, a closing fence is a marker."""
        program = [""] * len(self.lines)
        for number, block in enumerate(self.python()):
            program[block.line : block.line + len(block.lines)] = block.lines
            program[block.line + len(block.lines)] = f"import _page; _page.mark({number})"
        return "".join(f"{line}\n" for line in program)


def environment(folder: Path) -> dict[str, str]:
    """This process's environment, with a yard in `folder`, this Python first, and nothing else of ours."""
    ours = ("YARDER_", "NO_COLOR", "FORCE_COLOR", "PYTHONPATH")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    return env | {"YARDER_YARD": str(folder / "yard"), "TZ": "UTC", "PATH": path}


def run(page: Page, folder: Path) -> list[str]:
    """Runs the page in `folder` and returns what each Python block printed, stderr included."""
    for block in page.blocks:
        for word in block.info:
            if word.startswith("file="):
                (folder / word.removeprefix("file=")).write_text(block.text, encoding="utf-8")
    (folder / "_page.py").write_text(MARKER, encoding="utf-8")
    (folder / "app.py").write_text(page.program(), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-W", "error", "app.py"],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=90,
        check=False,
    )
    printed = result.stdout.decode("utf-8", "backslashreplace")
    assert result.returncode == 0, f"exit code {result.returncode}\n{printed}"
    parts = re.split(r"\x00block \d+\x00\n", printed)
    at_exit = parts.pop()
    parts[-1] += at_exit
    return parts


def agrees(expected: str, printed: str) -> bool:
    """Whether `printed` is as `expected`; `...` stands for anything on a line, alone for any lines."""
    pattern = ""
    for line in expected.strip().splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(map(re.escape, line.rstrip().split("..."))) + r"[ ]*\n"
    return re.fullmatch(pattern, printed.strip() + "\n") is not None
