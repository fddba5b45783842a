"""Writes percent.tsv: what CPython itself makes of many templates and values.

Run it by hand (`python percent.py > percent.tsv`) when rows are added; the Rust test `format_percent.rs` reads the table.
One row: template, `=` and the text or `!` and the exception, then the arguments, each with a letter for its type.
Rows that differ between CPython 3.11, 3.12 and 3.13 have no place here.
"""

from __future__ import annotations

import random
import struct
import sys

TEXTS = [
    "",
    "a",
    "abc",
    "it's",
    'say "x"',
    'it\'s "both"',
    "tab\tnl\ncr\r",
    "nul\0esc\x1b",
    "del\x7f",
    "\x80\x9f\xa0\xad",
    "äöü",
    "日本語",
    "😀",
    "e\u0301",
    "\u2028\u2029",
    "\ud800",
    "x\udfffy",
    "\U0010ffff",
    "\U000e0001",
    "\u200b",
    "back\\slash",
    "%s",
    "\ufeff",
    "\u0378",
    "\ufffe",
    "ﷺ",
    "\U0001f9d1\u200d\U0001f680",
    "0",
    "-5",
]
INTS = [0, 1, -1, 7, 42, -255, 65, 127, 128, 255, 1000, 0x20AC, 0xD800, 0x10FFFF, 0x110000, -(2**63), 2**63 - 1, 2**31]
BIG = [2**63, -(2**63) - 1, 10**20, -(10**30), 2**200, 10**308, 10**309, -(2**64), 3**500]
FLOATS = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.1,
    0.5,
    1.5,
    2.5,
    3.14159,
    -2.75,
    100.0,
    1e15,
    1e16,
    1e17,
    123456789012345680.0,
    1e-4,
    1e-5,
    0.00012345,
    9.5,
    99.5,
    0.95,
    1e22,
    1e23,
    1e100,
    1.7976931348623157e308,
    5e-324,
    2.2250738585072014e-308,
    1e300,
    float("inf"),
    float("-inf"),
    float("nan"),
    123456.789,
    999999.5,
    9999995.0,
    1e6,
    123456.0,
    2**53 + 0.0,
    1 / 3,
]
BYTES = [b"", b"abc", b"it's", b'"', b"'\"", b"\x00\xff\n\t\\", "ü".encode()]
OTHER = [None, True, False]
VALUES = TEXTS + INTS + BIG + FLOATS + BYTES + OTHER
FLAGS = ["", "-", "+", " ", "#", "0", "-0", "+0", "#0", "-+", " 0", "-#", "+#0", "+ ", "--", "-+ #0"]
WIDTHS = ["", "1", "5", "12", "30"]
PRECISIONS = ["", ".", ".0", ".1", ".3", ".10", ".20"]
LETTERS = "sradiuoxXeEfFgGc"
BROKEN = [
    ("%", ()),
    ("abc%", (1,)),
    ("%5", (1,)),
    ("%5.", (1,)),
    ("%-", (1,)),
    ("%l", (1,)),
    ("%y", (1,)),
    ("a%zb", (1,)),
    ("%ä", (1,)),
    ("%\n", (1,)),
    ("%\x7f", (1,)),
    ("%日", (1,)),
    ("日本%q", (1,)),
    ("%hhd", (1,)),
    ("%lld", (1,)),
    ("%hd %ld %Ld", (1, 2, 3)),
    ("%qd", (1,)),
    ("%d", ()),
    ("%s %s", (1,)),
    ("%s", (1, 2)),
    ("none", (1,)),
    ("", (1,)),
    ("", ()),
    ("none", ()),
    ("%%", ()),
    ("100%%", ()),
    ("%%%s%%", ("x",)),
    ("%5%", ()),
    ("%-5%|", ()),
    ("%.3%", ()),
    ("%5%", (1,)),
    ("%*%", (5,)),
    ("%+%", ()),
    ("%l%", ()),
    ("%*d", (5, 42)),
    ("%-*d|", (5, 42)),
    ("%*d|", (-5, 42)),
    ("%0*d", (5, 42)),
    ("%.*f", (2, 3.14159)),
    ("%.*f", (-2, 3.14159)),
    ("%*.*f", (10, 2, 3.14159)),
    ("%*d", ("x", 1)),
    ("%*d", (1.5, 1)),
    ("%.*d", (None, 1)),
    ("%*d", (True, 1)),
    ("%*d", (5,)),
    ("%*d", ()),
    ("%.*d", (3, -7)),
    ("%*d", (2**70, 1)),
    ("%.*d", (2**70, 1)),
    ("%99999999999999999999d", (1,)),
    ("%.99999999999999999999d", (1,)),
    ("%.*s", (2, "abc")),
    ("%.*s", (0, "abc")),
    ("%.-3d", (1,)),
    ("%5 d", (1,)),
    ("% d% d", (1, -1)),
    ("%.5.3d", (1,)),
    ("%s" * 20, tuple(range(20))),
    ("%d%%", (50,)),
    ("%c%c", (0x1F600, "é")),
    ("%(a)s", (1,)),
    ("%(a", (1,)),
    ("%2147483647s"[:4] + "s", ("x",)),
    ("%ld%hx%Lo", (10, 255, 8)),
    ("%3.2s|", ("日本語",)),
    ("%-8r|", ("é",)),
    ("%s %s", ("a",)),
    ("%s and %", ("a",)),
    ("%c", ("",)),
    ("%c", ("ab",)),
    ("%c", (2**70,)),
    ("%c", (-1,)),
]


def escape(text: str) -> str:
    """Text as one cell: no tabs, no newlines, no lone surrogates."""
    out = []
    for char in text:
        if char == "\\":
            out.append("\\\\")
        elif ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000 or char in "\u2028\u2029":
            out.append(f"\\u{ord(char):04x}")
        else:
            out.append(char)
    return "".join(out)


def cell(value: object) -> str:
    """One argument with the letter of its type."""
    if value is None:
        return "N"
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, int):
        return f"i{value}" if -(2**63) <= value < 2**63 else f"I{value}"
    if isinstance(value, float):
        return "f" + struct.pack(">d", value).hex()
    if isinstance(value, bytes):
        return "b" + value.hex()
    assert isinstance(value, str)
    return "s" + escape(value)


def result(template: str, args: tuple[object, ...]) -> str:
    """What CPython makes of it."""
    try:
        return "=" + escape(template % args)
    except (TypeError, ValueError, OverflowError) as error:
        return "!" + escape(f"{type(error).__name__}: {error}")


def directives(random_source: random.Random) -> list[tuple[str, tuple[object, ...]]]:
    """Every letter with every value, then random flags, widths and precisions."""
    rows: list[tuple[str, tuple[object, ...]]] = [(f"%{letter}", (value,)) for letter in LETTERS for value in VALUES]
    numbers: list[object] = [*INTS, *BIG, *FLOATS, True]
    for _ in range(4500):
        letter = random_source.choice(LETTERS)
        flags, width = random_source.choice(FLAGS), random_source.choice(WIDTHS)
        precision = random_source.choice(PRECISIONS)
        pool = VALUES if letter in "srac" else numbers
        rows.append((f"[%{flags}{width}{precision}{letter}]", (random_source.choice(pool),)))
    for _ in range(600):
        count = random_source.randrange(1, 4)
        template = " ".join(f"%{random_source.choice(FLAGS)}{random_source.choice(LETTERS)}" for _ in range(count))
        rows.append((template, tuple(random_source.choice(VALUES) for _ in range(count))))
    for _ in range(700):
        value = struct.unpack("<d", random_source.randbytes(8))[0]
        rows.append((random_source.choice(["%r", "%s", "%.3g", "%g", "%e", "%#.0f", "%d"]), (value,)))
        rows.append(("%r", (round(random_source.uniform(-1e6, 1e6), random_source.randrange(8)),)))
    return rows


def main() -> None:
    """Writes the table to standard output."""
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    for template, args in BROKEN + directives(random.Random(20260115)):
        print("\t".join([escape(template), result(template, args), *map(cell, args)]))


if __name__ == "__main__":
    main()
