"""The yard: folders that others could reach into are refused, damaged files are set aside, nothing follows a link."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

import yarder
from tests.helpers import run_python
from tests.programs import poll, read, start, told, yard_of

PROGRAM = """
import sys, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
yarder.get_logger().info("x")
"""
LEAVES = """
import os, sys, yarder
yarder.configure(app="web", backends=[yarder.File(sys.argv[1])])
for n in range(2000):
    yarder.get_logger().info("left", n=n)
os._exit(0)
"""


def refused(path: Path, **environ: str) -> str:
    """What a program says whose yard cannot be trusted."""
    result = run_python(PROGRAM, str(path), check=False, **environ)
    assert result.returncode == 1
    assert not path.exists()
    return result.stderr.splitlines()[-1]


def test_a_linked_folder(tmp_path: Path) -> None:
    """A symbolic link in the place of the yard or of the folder above it is refused."""
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert "RingError" in refused(tmp_path / "web.log", YARDER_YARD=str(tmp_path / "link"))
    (tmp_path / "yard").mkdir(mode=0o700)
    (tmp_path / "yard" / "web").symlink_to(tmp_path / "real")
    assert "RingError" in refused(tmp_path / "web.log", YARDER_YARD=str(tmp_path / "yard"))
    assert list((tmp_path / "real").iterdir()) == []


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o1777])
def test_a_folder_that_others_may_write(tmp_path: Path, mode: int) -> None:
    """A folder that group or others may write into is refused."""
    yard = tmp_path / "yard"
    yard.mkdir()
    yard.chmod(mode)
    assert "RingError" in refused(tmp_path / "web.log", YARDER_YARD=str(yard))


def test_a_folder_of_another_user(tmp_path: Path) -> None:
    """A folder that belongs to somebody else is refused."""
    yard = tmp_path / "yard"
    yard.mkdir(mode=0o700)
    os.chown(yard, 65534, 65534)
    assert "RingError" in refused(tmp_path / "web.log", YARDER_YARD=str(yard))


def test_permissions_of_what_is_made(log_file: Path) -> None:
    """Folders 0700, files 0600, whatever the umask."""
    before = os.umask(0)
    try:
        with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
            pipeline.logger().info("x")
            made = [yard_of(), *yard_of().rglob("*")]
            assert len(made) >= 5
            for path in made:
                assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    finally:
        os.umask(before)


def test_a_linked_ring_is_not_followed(log_file: Path, tmp_path: Path) -> None:
    """A ring file that is a link to something else is neither read nor changed."""
    run_python(LEAVES, str(log_file))
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret" * 10_000)
    (yard_of() / "123456789.ring").symlink_to(secret)
    run_python(PROGRAM, str(log_file))
    assert secret.read_bytes() == b"secret" * 10_000
    assert [record["fields"]["n"] for record in read(log_file) if record["message"] == "left"] == list(range(2000))


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_ring(log_file: Path, seed: int) -> None:
    """A dead process's ring with bytes changed anywhere: the next start survives, loses at most that ring, and says so."""
    run_python(LEAVES, str(log_file))
    log_file.unlink(missing_ok=True)
    chance = random.Random(seed)
    [ring] = yard_of().glob("*.ring")
    with ring.open("r+b") as file:
        for _ in range(1 << seed):
            place = chance.choice([chance.randrange(8192), chance.randrange(8192, 2_000_000)])
            file.seek(place)
            file.write(chance.randbytes(chance.choice([1, 4, 8, 64])))
    run_python(PROGRAM, str(log_file))
    assert "x" in [record["message"] for record in read(log_file)]
    for _ in range(2):
        run_python(PROGRAM, str(log_file))
    assert [record["message"] for record in read(log_file)].count("x") == 3


def test_a_scribbled_table_of_losses(log_file: Path) -> None:
    """A dead ring that claims more losses than it gave numbers: the file never tells of more than there can be."""
    run_python(LEAVES, str(log_file))
    log_file.unlink(missing_ok=True)
    [ring] = yard_of().glob("*.ring")
    with ring.open("r+b") as file:
        file.seek(528)
        given = int.from_bytes(file.read(8), "little")
        file.seek(704)  # lost and not told of yet, by reason (docs/specs/ring.md)
        file.write((1 << 40).to_bytes(8, "little"))
    run_python(PROGRAM, str(log_file))
    told = [record["fields"]["count"] for record in read(log_file) if record["message"].endswith(" records lost")]
    assert told == [given]


@pytest.mark.parametrize("content", [b"", b"short", bytes(3_000_000), b"YARDRNG1" + b"\xff" * 3_000_000])
def test_a_file_that_is_no_ring(log_file: Path, content: bytes) -> None:
    """Junk named like a ring is set aside or left alone; the app logs on."""
    run_python(PROGRAM, str(log_file))
    (yard_of() / "0abcdef12.ring").write_bytes(content)
    run_python(PROGRAM, str(log_file))
    assert len(read(log_file)) == 2


@pytest.mark.parametrize("content", [b"", b"junk", bytes(65536), b"YARDCTL1" + b"\xff" * 65528])
def test_a_damaged_control_page(log_file: Path, content: bytes) -> None:
    """`configure` says that the yard cannot be used; a log call of a program without configuration goes to stderr."""
    run_python(PROGRAM, str(log_file))
    (yard_of() / "control").write_bytes(content)
    result = run_python(PROGRAM, str(log_file), check=False)
    assert result.returncode == 1
    assert "RingError" in result.stderr
    shown = run_python("import yarder; yarder.get_logger().error('still said')", YARDER_APP="web")
    assert "still said" in shown.stderr


def test_a_scribbled_intent(log_file: Path) -> None:
    """Junk in the writer's notes is noticed by its checksum: nothing is lost."""
    run_python(LEAVES, str(log_file))
    with (yard_of() / "control").open("r+b") as file:
        file.seek(32768)
        file.write(b"\x01\0\0\0" + random.Random(1).randbytes(2000))
    run_python(PROGRAM, str(log_file))
    found = [record["fields"]["n"] for record in told(read(log_file)) if "n" in record["fields"]]
    assert set(found) == set(range(2000))


def test_the_yard_is_removed_while_it_is_used(log_file: Path) -> None:
    """`rm -r` of the yard under a running program: what is logged afterwards is written, and it is said once."""
    code = """
import sys, yarder
yarder.configure(app="web", block_ms=None, backends=[yarder.File(sys.argv[1])])
n = 0
for line in sys.stdin:
    for _ in range(100):
        yarder.get_logger().info("x", n=n)
        n += 1
    print(n, yarder.flush(5.0), flush=True)
"""
    with start(code, log_file) as child:
        assert child.stdin is not None
        assert child.stdout is not None

        def go() -> str:
            child.stdin.write("go\n")  # type: ignore[union-attr]
            child.stdin.flush()  # type: ignore[union-attr]
            return child.stdout.readline()  # type: ignore[union-attr]

        assert go() == "100 True\n"
        subprocess.run(["rm", "-r", yard_of()], check=True)
        turns = 1

        def said() -> bool:
            nonlocal turns
            turns += 1
            assert go() == f"{turns * 100} True\n"
            return turns >= 150 or (yard_of() / "control").exists()

        poll(said, "the process to notice")
        go()
        _, errors = child.communicate("", timeout=60)
    assert [record["fields"]["n"] for record in read(log_file)] == list(range((turns + 1) * 100))
    assert errors.count("yard") <= 2


def test_no_memory_for_a_ring(tmp_path: Path) -> None:
    """A yard without room: a smaller ring or one elsewhere is used, and everything is logged."""
    yard = tmp_path / "small"
    yard.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k,mode=700", "none", yard], check=True)
    try:
        code = PROGRAM + "print(yarder.stats().ring_slots)\nfor n in range(2000): yarder.get_logger().info('y', n=n)\n"
        result = run_python(code, str(tmp_path / "web.log"), YARDER_YARD=str(yard), TMPDIR=str(tmp_path))
        assert 256 <= int(result.stdout) < 8192
        assert len(told(read(tmp_path / "web.log"))) == 2001
        (yard / "ballast").write_bytes(bytes(400_000))
        run_python(code, str(tmp_path / "full.log"), YARDER_YARD=str(yard), TMPDIR=str(tmp_path))
        assert len(told(read(tmp_path / "full.log"))) == 2001
    finally:
        subprocess.run(["umount", "-l", yard], check=True)


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "x" * 150, "ünïcödé ☃", "..", "a b\\c"])
def test_any_name_of_an_app(tmp_path: Path, name: str) -> None:
    """A name never leaves the yard's folder nor the log's, and two names never share a yard."""
    yard = tmp_path / "yards"
    yard.mkdir(mode=0o700)
    command = PROGRAM.replace('"web"', repr(name))
    run_python(command, str(tmp_path / "logs" / "{app}.log"), YARDER_YARD=str(yard))
    assert len(list(yard.iterdir())) == 1
    assert len(list((tmp_path / "logs").glob("*.log"))) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "yards"]
    run_python(PROGRAM, str(tmp_path / "web.log"), YARDER_YARD=str(yard))
    assert len(list(yard.iterdir())) == 2
