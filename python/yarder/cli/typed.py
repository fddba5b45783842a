"""The same commands as a typer application: help, completion, and what is wrong with a command line."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from yarder.cli.options import Command

__all__ = ["application"]

_HELP = "Read, search and follow logs; look after what writes them."


def application(commands: Sequence[Command]) -> typer.Typer:
    """The program with all of its commands."""
    names = {"help_option_names": ["-h", "--help"]}
    app = typer.Typer(
        name="yarder", help=_HELP, no_args_is_help=True, pretty_exceptions_enable=False, context_settings=names
    )
    app.callback()(_nothing)  # so that a program with one command keeps its command's name
    for command in commands:
        app.command(command.name, help=command.help)(_function(command))
    return app


def _nothing() -> None:
    """Only there to be called."""


def _function(command: Command) -> Callable[..., None]:
    """A function whose signature says what the command's tables say."""

    def run(**values: Any) -> None:
        raise typer.Exit(command.run(**values))

    parameters = []
    for argument in command.arguments:
        plain: Any = str if argument.required else str | None
        kind: Any = Annotated[plain, typer.Argument(help=argument.help)]
        default = inspect.Parameter.empty if argument.required else None
        parameters.append((argument.name, kind, default))
    for option in command.options:
        known: Any = {list: list[str] | None, bool: bool, int: int}.get(option.kind or str, str)
        if option.default is None and option.kind is not list:
            known = known | None
        least = 0 if option.kind is int else None
        marked = Annotated[known, typer.Option(*option.words, help=option.help, min=least)]
        parameters.append((option.name, marked, option.default))
    keyword = inspect.Parameter.KEYWORD_ONLY
    made = [inspect.Parameter(name, keyword, default=default, annotation=kind) for name, kind, default in parameters]
    run.__signature__ = inspect.Signature(made)  # type: ignore[attr-defined]
    run.__annotations__ = {name: kind for name, kind, _ in parameters}
    return run
