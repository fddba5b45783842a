"""Names: `__all__` says what there is, the package's table is complete, docstrings are there, words are the house's."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

import yarder
from tests.helpers import ROOT, sources

PACKAGE = ROOT / "python" / "yarder"
MODULES = sorted(
    ".".join(("yarder", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
)


@pytest.mark.parametrize("name", [name for name in MODULES if name != "yarder"])
def test_all_is_what_there_is(name: str) -> None:
    """`__all__` is sorted, each name exists, and every public function and class made here is in it."""
    module = importlib.import_module(name)
    tree = ast.parse(Path(str(module.__file__)).read_text())
    made = {
        node.name
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not node.name.startswith("_")
    }
    exported = getattr(module, "__all__", [])
    assert len(set(exported)) == len(exported)
    assert all(hasattr(module, item) for item in exported)
    assert made <= set(exported), made - set(exported)


def test_the_package_exports_its_table() -> None:
    """Every name of `yarder.__all__` has a home, resolves, is in `dir()`, and is what type checkers are shown."""
    assert sorted(yarder._HOME) == sorted(yarder.__all__)
    for name in yarder.__all__:
        assert getattr(yarder, name) is not None
    assert set(yarder.__all__) <= set(dir(yarder))
    shown = {
        alias.asname: (node.module, alias.name)
        for node in ast.walk(ast.parse((PACKAGE / "__init__.py").read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if alias.asname
    }
    assert sorted(shown) == sorted(yarder.__all__)
    for public, (home, _) in shown.items():
        assert home == f"yarder.{yarder._HOME[public]}"


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The message is Python's own."""
    with pytest.raises(AttributeError, match="module 'yarder' has no attribute 'nothing'"):
        yarder.nothing


def test_no_module_hides_a_function() -> None:
    """A submodule with the name of an exported function would replace it as soon as it is imported."""
    modules = {path.stem if path.is_file() else path.name for path in PACKAGE.iterdir()}
    assert not modules & set(yarder.__all__)


@pytest.mark.parametrize("name", yarder.__all__)
def test_public_names_are_documented(name: str) -> None:
    """Every public class, method and function has a docstring."""
    thing = getattr(yarder, name)
    if not (inspect.isclass(thing) or inspect.isroutine(thing)):
        return
    assert inspect.getdoc(thing), name
    for method, value in vars(thing).items() if inspect.isclass(thing) else ():
        if not method.startswith("_") and inspect.isroutine(value):
            assert inspect.getdoc(value), f"{name}.{method}"


# In pieces, so that this file does not find itself.
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", r"\bXX" + r"X\b", r"todo" + "!", "unimplemented" + "!")))


def test_nothing_is_left_for_later() -> None:
    """No file marks work as unfinished."""
    files = sources(".py", ".pyi", ".rs", ".md", ".toml", ".sh")
    assert [str(path) for path in files if UNFINISHED.search(path.read_text(encoding="utf-8"))] == []
