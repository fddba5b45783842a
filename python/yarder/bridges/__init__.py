"""Bridges from other people's loggers and servers; each is imported at its first use, and none patches at import."""

from __future__ import annotations

__all__: list[str] = []

_MODULES = frozenset(("celery", "loguru", "prints", "structlog", "web"))


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'yarder.bridges' has no attribute {name!r}")
    return __import__(f"yarder.bridges.{name}", fromlist=["__all__"])
