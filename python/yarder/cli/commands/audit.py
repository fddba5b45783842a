"""`yarder audit`: files against ledger."""

from __future__ import annotations

from yarder.cli.codes import NONE, OK
from yarder.cli.filters import JSON, SOURCE
from yarder.cli.options import Command
from yarder.cli.output import Output, inert, say
from yarder.reading.source import paths

__all__ = ["COMMAND", "audit"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def audit(*, source: str, json: bool) -> int:
    """Show whether a record of any producer is missing, doubled or changed, and every gap with its reason."""
    import json as jsonlib

    from yarder._core import audit_log

    out = Output.stdout()
    clean = True
    for path in paths(source):
        right, text = audit_log(path)
        clean = clean and right
        if json:
            out.line(text)
            continue
        for line in _lines(jsonlib.loads(text)):
            out.line(inert(line))
    if not clean:
        say("not everything is as it was written")
    return OK if clean else NONE


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [
        f"{finding['kind']}: {finding['lines']} lines at byte {finding['at']} of {finding['path']}"
        + (f" ({', '.join(finding['detail'][:3])})" if finding["detail"] else "")
        for finding in found["findings"]
    ]
    for gap in found["gaps"]:
        reasons = ", ".join(f"{count} {reason}" for reason, count in gap["reasons"].items()) or "no reason is known"
        lines.append(
            f"gap: {gap['missing']} of producer {gap['producer']} between {gap['after']} and {gap['before']}: {reasons}"
        )
    lines += [f"removed by rule: file {number} ({why})" for number, why in found["removed"]]
    unexplained = sum(account["unexplained"] for account in found["accounts"])
    lines.append(
        f"{found['records']:,} records in {found['blocks']:,} blocks are as they were written; {len(found['accounts'])} producers,"
        f" {unexplained:,} records without an account, {found['other_lines']:,} lines of others, {found['taken']:,} taken by rules"
    )
    return lines


COMMAND = Command(
    "audit",
    "Prove that no record of a log is missing, doubled or changed. Exit code 0: all is right, 1: it is not.",
    [SOURCE],
    [JSON],
    audit,
)
