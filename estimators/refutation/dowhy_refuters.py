"""DoWhy's own refuters beside ours (Sharma and Kıcıman 2020, arXiv:2011.04216), where they are sound; none elsewhere.

They are called as functions, on a linear regression of the outcome on two arms and all covariates: an estimator that
holds no propensities, for which DoWhy's placebo treatment, random common cause and dummy outcome work. It is another
estimator than the study's; what they say is a second opinion, and no gate reads it.

DoWhy takes seconds to import. This module is only imported by a study that asks for it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from dowhy.causal_estimators.linear_regression_estimator import LinearRegressionEstimator
from dowhy.causal_identifier import EstimandType
from dowhy.causal_identifier.identified_estimand import IdentifiedEstimand
from dowhy.causal_refuters import refute_dummy_outcome, refute_placebo_treatment, refute_random_common_cause
from dowhy.causal_refuters.placebo_treatment_refuter import PlaceboType

from data_contracts.episode import IntArray
from data_contracts.refutation import PeerNotRun, PeerRefuter
from estimators.refutation.material import Material, Pair

ROWS = 1000
"""Episodes of the two arms at most, so that time is bounded."""

SIMULATIONS = 100
"""From as many on DoWhy's p values come from ranks, below from a normal distribution."""

NOT_RUN = (
    PeerNotRun(
        name="placebo treatment of propensity estimators",
        why="a column of propensities of the real arm stays in the data, so that placebo arms have effects "
        "(py-why/dowhy#1728)",
    ),
    PeerNotRun(
        name="data subset and bootstrap",
        why="the scatter of a few dependent subsets is taken for the estimate's error, which gave p = 0 for correct "
        "estimates; what a subset of the same records may change is less than that",
    ),
    PeerNotRun(name="overlap (OverRule)", why="it had not ended after minutes on 1,000 episodes"),
    PeerNotRun(
        name="unobserved common cause",
        why="of several arms, and of estimators of ours, it knows nothing; the report's own section says what such a "
        "cause would have to be like",
    ),
)


def dowhy_refuters(material: Material) -> tuple[PeerRefuter, ...]:
    """What DoWhy's refuters say of the pair with the most episodes."""
    arm, over = pair = _largest(material)
    with _quiet(material.seed):
        found = list(_run(material, _rows(material, pair), arm))
    return tuple(
        PeerRefuter(
            name=name,
            arm=material.arms[arm],
            over=material.arms[over],
            wanted=wanted,
            estimate=float(one.new_effect),
            p=float(np.clip(one.refutation_result["p_value"], 0.0, 1.0)),
        )
        for name, wanted, one in found
    )


def note(material: Material) -> str:
    """On what DoWhy's ran."""
    pair = _largest(material)
    arm, over = (material.arms[code] for code in pair)
    some = "" if _together(material, pair) <= ROWS else f", {ROWS} of their episodes drawn at random"
    return (
        f"DoWhy knows two arms at a time: {arm} against {over}, the pair with the most episodes{some}, by a linear "
        f"regression on all covariates; {SIMULATIONS} simulations each. The p values are DoWhy's own and are no test "
        "of the study's estimates."
    )


def _run(material: Material, rows: IntArray, arm: int) -> Iterator[tuple[str, float, Any]]:
    """Each refuter's name, what a sound estimator says, and DoWhy's answer."""
    trial = material.trial
    names = [f"x{i}" for i in range(trial.covariates.shape[1])]
    data = pd.DataFrame(trial.covariates[rows], columns=names)
    data = data.assign(arm=(trial.arm[rows] == arm).astype(np.int64), outcome=trial.outcome[rows])
    estimand = IdentifiedEstimand(
        None,
        ["arm"],
        ["outcome"],
        estimand_type=EstimandType.NONPARAMETRIC_ATE,
        backdoor_variables={"backdoor": names},
        default_backdoor_id="backdoor",
        identifier_method="backdoor",
        instrumental_variables=[],
    )
    estimator = LinearRegressionEstimator(estimand).fit(data, effect_modifier_names=[])
    estimate = estimator.estimate_effect(data, control_value=0, treatment_value=1, target_units="ate")
    common = {"num_simulations": SIMULATIONS, "random_state": material.seed, "n_jobs": 1}
    permuted = {"treatment_names": ["arm"], "placebo_type": PlaceboType.PERMUTE}
    yield "placebo treatment", 0.0, refute_placebo_treatment(data, estimand, estimate, **permuted, **common)
    cause = refute_random_common_cause(data, estimand, estimate, **common)
    yield "random common cause", float(estimate.value), cause
    made = {"required_variables": True, "num_simulations": SIMULATIONS}
    (dummy,) = refute_dummy_outcome(data, estimand, estimate, ["arm"], "outcome", **made)
    yield "dummy outcome", 0.0, dummy


def _largest(material: Material) -> Pair:
    return max(material.pairs, key=lambda pair: _together(material, pair))


def _together(material: Material, pair: Pair) -> int:
    return int(np.isin(material.trial.arm, pair).sum())


def _rows(material: Material, pair: Pair) -> IntArray:
    rows = np.flatnonzero(np.isin(material.trial.arm, pair))
    return np.sort(np.random.default_rng(material.seed).permutation(rows)[:ROWS])


@contextmanager
def _quiet(seed: int) -> Iterator[None]:
    """DoWhy's dummy outcome draws from numpy's global generator and it calls pandas as it was: both end here."""
    before = np.random.get_state()  # noqa: NPY002 - the generator that DoWhy draws from
    np.random.seed(seed % 2**32)  # noqa: NPY002
    try:
        with warnings.catch_warnings():
            # pandas 4 will not know the keyword "copy", which DoWhy 0.14 passes.
            warnings.filterwarnings("ignore", message="The copy keyword is deprecated", category=Warning)
            yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
