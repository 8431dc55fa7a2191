"""Outcomes completed for patients who were lost, by how they had fared until then.

With C_v whether a patient was seen at visit v, S_v the probability of that, and Q_v what is expected of the outcome by
what is known before visit v, the completed outcome is

    Q_1 + Σ_v C_v / S_v (Q_{v+1} - Q_v),    Q_{V+1} = Y.

Given start and arm its mean is that of the outcome had nobody been lost, if outcomes are missing at random given the
course and either all Q or all S are right (Bang and Robins 2005, Biometrics 61:962; van der Laan and Gruber 2012,
Int J Biostat 8(1)). Q_V is a regression of the outcome on what is known before the last visit, Q_v one of Q_{v+1} on
what is known before visit v, each among those who were seen at visit v. Expectations of later visits come from models
that other folds' outcomes were used for, the row's own among them: held-out evidence is to that extent not nested.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.episode import FloatArray, IntArray
from estimators.course import Course, with_course
from estimators.covariates import Covariates
from estimators.cross_fitting import CrossFitted
from estimators.nuisances import crossfit_outcome


@dataclass(frozen=True)
class Expectations:
    """What is expected of n patients' outcomes, visit by visit.

    Attributes:
        first: (n, K) by what is known at the start, under each arm.
        own: (V, n) under the arm received, by what is known before each visit; of those who were seen until then.
    """

    first: CrossFitted
    own: FloatArray


def expect_by_course(
    covariates: Covariates, course: Course, arm: IntArray, outcome: FloatArray, fold: IntArray
) -> Expectations:
    """One regression a visit, from the last to the first; arguments as for ``crossfit_outcome``."""
    rows, own, wanted = np.arange(len(arm)), [], outcome
    for visit in reversed(range(course.visits)):
        among = np.where(course.stayed > visit, wanted, np.nan)
        found = crossfit_outcome(with_course(covariates, course.before(visit)), arm, among, fold, process=False)
        wanted = found.prediction[rows, arm]
        own.append(wanted)
    return Expectations(found, np.array(own[::-1]))


def completed(course: Course, outcome: FloatArray, own: FloatArray, staying: FloatArray) -> FloatArray:
    """(n,) completed outcomes.

    Args:
        course: over V visits.
        outcome: (n,) with NaN where the patient was lost.
        own: (V, n) expectations before each visit.
        staying: (n, V) probabilities of being seen at each.
    """
    found: FloatArray = own[0].copy()
    later = [*own[1:], outcome]
    for visit in range(course.visits):
        seen = course.stayed > visit
        found[seen] += ((later[visit] - own[visit]) / staying[:, visit])[seen]
    return found
