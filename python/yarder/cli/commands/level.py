"""`yarder level`: levels at run time, of apps that run."""

from __future__ import annotations

from yarder.cli.codes import OK, UNAVAILABLE, USAGE
from yarder.cli.filters import APP, FACILITY, JSON
from yarder.cli.options import Argument, Command, Option
from yarder.cli.output import Output, inert, say
from yarder.level import name_of, parse
from yarder.ring.yards import folders, state

__all__ = ["COMMAND", "level"]


def level(*, action: str, level: str | None, facility: str | None, app: str | None, pid: int | None, json: bool) -> int:
    """Get the levels that were set at run time, set one, or clear one."""
    yards = folders(app)
    if not yards:
        say(f"no yard of {app!r} on this host" if app else "no yard on this host: nothing logs to files here")
        return UNAVAILABLE
    if action == "get":
        return _get(yards, json=json)
    if action not in ("set", "clear") or (action == "set") != (level is not None):
        say("write 'level get', 'level set LEVEL' or 'level clear'")
        return USAGE
    if len(yards) > 1 and app is None:
        names = ", ".join(folder.rpartition("/")[2] for folder in yards)
        say(f"which app? there are {names}; write --app NAME")
        return USAGE
    from yarder._core import yard_level

    number = None if level is None else parse(level)
    done = [yard_level(folder, number, facility or "", pid or 0) for folder in yards]
    if not all(done):
        say("there was no such rule" if action == "clear" else "the yard is gone")
    return OK if all(done) else UNAVAILABLE


def _get(yards: list[str], *, json: bool) -> int:
    known = [found for folder in yards if (found := state(folder)) is not None]
    rules = [
        {"app": yard["app"], "facility": facility, "pid": pid, "level": name_of(number)}
        for yard in known
        for facility, pid, number in yard["rules"]
    ]
    out = Output.stdout()
    if json:
        import json as jsonlib

        out.line(jsonlib.dumps(rules))
        return OK
    for rule in rules:
        whose = f" of process {rule['pid']}" if rule["pid"] else ""
        out.line(inert(f"{rule['app']}{'/' if rule['facility'] else ''}{rule['facility']}{whose}: {rule['level']}"))
    if not rules:
        say("no level was set at run time; the programs' own configuration is in force")
    return OK


COMMAND = Command(
    "level",
    "Get, set or clear the level of running apps: level get | level set LEVEL | level clear.",
    [
        Argument("action", "get, set or clear."),
        Argument("level", "The level to set, in any form.", required=False),
    ],
    [FACILITY, APP, Option("pid", ("--pid",), int, None, "One process only."), JSON],
    level,
)
