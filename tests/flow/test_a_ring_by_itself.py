"""`yarder.Ring`: the ring for other uses, across processes, hostile files refused."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import pytest

import yarder
from tests.programs import poll, start

READER = """
import sys, yarder
ring = yarder.Ring.attach(sys.argv[1])
print("ready", flush=True)
expected = 0
while expected < 200_000:
    data = ring.read()
    if data is None:
        continue
    number, _, rest = data.partition(b" ")
    assert int(number) == expected, (int(number), expected)
    assert rest == b"y" * (expected % 1000)
    expected += 1
assert ring.read() is None
print("done", flush=True)
"""
WRITER = """
import sys, yarder
ring = yarder.Ring.create(sys.argv[1], 256)
n = 0
while True:
    if ring.write(b"%d" % n + b" " * (n % 900)):
        print(n, flush=True)
        n += 1
    else:
        print("full", flush=True)
        sys.stdin.readline()
"""


def test_two_processes(tmp_path: Path) -> None:
    """What one process writes another reads: every message once, whole, in order, over many turns of the ring."""
    path = tmp_path / "numbers.ring"
    with yarder.Ring.create(str(path), 256) as ring, start(READER, path) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        refused = 0
        for n in range(200_000):
            data = b"%d " % n + b"y" * (n % 1000)
            while not ring.write(data):
                refused += 1
        assert reader.stdout.readline() == "done\n", reader.communicate()
        assert reader.wait(30) == 0
        assert ring.overruns == refused
        assert len(ring) == 0


def test_a_killed_writer(tmp_path: Path) -> None:
    """What a process that was killed had written can be read afterwards, whole."""
    path = tmp_path / "left.ring"
    with start(WRITER, path) as writer:
        assert writer.stdout is not None
        last = -1
        while (line := writer.stdout.readline().strip()) != "full":
            last = int(line)
        writer.send_signal(signal.SIGKILL)
    ring = yarder.Ring.attach(str(path))
    found = []
    while (data := ring.read()) is not None:
        found.append(int(data))
    assert found == list(range(last + 1))


def test_any_bytes(tmp_path: Path) -> None:
    """Empty, binary and large messages come back equal; what can never fit is refused by name."""
    with yarder.Ring.create(str(tmp_path / "a.ring"), 256) as ring:
        reader = yarder.Ring.attach(str(tmp_path / "a.ring"))
        for data in (b"", b"\0", bytes(range(256)) * 10, b"x" * 16_000):
            assert ring.write(data)
            assert reader.read() == data
        with pytest.raises(yarder.RingError):
            ring.write(b"x" * 100_000)
        assert reader.read() is None
        with pytest.raises(TypeError):
            ring.write("text")  # type: ignore[arg-type]


def test_the_length(tmp_path: Path) -> None:
    """`len` counts what is unread, on both sides."""
    with yarder.Ring.create(str(tmp_path / "a.ring"), 256) as ring:
        reader = yarder.Ring.attach(str(tmp_path / "a.ring"))
        for n in range(5):
            ring.write(b"%d" % n)
        assert len(ring) == len(reader) == 5
        reader.read()
        assert len(ring) == len(reader) == 4


def test_what_cannot_be(tmp_path: Path) -> None:
    """A size that is no power of two, a path that is taken or missing, and a file that is no ring are refused by name."""
    path = tmp_path / "a.ring"
    for slots in (0, 3, 100, 2**40, -256):
        with pytest.raises((yarder.YarderError, ValueError, OverflowError)):
            yarder.Ring.create(str(path), slots)
    assert not path.exists()
    with pytest.raises(yarder.RingError):
        yarder.Ring.attach(str(path))
    for content in (b"", b"text", b"\0" * 100_000, b"YARDRNG1" + b"\xff" * 100_000):
        path.write_bytes(content)
        with pytest.raises(yarder.RingError):
            yarder.Ring.attach(str(path))
    path.unlink()
    yarder.Ring.create(str(path), 256).close()
    link = tmp_path / "link.ring"
    link.symlink_to(path)
    with pytest.raises(yarder.RingError):
        yarder.Ring.attach(str(link))


def test_a_damaged_ring(tmp_path: Path) -> None:
    """Slots that somebody overwrote are refused, not followed: an error or nothing, never a crash."""
    path = tmp_path / "a.ring"
    for at, junk in ((8192, b"\xff" * 64), (8192, b"\0" * 64), (8192, b"\x07\0\0\0"), (512, b"\xff" * 16)):
        path.unlink(missing_ok=True)
        with yarder.Ring.create(str(path), 256) as ring:
            ring.write(b"one")
            ring.write(b"two")
            reader = yarder.Ring.attach(str(path))
            with path.open("r+b") as file:
                file.seek(at)
                file.write(junk)
            with contextlib.suppress(yarder.RingError):
                for _ in range(10):
                    assert reader.read() in (None, b"one", b"two", b"")


def test_closed(tmp_path: Path) -> None:
    """After `close` nothing is written or read; closing twice is fine; the file stays."""
    path = tmp_path / "a.ring"
    ring = yarder.Ring.create(str(path), 256)
    ring.write(b"kept")
    ring.close()
    ring.close()
    for act in (lambda: ring.write(b"x"), ring.read):
        with pytest.raises((yarder.Closed, yarder.RingError)):
            act()
    again = yarder.Ring.attach(str(path))
    poll(lambda: again.read() == b"kept", "what was written before")
