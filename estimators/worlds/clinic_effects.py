"""What each therapy of the simulated clinic does for whom, known exactly.

What a record leaves out plays no part in any law here: it enters as the typical value, so nothing is confounded by
what was not written down.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr

from data_contracts.episode import FloatArray
from estimators.worlds.clinic_patients import (
    AGE_MEAN,
    AGE_SD,
    GAD7_MEAN,
    GAD7_SD,
    INCOME_MEAN,
    PHQ9_MEAN,
    PHQ9_SD,
)

ARMS = ("usual_care", "icbt", "cbt", "ssri", "cbt_ssri")

TRIAL_TO_SERVICE = 0.8
"""Share of a trial's effect that a service sees; an assumption."""
TRIAL_EFFECT = (0.0, 2.2, 2.9, 2.9, 2.9 + 1.5)
"""PHQ-9 points better than usual care at 8-12 weeks. Guided iCBT g 0.43 and CBT g 0.57 against care as usual in trials
of low risk of bias (our random-effects pooling of the Metapsy depression database, searched to January 2024) times the
post-treatment SD of 5.2; drug and psychotherapy alike on average and their combination better than either (Furukawa et
al. 2018, Psychother Psychosom 87:140), by 1.5, an assumption."""

USUAL_CARE_MEAN = 11.3
"""PHQ-9 after usual care: the median trial of the same database."""
NOISE_SD = 4.4
"""Chosen so that, with the prognosis below, the SD after usual care is about 5.2 and the correlation with baseline
about 0.5 (0.46-0.54 at weeks 2-6 of an antidepressant trial, 0.51-0.61 at 3-8 months of Beat the Blues)."""

MODIFIERS = ("phq9_week0", "gad7", "age", "prior_episodes", "prior_ssri", "employed")
TYPICAL = (PHQ9_MEAN, GAD7_MEAN, AGE_MEAN, 1.44, 0.43, 0.57)
SPREAD = (PHQ9_SD, GAD7_SD, AGE_SD, 1.22, 0.50, 0.50)
LEANINGS = (
    (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),  # usual care
    (-0.5, -0.3, -0.4, -0.2, 0.0, 0.3),  # icbt
    (-0.4, -0.4, 0.1, 0.0, 0.5, -0.4),  # cbt
    (-0.4, 0.5, 0.3, 0.0, -0.7, 0.4),  # ssri
    (0.8, 0.2, -0.2, 0.2, -0.1, -0.2),  # cbt_ssri
)
"""Benefit above the arm's average for one SD of each modifier, before scaling; other covariates change nothing (10 of
16). That baseline severity, anxiety, prior medication and age modify the choice of drug, psychotherapy or both:
Furukawa et al. 2018; severity for how much guidance: Karyotaki et al. 2021, JAMA Psychiatry 78:361; severity does not
separate CBT from drug: Weitz et al. 2015, JAMA Psychiatry 72:1102; the unemployed do better with cognitive therapy
than drug: Fournier et al. 2009, J Consult Clin Psychol 77:775; prior medication tells against drug: Leykin et al.
2007, J Consult Clin Psychol 75:267. Other directions, and all sizes, are assumptions."""
LEANING_SCALE = 0.641
"""Makes ``heterogeneity`` the SD, over patients, of the difference between two active arms (root mean square over the
six pairs, before rounding and clipping)."""


def expected_outcome(patients: pd.DataFrame, heterogeneity: float, hidden: FloatArray) -> FloatArray:
    """(n, K) mean PHQ-9 at week 12 under each arm, before rounding and clipping to 0-27.

    Args:
        patients: as ``draw_patients`` gives them.
        heterogeneity: see ``LEANING_SCALE``; 1.0 is about what variance ratios of 1.02 or less in 200 drug trials
            allow (Munkholm et al. 2020, PLoS ONE 15:e0237950; Volkmann et al. 2020, PLoS ONE 15:e0241497); 2.5 is an
            optimist's.
        hidden: (n,) points added whatever the arm.
    """
    modifiers = (patients[list(MODIFIERS)].to_numpy(dtype=np.float64) - TYPICAL) / SPREAD
    leaning = heterogeneity * LEANING_SCALE * modifiers @ np.transpose(LEANINGS)
    benefit = TRIAL_TO_SERVICE * np.asarray(TRIAL_EFFECT) + leaning
    return np.asarray((_prognosis(patients) + hidden)[:, None] - benefit, dtype=np.float64)


def _prognosis(patients: pd.DataFrame) -> FloatArray:
    """(n,) expected PHQ-9 after usual care.

    Severity, anxiety and earlier antidepressants worsen the course (Buckman et al. 2021, Psychol Med 51:1068); the
    other directions, and all sizes, are assumptions.
    """
    income = patients["income_ratio"].fillna(INCOME_MEAN)
    course = USUAL_CARE_MEAN + 0.65 * (patients["phq9_week0"] - PHQ9_MEAN) + 0.06 * (patients["gad7"] - GAD7_MEAN)
    course += 0.35 * (patients["prior_episodes"] - 1.44) + 0.5 * (patients["prior_ssri"] - 0.43)
    course += -0.8 * (patients["employed"] - 0.57) - 0.25 * (income - INCOME_MEAN)
    course += 0.012 * (patients["wait_days"] - 42)
    return course.to_numpy(dtype=np.float64)


def record(outcome: FloatArray) -> FloatArray:
    """An outcome as a questionnaire gives it: a whole number from 0 to 27."""
    return np.clip(np.round(outcome), 0, 27)


def recorded_mean(mean: FloatArray) -> FloatArray:
    """Exact expectation of ``record(mean + NOISE_SD * normal)``: the sum over j = 1..27 of P(recorded >= j)."""
    return np.asarray(sum(ndtr((mean - (j - 0.5)) / NOISE_SD) for j in range(1, 28)), dtype=np.float64)
