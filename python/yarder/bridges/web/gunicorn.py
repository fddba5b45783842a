"""gunicorn's log on yarder: `logger_class = "yarder.bridges.web.gunicorn.Logger"` in its configuration file."""

from __future__ import annotations

import logging

from gunicorn import glogging  # type: ignore[import-untyped]

import yarder
from yarder.default import get_logger

__all__ = ["Logger"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any

_package: Any = yarder  # its names are lazy


class Logger(glogging.Logger):  # type: ignore[misc]
    """gunicorn's logger: facility "gunicorn.error" for the server, "gunicorn.access" for accesses, with fields.

    An access record has client, method, path, status, bytes, duration_ms, referer and user_agent, where known; the
    query is left out because it may hold secrets; 500 and above are errors. As ever in gunicorn accesses are logged when `accesslog` is set, to
    any value: nothing is written to that file, and `errorlog`, `access_log_format` and `syslog` have no effect.
    What others log with stdlib's loggers of these names arrives as well.
    """

    def setup(self, cfg: Any) -> None:
        """Called at the start and at each reload of the configuration."""
        self._error = get_logger("gunicorn.error")
        self._access = get_logger("gunicorn.access")
        super().setup(cfg)

    def _set_handler(self, log: logging.Logger, output: Any, fmt: Any, stream: Any = None) -> None:  # noqa: ARG002
        handler = _package.Handler()
        handler._gunicorn = True  # gunicorn takes its own away at a reload
        log.addHandler(handler)

    def _set_syslog_handler(self, log: logging.Logger, cfg: Any, fmt: Any, name: str) -> None:
        """Nothing: where records go is yarder's to say."""

    def critical(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """The server's own messages, without a way round through stdlib."""
        self._say("critical", logging.CRITICAL, msg, args, kwargs)

    def error(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """As `critical`."""
        self._say("error", logging.ERROR, msg, args, kwargs)

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """As `critical`."""
        self._say("warning", logging.WARNING, msg, args, kwargs)

    def info(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """As `critical`."""
        self._say("info", logging.INFO, msg, args, kwargs)

    def debug(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """As `critical`."""
        self._say("debug", logging.DEBUG, msg, args, kwargs)

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """`error` with the exception that is being handled."""
        self._say("error", logging.ERROR, msg, args, {"exc_info": True, **kwargs})

    def log(self, lvl: Any, msg: Any, *args: Any, **kwargs: Any) -> None:
        """At a level given by name or by stdlib's number."""
        number = self.LOG_LEVELS.get(lvl.lower(), logging.INFO) if isinstance(lvl, str) else lvl
        self._say(logging.getLevelName(number).lower(), number, msg, args, kwargs)

    def _say(self, level: str, number: int, msg: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if number >= self.loglevel:
            self._error.log(level, msg, *args, **{"stacklevel": 3, **kwargs})

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:  # noqa: ARG002
        """One request, called when it is answered."""
        if not self.access_log_enabled:
            return
        status = str(resp.status).split(None, 1)[0]
        method = environ.get("REQUEST_METHOD", "-")
        # Of a request that broke gunicorn knows only the raw target.
        path = environ.get("PATH_INFO") or environ.get("RAW_URI", "-").partition("?")[0]
        fields = {
            "client": environ.get("REMOTE_ADDR") or None,
            "method": method,
            "path": path,
            "status": int(status) if status.isdecimal() else status,
            "bytes": getattr(resp, "sent", None),
            "duration_ms": round(request_time.total_seconds() * 1000, 3),
            "referer": environ.get("HTTP_REFERER"),
            "user_agent": environ.get("HTTP_USER_AGENT"),
        }
        known = {name: value for name, value in fields.items() if value is not None}
        level = "error" if status.startswith("5") else "info"
        self._access.log(level, "%s %s %s", method, path, status, fields=known)
