"""Gates that only earn individual advice: where one is not earned, averages are served and the study goes on."""

from __future__ import annotations

from data_contracts.gate import Gate, GateState, at_least
from data_contracts.policy_value import SURE, ProposedAdvice
from data_contracts.protocol import StudyProtocol
from estimators.learn import Learned


def individual_gates(learned: Learned, protocol: StudyProtocol) -> tuple[Gate, ...]:
    """Whether effects may vary with the patient, and whether advice that follows them earned its place."""
    came_true = any(decision.individualised or decision.withheld for decision in learned.individualisation)
    return (
        _calibration(learned, protocol),
        _gain(learned.proposed, came_true, protocol),
        _clinicians(learned.proposed, came_true, protocol),
    )


def _calibration(learned: Learned, protocol: StudyProtocol) -> Gate:
    """The slope is that over all arms together; what each arm did with it stands with its decision."""
    varying = [found.arm for found in learned.individualisation if found.individualised or found.withheld]
    marks = protocol.gates
    state: GateState = "passed" if varying else "not_assessed" if learned.held_out_slope is None else "unearned"
    told = {
        "passed": f"Effects that vary with the patient came true on patients not seen for {', '.join(varying)}.",
        "unearned": "No arm's predicted effects came true well enough on patients not seen: averages are served.",
        "not_assessed": "No model predicts effects that differ between patients: averages are served.",
    }
    return Gate(
        name="effect_calibration",
        value=learned.held_out_slope,
        asked=at_least(marks.min_slope),
        mark=f"held-out slope at least {marks.min_slope}, above 0 with confidence {marks.slope_confidence:g}",
        state=state,
        sentence=told[state],
    )


def _gain(proposed: ProposedAdvice | None, came_true: bool, protocol: StudyProtocol) -> Gate:
    name = "policy_value"
    mark = (
        f"{_bound(protocol)} of the gain over the best single arm above 0, and the gain by scores alone above 0; "
        f"or the slope of effects {SURE:g} standard errors above 0, the promised gain above 0 and the interval by "
        "scores not below 0"
    )
    if proposed is None:
        return Gate.not_assessed(name, mark, _nothing(came_true, protocol))
    told = proposed.promised or proposed.best_single
    came = f"gains {told.difference:.2f} {protocol.outcome.unit} over the best single arm for everyone"
    alone = f"by scores alone {proposed.best_single.difference:.2f}"
    rest = "" if proposed.shown else _not_shown(proposed)
    return Gate(
        name=name,
        value=proposed.gain_lower,
        asked=at_least(0),
        lower=told.lower,
        upper=told.upper,
        mark=mark,
        state="passed" if proposed.gains else "unearned",
        sentence=f"Individual advice {came}, at least {proposed.gain_lower:.2f}, and {alone}{rest}.",
    )


def _not_shown(proposed: ProposedAdvice) -> str:
    if proposed.sure:
        return f": effects that surely come true ({proposed.came_true:.1f} standard errors of their slope) promise it"
    return ": that is not shown to be a gain, and averages are served"


def _clinicians(proposed: ProposedAdvice | None, came_true: bool, protocol: StudyProtocol) -> Gate:
    share = protocol.gates.clinicians_margin
    name, mark = "clinicians_choice", f"{_bound(protocol)} of the gain over their choice above -{share:g} of the mcid"
    if proposed is None:
        return Gate.not_assessed(name, mark, _nothing(came_true, protocol))
    unit = protocol.outcome.unit
    came = (
        f"Against what clinicians chose, individual advice gains {proposed.clinicians.difference:.2f} {unit}, "
        f"at least {proposed.clinicians_lower:.2f}"
    )
    if proposed.margin is None:
        told = f"{came}; the protocol names no mcid to judge it by."
        return Gate(name=name, value=proposed.clinicians_lower, mark=mark, state="not_assessed", sentence=told)
    rest = "" if proposed.as_good_as_chosen else ": averages are served"
    return Gate(
        name=name,
        value=proposed.clinicians_lower,
        asked=at_least(-proposed.margin),
        lower=proposed.clinicians.lower,
        upper=proposed.clinicians.upper,
        mark=mark,
        state="passed" if proposed.as_good_as_chosen else "unearned",
        sentence=f"{came}; at worst {-proposed.margin:g} is let pass{rest}.",
    )


def _bound(protocol: StudyProtocol) -> str:
    confidence = protocol.gates.gain_confidence
    return "lower bound" if confidence is None else f"one-sided lower {100 * confidence:g} % bound"


def _nothing(came_true: bool, protocol: StudyProtocol) -> str:
    """Why there is no advice to judge."""
    if protocol.gates.gain_confidence is None:
        return "Not asked by the protocol: effects may vary though advice that follows them gains nothing."
    if came_true:
        return "Too few patients have a supported arm to tell what individual advice is worth: averages are served."
    return "No effect varies with the patient, so that there is no individual advice to judge."
