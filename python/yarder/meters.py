"""Every number yarder says about itself: one table, and `Stats`, the object that `yarder.stats()` returns.

`Producer.stats()` hands over a plain dict with the names of the table; a name it leaves out counts as zero. Loss is
always a meter with a reason; the reasons are `yarder._core.LOSS_REASONS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

__all__ = ["BACKEND_METERS", "METERS", "BackendStats", "Meter", "Stats"]


@dataclass(frozen=True, slots=True)
class Meter:
    """One row of the table."""

    name: str
    type: Literal["counter", "gauge", "state"]
    unit: str
    help: str


METERS: tuple[Meter, ...] = (
    Meter("ring_used", "gauge", "slots", "Slots of this process's ring that a reader still needs"),
    Meter("ring_slots", "gauge", "slots", "Slots of this process's ring; 256 bytes each"),
    Meter("ring_high_water", "gauge", "slots", "The most slots that were in use at once"),
    Meter("accepted", "counter", "records", "Records this process put into its ring"),
    Meter("written", "counter", "records", "Records the writer of this process wrote, for all producers"),
    Meter("written_bytes", "counter", "bytes", "Bytes the writer of this process wrote"),
    Meter("dropped", "counter", "records", "Records of this process that were lost, by reason"),
    Meter("blocked", "counter", "calls", "Calls that waited for room"),
    Meter("truncated", "counter", "records", "Records cut at max_record_bytes"),
    Meter("backends", "state", "", "Per destination: see the backend meters"),
    Meter("handlers", "gauge", "handlers", "Callables that take records in this process"),
    Meter("handler_errors", "counter", "errors", "Exceptions that handlers raised"),
    Meter("threads", "gauge", "threads", "Threads of yarder in this process, native ones and those of handlers"),
    Meter("mode", "state", "", "'async' or 'sync'; 'off' before the first record, 'closed' after shutdown"),
    Meter(
        "writer_pid", "state", "", "Process that holds the yard's writer lock; None: nobody, or only local destinations"
    ),
    Meter("producers", "gauge", "rings", "Rings in the yard"),
    Meter("passes", "counter", "passes", "Drain passes of the writer in this process"),
    Meter("recovered", "counter", "records", "Records of dead processes that were written here"),
    Meter("quarantined", "counter", "rings", "Rings that could not be trusted and were set aside"),
    Meter("panics", "counter", "panics", "Native threads that failed and were started again"),
)
"""The meters of a pipeline, in the order of `Stats`."""

BACKEND_METERS: tuple[Meter, ...] = (
    Meter("written", "counter", "records", "Records in the destination"),
    Meter("failed", "counter", "errors", "Writes that the destination refused"),
    Meter("retried", "counter", "batches", "Batches tried again"),
    Meter("dead_lettered", "counter", "records", "Records it refused for good, kept aside"),
    Meter("spool_bytes", "gauge", "bytes", "Bytes that wait on disk for it"),
    Meter("latency", "gauge", "seconds", "From the log call to the destination, last batch"),
)
"""The meters of one destination, in the order of `BackendStats`."""


@dataclass(frozen=True, slots=True)
class BackendStats:
    """What one destination has done; attributes as `BACKEND_METERS` says."""

    written: int = 0
    failed: int = 0
    retried: int = 0
    dead_lettered: int = 0
    spool_bytes: int = 0
    latency: float = 0.0

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> BackendStats:
        """From raw numbers; names it does not know are left out."""
        return cls(**{name: raw[name] for name in cls.__slots__ if name in raw})


@dataclass(frozen=True, slots=True)
class Stats:
    """Numbers of one pipeline at one moment; attributes as `METERS` says. Frozen.

    `dropped` holds every reason that occurred; `lost` is its sum.
    """

    ring_used: int = 0
    ring_slots: int = 0
    ring_high_water: int = 0
    accepted: int = 0
    written: int = 0
    written_bytes: int = 0
    dropped: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    blocked: int = 0
    truncated: int = 0
    backends: Mapping[str, BackendStats] = field(default_factory=lambda: MappingProxyType({}))
    handlers: int = 0
    handler_errors: int = 0
    threads: int = 0
    mode: str = "off"
    writer_pid: int | None = None
    producers: int = 0
    passes: int = 0
    recovered: int = 0
    quarantined: int = 0
    panics: int = 0

    @property
    def lost(self) -> int:
        """All records that were lost, over all reasons."""
        return sum(self.dropped.values())

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Stats:
        """From `Producer.stats()`; names it does not know are left out."""
        values = {name: raw[name] for name in cls.__slots__ if name in raw}
        values["dropped"] = MappingProxyType({reason: n for reason, n in raw.get("dropped", {}).items() if n})
        values["backends"] = MappingProxyType(
            {name: BackendStats.read(numbers) for name, numbers in raw.get("backends", {}).items()}
        )
        return cls(**values)
