"""A value whose own methods raise, log or recurse costs its text, never the record and never the caller."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import yarder
from tests.programs import account, fill, held_writer, losses, poll, read, told


class Raises:
    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


class RaisesSilently:
    def __str__(self) -> str:
        raise TwiceError

    __repr__ = __str__


class TwiceError(Exception):
    def __str__(self) -> str:
        raise KeyError

    __repr__ = __str__


class Recurses:
    def __str__(self) -> str:
        return f"<{self}>"

    __repr__ = __str__


class NotText:
    def __str__(self) -> str:
        return 3  # type: ignore[return-value]  # noqa: PLE0307 - the mistake is the point

    def __repr__(self) -> str:
        return None  # type: ignore[return-value]


class BadMapping(Mapping[str, int]):
    def __getitem__(self, key: str) -> int:
        raise RuntimeError("no item")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no keys")

    def __len__(self) -> int:
        return 1


class BadKey:
    def __hash__(self) -> int:
        return 1

    def __str__(self) -> str:
        raise ValueError("no key")

    __repr__ = __str__


class Says:
    """Logs itself while it is being logged."""

    def __init__(self, log: yarder.Logger, depth: int = 1):
        self.log, self.depth = log, depth

    def __str__(self) -> str:
        if self.depth:
            self.depth -= 1
            self.log.info("inner %s", self, inner=True)
        return "said"

    __repr__ = __str__


HOSTILE = [Raises, RaisesSilently, Recurses, NotText, BadMapping]


@pytest.mark.parametrize("make", HOSTILE)
@pytest.mark.parametrize("form", ["%s", "%r", "field", "nested", "message", "bound", "context"])
def test_methods_that_fail(log_file: Path, make: Any, form: str) -> None:
    """The call returns None, the record is there, and its neighbours are untouched."""
    value = make()
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        log.info("before")
        if form in ("%s", "%r"):
            assert log.info({"%s": "it is %s", "%r": "it is %r"}[form], value) is None
        elif form == "field":
            log.info("it is", value=value)
        elif form == "nested":
            log.info("it is", value={"list": [value, 1]})
        elif form == "bound":
            log.bind(value=value).info("it is")
        elif form == "context":
            with yarder.context(value=value):
                log.info("it is")
        else:
            log.info(value)
        log.info("after")
    before, record, after = read(log_file)
    assert (before["message"], after["message"]) == ("before", "after")
    if form != "message":
        assert record["message"].startswith("it is")
    account([before, record, after])


def test_keys_that_fail(log_file: Path) -> None:
    """A key without a text, a key that is no text, and field names that are odd do not break the record."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        log.info("one", value={BadKey(): 1, "good": 2})
        log.info("two", fields={"": 1, "a b": 2, "\ud800": 3, "\n": 4, "k" * 70_000: 5})
        log.info("three", fields=[("no", "mapping")])  # type: ignore[arg-type]
        log.info("four", extra=7)  # type: ignore[arg-type]
        log.info("five", fields={1: "one", None: "none"})  # type: ignore[dict-item]
    records = read(log_file)
    assert [record["message"] for record in records] == ["one", "two", "three", "four", "five"]
    assert records[0]["fields"]["value"]["good"] == 2
    assert {"": 1, "a b": 2, "\n": 4}.items() <= records[1]["fields"].items()


@pytest.mark.parametrize("form", ["%s", "%r", "field"])
def test_a_value_that_logs(log_file: Path, form: str) -> None:
    """What `__str__` logs is written too, before the record that asked for the text."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        value = Says(log)
        log.info("outer", value=value) if form == "field" else log.info(
            "outer %r" if form == "%r" else "outer %s", value
        )
    records = read(log_file)
    assert [record["message"].split()[0] for record in records] == ["inner", "outer"]
    account(records)


def test_a_value_that_logs_itself_for_ever(log_file: Path) -> None:
    """Endless logging inside logging ends, and the caller goes on; what is not kept is counted."""
    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        log.info("first %s", Says(log, depth=10**9))
        log.info("last")
        pipeline.flush()
        counted = pipeline.stats().lost
    records = read(log_file)
    assert records[-1]["message"] == "last"
    assert any(record["message"].startswith("first") for record in records)
    account(records)
    assert sum(losses(records).values()) == counted


def test_a_value_that_fails_late(log_file: Path) -> None:
    """KeyboardInterrupt in a value's method is the program's own and is not swallowed for ever: logging goes on."""

    class Interrupts:
        def __str__(self) -> str:
            raise KeyboardInterrupt

    with yarder.Pipeline(app="web", backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()
        with contextlib.suppress(KeyboardInterrupt):
            log.info("it is %s", Interrupts())
        log.info("after")
    assert read(log_file)[-1]["message"] == "after"


def test_a_value_that_logs_while_the_ring_is_full(log_file: Path) -> None:
    """Full ring, a value that logs itself, and another thread that logs: nobody hangs, everything is accounted for."""
    with held_writer():
        pipeline = yarder.Pipeline(
            app="web", ring_slots=256, block_ms=20, max_record_bytes=4096, backends=[yarder.File(log_file)]
        )
        log = pipeline.logger()
        fill(pipeline)
        stop = threading.Event()

        def other() -> None:
            while not stop.is_set():
                log.info("other %s", Says(log))

        thread = threading.Thread(target=other)
        thread.start()
        for n in range(300):
            log.info("value %d %s %r", n, Says(log, 3), Raises())
        stop.set()
        thread.join()
    poll(lambda: pipeline.flush(1.0), "the ring to drain")
    log.info("last")
    pipeline.close()
    records = read(log_file)
    account(records)
    assert records[-1]["message"] == "last"
    assert sum(losses(records).values()) == pipeline.stats().lost > 0


def test_a_value_that_empties_the_ring(log_file: Path) -> None:
    """A value that flushes, reconfigures or logs more than a ring holds while its record is made does no harm."""
    with yarder.Pipeline(app="web", ring_slots=256, backends=[yarder.File(log_file)]) as pipeline:
        log = pipeline.logger()

        class Busy:
            def __str__(self) -> str:
                for n in range(1000):
                    log.info("many %d", n)
                pipeline.flush()
                pipeline.configure(app="web", ring_slots=512, backends=[yarder.File(log_file)])
                log.info("new ring")
                return "busy"

        log.info("it is %s", Busy())
    messages = [record["message"] for record in told(read(log_file))]
    assert sorted(messages) == sorted([*(f"many {n}" for n in range(1000)), "new ring", "it is busy"])
