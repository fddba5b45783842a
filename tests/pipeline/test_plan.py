"""Plans are JSON, written by hand because `json` is slow to import: any reader must get back what was meant."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from yarder.route.plan import dumps

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(VALUES)
def test_json_reads_it_back(value: Any) -> None:
    """Whatever a plan may hold comes back equal, and the text is ASCII."""
    text = dumps(value)
    assert text.isascii()
    assert json.loads(text) == value
