"""What every access log shares: the request id and the record of one request."""

from __future__ import annotations

import os
import time

from yarder.level import name_of, parse

__all__ = ["Access", "Request"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from yarder.emit.context import context
    from yarder.native import Logger
    from yarder.typing import LevelLike

_ID_CHARS = 128
_ID_SIGNS = frozenset("-_.:+/=@")
_SERVER_ERROR = 500


class Access:
    """How requests are logged. Shared by the middlewares.

    Args:
        logger: None: facility "access" of the default pipeline.
        level: of a request that was answered; one that raised, or was answered with 500 and above, is an error.
        header: header that brings a request id and takes it back; None: no request ids.
    """

    __slots__ = ("header", "level", "logger")

    def __init__(self, logger: Logger | None, level: LevelLike, header: str | None):
        from yarder.default import get_logger

        self.logger = logger or get_logger("access")
        self.level = name_of(parse(level))
        self.header = header.lower() if header else None


class Request:
    """One request, from its first byte to its record."""

    __slots__ = ("_access", "_fields", "_start", "bytes", "identity", "status")

    def __init__(self, access: Access, method: str, path: str, client: str | None, identity: str | None):
        self._access = access
        self._start = time.perf_counter()
        self._fields: dict[str, Any] = {"method": method, "path": path}
        if client:
            self._fields["client"] = client
        self.identity = None if access.header is None else _safe(identity) or os.urandom(16).hex()
        self.status = 0
        self.bytes = 0

    def context(self) -> context:
        """Fields for everything that is logged while the request is worked on."""
        from yarder.emit.context import context

        return context() if self.identity is None else context(request_id=self.identity)

    def log(self, error: BaseException | None = None) -> None:
        """Write the record of the request."""
        status = _SERVER_ERROR if error is not None and not self.status else self.status
        fields = {
            **self._fields,
            "status": status,
            "bytes": self.bytes,
            "duration_ms": round((time.perf_counter() - self._start) * 1000, 3),
        }
        level = "error" if error is not None or status >= _SERVER_ERROR else self._access.level
        method, path = fields["method"], fields["path"]
        self._access.logger.log(level, "%s %s %d", method, path, status, fields=fields, exc_info=error)


def _safe(identity: str | None) -> str | None:
    """An id that came from outside, if it is one: what else a header holds is not let into every record."""
    if not identity or len(identity) > _ID_CHARS:
        return None
    return identity if all(char.isascii() and (char.isalnum() or char in _ID_SIGNS) for char in identity) else None
