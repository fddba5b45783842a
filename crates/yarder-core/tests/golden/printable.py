"""Writes src/format/percent/printable_table.rs from the interpreters' own tables.

Usage: python printable.py PYTHON3.11 PYTHON3.12 PYTHON3.13 > printable_table.rs  (paths of the interpreters, in this order)
"""

from __future__ import annotations

import json
import subprocess
import sys

ASK = "import json,sys; json.dump([c for c in range(0x110000) if chr(c).isprintable()], sys.stdout)"


def printable(python: str) -> set[int]:
    """Code points that this interpreter prints as they are."""
    done = subprocess.run([python, "-c", ASK], capture_output=True, check=True, text=True)
    return set(json.loads(done.stdout))


def ranges(codes: set[int]) -> list[tuple[int, int]]:
    """First and last code point of each run."""
    out: list[tuple[int, int]] = []
    for code in sorted(codes):
        if out and out[-1][1] == code - 1:
            out[-1] = (out[-1][0], code)
        else:
            out.append((code, code))
    return out


def number(code: int) -> str:
    """A code point as Rust writes it here."""
    return f"0x{code:X}" if code < 0x10000 else f"0x{code >> 16:X}_{code & 0xFFFF:04X}"


def main() -> None:
    """Writes the table to standard output."""
    tables = [printable(python) for python in sys.argv[1:]]
    toggles = [code for first, last in ranges(tables[0]) for code in (first, last + 1)]
    added: list[tuple[int, int, int]] = []
    for step in range(1, len(tables)):
        assert tables[step - 1] <= tables[step], "a character stopped being printable"
        added += [(first, last, 11 + step) for first, last in ranges(tables[step] - tables[step - 1])]
    print("//! Which characters `str.isprintable` accepts. Written by `tests/golden/printable.py`; not by hand.\n")
    print("/// Code points where printable begins and, in turn, ends, in the tables of CPython 3.11 (Unicode 14.0).")
    print(f"pub(super) static TOGGLES: [u32; {len(toggles)}] = [")
    for at in range(0, len(toggles), 10):
        print("    " + ", ".join(map(number, toggles[at : at + 10])) + ",")
    print("];\n")
    print("/// First and last of what later ones added, with the minor version of that CPython.")
    print(f"pub(super) static ADDED: [(u32, u32, u8); {len(added)}] = [")
    for first, last, minor in sorted(added):
        print(f"    ({number(first)}, {number(last)}, {minor}),")
    print("];")


if __name__ == "__main__":
    main()
