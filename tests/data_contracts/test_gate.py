"""Gates: five states that never pass for one another, and waivers that never go without a name and a reason."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from data_contracts.gate import Gate, GateState, Waiver, in_state, waivers_used

WAIVER = Waiver(gate="balance", by="A. Nalyst", why="sex is recorded in two ways")


def gate(state: GateState, waiver: Waiver | None = None) -> Gate:
    """A gate in a state."""
    return Gate(name=state, value=0.0, mark="m", state=state, sentence="s", waiver=waiver)


def test_a_state_is_counted_as_itself_alone() -> None:
    """What is waived, not earned or not assessed is among those passed or failed for nobody who counts."""
    gates = [gate(state, WAIVER if state == "waived" else None) for state in get_args(GateState)]
    for state in get_args(GateState):
        assert in_state(gates, state) == (state,)


def test_only_a_needed_waiver_counts_as_used() -> None:
    """A waiver of a gate that held stands beside it and is no promoter's concern."""
    assert waivers_used([gate("passed", WAIVER), gate("failed")]) == ()
    assert waivers_used([gate("waived", WAIVER)]) == (WAIVER,)


def test_nothing_is_waived_by_nobody() -> None:
    """A waived gate without a waiver is no gate."""
    with pytest.raises(ValidationError, match="who waived it"):
        gate("waived")


@pytest.mark.parametrize(
    "change",
    [{"by": " "}, {"why": ""}, {"gate": "effect_calibration"}, {"gate": "balanse"}, {"until": "2027"}],
    ids=["nobody", "no reason", "a gate that cannot fail", "no such gate", "unknown key"],
)
def test_a_waiver_names_a_gate_that_can_fail_a_person_and_a_reason(change: dict[str, str]) -> None:
    """Anything less is refused."""
    with pytest.raises(ValidationError):
        Waiver.model_validate(WAIVER.model_dump() | change)
