"""How the simulated clinic chooses therapies, and who is lost before week 12."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_contracts.episode import FloatArray
from estimators.worlds.clinic_patients import AGE_MEAN, AGE_SD, BMI_MEAN, GAD7_MEAN, GAD7_SD, PHQ9_MEAN, PHQ9_SD, SITES
from estimators.worlds.world import softmax

# Odds ratios of antidepressant use: our logistic regression on the public NHANES 2005-2012 files, adults with PHQ-9 of
# 5 or more, n = 4,981, AUC 0.75. Here each is the odds of a drug arm against usual care. They build an unfair access
# too: the arm depends on ethnicity and insurance, the outcome does not.
PER_PHQ9_POINT = 1.10
PER_DECADE = 1.20
FEMALE = 1.69
BLACK = 0.30
HISPANIC = 0.39
INSURED = 2.72
SOME_COLLEGE = 1.29
"""Some college or more."""
PER_TEN_BMI = 1.38

# Assumptions, in log-odds against usual care.
COMBINATION_PER_PHQ9_POINT = 0.16
"""On top of the drug's: severe cases get both, which is what most hides the combination's benefit."""
COMBINATION_PER_EPISODE = 0.2
ICBT_PER_DECADE = -0.15
ICBT_PER_MONTH_WAITED = 0.15
CBT_PRIOR_DRUG = 0.3
SITE_LEANING = 0.4
"""Towards drug or away from it, by site; the outcome does not depend on the site, which makes it an instrument (as
physicians' preference in Brookhart & Schneeweiss 2007, Int J Biostat 3:14)."""

INTERCEPTS = (0.0, -0.05, -0.27, -0.85, -2.45)
"""Of usual care, icbt, cbt, ssri, cbt_ssri; they make the shares about .23, .23, .20, .25, .09."""

LOST = (0.13, 0.17, 0.15, 0.25, 0.20)
"""Share without an outcome, by arm. Medians of the Metapsy trials: control .13, guided self-help .17, therapy .15;
drug .24-.26 at weeks 6-8 (an antidepressant trial; Linde et al. 2015, Ann Fam Med 13:69); the combination between
therapy and drug, an assumption."""
LOST_SHIFT = (-0.03, -0.10, -0.03, -0.02, -0.33)
"""What the covariates' log-odds below would otherwise add to each arm's share."""


def drug_log_odds(patients: pd.DataFrame) -> FloatArray:
    """(n,) log-odds of a drug arm against usual care; what is not recorded adds nothing."""
    odds = np.log(PER_PHQ9_POINT) * (patients["phq9_week0"] - PHQ9_MEAN)
    odds += np.log(PER_DECADE) * (patients["age"] - AGE_MEAN) / 10
    odds += np.log(FEMALE) * (patients["sex"] == "female")
    odds += np.log(BLACK) * (patients["ethnicity"] == "black")
    odds += np.log(HISPANIC) * (patients["ethnicity"] == "hispanic")
    odds += np.log(INSURED) * patients["insured"]
    odds += np.log(SOME_COLLEGE) * patients["education"].isin(["some_college", "college_graduate"])
    odds += np.log(PER_TEN_BMI) * (patients["bmi"].fillna(BMI_MEAN) - BMI_MEAN) / 10
    return np.asarray(odds, dtype=np.float64)


def assignment(patients: pd.DataFrame, hidden: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How likely each patient is to get each arm.

    Args:
        patients: as ``draw_patients`` gives them.
        hidden: (n,) log-odds of the drug arms that no record explains.

    Returns:
        (n, K) probabilities at the patient's own site, and (n, K) averaged over the sites (they are equally likely
        whoever the patient is): the propensity given everything but the site.
    """
    drug = drug_log_odds(patients) + hidden
    decades = (patients["age"] - AGE_MEAN).to_numpy() / 10
    severity = (patients["phq9_week0"] - PHQ9_MEAN).to_numpy()
    logits = np.zeros((len(patients), len(INTERCEPTS)))
    logits[:, 1] = ICBT_PER_DECADE * decades + ICBT_PER_MONTH_WAITED * (patients["wait_days"].to_numpy() - 42) / 30
    logits[:, 2] = CBT_PRIOR_DRUG * patients["prior_ssri"].to_numpy()
    logits[:, 3] = drug
    logits[:, 4] = drug + COMBINATION_PER_PHQ9_POINT * severity
    logits[:, 4] += COMBINATION_PER_EPISODE * patients["prior_episodes"].to_numpy()
    logits += INTERCEPTS
    by_site = np.stack([softmax(logits + np.array([0, 0, 0, lean, lean])) for lean in _leanings()])
    own = patients["site"].str.removeprefix("site_").astype(int).to_numpy() - 1
    return by_site[own, np.arange(len(patients))], by_site.mean(axis=0)


def _leanings() -> FloatArray:
    """(12,) each site's log-odds towards drug."""
    return SITE_LEANING * np.linspace(-1.5, 1.5, SITES)


def observed(patients: pd.DataFrame) -> FloatArray:
    """(n, K) probability that the outcome is observed, under each arm: missing at random given arm and record."""
    severity = (patients["phq9_week0"].to_numpy() - PHQ9_MEAN) / PHQ9_SD
    anxiety = (patients["gad7"].to_numpy() - GAD7_MEAN) / GAD7_SD
    age = (patients["age"].to_numpy() - AGE_MEAN) / AGE_SD
    lean = 0.3 * severity + 0.1 * anxiety - 0.3 * age - 0.3 * (patients["employed"].to_numpy() - 0.57)
    base = np.log(LOST) - np.log1p(-np.asarray(LOST)) + LOST_SHIFT
    return np.asarray(1 / (1 + np.exp(base + lean[:, None])), dtype=np.float64)
