"""VERB: where records go. One file per destination, all options of it in one frozen object.

Not here: rotation, retention, reading back.
"""

from yarder.backends.call import Call
from yarder.backends.console import Console
from yarder.backends.file import File

__all__ = ["KINDS", "Call", "Console", "File"]

KINDS: dict[str, type[Call] | type[Console] | type[File]] = {cls.kind: cls for cls in (File, Console, Call)}
"""The word for a backend in configuration files to its class."""
