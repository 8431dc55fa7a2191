"""Asks again with what is known now: answers to what was missing, weights, what was acknowledged meanwhile."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from uuid import UUID

from data_contracts.errors import BadInput, Problem
from data_contracts.fact import load_facts
from data_contracts.preferences import Preferences
from data_contracts.profile import PatientProfile, Value
from service.answering import keep, prepare
from service.audit.actor import Actor
from service.cds_hooks.acknowledging import with_acknowledged
from service.collaborators import Collaborators
from service.history_keeper import Kept
from service.pages.known import Question

ANSWER = "v."
"""In front of a value's name in a form."""

NUMBERS = ("number", "binary")
"""Kinds of questions that a number answers."""


def ask_again(
    kept: Kept, changes: Mapping[str, Value], preferences: Preferences | None, given: Collaborators, actor: Actor
) -> UUID:
    """Keep a new answer for the same patient; what it is called.

    Args:
        kept: the answer that is asked anew.
        changes: values to put in the place of those asked with.
        preferences: what matters to the patient; None leaves what was said before.
        given, actor: by what, and for whom.

    Raises:
        BadInput: the profile is not one that the policy can read.
        Refused, WrongState, NotReady: as for `prepare` and `keep`.
    """
    profile, now = kept.profile, given.clock()
    facts = load_facts()
    days = {name: now.date() for name in changes if name in facts}
    changed = profile.model_copy(
        update={
            "values": {**profile.values, **changes},
            "as_of": {**_dated(kept, facts), **days},
            "preferences": preferences or profile.preferences,
        }
    )
    whose = (actor.principal.organisation, now)
    changed = with_acknowledged(changed, given.store, given.served().rules, whose)
    prepared = prepare(PatientProfile.model_validate(changed.model_dump()), given, actor)
    keep(prepared, given)
    return prepared.record.id


def _dated(kept: Kept, facts: Collection[str]) -> Mapping[str, date]:
    """Days of the facts; what was asked with and had none is of the day of that answer, and no younger."""
    made = kept.record.created_at.date()
    return {**{name: made for name in kept.profile.values if name in facts}, **kept.profile.as_of}


def answers_in(form: Mapping[str, str], questions: tuple[Question, ...]) -> dict[str, Value]:
    """The answers that a form gives to questions; what was left blank is left out.

    Raises:
        BadInput: a number is none; all of them are told.
    """
    asked = {question.name: question for question in questions}
    given = {name.removeprefix(ANSWER): text for name, text in form.items() if name.startswith(ANSWER)}
    if problems := list(_problems(given, asked)):
        raise BadInput(problems)
    return {name: float(text) if asked[name].kind in NUMBERS else text for name, text in given.items()}


def _problems(given: Mapping[str, str], asked: Mapping[str, Question]) -> Iterator[Problem]:
    for name, text in given.items():
        if name not in asked:
            yield Problem("the form", "questions of this page", "another one", "Open the page anew.")
        elif asked[name].kind in NUMBERS and not _is_number(text):
            yield Problem(name, "a number", "text", "Correct it, or leave it blank if it is not known.")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
