"""What all option objects of backends share: name, level, facilities, reading from a table, their part of a plan."""

from __future__ import annotations

from yarder.config import check
from yarder.config.options import Frozen
from yarder.errors import ConfigError, nearest
from yarder.level import MOST, name_of

__all__ = ["BackendBase"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar, Self, TypeVar

    from yarder.typing import Destination, Facilities, LevelLike

    T = TypeVar("T")


class BackendBase(Frozen):
    """Base of `File`, `Console`, `Call`.

    A subclass names its own options in `__slots__` and `DEFAULTS`, sets them in `__init__` through `_check`, and ends
    `__init__` with `_finish`, which raises everything that was wrong in one error.
    """

    __slots__ = ("facilities", "level", "name")

    kind: ClassVar[str]
    local: ClassVar[bool] = False
    from_table: ClassVar[bool] = True
    DEFAULTS: ClassVar[Mapping[str, Any]] = {}

    name: str | None
    level: int
    facilities: Mapping[str, int] | None

    def _common(
        self, problems: list[ConfigError], name: str | None, level: LevelLike | None, facilities: Facilities | None
    ) -> None:
        self._fill(
            name=None if name is None else self._check(problems, check.text, name, "name"),
            level=MOST if level is None else self._check(problems, check.level, level, "level"),
            facilities=self._check(problems, check.facilities, facilities, "facilities"),
        )

    def _check(self, problems: list[ConfigError], how: Callable[..., T], *given: Any) -> T | None:
        try:
            return how(*given)
        except ConfigError as problem:
            problems.append(problem)
            return None

    def _finish(self, problems: list[ConfigError]) -> None:
        if problems:
            raise ConfigError.gather(problems)

    @classmethod
    def options(cls) -> tuple[str, ...]:
        """The names a table may use, own ones first."""
        return (*cls.DEFAULTS, "name", "level", "facilities")

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Self:
        """From a table of a configuration file.

        Raises:
            ConfigError: with every unknown and every wrong key.
        """
        known = cls.options()
        problems = [
            check.wrong(key, "there is no such option", nearest(key, known)) for key in table if key not in known
        ]
        made: Self | None = None
        try:
            made = cls(**{key: value for key, value in table.items() if key in known})
        except ConfigError as problem:
            problems += problem.problems or (problem,)
        except TypeError:  # only a missing path can be: every key is known
            problems.append(check.wrong("path", "is missing", 'write path = "logs/{app}.log"'))
        if made is None or problems:
            raise ConfigError.gather(problems)
        return made

    def replace(self, **changes: Any) -> Self:
        """The same with some options changed."""
        values = {name: getattr(self, name) for name in self.options()}
        return type(self)(**{**values, "level": name_of(self.level), **changes})  # a plain 0 would be refused

    def destination(self) -> Destination | None:
        """Its part of the plan (docs/specs/yard.md); `yarder.route.plan` fills in names and paths."""
        facilities = None if self.facilities is None else dict(self.facilities)
        return {"name": self.name or self.kind, "type": self.kind, "level": self.level, "facilities": facilities}

    def __repr__(self) -> str:
        shown = []
        for name in self.options():
            value = getattr(self, name)
            if name == "level":
                if value != MOST:
                    shown.append(f"level={name_of(value)!r}")
            elif value != self.DEFAULTS.get(name):
                shown.append(repr(value) if name == self.options()[0] else f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"
