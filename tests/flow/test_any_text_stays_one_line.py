"""Any text, however strange or long, is one record in one line, and comes back as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import yarder
from tests.programs import account, read

STRANGE = [
    "",
    " ",
    "\n",
    "\0",
    "a\0b",
    "\r\n\t\v\f\b\a\x1b[31m\x7f",
    "\u2028\u2029\u0085",
    "\u202e\u2066 turned \u2069",
    "\ud83d",
    "\udfff\ud800",
    "half \ud83d and whole \U0001f600",
    "\udc80\udcff",  # what surrogateescape makes of bytes
    "\ufeff\ufffe\uffff\U0010ffff",
    'quote " and \\ back',
    "%",
    "100% sure: %s %d %(x)s",
    "e\u0301" * 100,
    "\u0000" * 3000,
]


@pytest.mark.parametrize("form", ["json", "human"])
def test_strange_text(log_file: Path, form: str) -> None:
    """As message, argument, key and value: one line each in both formats."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file, format=form)]) as pipeline:  # type: ignore[arg-type]
        for text in STRANGE:
            pipeline.logger().info(text)
            pipeline.logger().info("<%s>", text)
            pipeline.logger().info("field", value=text, fields={text: "key", "list": [text]})
    raw = log_file.read_bytes()
    assert raw.decode("utf-8").count("\n") == 3 * len(STRANGE)
    assert not set(raw) & ({*range(32)} - {10} | {127})
    assert not any(bad in raw.decode() for bad in "\u2028\u2029\u0085\u202e\u2066\u2069")
    if form == "json":
        records = read(log_file)
        assert [record["message"] for record in records[0::3]] == STRANGE
        assert [record["message"] for record in records[1::3]] == [f"<{text}>" for text in STRANGE]
        assert [record["fields"]["value"] for record in records[2::3]] == STRANGE
        assert [record["fields"]["list"] for record in records[2::3]] == [[text] for text in STRANGE]
        assert all(record["fields"][text] == "key" for record, text in zip(records[2::3], STRANGE, strict=True))


@pytest.mark.parametrize("letter", ["x", "é", "☃", "😀", "\ud800"])
def test_a_megabyte(log_file: Path, letter: str) -> None:
    """A message of a megabyte is cut at `max_record_bytes`, between two characters, and says so."""
    message = "m" + letter * 1_000_000
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info(message, a=1)
        pipeline.logger().info("%s", message)
        pipeline.logger().info("short", value=message, other=2)
        pipeline.logger().info("next")
    whole, argument, field, after = read(log_file)
    size = len(letter.encode("utf-8", "surrogatepass"))
    for text in (whole["message"], argument["message"], field["fields"]["value"]):
        assert text == message[: len(text)]
        assert 200_000 < len(text.encode("utf-8", "surrogatepass")) <= 262_144 + size
    assert all(record["fields"]["truncated"] is True for record in (whole, argument, field))
    assert (whole["fields"]["a"], field["fields"]["other"], field["message"]) == (1, 2, "short")
    assert "truncated" not in after["fields"]


def test_records_of_every_size(log_file: Path) -> None:
    """Records of one slot and of many, mixed so that they meet the ring's end anywhere, come back whole and in order."""
    sizes = [n * 97 % 16_000 for n in range(2000)]
    with yarder.Pipeline(app="web", ring_slots=256, block_ms=5000, backends=[yarder.File(log_file)]) as pipeline:
        for n, size in enumerate(sizes):
            pipeline.logger().info("y" * size, n=n)
    records = read(log_file)
    account(records)
    assert [len(record["message"]) for record in records] == sizes
    assert [record["fields"] for record in records] == [{"n": n} for n in range(2000)]


def test_a_record_larger_than_the_ring_takes(log_file: Path) -> None:
    """It is cut to a quarter of the ring, not lost."""
    with yarder.Pipeline(app="web", ring_slots=256, backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("z" * 100_000, kept=True)
        assert pipeline.flush()
        assert (pipeline.stats().truncated, pipeline.stats().lost) == (1, 0)
    [record] = read(log_file)
    assert 10_000 < len(record["message"]) <= 16_384
    assert record["fields"] == {"kept": True, "truncated": True}


def test_five_hundred_fields(log_file: Path) -> None:
    """All of them are there, in their order, also as keywords, `extra`, `fields`, bound and context together."""
    many = {f"field_{n:03}": n for n in range(500)}
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("keywords", **many)
        pipeline.logger().info("fields", fields=many)
        pipeline.logger().info("extra", extra=many)
        pipeline.logger().bind(**many).info("bound")
        with yarder.context(**many):
            pipeline.logger().info("context")
    for record in read(log_file):
        assert list(record["fields"].items()) == list(many.items()), record["message"]


def test_seventy_thousand_fields(log_file: Path) -> None:
    """More fields than a record can count are cut and flagged; the record is there."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("too many", fields={f"f{n}": n for n in range(70_000)})
        pipeline.logger().info("many arguments " + "%s " * 70_000, *range(70_000))
    records = read(log_file)
    assert records[0]["message"] == "too many"
    assert records[0]["fields"]["truncated"] is True
    assert records[1]["message"].startswith("many arguments")


@pytest.mark.parametrize(
    ("template", "args"),
    [
        ("%s and %s", ("one",)),
        ("none", ("one", 2)),
        ("%d", ("text",)),
        ("%(name)s", (1, 2)),
        ("%(name)s", ({"other": 1},)),
        ("%y", (1,)),
        ("%", (1,)),
        ("%c", (-1,)),
        ("%s %", ("a", "b")),
        ("%*d", ("x", 1)),
        ("%x", (1.5,)),
    ],
)
def test_arguments_that_do_not_fit(log_file: Path, template: str, args: tuple[object, ...]) -> None:
    """The template is there with CPython's own complaint beside it, the arguments are shown, the record is flagged."""
    try:
        template % args if len(args) != 1 or not isinstance(args[0], dict) else template % args[0]
    except Exception as error:
        complaint = str(error)
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        assert pipeline.logger().warning(template, *args, a=1) is None
    [record] = read(log_file)
    assert record["message"].startswith(template)
    assert complaint in record["message"]
    assert all(repr(arg) in record["message"] for arg in args)
    assert record["fields"] == {"a": 1, "format_error": True}


def test_a_huge_width_is_refused(log_file: Path) -> None:
    """A width of a thousand million asks for no memory: the template is shown instead."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("%1000000000d", 1)
        pipeline.logger().info("%*s", 10**9, "x")
        pipeline.logger().info("%.1000000000f", 1.5)
    records = read(log_file)
    assert all(record["fields"]["format_error"] is True for record in records)
    assert log_file.stat().st_size < 4096


def test_the_users_own_flags(log_file: Path) -> None:
    """Fields that a user names like yarder's flags are kept where no flag is set."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        pipeline.logger().info("x", truncated="mine", format_error=0, cycle=None)
    assert json.loads(log_file.read_text())["fields"] == {"truncated": "mine", "format_error": 0, "cycle": None}
