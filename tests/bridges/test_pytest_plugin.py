"""The pytest plug-in: the fixture `yarder_records`, and the log of a failed test in its report."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Callable

import pytest

from tests.helpers import ROOT

pytest_plugins = ["pytester"]

PLUGIN = "yarder.testing.pytest_plugin"

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a test file in a pytest of its own with the plug-in, whether it is installed or not."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nfilterwarnings = error\n")

    def run(code: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(code)
        return pytester.runpytest_subprocess("-p", PLUGIN, "-p", "no:cacheprovider", *arguments)

    return run


def test_the_entry_point_names_the_plugin() -> None:
    """pyproject.toml registers the module under the name that `-p no:yarder` takes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"yarder": PLUGIN}
    assert callable(importlib.import_module(PLUGIN).pytest_configure)


def test_it_is_there_when_installed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pytest finds it by its entry point alone; `-p no:yarder` leaves it out."""
    package = pytester.mkdir("yarder_entry-1.dist-info")
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: yarder-entry\nVersion: 1\n", encoding="utf-8")
    (package / "entry_points.txt").write_text(f"[pytest11]\nyarder = {PLUGIN}\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    pytester.makepyfile("def test_it(yarder_records): assert not yarder_records.has()")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    pytester.runpytest_subprocess("-p", "no:yarder").assert_outcomes(errors=1)


def test_the_fixture_finds_by_text_level_facility_and_fields(run: Run) -> None:
    """`has` is exact in level, facility and fields, and takes a part of the text; `find`, iteration and `len` agree."""
    run("""
        import yarder

        def test_it(yarder_records):
            log = yarder.get_logger("orders")
            yarder.configure(app="shop", backends=[])
            log.warning("order %s is late", "A-17", days=3, level="gold")
            log.info("sent")
            assert yarder_records.has("is late", level="warning", days=3)
            assert yarder_records.has("A-17", facility="orders", fields={"level": "gold"})
            assert yarder_records.has(level=yarder.Level.INFO)
            assert not yarder_records.has("is late", level="error")
            assert not yarder_records.has("is late", days=4)
            assert not yarder_records.has("is late", weeks=None)
            assert not yarder_records.has("early")
            assert [r.message for r in yarder_records] == ["order A-17 is late", "sent"]
            assert len(yarder_records) == 2
            assert yarder_records.find("sent")[0].level is yarder.Level.INFO
            yarder_records.clear()
            assert yarder_records and not len(yarder_records)
    """).assert_outcomes(passed=1)


def test_each_test_has_its_own_records_and_levels(run: Run) -> None:
    """Records and levels of one test are not seen in the next; without configuration and after shutdown it works too."""
    run("""
        import yarder

        log = yarder.get_logger("x")

        def test_first(yarder_records):
            yarder_records.set_level("debug", facility="x")
            log.debug("fine")
            assert yarder_records.has("fine", level="debug")

        def test_second(yarder_records):
            log.debug("too fine")
            log.info("second")
            assert [r.message for r in yarder_records] == ["second"]
            yarder.shutdown()
            assert yarder_records.has("second")

        def test_third(yarder_records):
            assert not yarder_records.has()
            yarder.configure(app="again", backends=[])
            log.info("third")
            assert yarder_records.has("third")
            yarder.configure(app="again", backends=[], level="error")
            log.error("fourth")
            assert len(yarder_records) == 2
    """).assert_outcomes(passed=3)


def test_a_failed_test_shows_its_log(run: Run) -> None:
    """The report of a failed test has its records with fields and stack traces, from its fixtures on; others have none."""
    result = run("""
        import pytest, yarder

        log = yarder.get_logger("orders")

        @pytest.fixture
        def prepared():
            yarder.configure(app="shop", backends=[])
            log.info("prepared")

        def test_good(prepared):
            log.info("unseen")

        def test_bad(prepared):
            try:
                1 / 0
            except ZeroDivisionError:
                log.exception("broken", order="A-17")
            assert False
    """)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*Captured yarder log call*",
            "* INFO shop/orders: prepared",
            "* ERROR shop/orders: broken order='A-17'",
            "  Traceback (most recent call last):",
            "  ZeroDivisionError: division by zero",
        ]
    )
    assert "unseen" not in result.stdout.str()


def test_each_phase_that_fails_shows_what_is_new(run: Run) -> None:
    """Setup, call and teardown that fail show what was logged in them; teardown repeats the call's, as pytest does."""
    result = run("""
        import pytest, yarder

        @pytest.fixture
        def bad_end():
            yarder.configure(app="shop", backends=[])
            yield
            yarder.get_logger().info("at the end")
            raise ValueError

        @pytest.fixture
        def bad_start():
            yarder.get_logger().info("at the start")
            raise ValueError

        def test_end(bad_end):
            yarder.get_logger().info("in the middle")
            assert False

        def test_start(bad_start):
            pass
    """)
    result.assert_outcomes(failed=1, errors=2)
    text = result.stdout.str()
    assert [text.count(f"INFO shop: {words}") for words in ("in the middle", "at the end", "at the start")] == [2, 1, 1]
    result.stdout.fnmatch_lines(["*Captured yarder log setup*", "* INFO shop: at the start"])


def test_the_report_can_be_left_alone(run: Run, pytester: pytest.Pytester) -> None:
    """With `yarder_report = false` a failed test's report has no log; the fixture works."""
    pytester.makeini("[pytest]\nyarder_report = false\n")
    result = run("""
        import yarder

        def test_bad(yarder_records):
            yarder.configure(app="shop", backends=[])
            yarder.get_logger().info("said")
            assert yarder_records.has("said")
            assert False
    """)
    result.assert_outcomes(failed=1)
    assert "yarder log" not in result.stdout.str()


def test_tests_that_do_not_log_start_nothing(run: Run) -> None:
    """A test that never logs finds no thread and no pipeline of yarder's."""
    run("""
        import threading, yarder

        def test_it(yarder_records):
            assert not yarder_records.has()
            assert threading.active_count() == 1
            assert yarder.stats().mode == "off"
    """).assert_outcomes(passed=1)


def test_escapes_in_messages_stay_inert(run: Run) -> None:
    """A message with escape sequences and newlines is one line of the report, without an escape character."""
    result = run(r"""
        import yarder

        def test_bad():
            yarder.configure(app="shop", backends=[])
            yarder.get_logger().info("a\x1b[31mred\nb")
            assert False
    """)
    result.stdout.fnmatch_lines([r"* INFO shop: a\x1b[[]31mred\nb"])
    assert "\x1b[31m" not in result.stdout.str().partition("yarder log")[2]
