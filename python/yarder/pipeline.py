"""`Pipeline`, the one place where the verbs meet: configuration, log calls, plans, backends, handlers.

The functions of the package that act on the default pipeline are in `yarder.default`.
"""

from __future__ import annotations

import _thread
import atexit
import os
import sys

from yarder.errors import Closed, ConfigError, report
from yarder.level import MOST, OFF, parse
from yarder.native import Logger, Producer, event

__all__ = ["Pipeline"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any, Self, TypeVar, Unpack

    from yarder.config.options import Settings
    from yarder.drain.handlers import HandlerThread
    from yarder.drain.pressure import PressureWatch
    from yarder.meters import Stats
    from yarder.reading.scan import Reading
    from yarder.severity import Level
    from yarder.typing import Facilities, Filters, Handler, LevelLike, Options, StrPath

    H = TypeVar("H", bound=Handler)

_EXIT_FLUSH_S = 2.0

_LATE = (
    "asyncio",
    "json",
    "traceback",
    "yarder.backends",
    "yarder.config.check",
    "yarder.config.resolve",
    "yarder.config.table",
    "yarder.default",
    "yarder.drain.handlers",
    "yarder.drain.pressure",
    "yarder.emit.catch",
    "yarder.emit.context",
    "yarder.emit.exception",
    "yarder.emit.otel",
    "yarder.emit.values",
    "yarder.meters",
    "yarder.route.plan",
    "yarder.severity",
)
"""What log calls, pipelines and their children import at first use."""

_open: list[Pipeline] = []
_hooked = False


class Pipeline:
    """One independent logging system: destinations, levels, a ring of its own. A context manager, also asynchronous.

    Takes what `configure` takes; see there. Most programs need only the default one.

    Raises:
        ConfigError: with everything that is wrong.
        RingError: when no memory can be had for a ring at all.
    """

    def __init__(self, path: StrPath | None = None, /, **options: Unpack[Options]):
        self._prepare(Producer())
        self.configure(path, **options)

    def _prepare(self, producer: Producer) -> None:
        self._producer = producer
        self._lock = _thread.RLock()
        self._settings: Settings | None = None
        self._calls: list[HandlerThread] = []
        self._added: dict[int, HandlerThread] = {}
        self._watches: list[PressureWatch] = []
        self._closed = False
        self._plan: str | None = None

    @classmethod
    def lazy(cls) -> Pipeline:
        """One that starts itself at its first record, as nothing but the environment says: the default pipeline."""
        made = cls.__new__(cls)
        made._prepare(Producer(made._start))
        return made

    # -- starting and stopping

    def configure(self, path: StrPath | None = None, /, **options: Unpack[Options]) -> None:
        """Configure anew: what is not said takes its default. Swaps without losing a record; starts again after `close`."""
        with self._lock:
            self._apply(_settings(path, options))

    def _start(self) -> None:
        """Zero configuration: called by the first record. Never raises; what cannot be had is said on stderr."""
        try:
            with self._lock:
                if not self._producer.is_attached():
                    self._apply(_settings(None, {}, lenient=True))
        except Exception as error:  # noqa: BLE001 - a log call started this
            report(f"cannot start: {error}; records go to stderr as they are")

    def _apply(self, settings: Settings) -> None:
        from yarder.backends import Call
        from yarder.config.table import OVERFLOW
        from yarder.route.plan import make_plans

        for remark in settings.remarks:
            report(remark)
        plans = make_plans(settings)
        calls = [
            self._new_thread(item.fn, item.level, item.facilities, name=item.name, timeout_s=item.timeout_s)
            for item in settings.backends
            if isinstance(item, Call)
        ]
        try:
            self._producer.attach(
                app=settings.app,
                yard=settings.yard,
                plan=plans.shared,
                local=plans.local,
                policy=OVERFLOW.index(settings.overflow),
                block_ms=settings.block_ms,
                ring_slots=settings.ring_slots,
                max_record_bytes=settings.max_record_bytes,
                sync=settings.mode == "sync",
                sync_ms=settings.sync_ms,
                caller=settings.caller,
                levels=settings.levels,
                queues=[thread.queue for thread in (*self._added.values(), *calls)],
            )
        except BaseException:
            _close_all(calls, 0.0)
            raise
        before, self._calls = self._calls, calls
        self._settings = settings
        self._plan = plans.shared
        self._closed = False
        _remember(self)
        event("pipeline", "info", f"configured: {settings!r}")
        _close_all(before, 5.0)

    def close(self, timeout: float = 5.0) -> bool:
        """Flush, stop, release. Idempotent; what is logged afterwards goes to stderr and is counted.

        Args:
            timeout: seconds, over everything.

        Returns:
            True when all that was logged before is in every backend.
        """
        with self._lock:
            if self._closed:
                return True
            self._closed = True
            threads, watches = [*self._calls, *self._added.values()], self._watches
            self._calls, self._watches, self._added = [], [], {}
            if self in _open:
                _open.remove(self)
        # Not under the lock: a handler that is waited for may call the pipeline.
        for watch in watches:
            watch.stop()
        done = self._producer.close(timeout)
        return _close_all(threads, timeout if done else 0.0) and done

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until everything this process logged before the call is in every backend. Releases the GIL.

        Args:
            timeout: seconds.

        Returns:
            False when it took longer; nothing is lost by that.
        """
        return self._producer.flush(timeout) if self._producer.is_attached() else True

    def rotate(self, timeout: float = 5.0) -> bool:
        """Turn the live files of the app into archives now, whoever writes them.

        Args:
            timeout: seconds.

        Returns:
            False when no writer did it in time.
        """
        return self._producer.flush(timeout) and self._producer.rotate(timeout)

    def reopen(self, timeout: float = 5.0) -> bool:
        """Open the live files anew, after another tool (logrotate) renamed them. Returns False as `rotate` does.

        Without this the writer notices within a second.
        """
        return self._producer.reopen(timeout)

    def log_files(self) -> list[str]:
        """Paths of the files this pipeline writes, archives not named; empty before it starts."""
        if self._plan is None:
            return []
        import json  # late: only a reader needs it

        return [entry["path"] for entry in json.loads(self._plan)["destinations"]]

    def read(self, *, limit: int | None = None, reverse: bool = False, **filters: Unpack[Filters]) -> Reading:
        """The records in this pipeline's files, archives included, oldest first; see `yarder.read`.

        Flushes first, so that what this process logged before the call is there.
        """
        from yarder.reading.scan import read

        self.flush()
        if self._settings is not None:
            filters.setdefault("tz", self._settings.tz)
        return read(self, limit=limit, reverse=reverse, **filters)

    async def aflush(self, timeout: float = 5.0) -> bool:  # noqa: ASYNC109 - the same word as in `flush`
        """`flush` without blocking the loop."""
        import asyncio

        return await asyncio.to_thread(self.flush, timeout)

    async def aclose(self, timeout: float = 5.0) -> bool:  # noqa: ASYNC109 - the same word as in `close`
        """`close` without blocking the loop."""
        import asyncio

        return await asyncio.to_thread(self.close, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    # -- logging

    def logger(self, facility: str | None = None, *, library: bool = False) -> Logger:
        """A logger of this pipeline; None: the app's own facility. Cheap; may be made before configuration.

        Args:
            facility: dotted name of the component that logs; has its own run-time level.
            library: say and start nothing until an application configures yarder.
        """
        return self._producer.logger(facility, library=library)

    def write(self, level: LevelLike, message: object, /, **fields: Any) -> bool:
        """Log one record and say whether it was accepted: False when the ring had no room in time, or after `close`.

        A record below the level counts as accepted.

        Raises:
            ConfigError: when the level is none.
        """
        return False if self._closed else self._producer.write(None, parse(level), message, fields or None)

    # -- levels

    def set_level(
        self, level: LevelLike, facility: str | None = None, app: str | None = None, pid: int | None = None
    ) -> None:
        """Change a level at run time, for all processes of the app or for one. Seen at their next call.

        Args:
            level: in any form, also "off".
            facility: dotted prefix; None: the default level.
            app: the app's own name; other apps are reached by their own pipelines.
            pid: one process only.

        Raises:
            ConfigError: when the level is none, or the app is another one.
        """
        number = parse(level)
        self._reach(app)
        self._producer.set_level(number, facility or "", pid or 0)

    def clear_level(self, facility: str | None = None, app: str | None = None, pid: int | None = None) -> None:
        """Take back what `set_level` set for the same facility and process."""
        self._reach(app)
        self._producer.clear_level(facility or "", pid or 0)

    def levels(self) -> dict[str, Level | str]:
        """The levels in force by facility prefix, "" for the default: a `Level`, or "off"."""
        from yarder.severity import BY_NUMBER

        if self._producer.is_attached():
            numbers = self._producer.levels()
        else:
            numbers = dict(_settings(None, {}, lenient=True).levels)
        return {prefix: "off" if number == OFF else BY_NUMBER[number] for prefix, number in numbers.items()}

    def _reach(self, app: str | None) -> None:
        if not self._producer.is_attached() and not self._closed:
            self._start()
        own = self._settings.app if self._settings else None
        if app is not None and app != own:
            raise _wrong(
                "app", f"this pipeline is {own!r}, not {app!r}", "set levels of another app in its own process"
            )

    # -- handlers

    def add_handler(
        self,
        handler: H,
        level: LevelLike | None = None,
        facility: str | Facilities | None = None,
        name: str | None = None,
    ) -> H:
        """Call a function, a coroutine function, or an object's `handle(record)` with each record of this process.

        It runs in a daemon thread of its own: the log call does not wait for it, and one that raises or hangs hurts
        nobody else. At most 10,000 records wait for it. Works as a decorator.

        Args:
            handler: the callable.
            level: least severe level it gets; default: everything that was logged.
            facility: a dotted prefix, several, or a mapping of prefixes to levels.
            name: name in `stats()`; default the function's.

        Returns:
            The handler, for `remove_handler`.

        Raises:
            ConfigError: when level or facility is wrong, or the handler cannot be called.
            Closed: after `close`.
        """
        from yarder.config.check import facilities

        number = MOST if level is None else parse(level)
        chosen = facilities(facility, "facility")
        if not callable(handler) and not callable(getattr(handler, "handle", None)):
            raise _wrong("handler", f"{handler!r} cannot be called", "give a function or an object with handle(record)")
        with self._lock:
            if self._closed:
                raise Closed("the pipeline was closed; configure again before adding a handler")
            self.remove_handler(handler)
            thread = self._new_thread(handler, number, chosen, name=name)
            self._added[id(handler)] = thread
            self._producer.add_queue(thread.queue)
            _remember(self)
        return handler

    def remove_handler(self, handler: Handler) -> bool:
        """Stop calling it; what it was sent before is still handed over (5 s at most). False when it was not there."""
        with self._lock:
            thread = self._added.pop(id(handler), None)
            if thread is None:
                return False
            self._producer.remove_queue(thread.queue)
        return thread.close(5.0)

    def _new_thread(
        self,
        handler: Handler,
        level: int,
        chosen: Mapping[str, int] | None,
        *,
        name: str | None = None,
        timeout_s: float = 5.0,
    ) -> HandlerThread:
        from yarder.drain.handlers import HandlerThread

        name = name or getattr(handler, "__name__", None) or type(handler).__name__
        taken = {thread.name for thread in (*self._calls, *self._added.values())}
        made, n = name, 1
        while made in taken:
            n += 1
            made = f"{name}-{n}"
        return HandlerThread(handler, made, level, chosen, timeout_s)

    def on_pressure(self, fn: Callable[[float], object], high: float = 0.75, low: float = 0.5) -> None:
        """Call `fn(ratio)` when the ring is filled to `high`, and again when it is back at `low`.

        A daemon thread looks every 100 ms, so a burst shorter than that is not seen; without a registration there is
        no thread.

        Raises:
            ConfigError: unless 0 <= low < high <= 1.
        """
        if not 0.0 <= low < high <= 1.0:
            raise _wrong("high", f"low={low!r}, high={high!r} are not right", "write 0 <= low < high <= 1")
        from yarder.drain.pressure import PressureWatch

        self._watches.append(PressureWatch(self._fill, fn, high, low))
        _remember(self)

    def _fill(self) -> float:
        raw = self._producer.stats()
        slots: int = raw.get("ring_slots", 0)
        return raw.get("ring_used", 0) / slots if slots else 0.0

    # -- numbers

    def stats(self) -> Stats:
        """Numbers about this pipeline, at this moment (see `yarder.meters`). Cost: tens of microseconds."""
        from yarder.meters import Stats

        raw = dict(self._producer.stats())
        threads = [*self._calls, *self._added.values()]
        named = raw["backends"] = dict(raw.get("backends", {}))
        for thread in threads:
            _, done, failed, _ = thread.queue.counts()
            named.setdefault(thread.name, {"written": done - failed, "failed": failed})
        raw["handlers"] = len(threads)
        raw["handler_errors"] = sum(thread.errors for thread in threads)
        raw["threads"] = raw.get("threads", 0) + len(threads) + len(self._watches)
        if self._closed:
            raw["mode"] = "closed"
        elif self._producer.is_attached() and self._settings is not None:
            raw["mode"] = self._settings.mode
        else:
            raw["mode"] = "off"
        return Stats.read(raw)

    # -- process life

    def _after_fork(self) -> None:
        """In the child: locks, queues and threads of its own. Native state looks after itself at the first call."""
        self._lock = _thread.RLock()
        for thread in (*self._calls, *self._added.values()):
            inherited = thread.restart()
            self._producer.remove_queue(inherited)
            self._producer.add_queue(thread.queue)
        for watch in self._watches:
            watch.start()
        if os.geteuid() == 0:
            self._producer.reborn()  # now: the child may be about to drop the privileges that open the yard

    def _at_exit(self) -> None:
        """Before the interpreter goes: handlers are Python and cannot run later. The rest is drained by native code."""
        self.flush(_EXIT_FLUSH_S)
        _close_all([*self._calls, *self._added.values()], _EXIT_FLUSH_S)


def _settings(path: StrPath | None, options: Mapping[str, Any], *, lenient: bool = False) -> Settings:
    # Late: a program that is configured elsewhere, or only asks for a logger, never loads the rooms below.
    from yarder.backends import KINDS
    from yarder.config.resolve import resolve

    return resolve(path, options, KINDS, lenient=lenient)


def _wrong(key: str, what: str, hint: str) -> ConfigError:
    return ConfigError(f"{key}: {what}; {hint}", key=key, hint=hint)


def _close_all(threads: list[HandlerThread], timeout: float) -> bool:
    return not [thread for thread in threads if not thread.close(timeout)]  # every one is closed, also after a False


def _remember(pipeline: Pipeline) -> None:
    global _hooked
    if pipeline not in _open:
        _open.append(pipeline)
    if not _hooked:
        _hooked = True
        atexit.register(_exit_all)
        os.register_at_fork(before=_before_fork, after_in_child=_fork_all)


def _exit_all() -> None:
    for pipeline in tuple(_open):
        pipeline._at_exit()


def _before_fork() -> None:
    # A module that another thread is importing at a fork stays locked in the child for ever, and these are imported
    # late: wait for them here. A name stands among the locks from the first look for its file on.
    locks = getattr(sys.modules.get("_frozen_importlib"), "_module_locks", ())
    for name in _LATE:
        if name in sys.modules or name in locks:
            __import__(name)


def _fork_all() -> None:
    for pipeline in tuple(_open):
        pipeline._after_fork()
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None:
        # Children of multiprocessing end by os._exit, without atexit; their own hook is cleared after this one ran.
        util.register_after_fork(_exit_all, lambda _: util.Finalize(None, _exit_all, exitpriority=0))
