"""The target trial as it was specified and as the records emulate it, element by element, from the protocol alone."""

from __future__ import annotations

from typing import Any, TypedDict

from data_contracts.protocol import StudyProtocol
from data_contracts.target_trial import Measured, TargetTrial
from experiments.estimand import known, leaving, until
from experiments.report.wording import listed

OPEN = "Open: the table came ready made, so that this program does not know; the authors have to say."
"""What nobody but the authors can tell of a table with one row an episode."""


class Element(TypedDict):
    """One element of the trial; ``emulated`` is None where only the authors can tell."""

    element: str
    specified: str
    emulated: str | None


def target_trial_rows(protocol: StudyProtocol) -> list[Element]:
    """Eligibility, strategies, assignment, time zero, follow-up, outcomes, contrasts, assumptions and analysis."""
    trial = protocol.target_trial
    adjusted = listed(protocol.covariates)
    after = ", those after leaving the started therapy among them," if protocol.per_protocol else ""
    analysis = (
        f"Cross-fitted augmented inverse probability weighting in {protocol.folds} folds; outcomes not observed"
        f"{after} are weighted for, given {known(protocol)}."
    )
    return [
        _row("Eligibility", _eligibility(trial), _eligible_here(trial)),
        _row("Treatment strategies", _to_start(protocol), _strategies(protocol)),
        _row(
            "Assignment",
            "At random, known to patient and clinician.",
            f"By the records; taken as random given {adjusted}.",
        ),
        _row("Time zero", "The day of assignment.", _time_zero(trial)),
        _row("Follow-up", _follow_up(protocol), _followed_here(protocol)),
        _row("Outcomes", _outcomes(protocol), _measured_here(trial)),
        _row("Causal contrasts", _contrasts(protocol), f"The same, averaged over the {_population(trial)}."),
        _row(
            "Identifying assumptions",
            f"Randomisation; outcomes missing at random given {known(protocol)}.",
            "Nothing unrecorded drove both the choice of therapy and the outcome; every arm that is compared was a "
            f"real possibility; outcomes missing at random given {known(protocol)}"
            f"{'; ' + leaving(protocol) if protocol.per_protocol else ''}.",
        ),
        _row("Analysis", "The same, with the known probabilities of assignment.", analysis),
    ]


def _row(element: str, specified: str, emulated: str | None) -> Element:
    return {"element": element, "specified": specified, "emulated": emulated}


def _eligibility(trial: TargetTrial | None) -> str:
    if trial is None:
        return "Patients who might start any of the arms."
    conditions = "; ".join(criterion.text for criterion in trial.eligibility) or "no condition besides the washout"
    return f"{conditions}; none of the therapies in the {trial.time_zero.washout_days} days before."


def _eligible_here(trial: TargetTrial | None) -> str | None:
    if trial is None:
        return None
    period = [str(day) for day in (trial.time_zero.first_day, trial.time_zero.last_day) if day]
    enrolled = f" Enrolment {' to '.join(period)}." if period else ""
    return f"The same, by what was on record at time zero; what is not known does not meet a condition.{enrolled}"


def _strategies(protocol: StudyProtocol) -> str | None:
    trial = protocol.target_trial
    if trial is None:
        return None
    told = [f"{arm}: {listed(therapies)}" for arm, therapies in trial.strategies.items()]
    return f"{'; '.join(told)}. Started together are starts within {trial.time_zero.grace_days} days.{_left(protocol)}"


def _to_start(protocol: StudyProtocol) -> str:
    kept = f" and stay on it{until(protocol)}" if protocol.per_protocol else ""
    return f"Start {listed(protocol.arms.names, 'or')} at time zero{kept}."


def _left(protocol: StudyProtocol) -> str:
    """What counts as leaving the started therapy."""
    if protocol.target_trial is None or not protocol.per_protocol:
        return ""
    return (
        " A therapy is left by starting another arm's after that, or when a course ends, as planned or not, and none "
        f"follows within {protocol.target_trial.time_zero.grace_days} days; outcomes whose window begins later count "
        "as not observed."
    )


def _time_zero(trial: TargetTrial | None) -> str | None:
    if trial is None:
        return None
    return (
        f"The first start of a therapy of an arm after {trial.time_zero.washout_days} days on record without any; "
        "eligibility, assignment and the start of follow-up are this day."
    )


def _follow_up(protocol: StudyProtocol) -> str:
    trial = protocol.target_trial
    if trial is None:
        return f"From time zero until {protocol.outcome.column} is measured."
    return f"From time zero until {protocol.outcome.column} is due, {_due(trial.outcomes[protocol.outcome.column])}."


def _followed_here(protocol: StudyProtocol) -> str | None:
    lost = "Patients without an outcome stay in the study; those observed are weighted for them."
    if protocol.censoring is not None:
        visits = listed([f"{visit:g}" for visit in protocol.censoring.visits])
        return f"{lost} When they were last seen is known at visits {visits}."
    return lost


def _outcomes(protocol: StudyProtocol) -> str:
    told = [f"{one.column} ({one.unit}, {one.direction.replace('_', ' ')})" for one in protocol.outcomes]
    return f"Primary: {told[0]}." + (f" Secondary: {'; '.join(told[1:])}." if told[1:] else "")


def _measured_here(trial: TargetTrial | None) -> str | None:
    if trial is None:
        return None
    told = [f"{name}: {measured.measure}, {_due(measured)}" for name, measured in trial.outcomes.items()]
    return "; ".join(told) + ". Of several the nearest, of two equally near the later."


def _due(measured: Measured) -> str:
    return f"{measured.at_weeks:g} weeks after time zero ± {measured.window_weeks:g}"


def _contrasts(protocol: StudyProtocol) -> str:
    stayed = "of starting, while staying on the started therapy (per-protocol),"
    what = stayed if protocol.per_protocol else "of starting (whatever was done or stopped afterwards)"
    return f"Mean differences {what} every arm rather than every other, {protocol.arms.reference} the reference."


def _population(trial: TargetTrial | None) -> str:
    return "study's patients" if trial is None else "eligible patients"


def open_elements(rows: list[Element]) -> list[str]:
    """Elements that only the authors can tell."""
    return [row["element"] for row in rows if row["emulated"] is None]


def told(rows: list[Element], element: str) -> Any:
    """One element's row."""
    return next(row for row in rows if row["element"] == element)
