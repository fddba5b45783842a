"""Other ways to log, brought to yarder: `yarder.install_logging` and `yarder.Handler` for the standard library."""

from __future__ import annotations

__all__: list[str] = []
