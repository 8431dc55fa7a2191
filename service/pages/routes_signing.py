"""What a clinician does with an answer on its page: acknowledges, reviews, decides, releases, asks again."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from data_contracts.errors import BadInput, Problem
from service.acting import Acting
from service.cds_hooks.acknowledging import acknowledge
from service.collaborators import Given
from service.event import Action, Signature
from service.history_keeper import find
from service.pages.asking_again import answers_in, ask_again
from service.pages.form import Form
from service.pages.page_route import PageRoute
from service.pages.patient_view import manifest_of, questions_of
from service.pages.routes_patient import ADDRESS
from service.pages.signing import choice_in, first_choice_in, signature_in
from service.pages.weighing import preferences_of, weights_in
from service.signed_action import do_signed

ROUTER = APIRouter(prefix=ADDRESS, route_class=PageRoute, include_in_schema=False)
ASSESSED = "assessed"
"""The box that has to be ticked for an acknowledgement."""


@ROUTER.post("/{recommendation_id}/again")
def again(recommendation_id: str, form: Form, given: Given, actor: Acting) -> Response:
    """A new answer with what the form knows besides; the old one stays as it is."""
    kept = find(given.store, recommendation_id)
    changes = answers_in(form, questions_of(kept, manifest_of(kept, given)))
    return _to(str(ask_again(kept, changes, preferences_of(weights_in(form)), given, actor)))


@ROUTER.post("/{recommendation_id}/acknowledge")
def acknowledged(recommendation_id: str, form: Form, given: Given, actor: Acting) -> Response:
    """What safety rules wait for was done; the new answer knows of it."""
    if form.get(ASSESSED) != "yes":
        step = "Tick the box once the assessment has been made."
        raise BadInput([Problem(ASSESSED, "that the assessment was made", "nothing", step)])
    kept = acknowledge(given.store, recommendation_id, signature_in(form, actor.principal), actor, given.clock())
    return _to(str(ask_again(kept, {}, None, given, actor)))


@ROUTER.post("/{recommendation_id}/first-choice")
def choose_first(recommendation_id: str, form: Form, given: Given, actor: Acting) -> Response:
    """What a clinician would choose; then the ranking is shown."""
    do_signed(given, recommendation_id, "first_choice", first_choice_in(form, actor.principal), actor)
    return _to(recommendation_id)


@ROUTER.post("/{recommendation_id}/review")
def review(recommendation_id: str, form: Form, given: Given, actor: Acting) -> Response:
    """A named clinician has read the answer."""
    return _do(recommendation_id, "review", signature_in(form, actor.principal), given, actor)


@ROUTER.post("/{recommendation_id}/decision")
def decide(recommendation_id: str, form: Form, given: Given, actor: Acting) -> Response:
    """What was chosen, and why."""
    return _do(recommendation_id, "decide", choice_in(form, actor.principal), given, actor)


@ROUTER.post("/{recommendation_id}/release")
def release(recommendation_id: str, form: Form, given: Given, actor: Acting) -> Response:
    """A named clinician lets the patient see the sheet."""
    return _do(recommendation_id, "release", signature_in(form, actor.principal), given, actor)


def _do(name: str, action: Action, signature: Signature, given: Given, actor: Acting) -> Response:
    do_signed(given, name, action, signature, actor)
    return _to(name, "#decision")


def _to(recommendation_id: str, place: str = "") -> Response:
    return RedirectResponse(f"{ADDRESS}/{recommendation_id}{place}", 303)
