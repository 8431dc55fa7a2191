"""Findings: a share is shown as one, and the differences between arms stay as they came."""

from __future__ import annotations

import numpy as np

from data_contracts.effects import AverageEffects
from data_contracts.protocol import FurtherOutcome, Outcome
from experiments.report.findings import finding

ARMS = ("usual_care", "cbt", "ssri")
AVERAGES = AverageEffects(
    means=np.array([-0.02, 0.004, -1.01]),  # benefit scale: minus the share, as lower is better
    effects=np.array([0.0, 0.024, -0.99]),
    covariance=np.diag([0.0, 1e-4, 1e-4]),
    critical_value=2.0,
)


def test_a_share_outside_0_to_1_is_shown_at_the_nearer_end() -> None:
    """Of a rare yes or no the means are 0.02, just below 0 and just above 1; both are bounded, named, and no more."""
    found = finding(FurtherOutcome.derived("reliable_deterioration"), AVERAGES, ARMS, 0.9)
    assert found["means"] == {"usual_care": 0.02, "cbt": 0.0, "ssri": 1.0}
    assert found["bounded"] == ["cbt", "ssri"]
    estimates = {(one["arm"], one["over"]): one["estimate"] for one in found["contrasts"]}
    assert np.isclose(estimates["cbt", "usual_care"], 0.024)
    assert np.isclose(estimates["ssri", "cbt"], -1.014)


def test_points_are_bounded_by_nothing() -> None:
    """A score may be what it comes out as."""
    outcome = Outcome(column="change", direction="lower_is_better", unit="points")
    found = finding(outcome, AVERAGES, ARMS, 0.9)
    assert found["means"] == {"usual_care": 0.02, "cbt": -0.004, "ssri": 1.01}
    assert found["bounded"] == []
