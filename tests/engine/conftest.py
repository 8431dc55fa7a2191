"""A hand-made policy: three arms ranked, one too thin, two effect modifiers, one confounder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data_contracts.basis import Basis
from data_contracts.effects import ServedEffects
from data_contracts.encoding import Encoding, Feature
from data_contracts.manifest import ArmRecord, PolicyManifest
from data_contracts.outcome_range import OutcomeRanges
from data_contracts.profile import PatientProfile
from data_contracts.protocol import Outcome
from data_contracts.rule import RuleSet
from data_contracts.rule_file import load_rules
from data_contracts.support import CELLS, Support
from data_contracts.therapy import load_therapies
from engine.policy import Policy

AGE = Feature(name="age", kind="numeric", lower=18, upper=80, fill=40)
SCORE = Feature(name="phq9_week0", kind="numeric", lower=5, upper=27, fill=14)
SEX = Feature(name="sex", kind="categorical", levels=("female", "male"))

KNOWN = {"age": 40.0, "phq9_week0": 14.0, "sex": "female", "phq9_item9": 0.0, "decision_support_consent": "yes"}


def make_policy(
    effects: tuple[float, ...] = (0.0, 2.0, 3.0),
    slopes: tuple[tuple[float, float], ...] = ((0, 0), (0, 0), (0, 0)),
    error: float = 0.3,
    heterogeneity: float = 0.0,
    support: tuple[tuple[float, ...], ...] = ((0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0)),
    similar: float = 22.0,
) -> Policy:
    """A policy whose numbers a reader can follow; ``error`` is each effect's standard error at the average patient."""
    encoding = Encoding(features=(AGE, SCORE, SEX), centre=(40, 14, 0.4), scale=(10, 4, 0.5))
    k, p = len(effects), 3
    root = np.zeros((4 * k, k, p))
    for arm in range(1, k):
        root[4 * arm, arm, 0] = error
        root[4 * arm + 3, arm, 0] = heterogeneity
        if any(slopes[arm]):
            root[4 * arm + 1, arm, 1] = root[4 * arm + 2, arm, 2] = error / 3
    individualised = np.array([any(slope) for slope in slopes])
    arms = [("usual_care", None), ("cbt", "CBT"), ("ssri", "SSRI")]
    manifest = PolicyManifest(
        name="fake",
        study_id="0" * 64,
        data_fingerprint="1" * 64,
        arms=(
            *(ArmRecord(name=name, therapy=key, episodes=400, ranked=True) for name, key in arms),
            ArmRecord(name="ipt", therapy="IPT", episodes=12, ranked=False),
        ),
        outcome=Outcome(column="phq9_week12", baseline="phq9_week0", direction="lower_is_better", unit="PHQ-9 points"),
        outcome_range=(0, 27),
        confidence=0.9,
        min_propensity=0.05,
        encoding=encoding,
        effect_modifiers=("age", "phq9_week0"),
        basis=Basis(columns=2, centre=(0.0, 0.0), scale=(1.0, 1.0)),
        gates=(),
        individualisation=(),
        estimand="a difference in means",
    )
    catalogue = load_therapies()
    averages = np.diag([0.0] + [error**2] * (k - 1))
    return Policy(
        manifest=manifest,
        effects=ServedEffects(
            coefficients=np.column_stack([effects, slopes]).astype(float),
            root=root,
            individualised=individualised,
        ),
        average_effects=np.array(effects, dtype=float),
        average_covariance=averages,
        support=replace(
            Support.of_propensity(np.array(support, dtype=float)),
            hardly_ever=np.full(k, -3.0),
            similar=np.full((k, CELLS), similar),
        ),
        outcome=np.array([-11.0, 0.0, -2.0, 0.0]),
        ranges=OutcomeRanges(
            spread=np.array([np.log(3.0), 0.0, 0.0, 0.0]),
            cells=np.dstack([np.full((k, 40), 20.0), np.tile(np.linspace(-2.0, 2.0, 40), (k, 1))]),
        ),
        therapies={name: catalogue[key] for name, key in arms if key},
        z=1.6448536269514722,
    )


@pytest.fixture(scope="session")
def build_policy() -> Callable[..., Policy]:
    """``make_policy``, for tests that need a policy of their own."""
    return make_policy


@pytest.fixture(scope="session")
def known() -> dict[str, Any]:
    """Values of a patient of whom everything is known."""
    return KNOWN


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The plain policy: constants, well apart."""
    return make_policy()


@pytest.fixture(scope="session")
def rules() -> RuleSet:
    """The shipped safety minimum."""
    return load_rules()


@pytest.fixture
def patient() -> Callable[..., PatientProfile]:
    """Make a profile: an adult of whom everything is known, with what the test changes."""

    def make(exclusions: dict[str, str] | None = None, by: str | None = None, **values: Any) -> PatientProfile:
        content: dict[str, Any] = {"patient_id": "p1", "values": KNOWN | values, "exclusions": exclusions or {}}
        if by:
            content["acknowledgements"] = [{"by": by, "rules": load_rules().waiting}]
        return PatientProfile.model_validate(content)

    return make
