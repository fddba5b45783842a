"""What is printed becomes records, line by line, and the streams stay what they are."""

from __future__ import annotations

import io
import sys
import threading

import pytest

import yarder
from tests.bridges.places import here
from tests.helpers import run_python
from yarder.bridges import prints
from yarder.testing import Records


def said(records: Records) -> list[tuple[str, str]]:
    """Facility and message of each record."""
    return [(record.facility, record.message) for record in records]


def test_lines_are_records_with_level_facility_and_caller(records: Records) -> None:
    """Each stream has its level and facility; the caller is the line with the `print`."""
    with prints.capture():
        out = (print("to", "out", 100, "%"), here())[1]
        err = (sys.stderr.write("to err\n"), here())[1]
    first, second = records
    assert (first.facility, first.level, first.message, first.caller) == ("stdout", 6, "to out 100 %", out)
    assert (second.facility, second.level, second.message, second.caller) == ("stderr", 4, "to err", err)


def test_partial_lines_wait_for_their_end(records: Records) -> None:
    """Pieces become one record at their line's end, a flush ends nothing, the rest comes when the capture ends."""
    with prints.capture():
        print("a", end="", flush=True)
        assert said(records) == []
        print("b\nc\n\nd", end="")
        assert said(records) == [("stdout", "ab"), ("stdout", "c"), ("stdout", "")]
    assert said(records)[3:] == [("stdout", "d")]


def test_progress_bars_leave_their_last_state(records: Records) -> None:
    """Of what is drawn over itself by carriage returns only the last state is logged, and memory stays bounded."""
    with prints.capture():
        for percent in range(0, 101, 10):
            print(f"\r{percent} %", end="")
        print("\r\ndos\r\n", end="")
    assert said(records) == [("stdout", "100 %"), ("stdout", "dos")]


def test_a_line_without_end_is_bounded(records: Records) -> None:
    """A line of a million characters without an end is logged in pieces, and no character is missing."""
    with prints.capture():
        for _ in range(1000):
            sys.stdout.write("x" * 1000)
    assert sum(len(record.message) for record in records) == 1_000_000
    assert len(records) > 10


def test_threads_do_not_mix_their_lines(records: Records) -> None:
    """Eight threads that print pieces at the same time: each line arrives whole."""

    def work(number: int) -> None:
        for line in range(100):
            for piece in range(5):
                print(number, line, piece, sep="-", end=" ")
            print()

    with prints.capture():
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = [record.message for record in records]
    whole = {" ".join(f"{n}-{line}-{piece}" for piece in range(5)) for n in range(8) for line in range(100)}
    assert len(lines) == 800
    assert {line.rstrip() for line in lines} == whole


def test_the_stream_keeps_its_answers(records: Records) -> None:
    """The stream stays the same object: isatty, encoding, descriptor, return value; afterwards its own `write` is back."""
    stream, write = sys.stdout, sys.stdout.write
    before = (stream.isatty(), stream.encoding, stream.errors)
    with prints.capture():
        assert sys.stdout is stream
        assert (stream.isatty(), stream.encoding, stream.errors) == before
        assert stream.write("four\n") == 5
        assert stream.writelines(["a\n", "b\n"]) is None
    assert sys.stdout.write == write
    assert [text for _, text in said(records)] == ["four", "a", "b"]


def test_printing_while_logging_does_not_come_back(records: Records, capsys: pytest.CaptureFixture[str]) -> None:
    """A value whose text prints, inside a captured line's own log call, prints to the stream itself: no loop."""

    class Loud:
        def __str__(self) -> str:
            print("inside")
            return "loud"

    with yarder.context(), prints.capture():
        sys.stdout.write("one\n")
        yarder.get_logger().info("two %s", Loud())
        hooked = prints.capture(logger=yarder.get_logger("own"))
        with hooked:
            print("three")
    assert [text for _, text in said(records)] == ["one", "inside", "two loud", "three"]


def test_a_console_on_a_replaced_stream_is_not_captured(capsys: pytest.CaptureFixture[str]) -> None:
    """Under pytest, where a console writes to the replaced stderr, its lines are printed once and are no records."""
    yarder.configure(app="web", backends=[yarder.Console()])
    with Records() as records, prints.capture():
        yarder.get_logger().warning("once")
        print("out")
        print("err", file=sys.stderr)
    assert said(records) == [("web", "once"), ("stdout", "out")]
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("once") == 1
    assert "web/stdout: out" in printed.err
    assert printed.err.endswith("err\n")


def test_tee_prints_too_and_none_leaves_alone(records: Records, capsys: pytest.CaptureFixture[str]) -> None:
    """`tee=True` still prints; a stream whose level is None is not touched."""
    with prints.capture(stderr=None, tee=True):
        print("out")
        print("err", file=sys.stderr)
    assert said(records) == [("stdout", "out")]
    assert capsys.readouterr() == ("out\n", "err\n")


def test_a_redirected_stream_is_itself_again(records: Records) -> None:
    """A stream that replaces the captured one, inside the capture, gets its own text."""
    with prints.capture():
        before, sys.stdout = sys.stdout, io.StringIO()
        try:
            print("elsewhere")
        finally:
            sys.stdout = before
    assert said(records) == []


def test_what_cannot_be_done_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A level that is none, and a stream whose `write` cannot be replaced, are said by the argument's name."""

    class Fixed:
        __slots__ = ()

        def write(self, text: str) -> int:
            return len(text)

    with pytest.raises(yarder.ConfigError, match="stdout"):
        prints.capture(stdout="loud")
    monkeypatch.setattr(sys, "stderr", Fixed())
    write = sys.stdout.write
    with pytest.raises(yarder.ConfigError, match="stderr=None"), prints.capture():
        pass
    assert sys.stdout.write == write


def test_a_whole_program_and_its_console() -> None:
    """`install` captures until the end, a last partial line included; the real stderr shows each record once."""
    code = """
import sys, yarder
from yarder.bridges import prints
yarder.configure(app="web", backends=[yarder.Console()])
prints.install(); prints.install(stdout="notice")
print("first")
sys.stderr.write("second\\n")
yarder.get_logger().error("third")
print("last", end="")
"""
    result = run_python(code)
    lines = [line.partition(" web")[2] for line in result.stderr.splitlines()]
    assert lines == ["/stdout: first", "/stderr: second", ": third", "/stdout: last"]
    assert result.stdout == ""


def test_a_forked_child_has_lines_of_its_own() -> None:
    """A line that was begun before a fork is logged once, by the parent."""
    code = """
import os, yarder
from yarder.bridges import prints
yarder.configure(app="web", backends=[yarder.File("/dev/stderr", format="{message}")])
with prints.capture():
    print("begun ", end="")
    child = os.fork()
    print("in the child" if child == 0 else "by the parent")
if child == 0:
    yarder.flush()
    os._exit(0)
os.waitpid(child, 0)
yarder.flush()
print(yarder.stats().accepted)
"""
    result = run_python(code)
    assert sorted(result.stderr.splitlines()) == ["begun by the parent", "in the child"]
    assert result.stdout == "1\n"


def test_who_comes_between_is_not_captured_for_ever(records: Records) -> None:
    """A `write` that was put over ours, and stays, prints to the stream once the capture has ended."""
    with prints.capture():
        ours = sys.stdout.write
        sys.stdout.write = lambda text: ours(text)
        print("in")
    print("out")
    del sys.stdout.write
    assert said(records) == [("stdout", "in")]


def test_uninstall_gives_the_stream_back() -> None:
    """After `uninstall` a print is a print; twice is fine."""
    code = """
import yarder
from yarder.bridges import prints
yarder.configure(app="web", backends=[])
prints.install(); print("record"); prints.uninstall(); prints.uninstall(); print("print")
print(yarder.stats().accepted)
"""
    assert run_python(code).stdout == "print\n1\n"
