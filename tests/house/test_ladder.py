"""Every import points down: doors, meeting, verbs, nouns, config and record, leaves; verbs never import verbs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import ROOT

PACKAGE = ROOT / "python" / "yarder"

LADDER = (
    {"errors", "level", "severity", "typing", "meters", "native", "fallback", "_core"},
    {"config", "record"},
    {"ring", "archive"},
    {"emit", "drain", "route", "backends", "reading"},
    {"pipeline", "serve", "capture"},
    {"__init__", "__main__", "default", "cli", "web", "bridges", "testing"},
)
RUNGS = {room: rung for rung, rooms in enumerate(LADDER) for room in rooms}

# The stand-in of the native module does at the call what the native module does: it asks `emit` for forms of values.
EXCUSED = {("fallback", "emit")}

FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    """The room a file is in: its folder, or its own name at the top."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[str]:
    """Rooms that run-time code imports; blocks for type checkers import nothing."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield from (room for part in node.orelse for room in imports(ast.Module([part], [])))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "yarder":
            parts = node.module.split(".")
            yield from parts[1:2] or [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("yarder."))
        else:
            yield from imports(node)


def test_every_room_has_its_rung() -> None:
    """A new room must be given its place before it can be imported."""
    assert {room_of(path) for path in FILES} <= set(RUNGS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    """A file imports its own room and lower rungs; among leaves and doors also their own rung."""
    room = room_of(path)
    for other in imports(ast.parse(path.read_text())):
        level_ground = RUNGS[room] in (0, len(LADDER) - 1) and RUNGS[other] == RUNGS[room]
        assert other == room or RUNGS[other] < RUNGS[room] or level_ground or (room, other) in EXCUSED, other


def test_no_cycles_between_modules() -> None:
    """No module imports itself round a corner when it is loaded."""
    graph = {}
    for path in FILES:
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        body = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ImportFrom)]
        graph[name] = {
            node.module.removeprefix("yarder.") for node in body if node.module and node.module.startswith("yarder.")
        }
    done: set[str] = set()

    def walk(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above, name))
        for other in graph.get(name, set()) if name not in done else ():
            walk(other, (*above, name))
        done.add(name)

    for name in graph:
        walk(name, ())
