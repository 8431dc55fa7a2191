"""Gates on planted designs: each fails and passes where it must, and a waiver turns no failure into a pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data_contracts.gate import Gate, Waiver, in_state
from data_contracts.protocol import GateMarks
from estimators.balance import Balance
from experiments.diagnostics import Diagnostics
from experiments.gates import blinded_gates, with_waivers
from experiments.individual_gates import individual_gates

MARKS = GateMarks()

GOOD = Diagnostics(
    log_loss=1.0,
    marginal_entropy=1.05,
    calibration_error=0.02,
    calibration_chance=0.02,
    balance=Balance(("age",), *(np.array([value]) for value in (0.4, 0.05, 0.06, -0.01))),
    equipoise={("usual_care", "cbt"): 0.6, ("usual_care", "ssri"): 0.4},
    support=np.ones(3),
    supported=np.ones(3),
    effective=np.full(3, 300.0),
    clipped=0.0,
)

PLANTED = {
    "propensity_log_loss": {"log_loss": 1.2},
    "propensity_calibration": {"calibration_error": 0.09},
    "balance": {"balance": Balance(("age",), *(np.array([value]) for value in (0.4, 0.3, 0.06, 0.24)))},
    "equipoise": {"equipoise": {("usual_care", "cbt"): 0.6, ("usual_care", "ssri"): 0.1}},
}


def test_a_sound_design_passes_every_gate_of_the_design() -> None:
    """Nothing is beyond its mark, so nothing fails."""
    gates = blinded_gates(GOOD, MARKS)
    assert in_state(gates, "passed") == tuple(PLANTED)


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found_by_its_gate_alone(name: str) -> None:
    """One fault, one failed gate, of that name."""
    assert in_state(blinded_gates(replace(GOOD, **PLANTED[name]), MARKS), "failed") == (name,)


@pytest.mark.parametrize("name", PLANTED)
def test_a_waiver_is_kept_and_turns_no_failure_into_a_pass(name: str) -> None:
    """The failed gate is waived with who and why; the waiver of a gate that held leaves it passed."""
    waiver = Waiver(gate=name, by="W. Aiver", why="known and small")  # type: ignore[arg-type]
    for found, state in ((replace(GOOD, **PLANTED[name]), "waived"), (GOOD, "passed")):
        gates = {gate.name: gate for gate in with_waivers(blinded_gates(found, MARKS), [waiver])}
        assert (gates[name].state, gates[name].waiver) == (state, waiver)
        assert all(gate.waiver is None for gate in gates.values() if gate.name != name)


def calibration(result: Any, varies: bool, slope: float | None) -> Gate:
    """The calibration gate of a study in which the first arm's effect varies or not."""
    first, *rest = result.learned.individualisation
    others = [decision.model_copy(update={"individualised": False}) for decision in rest]
    decisions = (first.model_copy(update={"individualised": varies}), *others)
    learned = replace(result.learned, individualisation=decisions, held_out_slope=slope)
    return individual_gates(learned, MARKS)[0]


def test_calibration_is_earned_not_earned_or_not_assessed_and_never_failed(result: Any) -> None:
    """An effect that varies has earned it; predictions that did not come true have not; none is nothing to assess."""
    assert calibration(result, True, 0.9).state == "passed"
    assert calibration(result, False, 0.2).state == "unearned"
    assert calibration(result, False, None).state == "not_assessed"
