"""What the manifest says of patients whom a safety rule speaks of: counts by arm, none under eleven."""

from __future__ import annotations

import numpy as np
import pytest

from data_contracts.episode import Episodes
from data_contracts.protocol import StudyProtocol
from experiments.policy_writer import patients_with

PROTOCOL = StudyProtocol.model_validate(
    {
        "name": "perinatal",
        "records": {"patient_id": "pid", "arm": "therapy"},
        "arms": {"reference": "usual_care", "offered": ["ssri"]},
        "outcome": {"column": "y", "direction": "lower_is_better", "unit": "points"},
        "effect_modifiers": ["age"],
        "confounders": ["pregnant"],
    }
)


def episodes(pregnant: object) -> Episodes:
    """Forty episodes an arm."""
    arm = np.repeat([0, 1], 40)
    nothing = np.zeros(80, dtype=np.int64)
    columns = {"age": np.full(80, 30.0), "pregnant": np.array(pregnant)}
    return Episodes(("usual_care", "ssri"), {}, arm, nothing, nothing, columns, {}, (), "0")


@pytest.mark.parametrize("kind", ["numbers", "words"])
def test_counts_by_arm(kind: str) -> None:
    """Twelve who got the reference are told, ten who got the drug are not, however yes is written."""
    yes = np.r_[np.arange(40) < 12, np.arange(40) < 10]
    written = yes.astype(float) if kind == "numbers" else np.where(yes, "Yes", None)
    assert patients_with(PROTOCOL, episodes(written)) == {"pregnant": {"usual_care": 12, "ssri": 0}}


def test_a_column_that_is_no_answer_is_not_known() -> None:
    """Weeks of pregnancy are no yes, so the records count as not knowing."""
    assert patients_with(PROTOCOL, episodes(np.full(80, 12.0))) == {}
