"""Judges each drafted therapy as if what is drafted beside it were taken already: drafts are checked on each other."""

from __future__ import annotations

from collections.abc import Mapping

from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Recommendation
from engine.recommend import recommend
from service.answering import Prepared
from service.cds_hooks.drafts import Drafted
from service.collaborators import Collaborators
from service.fhir.findings import alarms


def answers_beside(orders: Drafted, prepared: Prepared, given: Collaborators) -> Mapping[str, Recommendation]:
    """By drafted arm what the answer would be, for the same policy and rules; none where nothing would be new.

    Args:
        orders: what is drafted.
        prepared: the answer of what is known without it.
        given: by what it was made.
    """
    served, profile, today = given.served(), prepared.profile, prepared.record.created_at.date()
    made: dict[frozenset[str], Recommendation] = {}
    for facts in {_new(profile, one) for one in orders.beside.values()} - {frozenset()}:
        made[facts] = recommend(_taking(profile, facts), served.policy, served.rules, today, given.offers)
    return {arm: made[new] for arm, facts in orders.beside.items() if (new := _new(profile, facts))}


def _new(profile: PatientProfile, facts: frozenset[str]) -> frozenset[str]:
    return frozenset(fact for fact in facts if not alarms(fact, profile.values.get(fact)))


def _taking(profile: PatientProfile, facts: frozenset[str]) -> PatientProfile:
    values = {**profile.values, **dict.fromkeys(facts, "yes")}
    as_of = {fact: day for fact, day in profile.as_of.items() if fact not in facts}
    return profile.model_copy(update={"values": values, "as_of": as_of})
