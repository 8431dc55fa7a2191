"""How the five-arm world chooses among its arms: by indication, as clinicians do."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray
from estimators.worlds.five_arm_patients import Patients
from estimators.worlds.world import softmax

MIN_PROPENSITY = 0.03
STRENGTH = 0.8
"""What all log-odds are multiplied by."""


def propensities(patients: Patients) -> FloatArray:
    """(n, 5) probabilities of usual care, drug, CBT, digital programme and both; all log-odds are ours.

    The severe get drugs, and both where there are thoughts of suicide; the anxious, the better off and those with
    adversity in childhood CBT; the young and motivated the digital programme.
    """
    severity, anxiety = patients["phq9"] - 14, patients["gad7"] - 11
    log_odds = np.zeros((len(severity), 5))
    log_odds[:, 0] = 0.4 - 0.13 * severity
    log_odds[:, 1] = 0.5 + 0.09 * severity + 0.5 * patients["prior_ssri"] + 0.5 * (patients["referral"] == 0)
    log_odds[:, 2] = 0.2 + 0.12 * anxiety + 0.5 * patients["prior_cbt"]
    log_odds[:, 2] += 0.25 * (patients["income_q"] - 3) + 0.12 * patients["childhood_adv"]
    log_odds[:, 3] = 0.1 - 0.04 * (patients["age"] - 40) + 0.1 * (patients["motivation"] - 6) - 0.05 * severity
    log_odds[:, 4] = -0.4 + 0.14 * severity + 0.9 * patients["suicidal_idea"] + 0.05 * anxiety
    return softmax(STRENGTH * log_odds, floor=MIN_PROPENSITY)
