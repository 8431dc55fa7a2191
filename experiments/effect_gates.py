"""Gates beyond the design's: bias that negative controls show, and a gain too large to be believed."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.gate import Gate
from data_contracts.gate_marks import GateMarks
from data_contracts.policy_value import PolicyValue
from data_contracts.protocol import StudyProtocol
from data_contracts.systematic_error import SystematicError
from estimators.learn import Learned
from estimators.negative_controls import MINIMUM_CONTROLS
from estimators.trial_prior import outcome_spread


def effect_gates(learned: Learned, protocol: StudyProtocol) -> tuple[Gate, ...]:
    """The gates that effects are judged by once they have been computed."""
    return (plausible_gain_gate(learned.value, learned.scored, protocol.gates),)


def negative_control_gate(errors: tuple[SystematicError, ...], named: int, marks: GateMarks) -> Gate:
    """The arm whose systematic error is largest beyond chance; fewer than ten controls say too little.

    Args:
        errors: of each arm but the reference; empty if there were too few controls.
        named: how many controls the protocol names.
        marks: the study's.
    """
    name, mark = "negative_controls", f"at most {marks.max_systematic_error} standard deviations beyond chance"
    if not errors:
        told = f"The protocol names {named or 'no'} negative controls; {MINIMUM_CONTROLS} are needed."
        return Gate.not_assessed(name, mark, told)
    worst = max(errors, key=lambda error: error.beyond_chance)
    return Gate(
        name=name,
        value=worst.beyond_chance,
        lower=worst.expected - worst.chance,
        upper=worst.expected + worst.chance,
        mark=mark,
        state="passed" if worst.beyond_chance <= marks.max_systematic_error else "failed",
        sentence=(
            f"By {named} outcomes that no arm can have changed, {worst.arm} has an expected absolute systematic error "
            f"of {worst.expected:.2f} SD, of which chance explains {worst.chance:.2f}."
        ),
    )


def plausible_gain_gate(value: PolicyValue | None, data: ScoredEpisodes, marks: GateMarks) -> Gate:
    """A gain of individual advice beyond what trials lead anyone to expect is taken for an error until explained."""
    answers = np.unique(data.outcome[~np.isnan(data.outcome)])
    yes_no = len(answers) == 2 and 0 in answers and np.abs(answers).sum() == 1
    sd = 1.0 if yes_no else outcome_spread(data.outcome, data.arm).sd
    largest = marks.max_gain_yes_no if yes_no else marks.max_gain
    name, unit = "plausible_gain", "of all patients" if yes_no else "standard deviations"
    mark = f"at most {largest} {unit} over the best single arm, unless explained by a waiver"
    if value is None:
        told = "Too few patients have a supported arm to tell what the advice would gain."
        return Gate.not_assessed(name, mark, told)
    gain = value.best_single.difference / sd
    return Gate(
        name=name,
        value=gain,
        lower=value.best_single.lower / sd,
        upper=value.best_single.upper / sd,
        mark=mark,
        state="passed" if gain <= largest else "failed",
        sentence=f"The advice gains {gain:.2f} {unit} over the best single arm for everyone.",
    )
