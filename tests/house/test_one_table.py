"""One table per fact: what is said twice, in two files or two languages, is compared here."""

from __future__ import annotations

import dataclasses
import re

from tests.helpers import ROOT
from yarder import _core, meters
from yarder import typing as types
from yarder.backends import KINDS
from yarder.config.table import OPTIONS, OVERFLOW
from yarder.meters import BACKEND_METERS, METERS, BackendStats, Stats

SPECS = ROOT / "docs" / "specs"


def test_options_have_their_types() -> None:
    """The keywords that type checkers know are the rows of the table, in their order."""
    assert list(types.Options.__annotations__) == [option.name for option in OPTIONS]


def test_every_option_says_what_it_does() -> None:
    """Each row has a help text that ends; each variable is named after its option."""
    for option in OPTIONS:
        assert option.help.endswith(".")
        assert option.env in ("", f"YARDER_{option.name.upper()}")


def test_options_of_backends_are_slots_and_arguments() -> None:
    """A backend's `DEFAULTS`, slots and constructor name the same options with the same defaults."""
    for cls in KINDS.values():
        assert sorted(cls.DEFAULTS) == sorted(cls.__slots__)
        defaults = {**dict.fromkeys(("name", "level", "facilities")), **cls.DEFAULTS}
        parameters = dict(cls.__init__.__kwdefaults__ or {})
        assert {name: defaults[name] for name in parameters} == parameters


def test_meters_are_the_attributes_of_stats() -> None:
    """The table has a row for each attribute, in the same order."""
    assert [row.name for row in METERS] == [field.name for field in dataclasses.fields(Stats)]
    assert [row.name for row in BACKEND_METERS] == [field.name for field in dataclasses.fields(BackendStats)]
    assert meters.Stats.read({}) == Stats()


def test_sizes_equal_the_specs() -> None:
    """The bytes of a slot and of a record's head are those of the specs."""
    assert _core.SLOT_BYTES == 256
    assert _core.RECORD_HEAD_BYTES == 48
    assert "slot bytes u32 = 256" in (SPECS / "ring.md").read_text(encoding="utf-8")
    assert "one head of 48 bytes" in (SPECS / "record.md").read_text(encoding="utf-8")


def test_reasons_equal_the_spec() -> None:
    """Loss reasons have the same numbers in native code and in the spec."""
    found = re.search(r"^Reasons by index: (.+)\.$", (SPECS / "ring.md").read_text(encoding="utf-8"), re.M)
    assert found is not None
    assert found[1].split(", ") == [f"{number} {name}" for number, name in enumerate(_core.LOSS_REASONS)]


def test_policies_are_numbered_as_in_the_ring() -> None:
    """The order of `overflow` is the number that native code is told (layout.rs)."""
    text = (ROOT / "crates" / "yarder-ring" / "src" / "layout.rs").read_text(encoding="utf-8")
    numbered = {
        name.lower(): int(n) for name, n in re.findall(r"^\s*(Block|DropNewest|OverwriteOldest) = (\d)", text, re.M)
    }
    named = {name.replace("_", ""): n for n, name in enumerate(OVERFLOW)}
    assert numbered == named


def test_versions_agree() -> None:
    """The native module was built from this tree."""
    text = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    found = re.search(r'^version = "([^"]+)"', text, re.M)
    assert found is not None
    assert found[1] == _core.VERSION
