"""The peers from the package index, each set up as its own documentation shows for a file."""

import time
from pathlib import Path
from typing import Any

from bench.subjects.base import KEYWORDS, Subject
from bench.subjects.stdlib import FORMAT, Stdlib

__all__ = ["BqLog", "LogXide", "Loguru", "PicoLogging", "Spdlog", "SpdlogAsync", "StructlogOrjson"]


class PicoLogging(Subject):
    """picologging: the standard library's front end in C++."""

    name = package = "picologging"
    remark = "FileHandler; datefmt given, as its default asctime is garbled"
    statements = Stdlib.statements

    def open(self, folder: Path) -> Any:
        """As stdlib."""
        import picologging

        self.handler = picologging.FileHandler(str(folder / "bench.log"))
        self.handler.setFormatter(picologging.Formatter(FORMAT, datefmt="%Y-%m-%d %H:%M:%S"))
        log = picologging.getLogger("bench")
        log.setLevel(picologging.INFO)
        log.addHandler(self.handler)
        return log

    def close(self) -> None:
        """Close the file."""
        self.handler.close()


class Loguru(Subject):
    """loguru with one file sink."""

    name = package = "loguru"
    remark = "file sink, text"
    single = "user {} took {} ms"
    statements = {
        "disabled": "log.debug('static message')",
        "static": "log.info('static message')",
        "two": "log.info('user {} took {} ms', user, i)",
        "fields": f"log.info('user {{}} took {{}} ms', user, i, {KEYWORDS})",
    }

    def open(self, folder: Path) -> Any:
        """Take the default sink off, add a file that shows the extra fields."""
        from loguru import logger

        logger.remove()
        line = "{time:YYYY-MM-DD HH:mm:ss.SSS} {level} {name}: {message} {extra}"
        logger.add(folder / "bench.log", level="INFO", format=line)
        return logger

    def close(self) -> None:
        """Close the file."""
        from loguru import logger

        logger.remove()


class StructlogOrjson(Subject):
    """structlog, set up for speed as its documentation says: orjson and bytes."""

    name = "structlog-orjson"
    package = "structlog orjson"
    remark = "JSON, a write per record"
    statements = {
        "disabled": "log.debug('static message')",
        "static": "log.info('static message')",
        "two": "log.info('user %s took %d ms', user, i)",
        "fields": f"log.info('user %s took %d ms', user, i, {KEYWORDS})",
    }

    def open(self, folder: Path) -> Any:
        """Level, time stamp, orjson."""
        import logging

        import orjson
        import structlog

        structlog.configure(
            cache_logger_on_first_use=True,
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(serializer=orjson.dumps),
            ],
            logger_factory=structlog.BytesLoggerFactory(file=(folder / "bench.log").open("wb")),
        )
        return structlog.get_logger().bind()


class LogXide(Subject):
    """logxide: the standard library's front end in Rust, by basicConfig, its fast way."""

    name = package = "logxide"
    python = (3, 12)
    remark = "basicConfig"
    statements = Stdlib.statements

    def open(self, folder: Path) -> Any:
        """It replaces `logging` when imported."""
        from logxide import logging

        logging.basicConfig(level=logging.INFO, filename=str(folder / "bench.log"), format=FORMAT)
        return logging.getLogger("bench")

    def flush(self) -> None:
        """Its own flush of all handlers."""
        import logxide

        logxide.flush()


class BqLog(Subject):
    """bqlog: a native ring and a writer thread."""

    name = package = "bqlog"
    remark = "text_file appender, thread_mode=async"
    single = "user {} took {} ms"
    statements = {
        "disabled": "log.debug('static message')",
        "static": "log.info('static message')",
        "two": "log.info('user {} took {} ms', user, i)",
    }

    def open(self, folder: Path) -> Any:
        """Text to a file, written by its thread."""
        from bq.log import log

        lines = (
            "appenders_config.file.type=text_file",
            f"appenders_config.file.file_name={folder / 'bench'}",
            "appenders_config.file.base_dir_type=1",
            "appenders_config.file.time_zone=localtime",
            "appenders_config.file.levels=[info,warning,error,fatal]",
            "log.thread_mode=async",
        )
        self.log = log.create_log("bench", "\n".join(lines) + "\n")
        if not self.log.is_valid():
            raise SystemExit("bqlog refused the configuration")
        return self.log

    def flush(self) -> None:
        """Wait for its thread."""
        self.log.force_flush()


class Spdlog(Subject):
    """The binding of spdlog: it takes a finished text, so its users write f-strings."""

    name = package = "spdlog"
    remark = "basic file sink (buffered), an f-string"
    single = "text"
    statements = {
        "disabled": "log.debug('static message')",
        "static": "log.info('static message')",
        "two": "log.info(f'user {user} took {i} ms')",
    }

    def open(self, folder: Path) -> Any:
        """A file logger for several threads."""
        import spdlog

        self.log = spdlog.FileLogger("bench", str(folder / "bench.log"), multithreaded=True, truncate=True)
        self.log.set_pattern("%Y-%m-%d %H:%M:%S.%e %l %n: %v")
        return self.log

    def flush(self) -> None:
        """Write its buffer."""
        self.log.flush()

    def close(self) -> None:
        """Close; in asynchronous mode this waits for the thread."""
        import spdlog

        self.log.flush()
        spdlog.drop_all()


class SpdlogAsync(Spdlog):
    """The same with its queue and thread."""

    name = "spdlog-async"
    remark = "asynchronous mode, an f-string"

    def open(self, folder: Path) -> Any:
        """Its default queue of 65536 and one thread."""
        import spdlog

        spdlog.set_async_mode()
        self.path = folder / "bench.log"
        return super().open(folder)

    def flush(self) -> None:
        """Its flush only asks the thread, so wait until the file has stopped growing for 10 ms."""
        self.log.flush()
        size, still = -1, 0
        while still < 5:
            now = self.path.stat().st_size
            still = still + 1 if now == size else 0
            size = now
            time.sleep(0.002)
