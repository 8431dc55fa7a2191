"""When a recommendation may be reviewed, released and decided on. `obstacles` answers, `check_*` raises.

    draft --review--> reviewed --release--> released

A decision may be written down once a clinician has reviewed the answer, released or not. Nothing is ever undone: who
was wrong asks for a new recommendation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from data_contracts.errors import BadInput, Problem, WrongState
from data_contracts.fact import Answer, Fact, UnreadableFact, load_facts, read_fact
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Reason, Recommendation
from engine.other_names import with_other_names
from service.event import Action, Choice, Decision, Event, FirstChoice, Relation, State
from service.override_reason import IN_WORDS, REASONS

SYMPTOMS = "phq9_total"
"""No answer holds longer than a symptom score does."""

BARRED = (Reason.SAFETY, Reason.EXCLUDED)
"""Why an arm is not for this patient now; every other reason only says that the records cannot tell."""

ASK_AGAIN = "Ask again with what is known now (POST /v1/recommendations)."
ORDER: dict[State, tuple[Action, ...]] = {
    "draft": ("review", "first_choice"),
    "reviewed": ("release", "decide"),
    "released": ("decide",),
}
"""What may be done in each state for the first time."""


def state_of(events: Sequence[Event]) -> State:
    """The state that the events led to."""
    done = {event.action for event in events}
    if "release" in done:
        return "released"
    return "reviewed" if "review" in done else "draft"


def holds_until(profile: PatientProfile, made: date) -> date:
    """The last day on which none of the safety answers behind a recommendation is too old.

    Args:
        profile: what was asked with.
        made: the day of the recommendation; an answer without a day of its own is taken to be of that day.
    """
    facts, values = load_facts(), with_other_names(profile.values)
    ends = [made + timedelta(days=facts[SYMPTOMS].valid_days)]
    for name in values.keys() & facts.keys():
        day = min(profile.as_of.get(name, made), made)  # 9999-12-31 stands for no day in many records
        end = day + timedelta(days=facts[name].valid_days)
        # What was too old already then counted as unknown and has not changed since.
        if _ages(facts[name], values[name]) and end >= made:
            ends.append(end)
    return min(ends)


def obstacles(answer: Recommendation, until: date, today: date) -> tuple[str, ...]:
    """What keeps an answer from the patient, whoever reviewed it; each with what to do."""
    found = []
    if answer.safety.level == "refused":
        found.append("A safety rule refused a ranking, so there is nothing to show a patient. See safety.findings.")
    elif all(one.reason in BARRED for one in answer.arms):
        found.append("Every therapy is ruled out, so there is nothing to choose from. See the arms' reasons.")
    elif any(one.reason is Reason.CONSENT for one in answer.arms):
        found.append("The patient's consent to decision support is not known. Ask for it, and ask again with it.")
    if answer.safety.awaiting_acknowledgement:
        told = "A safety assessment comes first. Make it, and ask again with the acknowledgement of who made it."
        found.append(told)
    if today > until:
        found.append(f"The answers behind it held until {until}. {ASK_AGAIN}")
    return tuple(found)


def withdrawn_text(at: datetime) -> str:
    """Why nothing more reaches a patient who withdrew from decision support then."""
    step = "If they consent again, write it down first (POST /v1/consents)."
    return f"The patient withdrew from decision support on {at:%Y-%m-%d}. {step}"


def check_order(action: Action, events: Sequence[Event]) -> None:
    """Refuse what may not be done in the present state.

    Raises:
        WrongState: with what to do first.
    """
    if action not in ORDER[state_of(events)]:
        raise WrongState("No named clinician has reviewed this recommendation. POST to its /review first.")


def check_repeat(event: Event, earlier: Event) -> None:
    """Let the same thing pass a second time, and nothing else under its name.

    Raises:
        WrongState: something else was written down before.
    """
    if not event.same_as(earlier):
        told = f"Another {event.action} was written down on {earlier.at:%Y-%m-%d %H:%M} UTC and stays."
        raise WrongState(f"{told} GET /history tells what it says. {ASK_AGAIN}")


def check_release(found: Sequence[str]) -> None:
    """Refuse to release what must not reach a patient.

    Args:
        found: what keeps it from the patient.

    Raises:
        WrongState: every obstacle is told.
    """
    if found:
        raise WrongState(" ".join(found))


def decision_of(choice: Choice, answer: Recommendation) -> Decision:
    """The choice beside the answer.

    Raises:
        BadInput: no such arm, or the reason for an override is missing or out of place.
    """
    _check_arm(choice.arm, answer)
    relation = relation_of(choice.arm, answer)
    if problems := list(_override_problems(choice, relation)):
        raise BadInput(problems)
    return Decision(
        arm=choice.arm,
        reason=choice.reason,
        override_code=choice.override_code,
        override_reason=choice.override_reason,
        relation=relation,
    )


def first_choice_of(choice: FirstChoice, answer: Recommendation) -> Decision:
    """What a clinician would choose, beside the answer that they have not seen.

    Raises:
        BadInput: no such arm.
    """
    _check_arm(choice.arm, answer)
    relation = relation_of(choice.arm, answer)
    return Decision(arm=choice.arm, reason=choice.reason, override_reason=None, relation=relation)


def _check_arm(arm: str | None, answer: Recommendation) -> None:
    known = sorted(advice.arm for advice in answer.arms)
    if arm is not None and arm not in known:
        step = f"Known: {', '.join(known)}; null is none of these."
        raise BadInput([Problem("arm", "an arm of the recommendation, or null", "another name", step)])


def _override_problems(choice: Choice, relation: Relation) -> Iterator[Problem]:
    """What is wrong with the reasons for an override."""
    if relation != "overrides":
        step = "Leave it out; the reason of the choice is `reason`."
        for name in ("override_code", "override_reason"):
            if getattr(choice, name) is not None:
                yield Problem(name, "none, as this choice overrides nothing", "one", step)
    elif choice.override_code is None:
        step = f"Add one of: {', '.join(REASONS)}."
        yield Problem("override_code", "why the choice is not as advised", "none", step)
    elif choice.override_code == IN_WORDS and choice.override_reason is None:
        yield Problem("override_reason", f"words with the code {IN_WORDS}", "none", "Add them.")


def relation_of(arm: str | None, answer: Recommendation) -> Relation:
    """Whether a choice follows the answer: any arm of the top set does, as the records cannot tell them apart.

    An arm that a safety rule removes or that was excluded is an override even where nothing is ranked.
    """
    advised = {answer.recommended, *answer.tied_with} - {None}
    barred = {one.arm for one in answer.arms if one.reason in BARRED}
    if arm in advised:
        return "follows"
    return "overrides" if advised or arm in barred else "no_ranking"


def _ages(fact: Fact, value: object) -> bool:
    try:
        reading = read_fact(fact.name, value)
    except UnreadableFact:  # no rule reads it, or it would not have been answered
        return False
    return reading is not Answer.UNKNOWN and not (fact.lasting and reading is Answer.YES)
