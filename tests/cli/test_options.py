"""The fast parser: it takes what is plainly right and leaves everything else to typer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.helpers import run_python
from yarder.cli.chart import chart
from yarder.cli.commands.query import COMMAND as QUERY
from yarder.cli.commands.tail import COMMAND as TAIL
from yarder.cli.main import HOMES, _command
from yarder.cli.options import parse
from yarder.cli.output import bar, inert
from yarder.cli.progress import Progress


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["x"], {"source": "x", "lines": 20, "follow": False}),
        (["-n", "5", "x"], {"lines": 5}),
        (["-n5", "x"], {"lines": 5}),
        (["x", "--lines=5", "--json"], {"lines": 5, "json": True}),
        (["-fn", "5", "x"], {"follow": True, "lines": 5}),
        (["-l", "=error", "--", "-x"], {"level": "=error", "source": "-x"}),
    ],
    ids=str,
)
def test_plain_lines_are_parsed(words: list[str], values: dict[str, Any]) -> None:
    """Short and long options, joined and apart, flags in groups."""
    parsed = parse(TAIL, words)
    assert parsed is not None
    assert parsed | values == parsed


@pytest.mark.parametrize(
    "words", [[], ["x", "y"], ["x", "-h"], ["x", "-n"], ["x", "-n", "-1"], ["x", "--json=1"], ["x", "-q"]]
)
def test_everything_else_is_left_to_typer(words: list[str]) -> None:
    """Help, mistakes, and what is missing."""
    assert parse(TAIL, words) is None


def test_repeated_options_gather() -> None:
    """`--where` may be there twice, and two parses share nothing."""
    for _ in range(2):
        assert (parse(QUERY, ["x", "--where", "a=1", "--where=b=2"]) or {})["where"] == ["a=1", "b=2"]


@pytest.mark.parametrize("name", HOMES)
def test_tables_are_whole(name: str) -> None:
    """Every option has help that ends, no word is there twice, and the function takes exactly these names."""
    command = _command(name)
    words = [word for option in command.options for word in option.words]
    assert len(set(words)) == len(words)
    assert all(option.help.endswith(".") or "..." in option.help for option in command.options)
    names = {option.name for option in command.options} | {argument.name for argument in command.arguments}
    assert set(command.run.__annotations__) - {"return"} == names


def test_tail_loads_little() -> None:
    """`tail` starts in the time of the interpreter: neither typer nor anything else that costs milliseconds."""
    code = (
        "import sys, yarder.cli.main as m; m.main(['tail', sys.argv[1], '-n', '1']);"
        "heavy = {'typer', 'rich', 'pydantic', 'json', 're', 'datetime', 'uuid', 'dataclasses', 'subprocess', 'pathlib'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    # -I and -S would hide the package; what the environment itself loads is not ours.
    loaded = run_python("import sys; print(sorted(sys.modules))").stdout
    printed = run_python(code, "/dev/null").stdout.strip()
    assert [name for name in eval(printed) if f"'{name}'" not in loaded] == []


def test_bars_are_in_proportion() -> None:
    """Eighths of a cell; charts have the most first, times in order, and say how many rows are left out."""
    assert [bar(0, 4), bar(0.5, 4), bar(1, 4), bar(2, 4), bar(1 / 32, 4)] == ["", "██", "████", "████", "▏"]
    names = [line.split()[0] for line in chart({"b": 2, "a": 1, None: 3})]
    assert names == ["(none)", "b", "a"]
    assert [line.split()[0] for line in chart({"10:01": 1, "10:00": 9}, time=True)] == ["10:00", "10:01"]
    assert list(chart({str(n): 1 for n in range(60)}, rows=50))[-1].split() == [
        "(others)",
        "10",
        "10",
        "more",
        "values",
    ]
    assert list(chart({})) == []


def test_nothing_moves_the_cursor() -> None:
    """Names in charts and messages are escaped."""
    assert inert("a\x1b[2J\u202eé") == "a\\x1b[2J\\u202eé"
    assert "\x1b" not in next(iter(chart({"\x1b[2J": 1})))


def test_progress_says_how_far_it_is() -> None:
    """Part, bytes and rate; without a terminal there is no thread."""
    progress = Progress(lambda: (250_000_000, 1_000_000_000))
    assert " 25%  250 of 1,000 MB" in progress.text()
    with progress:
        assert progress._thread is None
    assert "  0%" in Progress(lambda: (0, 0)).text()
