"""Answers that cannot all be so: the file, and what it reads as yes, no and male."""

from __future__ import annotations

from typing import Any

import pytest

from data_contracts.contradiction import Contradiction, load_contradictions
from data_contracts.errors import BadInput
from data_contracts.protocol_file import parse_document

BY_ID = {one.id: one for one in load_contradictions()}
GOOD: dict[str, Any] = {
    "id": "DATA-PREG-09", "values": {"pregnant": ["yes"], "sex": ["male"]}, "sentence": "Both.", "check": "Check.",
}  # fmt: skip


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        ({"pregnant": "yes", "sex": "male"}, True),
        ({"pregnant": True, "sex": " M "}, True),
        ({"pregnant": 1.0, "sex": "Male"}, True),
        ({"pregnant": "yes", "sex": "female"}, False),
        ({"pregnant": "no", "sex": "male"}, False),
        ({"pregnant": None, "sex": "male"}, False),
        ({"pregnant": "yes"}, False),
        ({"pregnant": "perhaps", "sex": "male"}, False),
    ],
)
def test_pregnant_and_male(values: dict[str, Any], holds: bool) -> None:
    """However it is written; what is unknown, or told as an error elsewhere, contradicts nothing."""
    assert BY_ID["DATA-PREG-01"].holds(values) is holds


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"values": {"pregnant": ["yes"]}}, "values"),
        ({"values": {"pregnant": ["perhaps"], "sex": ["male"]}}, "a safety fact is yes or no"),
        ({"values": {"pregnant": [], "sex": ["male"]}}, "words that pregnant can be"),
        ({"id": "PREG-01"}, "id"),
        ({"colour": "red"}, "known key"),
    ],
    ids=str,
)
def test_a_contradiction_that_cannot_occur_is_not_read(change: dict[str, Any], told: str) -> None:
    """Each fault is told by file and key."""
    with pytest.raises(BadInput, match=told) as caught:
        parse_document(Contradiction, GOOD | change, where="contradictions.yaml")
    assert "contradictions.yaml" in str(caught.value)
