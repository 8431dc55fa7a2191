"""Patients' values, bound by name to what a policy needs, and whether the policy's records knew such values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from data_contracts.cohort import Cohort
from data_contracts.effects import BoolArray
from data_contracts.encoding import MISSING_LEVEL, Feature
from data_contracts.episode import Column, FloatArray
from data_contracts.errors import BadInput, Problem
from data_contracts.profile import PatientProfile, Value
from data_contracts.protocol import Outcome
from engine.data_checks import names_checked
from engine.filling import WAYS, Ways, ways_of
from engine.policy import Policy

MORE_SEVERE_FROM = 16
"""PHQ-9 score from which NICE NG222 calls depression more severe."""


@dataclass(frozen=True)
class Patients:
    """What the decision needs of n patients, of one as of many.

    Attributes:
        terms: (n, P) basis terms of the effect modifiers; where one is missing, their mean over the ways of filling
            it in given what is known.
        covariates: (n, q) standardised covariates; what is missing is filled as when learning.
        missing: (n, features) whether the feature was not given.
        outside: (n, features) whether the records did not know its value.
        more_severe: (n,) the guideline's severity class by the baseline score; less severe where it is unknown.
        ways: by row, of filling in what effect modifiers are missing.
    """

    terms: FloatArray
    covariates: FloatArray
    missing: BoolArray
    outside: BoolArray
    more_severe: BoolArray
    ways: Mapping[int, Ways] = field(default_factory=dict)


def read_patient(profile: PatientProfile, policy: Policy) -> Patients:
    """Bind one profile's values to the policy's features by name; what is missing is filled.

    Raises:
        BadInput: a value is not of its feature's type.
    """
    manifest, given = policy.manifest, profile.values
    columns: list[float] = []
    missing, outside, problems = [], [], []
    for feature in manifest.encoding.features:
        value = given.get(feature.name)
        if isinstance(value, str) and feature.kind == "numeric":
            problems.append(_text_problem(feature))
            continue
        bound = bound_value(feature, value)
        columns += feature.place(bound)
        missing.append(bound is None)
        outside.append(bound is not None and not was_seen(feature, bound))
    if problems:
        raise BadInput(problems)
    more_severe = is_more_severe(manifest.outcome, given.get(manifest.outcome.baseline or ""))
    covariates = manifest.encoding.standardise(np.array([columns]))
    return _patients(policy, covariates, np.array([missing]), np.array([outside]), np.array([more_severe]))


def read_patients(cohort: Cohort, policy: Policy) -> Patients:
    """Bind a cohort's columns to the policy's features by name, as ``read_patient`` does with one patient.

    Raises:
        BadInput: text in a numeric feature.
    """
    manifest = policy.manifest
    columns, known = {}, []
    for feature in manifest.encoding.features:
        columns[feature.name], missing, seen = _bind(feature, cohort)
        known.append((missing, ~(missing | seen)))
    values, which = cohort.distinct(manifest.outcome.baseline or "")
    more_severe = np.array([is_more_severe(manifest.outcome, value) for value in values])[which]
    missing, outside = (np.stack(flags, axis=1) for flags in zip(*known, strict=True))
    return _patients(policy, manifest.encoding.encode(columns), missing, outside, more_severe)


def unused_values(profile: PatientProfile, policy: Policy, facts: frozenset[str]) -> tuple[str, ...]:
    """Names given that neither the policy, a safety rule nor a check of the record reads."""
    unread = profile.values.keys() - policy.feature_names - facts
    return tuple(sorted(unread - names_checked(profile.values))) if unread else ()


def bound_value(feature: Feature, value: Value) -> float | str | None:
    """A number, the text of a level, or None."""
    if value is None:
        return None
    return float(value) if feature.kind == "numeric" else _level(value)


def was_seen(feature: Feature, value: float | str | None) -> bool:
    """Whether the records knew such a value."""
    if feature.kind == "numeric":
        return isinstance(value, float) and feature.lower <= value <= feature.upper
    return value in feature.levels and value != MISSING_LEVEL


def is_more_severe(outcome: Outcome, baseline: Value) -> bool:
    """The guideline's severity class by the baseline score; less severe where it is not a PHQ-9 score."""
    return isinstance(baseline, int | float) and "PHQ-9" in outcome.unit and baseline >= MORE_SEVERE_FROM


def _patients(
    policy: Policy, covariates: FloatArray, missing: BoolArray, outside: BoolArray, more_severe: BoolArray
) -> Patients:
    basis = policy.manifest.basis
    terms, ways = basis.expand(covariates[:, : basis.columns]), ways_of(policy, covariates, missing)
    for row, filled in ways.items():
        terms[row] = filled.terms[:WAYS].mean(axis=0)
    return Patients(terms, covariates, missing, outside, more_severe, ways)


def _bind(feature: Feature, cohort: Cohort) -> tuple[Column, BoolArray, BoolArray]:
    """A feature's (n,) column as the encoding reads it, where it is missing and where the records knew the value."""
    if feature.kind == "numeric":
        column = cohort.columns.get(feature.name, np.full(cohort.n, np.nan))
        if column.dtype == object:
            raise BadInput([_text_problem(feature)])
        return column, np.isnan(column), (column >= feature.lower) & (column <= feature.upper)
    values, which = cohort.distinct(feature.name)
    levels = [bound_value(feature, value) for value in values]
    missing, seen = (np.array(flags)[which] for flags in _known(feature, levels))
    return np.array(levels, dtype=object)[which], missing, seen


def _known(feature: Feature, levels: Sequence[float | str | None]) -> tuple[list[bool], list[bool]]:
    return [level is None for level in levels], [was_seen(feature, level) for level in levels]


def _text_problem(feature: Feature) -> Problem:
    return Problem(feature.name, "a number", "text", "Give the number, or leave it out if it is not known.")


def _level(value: float | bool | str) -> str:
    """Text of a category; a whole number reads the same whether it came as 3 or 3.0."""
    if isinstance(value, bool):
        return str(value)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
