"""The name of the app when nobody gave one, and a name as one part of a path."""

from __future__ import annotations

import os
import sys

__all__ = ["app_name", "path_part"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

_KERNELS = frozenset(("ipykernel", "ipykernel_launcher"))
_SERVERS = ("gunicorn", "uvicorn", "celery", "hypercorn", "granian")


def app_name(main: ModuleType | None = None, argv: list[str] | None = None, pid: int | None = None) -> str:
    """The default app: the package of `python -m`, the application module of a known server, else the program's stem.

    In a REPL, a notebook or `python -c` it is `python-<pid>`: such processes share nothing with each other.
    """
    main = sys.modules.get("__main__") if main is None else main
    argv = getattr(sys, "argv", []) if argv is None else argv
    spec = getattr(main, "__spec__", None)
    module = (getattr(spec, "name", None) or "").removesuffix(".__main__")
    file = getattr(main, "__file__", None) or ""
    if not module or module == "__main__":  # `python folder` and zip files run a bare __main__
        module = ""
    program = module.partition(".")[0] or _stem(argv[0] if argv else file)
    if program in _SERVERS:
        served = _application(program, argv[1:])
        if served:
            return served
    # By what runs, not by what is loaded: a program that uses notebooks is none.
    if program in _KERNELS or not (module or file):
        return f"python-{os.getpid() if pid is None else pid}"
    if module:
        return module
    return _stem(file) or "python"


def path_part(name: str) -> str:
    """A name as one part of a path: it can neither leave its folder nor hide."""
    safe = "".join("_" if char in "/\\\0" or ord(char) < 32 else char for char in name)
    return "_" + safe[1:] if safe.startswith(".") else safe or "_"


def _stem(path: str) -> str:
    folder, _, base = path.rstrip("/").rpartition("/")
    stem = base.rpartition(".")[0] or base
    return folder.rpartition("/")[2] if stem == "__main__" else stem


def _application(server: str, arguments: list[str]) -> str:
    """The top package of what the server was told to serve: `pkg.web:app`, or `-A pkg.tasks` for celery."""
    if server == "celery":
        for at, word in enumerate(arguments):
            if word in ("-A", "--app") and at + 1 < len(arguments):
                return _top(arguments[at + 1])
            if word.startswith(("-A", "--app=")):
                return _top(word.removeprefix("--app=").removeprefix("-A").removeprefix("="))
        return ""
    words = [word for word in arguments if not word.startswith("-")]
    targets = [word for word in words if all(_dotted(part) for part in word.split(":", 1))]
    with_object = [word for word in targets if ":" in word]  # `localhost:8000` fails: a port is no name
    return _top((with_object or targets or [""])[-1])


def _dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.partition("(")[0].split("."))


def _top(target: str) -> str:
    return target.partition(":")[0].partition(".")[0]
