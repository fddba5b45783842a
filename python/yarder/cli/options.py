"""Options of commands as tables, and a parser for them that costs microseconds.

typer needs a tenth of a second to be imported, and with pydantic installed twice that: more than `tail` takes for its
work. So a command line that is plainly right is parsed here; help, completion and every mistake go to typer, which is
built from the same tables (`yarder.cli.typed`).
"""

from __future__ import annotations

__all__ = ["Argument", "Command", "Option", "parse"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any


class Option:
    """One option: its name in code, its words on the command line, its kind, default and help."""

    __slots__ = ("default", "help", "kind", "name", "words")

    def __init__(self, name: str, words: tuple[str, ...], kind: type | None, default: Any, help: str):  # noqa: A002
        self.name = name
        self.words = words
        self.kind = kind
        """str or int; list: may be repeated; bool: a flag."""
        self.default = default
        self.help = help


class Argument:
    """The one positional argument of a command."""

    __slots__ = ("help", "name", "required")

    def __init__(self, name: str, help: str, *, required: bool = True):  # noqa: A002
        self.name = name
        self.help = help
        self.required = required


class Command:
    """A command: name, help, what it takes, and the function that does it (exit code out)."""

    __slots__ = ("arguments", "help", "name", "options", "run")

    def __init__(
        self,
        name: str,
        help: str,  # noqa: A002
        arguments: Sequence[Argument],
        options: Sequence[Option],
        run: Callable[..., int],
    ):
        self.name = name
        self.help = help
        self.arguments = tuple(arguments)
        self.options = tuple(options)
        self.run = run


def parse(command: Command, words: Sequence[str]) -> dict[str, Any] | None:
    """The values of a command line; None when anything is unusual and typer has to look at it."""
    values: dict[str, Any] = {option.name: option.default for option in command.options}
    known = {word: option for option in command.options for word in option.words}
    free: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            free.extend(rest)
        elif not word.startswith("-") or word == "-":
            free.append(word)
        elif not _take(word, known, rest, values):
            return None
    required = sum(argument.required for argument in command.arguments)
    if not required <= len(free) <= len(command.arguments):
        return None
    given = dict(zip((argument.name for argument in command.arguments), free, strict=False))
    return {argument.name: None for argument in command.arguments} | given | values


def _take(word: str, known: dict[str, Option], rest: Iterator[str], values: dict[str, Any]) -> bool:
    """Put one option where it belongs: `-n 20`, `-n20`, `-fn 20`, `--lines 20`, `--lines=20`."""
    text: str | None = None
    if word.startswith("--"):
        word, equals, after = word.partition("=")
        text = after if equals else None
    elif len(word) > 2:
        first = known.get(word[:2])
        if first is None:
            return False
        if first.kind is bool:
            values[first.name] = True
            return _take("-" + word[2:], known, rest, values)
        word, text = word[:2], word[2:]
    option = known.get(word)
    if option is None:
        return False
    if option.kind is bool:
        values[option.name] = True
        return text is None
    if text is None:
        text = next(rest, None)
    return text is not None and _set(option, text, values)


def _set(option: Option, text: str, values: dict[str, Any]) -> bool:
    if option.kind is list:
        values[option.name] = [*(values[option.name] or ()), text]
    elif option.kind is int:
        if not text.isdecimal():
            return False
        values[option.name] = int(text)
    else:
        values[option.name] = text
    return True
