"""What the patient's site offers, told beside the effects: nothing that is decided ever looks at it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from data_contracts.availability import Availability
from data_contracts.cohort import Cohort
from data_contracts.data_query import DataQuery
from data_contracts.episode import Column
from data_contracts.recommendation import ArmAdvice
from data_contracts.site_offer import SiteOffers
from engine.policy import Policy

Offered = tuple[Availability | None, ...]
UNLISTED = "DATA-SITE"
UNLISTED_SENTENCE = "The patient's site is not in the file of what sites offer, so what it offers is not known."


def offered_at(site: str | None, policy: Policy, offers: SiteOffers | None) -> Offered:
    """What a site offers of each arm of the study, in the manifest's order; None where it says nothing."""
    if site is None or offers is None:
        return (None,) * len(policy.named_arms)
    return tuple(offers.at(site, therapy) if therapy else None for _, therapy in policy.named_arms)


def site_queries(site: str | None, offers: SiteOffers | None) -> tuple[DataQuery, ...]:
    """That the patient's site is none that the deployment's file of offers lists: it may be misspelt."""
    if site is None or offers is None or offers.lists(site):
        return ()
    near = offers.near(site)
    check = f"Is {near} meant?" if near else "Check its name, or have it added to the file of offers."
    return (DataQuery(id=UNLISTED, about=("site",), sentence=UNLISTED_SENTENCE, check=check),)


def with_sites(queries: Column, cohort: Cohort, offers: SiteOffers | None) -> Column:
    """(n,) ids of the data queries of each patient, with that of a site that is not listed."""
    if cohort.site is None or offers is None:
        return queries
    sites, which = cohort.distinct_values(cohort.site)
    strange = np.array([bool(site_queries(None if site is None else str(site), offers)) for site in sites])[which]
    told = queries.copy()
    told[strange] = [f"{one}; {UNLISTED}" if one else UNLISTED for one in queries[strange]]
    return told


def offer_columns(cohort: Cohort, policy: Policy, offers: SiteOffers | None) -> Mapping[str, Column]:
    """(n, A) columns of the batch table: whether an arm can be had, the wait in weeks, and on which day it was so."""
    sites, which = cohort.distinct_values(cohort.site)
    found = [offered_at(None if site is None else str(site), policy, offers) for site in sites]
    waits = [[one.wait_weeks if one and one.wait_weeks else (math.nan, math.nan) for one in row] for row in found]
    ends = np.array(waits, dtype=np.float64)[which]
    return {
        "available": _column([[_yes_or_no(one) for one in row] for row in found])[which],
        "wait_weeks_lower": ends[..., 0],
        "wait_weeks_upper": ends[..., 1],
        "offer_as_of": _column([[one.as_of.isoformat() if one else None for one in row] for row in found])[which],
    }


def availability_sentences(arms: Sequence[ArmAdvice]) -> list[str]:
    """What the site offers in one sentence; nothing where that is not known of any arm."""
    known = [(advice.label, advice.availability) for advice in arms if advice.availability]
    if not known:
        return []
    first = known[0][1]
    told = [f"{label} {_words(one)}" for label, one in known]
    return [f"At {first.site} on {first.as_of.isoformat()}: {'; '.join(told)}. No effect or rank depends on this."]


def _yes_or_no(one: Availability | None) -> str | None:
    return None if one is None else "yes" if one.available else "no"


def _words(one: Availability) -> str:
    note = f" ({one.note})" if one.note else ""
    if not one.available:
        return f"is not offered{note}"
    if one.span is None:
        return f"is offered, its wait not known{note}"
    return f"has a wait of {one.span} weeks{note}"


def _column(rows: list[list[str | None]]) -> Column:
    found = np.empty((len(rows), len(rows[0])), dtype=object)
    found[:] = rows
    return found
