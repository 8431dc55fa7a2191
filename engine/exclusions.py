"""The arms that a clinician has excluded."""

from __future__ import annotations

import difflib
from collections.abc import Collection

import numpy as np

from data_contracts.cohort import Cohort
from data_contracts.effects import BoolArray
from data_contracts.errors import BadInput, Problem
from data_contracts.profile import PatientProfile
from engine.policy import Policy


def excluded_arms(profile: PatientProfile, policy: Policy) -> BoolArray:
    """(1, A) whether each arm of the study is excluded for a patient.

    Raises:
        BadInput: an excluded arm is not one of the policy's.
    """
    if not profile.exclusions:
        return policy.nothing_excluded
    _check_known(profile.exclusions, policy)
    return np.array([[name in profile.exclusions for name in policy.labels]])


def excluded_in(cohort: Cohort, policy: Policy) -> BoolArray:
    """(n, A) the same for a cohort.

    Raises:
        BadInput: an excluded arm is not one of the policy's.
    """
    _check_known(cohort.excluded, policy)
    nobody = np.zeros(cohort.n, dtype=np.bool_)
    return np.stack([cohort.excluded.get(name, nobody) for name in policy.labels], axis=1)


def _check_known(excluded: Collection[str], policy: Policy) -> None:
    problems, arms = [], policy.labels
    for name in sorted(set(excluded) - set(arms)):
        near = difflib.get_close_matches(name, arms, n=1)
        step = f"Did you mean {near[0]}?" if near else f"Known arms: {', '.join(arms)}."
        problems.append(Problem("exclusions", "arms of the policy", "an unknown arm", step))
    if problems:
        raise BadInput(problems)
