"""Option objects: small, frozen, equal by value, with a short repr. Written by hand: `dataclasses` costs 10 ms to import."""

from __future__ import annotations

__all__ = ["Frozen", "Settings"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from yarder.typing import BackendOptions


class Frozen:
    """Base of option objects: attributes are the slots, set once by `_fill`."""

    __slots__ = ()

    def _fill(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _names(self) -> tuple[str, ...]:
        return tuple(name for cls in reversed(type(self).__mro__) for name in getattr(cls, "__slots__", ()))

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._names())

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: make a new one instead of changing {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name!r} cannot be deleted")

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        self._fill(**state[1])

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), repr(self._values())))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._names(), self._values(), strict=True))
        return f"{type(self).__name__}({shown})"


class Settings(Frozen):
    """A configuration that was checked: every option has its value. `yarder.config.table` documents them.

    Attributes:
        app: name of the app.
        levels: facility prefix to level number; "" is the default level; -1 is off.
        backends: the option objects of the destinations, in order.
        mode: "async" or "sync".
        overflow: "block", "drop_newest" or "overwrite_oldest".
        block_ms: nine numbers, by level; negative waits without limit.
        ring_slots: slots of the ring, a power of two.
        tz: "local" or "utc".
        yard: folder to make the yard in, or None.
        caller: whether records carry their call site.
        max_record_bytes: where a record is cut.
        sync_ms: how long a call waits in sync mode, at most.
        colour: False for NO_COLOR, True for FORCE_COLOR, None when neither is set.
        remarks: bad values of the environment that were left out, one line each.
    """

    __slots__ = (
        "app",
        "backends",
        "block_ms",
        "caller",
        "colour",
        "levels",
        "max_record_bytes",
        "mode",
        "overflow",
        "remarks",
        "ring_slots",
        "sync_ms",
        "tz",
        "yard",
    )

    app: str
    backends: Sequence[BackendOptions]
    block_ms: tuple[float, ...]
    caller: bool
    colour: bool | None
    levels: Mapping[str, int]
    max_record_bytes: int
    mode: str
    overflow: str
    remarks: tuple[str, ...]
    ring_slots: int
    sync_ms: float
    tz: str
    yard: str | None

    def __init__(self, **values: Any):
        self._fill(**values)
