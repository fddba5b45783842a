"""uvicorn's own log on yarder: `uvicorn.run(app, log_config=log_config())`."""

from __future__ import annotations

import logging

__all__ = ["AccessFields", "log_config"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ACCESS_ARGS = 5


class AccessFields(logging.Filter):
    """Gives uvicorn's access records their parts as fields: client, method, path, http_version, status.

    The query is left out of `path`, because it may hold secrets; the message is without it too.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True; a record that is not an access stays as it is."""
        args = record.args
        if isinstance(args, tuple) and len(args) == _ACCESS_ARGS:
            client, method, target, version, status = args
            path = str(target).partition("?")[0]
            parts = {"client": client, "method": method, "path": path, "http_version": version, "status": status}
            for name, value in parts.items():
                setattr(record, name, value)
            record.msg, record.args = "%s %s %s", (method, path, status)
        return True


def log_config(level: str = "INFO", *, access: bool = True) -> dict[str, Any]:
    """A `log_config` for uvicorn: all of its loggers through `yarder.Handler`, accesses with fields.

    It is plain data: written as JSON to a file it is one for `uvicorn --log-config`. It does not configure yarder;
    `yarder.configure` in the application's module does, or `YARDER_CONFIG`.

    Args:
        level: of uvicorn's loggers, by stdlib's names.
        access: False: no access log of uvicorn's, for applications that have `asgi.AccessLog`.
    """
    handlers = ["yarder"]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        # Unused, but `uvicorn --use-colors` writes into both.
        "formatters": {name: {"format": "%(message)s"} for name in ("default", "access")},
        "filters": {"access": {"()": "yarder.bridges.web.uvicorn.AccessFields"}},
        "handlers": {"yarder": {"class": "yarder.Handler"}},
        "loggers": {
            "uvicorn": {"handlers": handlers, "level": level, "propagate": False},
            "uvicorn.error": {"level": level},
            "uvicorn.access": {
                "handlers": handlers if access else [],
                "filters": ["access"],
                "level": level if access else "CRITICAL",
                "propagate": False,
            },
        },
    }
