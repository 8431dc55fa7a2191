"""How therapies are chosen in the world built on other principles: one question after another, with thresholds."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import FloatArray
from estimators.worlds.other_outcomes import t4_below
from estimators.worlds.other_patients import ANXIOUS, SEVERE, Patients


def propensities(patients: Patients) -> FloatArray:
    """(n, 5) probabilities of usual care, drug, talking, group and both.

    First whether there is a therapy at all, then whether both drug and talking, then drug or not, then talking alone
    or in a group. Each answer is the sign of a utility with t noise (4 degrees of freedom), so it is no logit and the
    whole no softmax. Sizes are ours; nobody's chance of any arm is under 2 %.
    """
    treated, both, drug, alone = (t4_below(utility) for utility in _utilities(patients))
    rest = treated * (1 - both)
    shares = (1 - treated, rest * drug, rest * (1 - drug) * alone, rest * (1 - drug) * (1 - alone), treated * both)
    return np.stack(shares, axis=1)


def _utilities(patients: Patients) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """(n,) each: of treating, of both at once, of a drug, of talking alone, in units of the noise's scale."""
    severe, anxious = patients["phq9_week0"] >= SEVERE, patients["gad7"] >= ANXIOUS
    treating = 0.7 + 0.5 * severe - 0.5 * (patients["income_band"] <= 1) + 0.3 * (patients["wait_days"] < 20)
    twofold = np.where(severe, np.where(patients["prior_episodes"] >= 2, -0.2, -0.7), -1.4) + 0.2 * anxious
    medical = np.where(patients["age"] >= 55, 0.5, -0.3) + 0.5 * patients["pain"] - 0.3 * patients["employed"]
    alone = np.where(anxious, 0.6, -0.2) - 0.4 * (patients["living"] == "alone") + 0.3 * (patients["age"] < 30)
    return treating, twofold, medical, alone
