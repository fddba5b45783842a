"""Writes the reference pages from the tables in the code: options, backends, meters, errors.

    .venv/bin/python scripts/generate_reference.py [--check]

With --check nothing is written; the exit code is 1 when a page is stale. tests/docs runs that.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterable
from pathlib import Path

from yarder import errors, meters
from yarder.backends import KINDS
from yarder.config.table import CONSOLE, OPTIONS, Option

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
NOTE = "<!-- Written by scripts/generate_reference.py (make docs) from {}; do not edit. -->"


def cell(text: object) -> str:
    """Text as one table cell."""
    parts = " ".join(str(text).split()).replace("|", "\\|").split("`")
    parts[::2] = [prose.replace("<", "&lt;") for prose in parts[::2]]
    return "`".join(parts) or "-"


def code(text: object) -> str:
    """Text as code in a table cell; nothing stays nothing."""
    return f"`{text}`" if str(text or "").strip() else "-"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A Markdown table."""
    head = list(head)
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def option_rows(rows: Iterable[Option]) -> list[str]:
    """A table of options."""
    cells = (
        (
            code(option.name),
            f"{option.kind}{choices(option)}",
            "-" if option.default is None else f"`{option.default!r}`",
            code(option.env),
            cell(option.unit),
            cell(option.help),
        )
        for option in rows
    )
    return table(("name", "type", "default", "environment", "unit", "meaning"), cells)


def choices(option: Option) -> str:
    """What an option's value may be: words, or the bounds of a number."""
    if not option.choices:
        return ""
    if isinstance(option.choices[0], str):
        return ": " + ", ".join(f"`{choice}`" for choice in option.choices)
    low, high = option.choices
    return f", {low:,} to {high:,}"


def option_page() -> list[str]:
    """The page of everything `configure` takes."""
    return [
        "# Options",
        "",
        NOTE.format("python/yarder/config/table.py"),
        "",
        "What `yarder.configure` and `yarder.Pipeline` take, as keywords or as keys of a TOML file.",
        "The environment outranks keywords, keywords outrank the file, the file outranks the defaults:",
        "see [configuring](../guides/configuring.md).",
        "",
        *option_rows(OPTIONS),
        "",
        "## Consoles",
        "",
        "What the environment alone says about every `Console`:",
        "",
        *option_rows(CONSOLE),
    ]


def meter_rows(rows: Iterable[meters.Meter]) -> list[str]:
    """A table of meters."""
    cells = ((code(meter.name), meter.type, cell(meter.unit), cell(meter.help)) for meter in rows)
    return table(("name", "type", "unit", "meaning"), cells)


def meter_page() -> list[str]:
    """The page of every number that yarder says about itself."""
    return [
        "# Meters",
        "",
        NOTE.format("python/yarder/meters.py"),
        "",
        "What yarder says about itself; `yarder.stats()` reads the same table.",
        "A loss always has a `reason`: see [loss](../concepts/loss.md).",
        "",
        *meter_rows(meters.METERS),
        "",
        "## Per destination",
        "",
        "`stats().backends` has these for each destination, by its name:",
        "",
        *meter_rows(meters.BACKEND_METERS),
    ]


def tree(error: type, depth: int = 0) -> list[str]:
    """The exceptions below `error` as an indented tree, in the order they are written."""
    known = [value for name in errors.__all__ if isinstance(value := getattr(errors, name), type)]
    below = [line for value in known if value.__base__ is error for line in tree(value, depth + 1)]
    return [f"{'    ' * depth}{error.__name__}", *below]


def backend_page() -> list[str]:
    """The page of every destination, from the docstring of its class."""
    lines = [
        "# Backends",
        "",
        NOTE.format("python/yarder/backends"),
        "",
        "Where records go: the objects in `backends=[...]`.",
        "In a TOML file each is a `[[backend]]` table with a `type` and the same names.",
    ]
    for kind, backend in KINDS.items():
        text, _, rest = (inspect.getdoc(backend) or "").partition("\n\nArgs:\n")
        arguments, _, _ = rest.partition("\n\n")
        lines += ["", f"## {backend.__name__}", "", *text.splitlines(), ""]
        where = f'In a file: `type = "{kind}"`.' if backend.from_table else "It cannot stand in a file."
        lines += [where, ""]
        defaults = {
            name: parameter.default
            for name, parameter in inspect.signature(backend).parameters.items()
            if parameter.default is not parameter.empty
        }
        lines += table(("name", "default", "meaning"), argument_rows(arguments, defaults))
    return lines


def argument_rows(text: str, defaults: dict[str, object]) -> list[tuple[str, str, str]]:
    """The rows of an `Args:` section: an entry starts at four spaces, what is deeper goes on with it."""
    entries: list[str] = []
    for line in text.splitlines():
        if line.startswith("     "):
            entries[-1] += f" {line.strip()}"
        else:
            entries.append(line.strip())
    rows = []
    for entry in entries:
        name, _, meaning = entry.partition(": ")
        default = defaults.get(name, "-")
        shown = f"0o{default:o}" if name == "mode" and isinstance(default, int) else repr(default)
        rows.append((code(name), "required" if name not in defaults else code(shown), cell(meaning)))
    return rows


def described(error: type) -> list[str]:
    """An exception's docstring, its attributes as a list."""
    text = (inspect.getdoc(error) or "").splitlines()
    return [
        f"- `{name.strip()}`:{rest}" if rest and line.startswith("    ") else line
        for line in text
        for name, _, rest in [line.partition(":")]
    ]


def error_page() -> list[str]:
    """The page of every exception."""
    lines = [
        "# Errors",
        "",
        NOTE.format("python/yarder/errors.py"),
        "",
        "What yarder raises.",
        "A log call raises nothing for what happens inside yarder; these come from `configure` and its kin.",
        "",
        "```text",
        *tree(errors.YarderError),
        "```",
    ]
    for name in map(str.strip, tree(errors.YarderError)):
        lines += ["", f"## {name}", "", *described(getattr(errors, name))]
    return lines


PAGES = {"backends.md": backend_page, "options.md": option_page, "meters.md": meter_page, "errors.md": error_page}


def main() -> int:
    """Writes or checks each page; returns the exit code."""
    parser = argparse.ArgumentParser(description="Writes docs/reference from the tables in the code.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a page is stale")
    check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        path, text = FOLDER / name, "\n".join(page()) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    if stale:
        print(f"{'stale' if check else 'written'}: {', '.join(stale)}", file=sys.stderr)
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
