"""`PressureWatch`: tell a program that the ring fills up, and that it has emptied again."""

from __future__ import annotations

import threading

from yarder.errors import report

__all__ = ["PERIOD_S", "PressureWatch"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PERIOD_S = 0.1
"""How often the ring is looked at, in seconds; a burst that comes and goes between two looks is not seen."""


class PressureWatch:
    """Calls `fn(ratio)` once when the ring is filled to `high` or more, and once when it is back at `low` or less."""

    def __init__(self, used: Callable[[], float], fn: Callable[[float], object], high: float, low: float):
        self._used = used
        self._fn = fn
        self._high = high
        self._low = low
        self._under = False
        self._stop = threading.Event()
        self.start()

    def start(self) -> None:
        """Start the thread; again in a forked child."""
        self._stop = threading.Event()
        threading.Thread(target=self._run, args=(self._stop,), name="yarder-pressure", daemon=True).start()

    def stop(self) -> None:
        """Look no more; returns at once."""
        self._stop.set()

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(PERIOD_S):
            self.look()

    def look(self) -> None:
        """One look at the ring."""
        ratio = self._used()
        if (not self._under and ratio >= self._high) or (self._under and ratio <= self._low):
            self._under = not self._under
            try:
                self._fn(ratio)
            except Exception as error:  # noqa: BLE001 - foreign code, in a thread of ours
                report(f"on_pressure function raised {type(error).__name__}: {error}")
