"""The default pipeline and the functions of the package that act on it.

It exists from the first import of this module but starts nothing; the first record that passes starts it with human
lines of level info on stderr, unless `configure` came before.
"""

from __future__ import annotations

from yarder.pipeline import Pipeline

__all__ = [
    "aclose",
    "add_handler",
    "aflush",
    "catch",
    "clear_level",
    "configure",
    "flush",
    "get_logger",
    "levels",
    "on_pressure",
    "remove_handler",
    "set_level",
    "shutdown",
    "stats",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar, Unpack, overload

    from yarder.emit.catch import Catch
    from yarder.meters import Stats
    from yarder.native import Logger
    from yarder.severity import Level
    from yarder.typing import Facilities, Handler, LevelLike, Options, StrPath

    F = TypeVar("F", bound=Callable[..., Any])
    H = TypeVar("H", bound=Handler)
else:

    def overload(function):  # `typing` costs 5 ms to import and only checkers read overloads
        return function


_pipeline = Pipeline.lazy()


def configure(path: StrPath | None = None, /, **options: Unpack[Options]) -> Pipeline:
    """Configure the default pipeline; again swaps destinations without losing a record. Returns it.

    The environment (`YARDER_LEVEL`, ...) outranks these keywords, which outrank the file, which outranks the defaults.
    `yarder.config.table` is the reference: unit, default, cost and bounds of each option.

    Args:
        path: a TOML file with the same names, `[[backend]]` tables for the backends.
        **options: app, level ("info"), levels, backends (one `Console()`), mode ("async"), overflow ("block"),
            block_ms (100), ring_slots (8192), tz ("local"), env (True), yard, caller (True), max_record_bytes
            (262144), sync_ms (1000).

    Raises:
        ConfigError: with everything that is wrong, each with its key and what to do.
        RingError: when no memory can be had for a ring at all.
    """
    _pipeline.configure(path, **options)
    return _pipeline


def get_logger(facility: str | None = None, *, library: bool = False) -> Logger:
    """A logger of the default pipeline; it may be made before `configure` and follows it. See `Pipeline.logger`."""
    return _pipeline.logger(facility, library=library)


@overload
def catch(function: F, /) -> F: ...  # noqa: D103 - an overload
@overload
def catch(  # noqa: D103, F811 - an overload
    *,
    level: LevelLike = "error",
    reraise: bool = True,
    message: str = "caught in %s",
    logger: Logger | None = None,
    exceptions: type[BaseException] | tuple[type[BaseException], ...] = Exception,
) -> Catch: ...
def catch(  # noqa: F811 - the function of the overloads
    function: F | None = None,
    /,
    *,
    level: LevelLike = "error",
    reraise: bool = True,
    message: str = "caught in %s",
    logger: Logger | None = None,
    exceptions: type[BaseException] | tuple[type[BaseException], ...] = Exception,
) -> F | Catch:
    """Log what a function or a block raises, with its stack trace.

    Used as a decorator, with or without arguments, or in a `with` statement. Works on functions, coroutine functions, generators and asynchronous generators.

    Args:
        function: when used as `@yarder.catch`.
        level: of the record.
        reraise: raise the exception again; False swallows it, and the function returns None.
        message: with one `%s` for what was running.
        logger: to log with; default: the app's own.
        exceptions: which ones; cancellation, `SystemExit` and `KeyboardInterrupt` pass untouched by default.

    Raises:
        ConfigError: when the level is none.
    """
    from yarder.emit.catch import Catch

    made = Catch(lambda: logger or get_logger(), level, reraise, message, exceptions)
    return made if function is None else made(function)


def flush(timeout: float = 5.0) -> bool:
    """`Pipeline.flush` of the default pipeline."""
    return _pipeline.flush(timeout)


def shutdown(timeout: float = 5.0) -> bool:
    """`Pipeline.close` of the default pipeline; `configure` starts it again."""
    return _pipeline.close(timeout)


async def aflush(timeout: float = 5.0) -> bool:  # noqa: ASYNC109 - the same word as in `flush`
    """`flush` without blocking the loop."""
    return await _pipeline.aflush(timeout)


async def aclose(timeout: float = 5.0) -> bool:  # noqa: ASYNC109 - the same word as in `shutdown`
    """`shutdown` without blocking the loop."""
    return await _pipeline.aclose(timeout)


def set_level(level: LevelLike, facility: str | None = None, app: str | None = None, pid: int | None = None) -> None:
    """`Pipeline.set_level` of the default pipeline."""
    _pipeline.set_level(level, facility, app, pid)


def clear_level(facility: str | None = None, app: str | None = None, pid: int | None = None) -> None:
    """`Pipeline.clear_level` of the default pipeline."""
    _pipeline.clear_level(facility, app, pid)


def levels() -> dict[str, Level | str]:
    """`Pipeline.levels` of the default pipeline."""
    return _pipeline.levels()


def stats() -> Stats:
    """`Pipeline.stats` of the default pipeline."""
    return _pipeline.stats()


def add_handler(
    handler: H, level: LevelLike | None = None, facility: str | Facilities | None = None, name: str | None = None
) -> H:
    """`Pipeline.add_handler` of the default pipeline."""
    return _pipeline.add_handler(handler, level, facility, name)


def remove_handler(handler: Handler) -> bool:
    """`Pipeline.remove_handler` of the default pipeline."""
    return _pipeline.remove_handler(handler)


def on_pressure(fn: Callable[[float], object], high: float = 0.75, low: float = 0.5) -> None:
    """`Pipeline.on_pressure` of the default pipeline."""
    _pipeline.on_pressure(fn, high, low)
