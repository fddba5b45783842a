"""`yarder.follow` and `clear`."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import threading
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

import yarder
from tests.reading.logs import START, json_line, log, numbered
from yarder.reading.clear import Cleared, clear


def append(path: Path, *numbers: int) -> None:
    """Append records."""
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(map(json_line, numbers)))


def test_following_goes_through_a_rotation(tmp_path: Path) -> None:
    """What is there comes first when asked for, then what is written, before and after the file is renamed."""
    live = log(tmp_path)
    following = yarder.follow(live, last=3)
    append(live, 100)
    live.rename(tmp_path / "web.20260115T103145123Z.0000.log")
    append(live, 101, 102)
    assert [record.message for record in islice(following, 6)] == numbered(range(97, 103))
    assert following.problems.count == 0


def test_since_gives_what_is_there_first(tmp_path: Path) -> None:
    """`since` reads archives and live file, then goes on; `timeout` ends it."""
    live = log(tmp_path)
    following = yarder.follow(live, since=START + timedelta(seconds=48), level="=info", timeout=0.0)
    assert [record.message for record in following] == numbered(n for n in range(48, 100) if n % 10)


def test_a_signal_ends_the_waiting(tmp_path: Path) -> None:
    """Ctrl-C is seen while nothing comes."""
    live = log(tmp_path)
    following = yarder.follow(live)
    timer = threading.Timer(0.05, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        next(following)
    timer.join()


def test_old_records_are_cleared(tmp_path: Path) -> None:
    """Records before a time go, from archives too; a record of exactly this time and foreign lines stay."""
    live = log(tmp_path)
    with live.open("a", encoding="utf-8") as file:
        file.write("what?\n")
    assert clear(live, START + timedelta(seconds=60)) == Cleared(removed=60, kept=40, unread=1)
    assert [record.message for record in yarder.read(live)] == numbered(range(60, 100))
    assert live.read_text().endswith("what?\n")
    assert [path.name for path in tmp_path.iterdir()] == ["web.log"]


def test_a_file_that_is_written_to_is_not_cleared(tmp_path: Path) -> None:
    """The lock of a writer keeps a live file as it is."""
    live = log(tmp_path)
    with live.open("ab") as file:
        lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        ofd_setlk = 37
        fcntl.fcntl(file, ofd_setlk, lock)
        with pytest.raises(BlockingIOError):
            clear(live, START + timedelta(days=1))
    assert live.read_text() == "".join(map(json_line, range(50, 100)))
