"""One patient's values, bound by name to what a policy needs, and whether the policy's records knew such values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from data_contracts.encoding import MISSING_LEVEL, Encoding, Feature
from data_contracts.episode import Column, FloatArray
from data_contracts.errors import BadInput, Problem
from data_contracts.profile import PatientProfile, Value
from data_contracts.recommendation import Reason
from engine.policy import Policy


@dataclass(frozen=True)
class Patient:
    """What the decision needs of a patient.

    Attributes:
        terms: (P,) basis terms of the effect modifiers.
        covariates: (q,) standardised covariates.
        missing: features not given, effect modifiers first.
        outside: features whose value the records did not know.
        abstain: why nothing can be ranked for this patient, if so.
    """

    terms: FloatArray
    covariates: FloatArray
    missing: tuple[str, ...]
    outside: tuple[str, ...]
    abstain: Reason | None


def read_patient(profile: PatientProfile, policy: Policy) -> Patient:
    """Bind a profile's values to the policy's features by name.

    A missing effect modifier, a category never seen or a number outside the training range means that nothing
    can be ranked. A missing confounder is filled as it was when learning, and named.

    Raises:
        BadInput: a value is not of its feature's type.
    """
    manifest = policy.manifest
    features, columns = manifest.encoding.features, _columns(profile, manifest.encoding)
    missing = [feature.name for feature in features if _is_missing(columns[feature.name])]
    outside = [
        feature.name
        for feature in features
        if feature.name not in missing and not _was_seen(feature, columns[feature.name])
    ]
    key = manifest.effect_modifiers
    no_key = any(name in key for name in missing)
    covariates = manifest.encoding.encode(columns)[0]
    return Patient(
        terms=manifest.basis.expand(covariates[: manifest.basis.columns]),
        covariates=covariates,
        missing=tuple(sorted(missing, key=lambda name: name not in key)),
        outside=tuple(outside),
        abstain=Reason.MISSING_KEY if no_key else Reason.OUT_OF_POPULATION if outside else None,
    )


def unused_values(profile: PatientProfile, policy: Policy, facts: frozenset[str]) -> tuple[str, ...]:
    """Names given that neither the policy nor a safety rule reads."""
    used = {feature.name for feature in policy.manifest.encoding.features} | facts
    return tuple(sorted(name for name in profile.values if name not in used))


def _columns(profile: PatientProfile, encoding: Encoding) -> Mapping[str, Column]:
    problems = list(_type_problems(profile, encoding))
    if problems:
        raise BadInput(problems)
    return {feature.name: _column(feature, profile.values.get(feature.name)) for feature in encoding.features}


def _type_problems(profile: PatientProfile, encoding: Encoding) -> Iterator[Problem]:
    for feature in encoding.features:
        if feature.kind == "numeric" and isinstance(profile.values.get(feature.name), str):
            yield Problem(feature.name, "a number", "text", "Give the number, or leave it out if it is not known.")


def _column(feature: Feature, value: Value) -> Column:
    if feature.kind == "numeric":
        return np.array([np.nan if value is None else float(value)])
    return np.array([None if value is None else _level(value)], dtype=object)


def _level(value: float | bool | str) -> str:
    """Text of a category; a whole number reads the same whether it came as 3 or 3.0."""
    if isinstance(value, bool):
        return str(value)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _is_missing(column: Column) -> bool:
    value = column[0]
    return value is None or (isinstance(value, float) and math.isnan(value))


def _was_seen(feature: Feature, column: Column) -> bool:
    value = column[0]
    if feature.kind == "numeric":
        return bool(feature.lower <= value <= feature.upper)
    return value in feature.levels and value != MISSING_LEVEL
