"""Answers a hook: prefetch to profile, profile to answer, answer to cards, and what of them is shown.

Safety goes first in all of it: what was read is judged before anything is said to be missing or wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from data_contracts.errors import BadUsage, ModelStopped, Refused
from service.answering import Prepared, keep
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.cds_hooks.catalogue import CdsService
from service.cds_hooks.deck import Dealt, Setting
from service.cds_hooks.drafted_beside import answers_beside
from service.cds_hooks.drafts import drafted
from service.cds_hooks.fetched import completed, why_not
from service.cds_hooks.from_record import check_whole, prepare_known
from service.cds_hooks.gathered import gather
from service.cds_hooks.hook_request import CONTEXTS, Context, HookRequest, OrderContext
from service.cds_hooks.kept_cards import card_keeper, fates_of
from service.cds_hooks.order_card import order_cards
from service.cds_hooks.ranking_card import ranking_card
from service.cds_hooks.safety_card import safety_cards
from service.cds_hooks.withheld_card import withheld_card
from service.collaborators import Collaborators
from service.fhir.record import PatientRecord, read_record
from service.request_body import read_document


def respond(request: HookRequest, service: CdsService, given: Collaborators, actor: Actor) -> str:
    """The cards for one firing of a hook, as JSON; each is kept, shown or not.

    Nothing is made for users who are no clinicians, for a patient whose death is on record, or for one who withdrew
    from decision support.

    Raises:
        BadUsage: the hook is another service's.
        BadInput: the context or a prefetched resource is not of its form.
        MissingPrefetch: data without which nothing is ranked were not sent, and could not be fetched.
        NotReady: there is no policy, or the database cannot be reached.
    """
    if request.hook != service.hook:
        raise BadUsage(f"This service answers the hook {service.hook}, and was called for another.")
    context = read_document(CONTEXTS[service.hook], request.context, "context")
    if not context.is_clinician:
        return _silent(service, given, actor, "user")
    served, gathered = given.served(), gather(completed(request, context, given.reads))
    today = given.clock().date()
    record = read_record(gathered.containers, context.patientId, served.policy.manifest, served.rules, today)
    if record.is_dead:
        return _silent(service, given, actor, "death")
    try:
        prepared = prepare_known(record.profile, given, actor)
    except Refused:  # who withdrew is not looked at, and the audit has it
        return _answer(())
    launches = (request.fhirServer or "").rstrip("/") in given.ehrs
    dealt = _deal(context, record, prepared, given, launches=launches)
    if not any(one.is_safety for one in dealt):
        check_whole(gathered, record, why_not(request, given.reads, gathered.missing))
    if not dealt and isinstance(context, OrderContext):
        return _silent(service, given, actor, "no news")
    user = (context.userId, request.hookInstance)
    fates = fates_of(dealt, prepared, user, given, actor)
    try:
        keep(prepared, given, card_keeper(service.hook, fates, prepared, user, actor))
    except ModelStopped:  # in this very moment: what safety says goes out all the same
        return respond(request, service, given, actor)
    return _answer(one.dealt for one in fates if one.state == "shown")


def _answer(shown: Iterable[Dealt]) -> str:
    return f'{{"cards":[{",".join(one.told for one in shown)}]}}'


def _silent(service: CdsService, given: Collaborators, actor: Actor, why: str) -> str:
    """No card, and nothing kept but that there was a call and why nothing came of it."""
    detail = {"hook": service.hook, "cards": 0, "why": why}
    given.store.note(Entry("card", actor, given.clock(), detail=detail))
    return _answer(())


def _deal(
    context: Context, record: PatientRecord, prepared: Prepared, given: Collaborators, *, launches: bool
) -> Sequence[Dealt]:
    """The cards of an answer: safety's alone if it has any to say, else the hook's."""
    policy = given.served().policy
    setting = Setting(
        prepared.record,
        policy.manifest,
        policy.labels,
        record.notes,
        given.cards.base,
        prepared.record.created_at,
        prepared.withheld,
        launches,
    )
    if first := list(safety_cards(setting, given.contacts)):
        return first
    if setting.record.recommendation.safety.level == "refused":
        return []
    if isinstance(context, OrderContext):
        orders = drafted(context, policy.manifest.arms)
        setting = replace(setting, notes=(*record.notes, *orders.notes))
        return list(order_cards(setting, orders.arms, answers_beside(orders, prepared, given)))
    return [ranking_card(setting) if setting.withheld is None else withheld_card(setting)]
