"""Recommendations for many patients at once: the same small decisions, and the same numbers, as for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np

from data_contracts.cohort import Cohort
from data_contracts.episode import Column
from data_contracts.rule import RuleSet
from engine.decision import Decision, decide
from engine.exclusions import excluded_in
from engine.patient import read_patients
from engine.policy import Policy
from engine.preference import prefer_cohort
from engine.preference_table import preference_columns
from engine.safety import judge_cohort, removed_for
from engine.table import recommendation_table

BLOCK = 2048
"""Patients at a time, so that memory stays bounded."""


def recommend_cohort(
    cohort: Cohort, policy: Policy, rules: RuleSet, block: int = BLOCK, today: date | None = None
) -> Iterator[tuple[Decision, dict[str, Column]]]:
    """For each block of patients, in their order, what is decided and its rows of the batch recommendation table.

    Each patient's row is what ``engine.recommend.recommend`` would say, whoever else is in the block: every word, yes
    or no and rank the same, and every number to the rounding of a sum.

    Raises:
        BadInput: a value is not of its feature's or fact's type or range, or an excluded arm or a weighed kind of
            side effect is unknown.
    """
    for patients in cohort.blocks(block):
        yield _recommend(patients, policy, rules, today)


def joined(tables: Sequence[Mapping[str, Column]]) -> dict[str, Column]:
    """The tables of all blocks as one."""
    return {name: _joined([table[name] for table in tables]) for name in tables[0]}


def _recommend(
    cohort: Cohort, policy: Policy, rules: RuleSet, today: date | None
) -> tuple[Decision, dict[str, Column]]:
    rulings, which = judge_cohort(cohort, policy, rules, today)
    refused = np.array([ruling.safety.level == "refused" for ruling in rulings])[which]
    awaiting = np.array([ruling.safety.awaiting_acknowledgement for ruling in rulings])[which]
    excluded, removed = excluded_in(cohort, policy), removed_for(rulings, which)
    patients = read_patients(cohort, policy)
    decision = decide(policy, patients, refused, awaiting, excluded, removed)
    table = recommendation_table(cohort.patient_id, decision, rulings, which)
    if cohort.weights:
        table |= preference_columns(decision, prefer_cohort(cohort, patients, decision))
    return decision, table


def _joined(pieces: Sequence[Column]) -> Column:
    whole = np.concatenate([np.asarray(piece) for piece in pieces])
    if not isinstance(pieces[0], np.ma.MaskedArray):
        return whole
    return np.ma.masked_array(whole, np.concatenate([np.ma.getmaskarray(piece) for piece in pieces]))
