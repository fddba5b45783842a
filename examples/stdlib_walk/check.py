"""Reading the files back: nothing here asks a logger what it did."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from walk import Tally

__all__ = ["Contents", "problems", "read_file", "tail"]

RECORD = re.compile(r"(\w+) #(\d+) (.*)", re.DOTALL)
STDLIB_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|ERROR) \d+ \S+ \S+ stdlib-walk: (.*)", re.DOTALL)


@dataclass
class Contents:
    """What stands in a file."""

    size: int
    numbers: dict[str, list[int]] = field(default_factory=dict)
    """Walker -> its record numbers in the order of the file."""
    finds: Counter[str] = field(default_factory=Counter)
    """What the records say, without walker and number: the same for both loggers."""
    exceptions: int = 0
    unicode: int = 0
    torn: list[str] = field(default_factory=list)
    """Lines that are no whole record."""

    @property
    def records(self) -> int:
        """Records found, doubled ones included."""
        return sum(map(len, self.numbers.values()))


def read_file(path: Path) -> Contents:
    """Read a file of either logger; a missing file is an empty one."""
    raw = path.read_bytes() if path.exists() else b""
    contents = Contents(len(raw))
    lines = json_lines(raw, contents) if raw[:1] == b"{" else text_lines(raw)
    for message, failed in lines:
        found = RECORD.fullmatch(message)
        if found is None:
            contents.torn.append(message[:80])
            continue
        who, number, said = found.groups()
        contents.numbers.setdefault(who, []).append(int(number))
        contents.finds[said] += 1
        contents.exceptions += failed
        contents.unicode += not said.isascii()
    return contents


def json_lines(raw: bytes, contents: Contents) -> Iterator[tuple[str, bool]]:
    """One record a line."""
    for line in raw.splitlines():
        try:
            entry = json.loads(line)
            if entry["facility"] == "stdlib-walk":
                yield entry["message"], "exception.stacktrace" in entry["fields"]
        except (ValueError, KeyError, TypeError):
            contents.torn.append(line[:80].decode(errors="replace"))
    if raw and not raw.endswith(b"\n"):
        contents.torn.append("the last line has no end")


def text_lines(raw: bytes) -> Iterator[tuple[str, bool]]:
    """Lines that begin as a record does; a traceback's lines belong to the record before."""
    for line in raw.decode("utf-8").split("\n"):
        if found := STDLIB_LINE.fullmatch(line):
            yield found[2], found[1] == "ERROR"


def problems(contents: Contents, tallies: list[Tally], name: str) -> list[str]:
    """What is lost, doubled, torn or out of order, against what the walkers counted."""
    found = [f"{name}: a line that is no record: {line!r}" for line in contents.torn[:3]]
    for tally in tallies:
        numbers = contents.numbers.get(tally.who, [])
        lost = set(range(1, tally.records + 1)) - set(numbers)
        if lost:
            found.append(
                f"{name}: {len(lost)} of {tally.records} records of {tally.who} lost, the first is #{min(lost)}"
            )
        if len(numbers) != len(set(numbers)):
            found.append(f"{name}: {len(numbers) - len(set(numbers))} records of {tally.who} doubled")
        if numbers != sorted(numbers):
            found.append(f"{name}: records of {tally.who} out of order")
    unknown = contents.numbers.keys() - {tally.who for tally in tallies}
    found += [f"{name}: records of a walker that never was: {who}" for who in sorted(unknown)]
    expected = sum(tally.exceptions for tally in tallies)
    if contents.exceptions != expected:
        found.append(f"{name}: {contents.exceptions} exception records, the walkers met {expected}")
    return found


def tail(path: Path, count: int, width: int = 150) -> list[str]:
    """The last lines, cut to a readable length."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65536))
        lines = file.read().decode("utf-8", "replace").splitlines()[-count:]
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]
