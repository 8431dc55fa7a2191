"""Gates beyond the design's: bias that negative controls show, and a gain too large to be believed."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import ScoredEpisodes
from data_contracts.gate import Gate, at_most
from data_contracts.gate_marks import GateMarks
from data_contracts.policy_value import Comparison, PolicyValue
from data_contracts.protocol import StudyProtocol
from data_contracts.systematic_error import SystematicError
from estimators.learn import Learned
from estimators.negative_controls import MINIMUM_CONTROLS
from estimators.trial_prior import outcome_spread


def effect_gates(learned: Learned, protocol: StudyProtocol) -> tuple[Gate, ...]:
    """The gates that effects are judged by once they have been computed."""
    return (plausible_gain_gate(learned.value, learned.scored, protocol.gates, learned.remission_gain),)


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
        asked=at_most(marks.max_systematic_error),
        lower=worst.expected - worst.chance,
        upper=worst.expected + worst.chance,
        mark=mark,
        state="passed" if worst.beyond_chance <= marks.max_systematic_error else "failed",
        sentence=(
            f"By {named} outcomes that no arm can have changed, {worst.arm} has an expected absolute systematic error "
            f"of {worst.expected:.2f} SD, of which chance explains {worst.chance:.2f}."
        ),
    )


def plausible_gain_gate(
    value: PolicyValue | None, data: ScoredEpisodes, marks: GateMarks, remission: Comparison | None = None
) -> Gate:
    """A gain of individual advice beyond what trials lead anyone to expect is taken for an error until explained.

    Judged by the estimate itself: a gain that only may be too large has to be explained as well (decision 36).

    Args:
        value: of the advice, by the primary outcome.
        data: the primary outcome's episodes.
        marks: the study's.
        remission: the advice against the best single arm by remission, where the study derives it.
    """
    answers = np.unique(data.outcome[~np.isnan(data.outcome)])
    yes_no = len(answers) == 2 and 0 in answers and np.abs(answers).sum() == 1
    of_all, of_sd = (marks.max_gain_yes_no, "of all patients"), (marks.max_gain, "standard deviations")
    largest, unit = of_all if yes_no else of_sd
    name, also = "plausible_gain", f", and {of_all[0]} of all patients in remission" if remission else ""
    mark = f"at most {largest} {unit} over the best single arm{also}, unless explained by a waiver"
    if value is None:
        told = "Too few patients have a supported arm to tell what the advice would gain."
        return Gate.not_assessed(name, mark, told)
    sd = 1.0 if yes_no else outcome_spread(data.outcome, data.arm).sd
    gain = value.best_single.difference / sd
    judged = [(gain / largest, value.best_single, sd)]
    sentence = f"The advice gains {gain:.2f} {unit} over the best single arm for everyone"
    if remission:
        judged.append((remission.difference / of_all[0], remission, 1.0))
        sentence += f", and brings {100 * remission.difference:.1f} more of 100 patients to remission"
    of_mark, worst, scale = max(judged, key=lambda one: one[0])
    return Gate(
        name=name,
        value=worst.difference / scale,
        lower=worst.lower / scale,
        upper=worst.upper / scale,
        asked=at_most(largest if worst is value.best_single else of_all[0]),
        mark=mark,
        state="passed" if of_mark <= 1 else "failed",
        sentence=f"{sentence}.{_beyond(of_mark, worst, scale)}",
    )


def _beyond(of_mark: float, gain: Comparison, scale: float) -> str:
    """Of a gain above its ceiling, whether chance alone could explain it."""
    if of_mark <= 1:
        return ""
    ceiling = gain.difference / scale / of_mark
    may = "may be chance" if gain.lower / scale <= ceiling else "is more than chance explains"
    return f" That is more than can be believed until somebody has explained it; by its interval the excess {may}."
