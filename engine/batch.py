"""Recommendations for many patients at once: the same small decisions, and the same numbers, as for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np

from data_contracts.cohort import Cohort
from data_contracts.episode import Column
from data_contracts.rule import RuleSet
from data_contracts.site_offer import SiteOffers
from engine.availability import offer_columns, with_sites
from engine.bars import bars_of
from engine.decision import Decision, decide
from engine.doubts import doubts_in, hides, settled_cohort
from engine.exclusions import excluded_in
from engine.patient import read_patients
from engine.policy import Policy
from engine.preference import prefer_cohort
from engine.preference_table import preference_columns
from engine.safety import judge_cohort
from engine.table import recommendation_table

BLOCK = 2048
"""Patients at a time, so that memory stays bounded."""


def recommend_cohort(
    cohort: Cohort,
    policy: Policy,
    rules: RuleSet,
    block: int = BLOCK,
    today: date | None = None,
    offers: SiteOffers | None = None,
) -> Iterator[tuple[Decision, dict[str, Column]]]:
    """For each block of patients, in their order, what is decided and its rows of the batch recommendation table.

    Each patient's row is what ``engine.recommend.recommend`` would say, whoever else is in the block: every word, yes
    or no and rank the same, and every number to the rounding of a sum: of double precision, or of single where
    ``engine.stacked`` sums the errors of other outcomes.

    Raises:
        BadInput: a value is not of its feature's or fact's type or range, or an excluded arm or a weighed kind of
            side effect is unknown.
    """
    for patients in cohort.blocks(block):
        yield _recommend(patients, policy, rules, today, offers)


def joined(tables: Sequence[Mapping[str, Column]]) -> dict[str, Column]:
    """The tables of all blocks as one."""
    return {name: _joined([table[name] for table in tables]) for name in tables[0]}


def _recommend(
    cohort: Cohort, policy: Policy, rules: RuleSet, today: date | None, offers: SiteOffers | None
) -> tuple[Decision, dict[str, Column]]:
    doubts, whose = doubts_in(cohort, today, policy.phq9_baseline)
    rulings, which = judge_cohort(cohort, policy, rules, today, doubts, whose)
    bars = bars_of(rulings, which, excluded_in(cohort, policy))
    patients = read_patients(settled_cohort(cohort, doubts, whose), policy)
    recorded = read_patients(cohort, policy) if hides(doubts, policy.feature_names) else None
    decision = decide(policy, patients, bars, recorded)
    queries = np.array([doubt.text for doubt in doubts], dtype=object)[whose]
    queries, offered = with_sites(queries, cohort, offers), offer_columns(cohort, policy, offers)
    table = recommendation_table(cohort.patient_id, decision, rulings, which, queries, offered)
    if cohort.weights:
        table |= preference_columns(decision, prefer_cohort(cohort, patients, decision))
    return decision, table


def _joined(pieces: Sequence[Column]) -> Column:
    whole = np.concatenate([np.asarray(piece) for piece in pieces])
    if not isinstance(pieces[0], np.ma.MaskedArray):
        return whole
    return np.ma.masked_array(whole, np.concatenate([np.ma.getmaskarray(piece) for piece in pieces]))
