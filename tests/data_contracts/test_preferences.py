"""Weights as they are given: what is refused, and how."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from data_contracts.preferences import SIDE_EFFECT_KINDS, Preferences


def test_a_key_left_out_has_no_weight() -> None:
    """Only weights above 0 are weights; kinds of side effects are told by kind."""
    given = Preferences.model_validate({"symptom_relief": 2, "time": 0, "side_effects": {"nausea": 0.5, "sexual": 0}})
    assert given.weights == {"symptom_relief": 2.0, "side_effects.nausea": 0.5}


@pytest.mark.parametrize(
    ("content", "places"),
    [
        ({"symptom_relief": -1}, [("symptom_relief",)]),
        ({"symptom_relief": None, "time": -2}, [("symptom_relief",), ("time",)]),
        ({"symptom_relief": 1, "side_effects": {"nausea": -1}}, [("side_effects", "nausea")]),
        ({"symptom_relief": 1, "side_effects": {"nausea": None}}, [("side_effects", "nausea")]),
        ({"symptom_relief": "1"}, [("symptom_relief",)]),
        ({"symptom_relief": True}, [("symptom_relief",)]),
        ({"symptom_relief": float("nan")}, [("symptom_relief",)]),
        ({"symptom_relief": 0.0001}, [("symptom_relief",)]),
        ({"symptom_relief": 1001}, [("symptom_relief",)]),
        ({"symptom_releif": 1}, [("symptom_releif",)]),
        ({}, [()]),
        ({"symptom_relief": 0, "side_effects": {"nausea": 0}}, [()]),
        ({"medication": 1, "no_medication": 1}, [()]),
    ],
)
def test_what_is_no_weight_is_an_error_that_names_it(content: dict[str, Any], places: list[tuple[str, ...]]) -> None:
    """Negative, missing, too small to mean anything, not a number, all zero, contradicting: each at its place."""
    with pytest.raises(ValidationError) as caught:
        Preferences.model_validate(content)
    assert [error["loc"] for error in caught.value.errors()] == places


@pytest.mark.parametrize("kind", SIDE_EFFECT_KINDS)
def test_every_usual_kind_can_be_weighed(kind: str) -> None:
    """The list of kinds is of names that a profile may hold."""
    assert Preferences(side_effects={kind: 1.0}).weights == {f"side_effects.{kind}": 1.0}
