"""`Catch`: log what a function or a block raises, as a decorator or a context manager. `yarder.catch` is made of it."""

from __future__ import annotations

from yarder.level import name_of, parse

__all__ = ["Catch"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from types import TracebackType
    from typing import Any, Self, TypeVar

    from yarder.native import Logger

    F = TypeVar("F", bound=Callable[..., Any])

# Flags of a code object (`inspect.CO_*`); `inspect` itself costs 10 ms to import.
_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200


class Catch:
    """Log exceptions with their stack trace, then raise them again or not.

    `KeyboardInterrupt`, `SystemExit`, `GeneratorExit` and cancellation are not errors and pass untouched, unless
    `exceptions` names them. Cost without an exception: a Python call for a function, 0.2 us for a block.
    """

    __slots__ = ("_exceptions", "_level", "_logger", "_message", "_reraise")

    def __init__(
        self,
        logger: Callable[[], Logger],
        level: int | str,
        reraise: bool,
        message: str,
        exceptions: type[BaseException] | tuple[type[BaseException], ...],
    ):
        self._logger = logger
        self._level = name_of(parse(level))
        self._reraise = reraise
        self._message = message
        self._exceptions = exceptions

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if value is None or not isinstance(value, self._exceptions):
            return False
        self._log(value, None)
        return not self._reraise

    def __call__(self, function: F) -> F:
        """The function, wrapped as what it is: plain, coroutine, generator or asynchronous generator."""
        flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
        if flags & _COROUTINE:
            wrapper = self._coroutine(function)
        elif flags & _GENERATOR:
            wrapper = self._generator(function)
        elif flags & _ASYNC_GENERATOR:
            wrapper = self._async_generator(function)
        else:
            wrapper = self._plain(function)
        for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__", "__dict__"):
            try:
                if name == "__dict__":
                    wrapper.__dict__.update(function.__dict__)
                else:
                    setattr(wrapper, name, getattr(function, name))
            except AttributeError:
                continue  # a callable object or a partial has only some of them
        wrapper.__wrapped__ = function
        return wrapper  # type: ignore[no-any-return]

    def _log(self, error: BaseException, function: Any) -> None:
        where = "a block" if function is None else getattr(function, "__qualname__", None) or repr(function)
        self._logger().log(self._level, self._message, where, exc_info=error)

    def _plain(self, function: Any) -> Any:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except self._exceptions as error:
                self._log(error, function)
                if self._reraise:
                    raise
                return None

        return wrapper

    def _coroutine(self, function: Any) -> Any:
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            try:
                return await function(*args, **kwargs)
            except self._exceptions as error:
                self._log(error, function)
                if self._reraise:
                    raise
                return None

        return wrapper

    def _generator(self, function: Any) -> Any:
        def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            try:
                return (yield from function(*args, **kwargs))
            except self._exceptions as error:
                self._log(error, function)
                if self._reraise:
                    raise
                return None

        return wrapper

    def _async_generator(self, function: Any) -> Any:
        async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            source = function(*args, **kwargs)
            step = source.asend(None)
            try:
                while True:
                    try:
                        item = await step
                    except StopAsyncIteration:
                        return
                    try:
                        sent = yield item
                    except GeneratorExit:
                        await source.aclose()
                        raise
                    except BaseException as error:  # noqa: BLE001 - thrown in by the consumer: the source decides
                        step = source.athrow(error)
                    else:
                        step = source.asend(sent)
            except self._exceptions as error:
                self._log(error, function)
                if self._reraise:
                    raise

        return wrapper
