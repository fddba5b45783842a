"""Web servers and frameworks: `asgi` and `wsgi` log accesses and carry a request id, `uvicorn` and `gunicorn` the server's own log."""

from __future__ import annotations

__all__: list[str] = []

_MODULES = frozenset(("asgi", "gunicorn", "uvicorn", "wsgi"))


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'yarder.bridges.web' has no attribute {name!r}")
    return __import__(f"yarder.bridges.web.{name}", fromlist=["__all__"])
