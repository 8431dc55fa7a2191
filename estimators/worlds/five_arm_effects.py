"""What the arms of the five-arm world do, and how its patients fare without them.

Steps, saturations, a wave and interactions in nine of thirty covariates: neither a linear model nor a tree has the
right form. All shapes and sizes are ours.
"""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray
from estimators.worlds.five_arm_patients import Patients
from estimators.worlds.world import expit

ARMS = ("usual", "ssri", "cbt", "digital", "combined")
AVERAGE = np.array([0.0, 1.5198, 1.8418, 0.3356, 1.9685])
"""Average effect of each arm, points: the mean of ``benefits`` over 20 million patients, to 0.0003."""
SD = np.array([1.0, 1.1079, 1.2010, 0.8068, 0.9764])
"""SD of each arm's effect over the same; 1 for the reference, whose effect is 0."""


def benefits(patients: Patients) -> FloatArray:
    """(n, 5) points of improvement over usual care.

    The drug works where depression is severe, less after an earlier drug in patients with many episodes; CBT after
    adversity in childhood, with anxiety and motivation; the digital programme in the young, motivated and mild; both
    together where depression and anxiety are severe, without pain in the old.
    """
    gad7, age, motivation = patients["gad7"], patients["age"], patients["motivation"]
    adverse = patients["childhood_adv"] >= 3
    severe = expit((patients["phq9"] - 17) / 1.5)
    effect = np.zeros((len(age), len(ARMS)))
    tried = patients["prior_ssri"] * expit(patients["prior_episodes"] - 2)
    effect[:, 1] = 1.0 + 3.2 * severe - 2.0 * tried - 0.6 * adverse
    effect[:, 2] = 1.2 + 2.4 * adverse + 1.2 * expit((gad7 - 12) / 1.5) + 0.25 * (motivation - 6)
    effect[:, 2] -= 1.0 * (age > 60) + 0.8 * severe
    effect[:, 3] = 0.6 + 1.8 * expit((motivation - 7) / 0.8) * (age < 45) - 1.6 * severe + 0.5 * np.sin(age / 9)
    effect[:, 4] = 1.6 + 2.6 * severe * expit((gad7 - 12) / 2) + 0.8 * adverse
    effect[:, 4] -= 1.5 * patients["comorb_pain"] * (age > 50) + 1.1 * (1 - severe) * (motivation < 5)
    return effect


def prognosis(patients: Patients) -> FloatArray:
    """(n,) expected points of improvement under usual care."""
    course = 2.0 + 0.28 * (patients["phq9"] - 14) - 0.10 * (patients["gad7"] - 11)
    course -= 0.09 * (patients["isi"] - 12) * (patients["sleep_h"] < 6)
    course += 0.7 * patients["employed"] - 0.9 * patients["comorb_pain"]
    course -= 0.25 * np.minimum(patients["prior_episodes"], 6) + 0.6 * np.log(patients["duration_months"] / 8)
    course -= 0.8 * patients["lives_alone"] * (patients["female"] == 0)
    course += 0.2 * (patients["income_q"] - 3) - 0.06 * np.maximum(patients["audit"] - 8, 0)
    course += 0.4 * (patients["region"] == 3)
    return np.asarray(course, dtype=np.float64)
