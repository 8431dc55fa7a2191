"""Gates that only earn individual advice: where one is not earned, averages are served and the study goes on."""

from __future__ import annotations

from data_contracts.gate import Gate, GateState
from data_contracts.protocol import GateMarks
from estimators.learn import Learned


def individual_gates(learned: Learned, marks: GateMarks) -> tuple[Gate, ...]:
    """Whether effects may vary with the patient, as held-out data say."""
    return (_calibration(learned, marks),)


def _calibration(learned: Learned, marks: GateMarks) -> Gate:
    """The slope is that over all arms together; what each arm did with it stands with its decision."""
    varying = [decision.arm for decision in learned.individualisation if decision.individualised]
    state: GateState = "passed" if varying else "not_assessed" if learned.held_out_slope is None else "unearned"
    told = {
        "passed": f"Effects vary with the patient for {', '.join(varying)}.",
        "unearned": "No arm's predicted effects came true well enough on patients not seen: averages are served.",
        "not_assessed": "No model predicts effects that differ between patients: averages are served.",
    }
    return Gate(
        name="effect_calibration",
        value=learned.held_out_slope,
        mark=f"held-out slope at least {marks.min_slope}, above 0 with confidence {marks.slope_confidence:g}",
        state=state,
        sentence=told[state],
    )
