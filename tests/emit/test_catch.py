"""`catch` logs what a function or a block raises, whatever kind of function it is."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import pytest

import yarder
from tests.helpers import FakeLogger
from yarder import ConfigError, Logger


def catching(fake: FakeLogger, **options: Any) -> Any:
    """`catch` that logs to a fake."""
    return yarder.catch(logger=cast("Logger", fake), **options)


def test_a_function() -> None:
    """The exception is logged as error with its trace and raised again; name and document stay."""
    log = FakeLogger()

    @catching(log)
    def divide(a: int, b: int) -> float:
        """Divide."""
        return a / b

    assert divide(4, b=2) == 2
    assert log.logged == []
    with pytest.raises(ZeroDivisionError) as caught:
        divide(1, 0)
    [(level, message, args, fields)] = log.logged
    assert (level, message) == ("error", "caught in %s")
    assert args == (divide.__qualname__,)
    assert fields == {"exc_info": caught.value}
    assert divide.__doc__ == "Divide."
    assert divide.__wrapped__(4, 2) == 2  # type: ignore[attr-defined]


def test_swallowing() -> None:
    """With `reraise=False` the function returns None; level and message are taken."""
    log = FakeLogger()

    @catching(log, level="warn", reraise=False, message="%s went wrong")
    def fail() -> int:
        raise KeyError("x")

    assert fail() is None
    assert log.logged[0][:2] == ("warning", "%s went wrong")


def test_a_block() -> None:
    """As a context manager it logs and passes on, or swallows."""
    log = FakeLogger()
    with pytest.raises(KeyError), catching(log):
        raise KeyError
    with catching(log, reraise=False):
        raise KeyError
    assert [args for _, _, args, _ in log.logged] == [("a block",)] * 2


@pytest.mark.parametrize("passing", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit])
def test_what_is_no_error_passes(passing: type[BaseException]) -> None:
    """Cancellation and exits are neither logged nor swallowed, unless they are asked for."""
    log = FakeLogger()
    with pytest.raises(passing), catching(log, reraise=False):
        raise passing
    assert log.logged == []
    with catching(log, reraise=False, exceptions=passing):
        raise passing
    assert len(log.logged) == 1


def test_a_coroutine_function() -> None:
    """The wrapper is awaited like the function; the exception is the one of the body."""
    log = FakeLogger()

    @catching(log, reraise=False)
    async def fetch(ok: bool) -> int:
        await asyncio.sleep(0)
        if not ok:
            raise OSError("away")
        return 7

    assert inspect.iscoroutinefunction(fetch)
    assert asyncio.run(fetch(True)) == 7
    assert asyncio.run(fetch(False)) is None
    assert len(log.logged) == 1


def test_a_generator() -> None:
    """Values, sent values and the return value pass; what it raises while running is logged."""
    log = FakeLogger()

    @catching(log)
    def count(to: int) -> Iterator[int]:
        got = None
        for n in range(to):
            got = yield got or n
        raise ValueError(to)

    numbers = count(2)
    assert next(numbers) == 0
    assert numbers.send(9) == 9  # type: ignore[attr-defined]
    with pytest.raises(ValueError):
        next(numbers)
    assert len(log.logged) == 1
    early = count(2)
    next(early)
    early.close()  # type: ignore[attr-defined]
    assert len(log.logged) == 1, "closing is no error"


def test_an_asynchronous_generator() -> None:
    """The same for `async def` with `yield`, with values sent and exceptions thrown in."""
    log = FakeLogger()

    @catching(log, reraise=False)
    async def count(to: int) -> AsyncIterator[Any]:
        got = None
        for n in range(to):
            try:
                got = yield got or n
            except LookupError:
                got = "thrown"
        raise ValueError(to)

    async def main() -> list[Any]:
        numbers = cast("Any", count(3))
        first = [await numbers.asend(None), await numbers.asend("sent"), await numbers.athrow(LookupError())]
        rest = [item async for item in numbers]
        early = cast("Any", count(3))
        await early.asend(None)
        await early.aclose()
        return [*first, rest]

    assert asyncio.run(main()) == [0, "sent", "thrown", []]
    assert len(log.logged) == 1


def test_without_arguments() -> None:
    """`@yarder.catch` alone decorates."""

    @yarder.catch
    def double(n: int) -> int:
        return 2 * n

    assert double(2) == 4
    assert double.__name__ == "double"


def test_a_wrong_level_is_told_at_once() -> None:
    """A typing error in the level shows when the function is decorated, not when it fails."""
    with pytest.raises(ConfigError):
        yarder.catch(level="loud")
