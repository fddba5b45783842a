"""Logging that costs the caller nanoseconds and loses no accepted line.

Names only: each is imported from its module at its first use (PEP 562), so that `import yarder` stays under 5 ms.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from yarder.backends import Call as Call
    from yarder.backends import Console as Console
    from yarder.backends import File as File
    from yarder.bridges.stdlib import install_logging as install_logging
    from yarder.bridges.stdlib import uninstall_logging as uninstall_logging
    from yarder.bridges.stdlib_handler import Handler as Handler
    from yarder.config.format import Json as Json
    from yarder.default import aclose as aclose
    from yarder.default import add_handler as add_handler
    from yarder.default import aflush as aflush
    from yarder.default import catch as catch
    from yarder.default import clear_level as clear_level
    from yarder.default import configure as configure
    from yarder.default import flush as flush
    from yarder.default import get_logger as get_logger
    from yarder.default import levels as levels
    from yarder.default import on_pressure as on_pressure
    from yarder.default import remove_handler as remove_handler
    from yarder.default import set_level as set_level
    from yarder.default import shutdown as shutdown
    from yarder.default import stats as stats
    from yarder.emit.context import context as context
    from yarder.errors import BackendError as BackendError
    from yarder.errors import BufferFull as BufferFull
    from yarder.errors import ClientError as ClientError
    from yarder.errors import Closed as Closed
    from yarder.errors import CompressionError as CompressionError
    from yarder.errors import ConfigError as ConfigError
    from yarder.errors import ConnectionFailed as ConnectionFailed
    from yarder.errors import ProtocolError as ProtocolError
    from yarder.errors import RingError as RingError
    from yarder.errors import RotationError as RotationError
    from yarder.errors import ServerError as ServerError
    from yarder.errors import YarderError as YarderError
    from yarder.meters import Stats as Stats
    from yarder.native import Logger as Logger
    from yarder.native import Ring as Ring
    from yarder.native import __version__ as __version__
    from yarder.pipeline import Pipeline as Pipeline
    from yarder.reading.follow import follow as follow
    from yarder.reading.scan import read as read
    from yarder.record import Record as Record
    from yarder.severity import Level as Level
    from yarder.typing import Backend as Backend
    from yarder.typing import LevelLike as LevelLike

_HOME = {
    "Backend": "typing",
    "BackendError": "errors",
    "BufferFull": "errors",
    "Call": "backends",
    "ClientError": "errors",
    "Closed": "errors",
    "CompressionError": "errors",
    "ConfigError": "errors",
    "ConnectionFailed": "errors",
    "Console": "backends",
    "File": "backends",
    "Handler": "bridges.stdlib_handler",
    "Json": "config.format",
    "Level": "severity",
    "LevelLike": "typing",
    "Logger": "native",
    "Pipeline": "pipeline",
    "ProtocolError": "errors",
    "Record": "record",
    "Ring": "native",
    "RingError": "errors",
    "RotationError": "errors",
    "ServerError": "errors",
    "Stats": "meters",
    "YarderError": "errors",
    "__version__": "native",
    "aclose": "default",
    "add_handler": "default",
    "aflush": "default",
    "catch": "default",
    "clear_level": "default",
    "configure": "default",
    "context": "emit.context",
    "flush": "default",
    "follow": "reading.follow",
    "get_logger": "default",
    "install_logging": "bridges.stdlib",
    "levels": "default",
    "on_pressure": "default",
    "read": "reading.scan",
    "remove_handler": "default",
    "set_level": "default",
    "shutdown": "default",
    "stats": "default",
    "uninstall_logging": "bridges.stdlib",
}

__all__ = [
    "Backend",
    "BackendError",
    "BufferFull",
    "Call",
    "ClientError",
    "Closed",
    "CompressionError",
    "ConfigError",
    "ConnectionFailed",
    "Console",
    "File",
    "Handler",
    "Json",
    "Level",
    "LevelLike",
    "Logger",
    "Pipeline",
    "ProtocolError",
    "Record",
    "Ring",
    "RingError",
    "RotationError",
    "ServerError",
    "Stats",
    "YarderError",
    "__version__",
    "aclose",
    "add_handler",
    "aflush",
    "catch",
    "clear_level",
    "configure",
    "context",
    "flush",
    "follow",
    "get_logger",
    "install_logging",
    "levels",
    "on_pressure",
    "read",
    "remove_handler",
    "set_level",
    "shutdown",
    "stats",
    "uninstall_logging",
]


# Rooms that are used by their full name, `yarder.bridges.loguru.sink`, after no more than `import yarder`.
_ROOMS = ("bridges", "testing")


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if name in _ROOMS:
        return __import__(f"yarder.{name}", fromlist=[name])
    if home is None:
        raise AttributeError(f"module 'yarder' has no attribute {name!r}")
    value = getattr(__import__(f"yarder.{home}", fromlist=[name]), name)
    globals()[name] = value  # the next use is a plain attribute
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
