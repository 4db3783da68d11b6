"""LangGraph's own tests of a saver, on every engine; see also `cargo xtask frameworks`."""

import pytest
from conformance import TESTS, run_conformance


@pytest.mark.parametrize("form", ["async", "sync"])
def test_saver_conforms_to_langgraph(database, form):
    assert run_conformance(database.url, form) == (TESTS, [])
