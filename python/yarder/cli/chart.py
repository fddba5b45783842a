"""A bar chart for the terminal."""

from __future__ import annotations

import shutil

from yarder.cli.output import bar, inert
from yarder.level import ALIASES

__all__ = ["chart"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME_MAX = 40
_ROWS = 50


def chart(counts: Mapping[str | None, int], *, time: bool = False, rows: int = _ROWS) -> Iterator[str]:
    """Lines `name  count  bar`: times in their order, levels by severity, everything else the most first."""
    order = sorted(counts.items(), key=lambda pair: (pair[0] or "") if time else _rank(pair, counts))
    shown = order[:rows]
    names = [inert("(none)" if name is None else name) for name, _ in shown]
    width = min(_NAME_MAX, max(map(len, names), default=0))
    digits = max((len(f"{count:,}") for _, count in shown), default=0)
    cells = max(10, min(40, shutil.get_terminal_size().columns - width - digits - 5))
    most = max((count for _, count in shown), default=1)
    for name, (_, count) in zip(names, shown, strict=True):
        cut = name if len(name) <= width else name[: width - 1] + "…"
        yield f"{cut:{width}}  {count:>{digits},}  {bar(count / most, cells)}".rstrip()
    if len(order) > rows:
        rest = sum(count for _, count in order[rows:])
        yield f"{'(others)':{width}}  {rest:>{digits},}  {len(order) - rows:,} more values"


def _rank(pair: tuple[str | None, int], counts: Mapping[str | None, int]) -> tuple[int, str]:
    name, count = pair
    if counts.keys() <= ALIASES.keys():
        return (ALIASES[name or ""], "")
    return (-count, name or "")
