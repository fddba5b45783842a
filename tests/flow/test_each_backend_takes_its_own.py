"""Several destinations side by side, each with its own level and facilities."""

from __future__ import annotations

import itertools
from pathlib import Path

import yarder
from tests.programs import account, read

FACILITIES = ["web", "db", "db.pool", "db.pool.x", "dbx", "mail"]


def test_levels_and_facilities(tmp_path: Path) -> None:
    """Six files and a handler get exactly the records that their filters take."""
    files = {
        "all": yarder.File(tmp_path / "all.log"),
        "warnings": yarder.File(tmp_path / "warnings.log", level="warning"),
        "db": yarder.File(tmp_path / "db.log", facilities=["db"]),
        "mixed": yarder.File(tmp_path / "mixed.log", facilities={"db": "trace", "db.pool": "error", "mail": "info"}),
        "both": yarder.File(tmp_path / "both.log", level="error", facilities={"db": "debug"}),
        "off": yarder.File(tmp_path / "off.log", level="off"),
    }
    got = []
    call = yarder.Call(lambda record: got.append((record.facility, record.level)), facilities={"mail": "notice"})
    with yarder.Pipeline(app="web", level="trace", backends=[*files.values(), call]) as pipeline:
        for facility, level in itertools.product(FACILITIES, yarder.Level):
            pipeline.logger(facility).log(level, "x")
        assert pipeline.flush()

    def takes(facility: str, level: int) -> dict[str, bool]:
        db = facility.split(".")[0] == "db"
        pool = facility.startswith("db.pool")
        limit = 3 if pool else 8 if db else 6 if facility == "mail" else -1
        return {
            "all": True,
            "warnings": level <= 4,
            "db": db,
            "mixed": level <= limit,
            "both": db and level <= 7,  # the mapping names the level of each facility
            "off": False,
        }

    for name in files:
        path = tmp_path / f"{name}.log"
        expected = [
            (facility, int(level))
            for facility, level in itertools.product(FACILITIES, yarder.Level)
            if takes(facility, level)[name]
        ]
        assert [(record["facility"], record["level"]) for record in read(path)] == expected, name
    assert got == [("mail", level) for level in yarder.Level if level <= 5]


def test_the_same_record_everywhere(tmp_path: Path) -> None:
    """A record has one id in every file that takes it, whatever else the files take."""
    backends = [yarder.File(tmp_path / f"{n}.log", level=level) for n, level in enumerate(["trace", "info", "error"])]
    with yarder.Pipeline(app="web", level="trace", backends=backends) as pipeline:
        for n in range(900):
            pipeline.logger().log(list(yarder.Level)[n % 9], "n %d", n)
    every, info, error = (read(tmp_path / f"{n}.log") for n in range(3))
    account(every)
    assert [record["id"] for record in every if record["level"] <= 6] == [record["id"] for record in info]
    assert [record["id"] for record in every if record["level"] <= 3] == [record["id"] for record in error]


def test_two_formats(tmp_path: Path) -> None:
    """JSON and human files of one pipeline hold the same records in the same order."""
    backends = [yarder.File(tmp_path / "a.json"), yarder.File(tmp_path / "a.txt", format="human")]
    with yarder.Pipeline(app="web", backends=backends) as pipeline:
        for n in range(500):
            pipeline.logger().info("n %d", n)
    human = [line.partition(": ")[2] for line in (tmp_path / "a.txt").read_text().splitlines()]
    assert human == [record["message"] for record in read(tmp_path / "a.json")] == [f"n {n}" for n in range(500)]


def test_two_pipelines(tmp_path: Path) -> None:
    """Pipelines of different apps, or of one app with different files, share nothing but what they name."""
    with (
        yarder.Pipeline(app="web", backends=[yarder.File(tmp_path / "web.log")]) as web,
        yarder.Pipeline(app="web", backends=[yarder.File(tmp_path / "same.log")]) as same,
        yarder.Pipeline(app="shop", backends=[yarder.File(tmp_path / "{app}.log")]) as shop,
    ):
        for n in range(200):
            web.logger().info("web %d", n)
            same.logger().info("same %d", n)
            shop.logger().info("shop %d", n)
    for name in ("web", "same", "shop"):
        records = read(tmp_path / f"{name}.log")
        assert [record["message"] for record in records] == [f"{name} {n}" for n in range(200)]
        account(records)


def test_one_file_for_two_pipelines(tmp_path: Path) -> None:
    """Two pipelines of one app that name the same file both write it, whole lines, each in its order."""
    path = tmp_path / "web.log"
    with (
        yarder.Pipeline(app="web", backends=[yarder.File(path)]) as one,
        yarder.Pipeline(app="web", backends=[yarder.File(path)]) as two,
    ):
        for n in range(500):
            one.logger("one").info("x", n=n)
            two.logger("two").info("x", n=n)
    records = read(path)
    account(records)
    for name in ("one", "two"):
        assert [record["fields"]["n"] for record in records if record["facility"] == name] == list(range(500))


def test_a_file_that_another_app_holds(tmp_path: Path) -> None:
    """Another app's file is not written into: a name beside it is taken, or the destination fails, as configured."""
    path = tmp_path / "shared.log"
    with yarder.Pipeline(app="first", backends=[yarder.File(path)]) as first:
        first.logger().info("first")
        assert first.flush()
        with yarder.Pipeline(app="second", backends=[yarder.File(path)]) as second:
            second.logger().info("second")
            assert second.flush()
    assert [record["message"] for record in read(path)] == ["first"]
    [beside] = tmp_path.glob("shared.*-1.log")
    assert [record["message"] for record in read(beside)] == ["second"]
