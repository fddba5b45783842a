"""celery on yarder: `install()` beside the application; each worker's log goes through `yarder.Handler`."""

from __future__ import annotations

__all__ = ["install", "uninstall"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from yarder.emit.context import context

_NAME = "yarder.bridges.celery"
_running: dict[str, context] = {}


def install() -> None:
    """Take over the workers' logging, and give each task's records the fields task_id and task_name. Idempotent.

    celery then adds no handlers of its own and leaves stdout and stderr alone; the worker's `--loglevel` still counts.
    Call it where the application is made, before the worker starts; `yarder.configure` there too.
    """
    from celery import signals  # type: ignore[import-untyped]

    signals.setup_logging.connect(_set_up, dispatch_uid=_NAME, weak=False)
    signals.task_prerun.connect(_begin, dispatch_uid=_NAME, weak=False)
    signals.task_postrun.connect(_end, dispatch_uid=_NAME, weak=False)


def uninstall() -> None:
    """Take back what `install` did, for workers that start later."""
    from celery import signals

    for signal in (signals.setup_logging, signals.task_prerun, signals.task_postrun):
        signal.disconnect(dispatch_uid=_NAME)


def _set_up(loglevel: int | str | None = None, **_: Any) -> None:
    import logging

    import yarder

    package: Any = yarder  # its names are lazy
    root = logging.getLogger()
    if not any(isinstance(handler, package.Handler) for handler in root.handlers):
        root.addHandler(package.Handler())
    if loglevel is not None:
        root.setLevel(loglevel)


def _begin(task_id: str, task: Any, **_: Any) -> None:
    from yarder.emit.context import context

    _running[task_id] = context(task_id=task_id, task_name=task.name)
    _running[task_id].__enter__()


def _end(task_id: str, **_: Any) -> None:
    entered = _running.pop(task_id, None)
    if entered is not None:
        entered.__exit__(None, None, None)
