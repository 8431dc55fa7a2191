"""What is wrong between the parts of a target trial, and between it and the rest of its protocol.

The three errors that most often make such a study wrong are told by their names: immortal time, prevalent users, and
adjustment for what came after treatment.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence

from data_contracts.target_trial import TAKEN, ControlOutcome, KnownAtTimeZero, Measured, TargetTrial

LONGEST_GRACE_DAYS = 28
"""Within the grace period a patient has to live and stay to be counted in a combination's arm; so it is kept short."""

TAKEN_NAMES = frozenset(
    {"patient_id", "arm", "time_zero", "birth_date", "observed_from", "washed_out", "long_known", "last_seen"}
)
"""Names that the cohort's builder uses itself."""

IMMORTAL = "immortal time"
PREVALENT = "prevalent users"
POST_TREATMENT = "adjustment for what came after treatment"


def target_trial_problems(
    trial: TargetTrial,
    arms: Collection[str],
    known: Collection[str],
    outcomes: Collection[str],
    controls: Collection[str],
) -> list[str]:
    """Every problem, each as one sentence without its full stop.

    Args:
        trial: the block.
        arms: names of the protocol's arms.
        known: columns of the protocol that have to be known at time zero.
        outcomes: columns of its recorded outcomes.
        controls: columns of its negative controls.
    """
    problems = [*_strategy_problems(trial, arms), *_time_problems(trial)]
    for name, column in trial.covariates.items():
        problems += _covariate_problems(name, column)
    for name, outcome in trial.outcomes.items():
        problems += _window_problems(name, outcome, trial.time_zero.grace_days)
    for name, control in trial.controls.items():
        problems += _control_problems(name, control, trial.time_zero.grace_days)
    problems += _column_problems(trial, known, outcomes, controls)
    return [f"target_trial: {problem}" for problem in problems]


def visit_problems(
    trial: TargetTrial, primary: str, last_visit: str, visits: Sequence[float], keys: Collection[str]
) -> Iterator[str]:
    """What keeps the last visit from being made of the events, each as one sentence without its full stop.

    Args:
        trial: the block.
        primary: column of the primary outcome.
        last_visit: the column to be made.
        visits: when visits were due, in order.
        keys: columns of patient, arm and time zero.
    """
    if last_visit in {*keys, *trial.covariates, *trial.outcomes, *trial.controls, *TAKEN_NAMES}:
        yield f"target_trial: the last visit is made of the records and needs a name of its own, not {last_visit}"
    if visits[0] <= 0:
        yield "target_trial: visits of censoring are weeks after time zero, so that the first is above 0"
    measured = trial.outcomes.get(primary)
    if measured is not None and visits[-1] != measured.at_weeks:
        yield (
            f"target_trial: the last visit of censoring is when {primary} is due, {measured.at_weeks:g} weeks after "
            f"time zero, not {visits[-1]:g}"
        )


def _strategy_problems(trial: TargetTrial, arms: Collection[str]) -> Iterator[str]:
    if missing := [arm for arm in arms if arm not in trial.strategies]:
        yield (
            f"{IMMORTAL}: each arm, also care as usual, needs a therapy whose start is on record, or its patients "
            f"have no time zero; strategies leaves out {', '.join(missing)}"
        )
    if strangers := sorted(set(trial.strategies) - set(arms)):
        yield f"strategies names arms that are not compared: {', '.join(strangers)}"
    by_set = defaultdict(list)
    for arm, started in trial.strategies.items():
        by_set[frozenset(started)].append(arm)
    for names in by_set.values():
        if len(names) > 1:
            yield f"these arms start the same therapies and cannot be told apart: {', '.join(names)}"
    if empty := [arm for arm, started in trial.strategies.items() if not started]:
        yield f"these arms start nothing: {', '.join(empty)}"
    codes = Counter(code for therapy in trial.kinds for code in set(trial.codes(therapy)))
    if shared := sorted(code for code, count in codes.items() if count > 1):
        yield f"therapies names these for two therapies: {', '.join(shared)}"


def _time_problems(trial: TargetTrial) -> Iterator[str]:
    if trial.time_zero.washout_days < 1:
        yield f"{PREVALENT}: washout_days has to be at least 1, or patients already in treatment count as starting it"
    if not 0 <= trial.time_zero.grace_days <= LONGEST_GRACE_DAYS:
        yield f"{IMMORTAL}: grace_days is from 0 to {LONGEST_GRACE_DAYS}, the days in which no outcome could count"

    first, last = trial.time_zero.first_day, trial.time_zero.last_day
    if first is not None and last is not None and last < first:
        yield "enrolment ends (last_day) before it begins (first_day)"


def _covariate_problems(name: str, column: KnownAtTimeZero) -> Iterator[str]:
    if column.taken not in TAKEN[column.table]:
        yield f"{name}: from {column.table} one can take {', '.join(TAKEN[column.table])}"
    if column.table == "patients":
        if (column.from_day, column.to_day) != (None, None):
            yield f"{name}: what stands in patients has no date, so from_day and to_day mean nothing"
        if len(column.of) > (0 if column.taken == "age" else 1):
            yield f"{name}: of names one column of patients; age is made of birth_date and needs none"
        return
    if not column.of:
        yield f"{name}: of says which {column.table} are meant"
    if column.taken == "last" and len(column.of) > 1:
        yield f"{name}: the last value is that of one measure"
    if column.from_day is None:
        yield f"{name}: from_day says how far back to look, for example -30"
    first, last = column.window
    if last > column.latest:
        until = "the day of time zero" if column.latest == 0 else "the day before time zero"
        yield f"{POST_TREATMENT}: the window of {name} ends on day {last}, and has to end by {until}"
    if first > last:
        yield f"{name}: the window ends on day {last}, before it begins on day {first}"


def _window_problems(name: str, outcome: Measured, grace_days: int) -> Iterator[str]:
    first = outcome.window[0]
    if first <= max(grace_days, 0):
        what = "time zero" if grace_days <= 0 else f"the {grace_days} days of grace, in which the arm is not settled"
        yield f"{IMMORTAL}: the window of {name} begins on day {first}, and has to begin after {what}"


def _control_problems(name: str, control: ControlOutcome, grace_days: int) -> Iterator[str]:
    first, last = control.window
    if first > last:
        yield f"{name}: the window ends on day {last}, before it begins on day {first}"
    elif first <= max(grace_days, 0) and last >= 0:
        yield (
            f"the window of the negative control {name} is from day {first} to day {last}, and has to end before time "
            f"zero or begin after the {max(grace_days, 0)} days of grace, in which the arm is not settled"
        )
    if control.taken not in TAKEN[control.table]:
        yield f"{name}: from {control.table} one can take any or count"
    if control.taken == "last" and len(control.of) > 1:
        yield f"{name}: the last value is that of one measure"


def _column_problems(
    trial: TargetTrial, known: Collection[str], outcomes: Collection[str], controls: Collection[str]
) -> Iterator[str]:
    if missing := [name for name in known if name not in trial.covariates]:
        yield f"covariates does not say how these columns are made: {', '.join(missing)}"
    if late := sorted({criterion.field for criterion in trial.eligibility} - set(trial.covariates)):
        yield (
            f"{IMMORTAL}: eligibility is judged by what covariates knows at time zero, for what comes later would "
            f"choose patients by how they fared; not among them: {', '.join(late)}"
        )
    if missing := [name for name in outcomes if name not in trial.outcomes]:
        yield f"outcomes does not say how these columns are made: {', '.join(missing)}"
    if strangers := sorted(set(trial.outcomes) - set(outcomes)):
        yield f"outcomes names columns that are no outcome of the protocol: {', '.join(strangers)}"
    if missing := [name for name in controls if name not in trial.controls]:
        yield f"controls does not say how these negative controls are made: {', '.join(missing)}"
    if strangers := sorted(set(trial.controls) - set(controls)):
        yield f"controls names columns that are no negative control of the protocol: {', '.join(strangers)}"
    if own := sorted(TAKEN_NAMES & {*trial.covariates, *trial.outcomes, *trial.controls}):
        yield f"these names are the cohort's own; call the columns otherwise: {', '.join(own)}"
    if both := sorted(set(trial.outcomes) & set(trial.covariates)):
        yield f"{POST_TREATMENT}: both covariate and outcome: {', '.join(both)}"
