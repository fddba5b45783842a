"""Options that several commands share."""

from __future__ import annotations

from yarder.cli.options import Argument, Option

__all__ = ["APP", "FACILITY", "JSON", "LEVEL", "SOURCE", "TEXT", "TZ"]

SOURCE = Argument("source", "A file, a folder, or an app's name.")
APP = Option("app", ("--app",), str, None, "The app's name; without it all apps of this user.")
LEVEL = Option("level", ("-l", "--level"), str, None, "This level or more severe; =warning exactly.")
FACILITY = Option("facility", ("-F", "--facility"), str, None, "A facility or a dotted prefix of it.")
TEXT = Option("text", ("-g", "--grep"), str, None, "Text in message, names or fields (key=value).")
JSON = Option("json", ("--json",), bool, False, "JSON instead of text for people.")
TZ = Option("tz", ("--tz",), str, "local", "Zone of human lines, read and shown: local, utc, Europe/Berlin.")
