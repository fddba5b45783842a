"""A progress bar on stderr for scans that take long; nothing when stderr is no terminal."""

from __future__ import annotations

import sys
import time

from yarder.cli.output import bar

__all__ = ["Progress"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event, Thread
    from types import TracebackType
    from typing import Self

_AFTER_S = 0.5
_EVERY_S = 0.1
_CLEAR = "\r\x1b[K"


class Progress:
    """Shows how far `look()` (bytes done, bytes in all) is while the block runs; begins after half a second."""

    def __init__(self, look: Callable[[], tuple[int, int]], *, shown: bool = True):
        self._look = look
        self._start = time.monotonic()
        self._thread: Thread | None = None
        if shown and sys.stderr.isatty():
            import threading  # late: a scan without a terminal needs none

            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._stop,), name="yarder-progress", daemon=True)

    def _run(self, stop: Event) -> None:
        if stop.wait(_AFTER_S):
            return
        while not stop.wait(_EVERY_S):
            sys.stderr.write(_CLEAR + self.text())
            sys.stderr.flush()
        sys.stderr.write(_CLEAR)
        sys.stderr.flush()

    def text(self) -> str:
        """The bar as it is now."""
        done, total = self._look()
        part = done / total if total else 0.0
        rate = done / max(1e-9, time.monotonic() - self._start) / 1e6
        return f"{bar(part, 30):30} {part:4.0%}  {done / 1e6:,.0f} of {total / 1e6:,.0f} MB  {rate:,.0f} MB/s"

    def __enter__(self) -> Self:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
