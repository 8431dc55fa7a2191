"""A clinic with many arms, and a patient of whom everything is known and nothing speaks against any arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from data_contracts.basis import Basis
from data_contracts.effects import ServedEffects
from data_contracts.encoding import Encoding, Feature
from data_contracts.fact import load_facts
from data_contracts.manifest import ArmRecord, PolicyManifest
from data_contracts.outcome_range import OutcomeRanges
from data_contracts.protocol import Outcome
from data_contracts.recommendation import Reason
from data_contracts.secondary_outcome import BETTER, SHARE, SecondaryOutcome
from data_contracts.secondary_served import SecondaryServed, ServedLevel
from data_contracts.support import CELLS, Support
from data_contracts.therapy import load_therapies, therapy_for
from engine.policy import Policy

EFFECTS = {
    "usual_care": 0.0, "cbt_ssri": 5.0, "citalopram": 4.0, "ssri": 3.0, "cbt": 2.0, "venlafaxine": 1.5, "tca": 1.0,
    "bupropion": 0.5, "emdr": -1.0,
}  # fmt: skip
FEATURES = (
    Feature(name="age", kind="numeric", lower=18, upper=90, fill=40),
    Feature(name="phq9_week0", kind="numeric", lower=5, upper=27, fill=14),
)
SAID_NO = {name: "no" for name, fact in load_facts().items() if fact.kind == "answer"}
KNOWN: dict[str, Any] = SAID_NO | {
    "age": 40, "phq9_week0": 20, "phq9_item9": 0, "audit_c": 0, "creatinine_clearance": 90, "intolerances": "none",
    "decision_support_consent": "yes", "earlier_trial_adequate": "yes", "pregnancy_prevention": "yes",
}  # fmt: skip


REMISSION = SecondaryOutcome(
    name="remission", unit=SHARE, kind="yes_no", role="remission", direction=BETTER["remission"], range=(0, 1)
)


def remission(k: int) -> SecondaryServed:
    """Remission of 30 in 100 under the first arm and of 35 under every other, known to about 2 in 100."""
    coefficients, root = np.zeros((k, 3)), np.zeros((k, k, 3))
    coefficients[1:, 0] = 0.05
    root[np.arange(1, k), np.arange(1, k), 0] = 0.01
    first = np.eye(1, k)[0]
    level = ServedLevel(np.array([0.30, 0.0, 0.0]), np.array([[0.01, 0.0, 0.0]]), first)
    effects = ServedEffects(coefficients, root, np.zeros(k, dtype=bool))
    return SecondaryServed(REMISSION, effects, coefficients[:, 0], np.diag([0.0] + [1e-4] * (k - 1)), level)


def clinic(
    effects: Mapping[str, float] | None = None,
    hardly_ever: Sequence[str] = (),
    too_few: Sequence[str] = (),
    apart: Sequence[str] = (),
    **manifest_says: Any,
) -> Policy:
    """Constant effects, each with a standard error of 0.1 and independent of the others.

    Args:
        effects: other effects than those above, by arm.
        hardly_ever: arms that such patients hardly ever got.
        too_few: arms that too few such patients got.
        apart: further arms, without effects, that the design cannot compare with the reference.
        manifest_says: of the manifest, as it stands there.
    """
    names, k = list(EFFECTS), len(EFFECTS)
    root = np.zeros((k, k, 3))
    root[np.arange(1, k), np.arange(1, k), 0] = 0.1
    keys = {name: found.key if (found := therapy_for(name, {})) else None for name in names}
    manifest = PolicyManifest(
        name="clinic",
        study_id="0" * 64,
        data_fingerprint="1" * 64,
        arms=(
            *(ArmRecord(name=name, therapy=keys[name], episodes=400, ranked=True) for name in names),
            *(ArmRecord(name=name, therapy=None, episodes=400, ranked=False) for name in apart),
        ),
        outcome=Outcome(column="phq9_week12", baseline="phq9_week0", direction="lower_is_better", unit="PHQ-9 points"),
        outcome_range=(0, 27),
        confidence=0.9,
        min_propensity=0.05,
        encoding=Encoding(features=FEATURES, centre=(40, 14), scale=(10, 4)),
        effect_modifiers=("age", "phq9_week0"),
        basis=Basis(columns=2, centre=(0.0, 0.0), scale=(1.0, 1.0)),
        gates=(),
        individualisation=(),
        secondary=(REMISSION,),
        estimand="a difference in means",
        **{"abstained": dict.fromkeys(apart, Reason.NOT_COMPARABLE), **manifest_says},
    )
    values = np.array(list((EFFECTS | dict(effects or {})).values()))
    hardly = np.where(np.isin(names, list(hardly_ever)), 9.0, -9.0)
    similar = np.where(np.isin(names, list(too_few)), 0.0, 22.0)
    return Policy(
        manifest=manifest,
        effects=ServedEffects(
            coefficients=np.column_stack([values, np.zeros((k, 2))]), root=root, individualised=np.zeros(k, dtype=bool)
        ),
        average_effects=values,
        average_covariance=np.diag([0.0] + [0.01] * (k - 1)),
        support=replace(
            Support.of_propensity(np.zeros((k, 3))), hardly_ever=hardly, similar=np.tile(similar[:, None], CELLS)
        ),
        outcome=np.array([-11.0, 0.0, -2.0]),
        ranges=OutcomeRanges(
            spread=np.array([np.log(3.0), 0.0, 0.0]),
            cells=np.dstack([np.full((k, 40), 20.0), np.tile(np.linspace(-2.0, 2.0, 40), (k, 1))]),
        ),
        therapies={name: load_therapies()[key] for name, key in keys.items() if key},
        z=1.6448536269514722,
        secondary=(remission(k),),
    )
