"""Other outcomes at the service's doors: the HTTP answer, its basis, and the second table of a batch."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_contracts.effects import ServedEffects
from data_contracts.figure import Figure
from data_contracts.manifest import MANIFEST, PolicyManifest
from data_contracts.profile import PatientProfile
from data_contracts.secondary_arrays import secondary_arrays
from data_contracts.secondary_outcome import SHARE, SecondaryOutcome
from data_contracts.secondary_served import SecondaryServed, ServedLevel
from engine.recommend import recommend
from service.__main__ import main
from service.served_policy import ServedPolicy, load_served

URL = "/v1/recommendations"
RULE = Figure[float](value=5, source="A source.", verified=False)
OUTCOMES = (
    SecondaryOutcome(
        name="remission",
        unit=SHARE,
        kind="yes_no",
        role="remission",
        direction="higher_is_better",
        range=(0, 1),
        rule=RULE,
    ),
    SecondaryOutcome(name="care_hours", unit="hours", kind="points", role="burden", direction="lower_is_better"),
)


def outcome_served(outcome: SecondaryOutcome) -> SecondaryServed:
    """Constant effects of 0.1 and 0.2 over the reference, each with a standard error of 0.02."""
    coefficients, root = np.zeros((3, 3)), np.zeros((3, 3, 3))
    coefficients[1:, 0] = 0.1, 0.2
    root[1, 1, 0] = root[2, 2, 0] = 0.02
    level = ServedLevel(np.array([0.4, 0.0, 0.0]), np.array([[0.03, 0.0, 0.0]]), np.full(3, 1 / 3))
    effects = ServedEffects(coefficients, root, np.zeros(3, dtype=bool))
    covariance = np.diag([0.0, 0.0004, 0.0004])
    return SecondaryServed(
        outcome, effects, coefficients[:, 0], covariance, level if outcome.kind == "yes_no" else None
    )


@pytest.fixture
def policy_folder(lab: Any, write_folder: Callable[[Mapping[str, bytes]], Path]) -> Path:
    """A sound, promoted policy with two other outcomes."""
    arrays = secondary_arrays([outcome_served(outcome) for outcome in OUTCOMES])
    plain = lab.policy(arrays=arrays)
    described = load_manifest(plain).model_copy(update={"secondary": OUTCOMES, "files": {}})
    files = {name: plain[name] for name in ("arrays.npz", "model_card.json")}
    return write_folder(lab.promoted(lab.signed(files, described)))


def load_manifest(files: Mapping[str, bytes]) -> PolicyManifest:
    """The manifest of a policy's files."""
    return PolicyManifest.model_validate_json(files[MANIFEST])


@pytest.fixture
def served(policy_folder: Path) -> Iterator[ServedPolicy]:
    """The policy, loaded for serving."""
    return load_served(str(policy_folder))


def test_the_answer_carries_them(client: Any, served: ServedPolicy, profile: dict[str, Any]) -> None:
    """Over HTTP every ranked arm tells effect, average and how many of 100, digit for digit as in Python."""
    record = client.post(URL, json=profile).json()["recommendation"]
    assert record == recommend(PatientProfile(**profile), served.policy, served.rules).model_dump(mode="json")
    arms = {arm["arm"]: arm["outcomes"] for arm in record["arms"]}
    assert arms["hypnosis"] == []
    remission, hours = arms["cbt"]
    assert (remission["outcome"], remission["unit"]) == ("remission", SHARE)
    assert remission["effect"]["estimate"] == pytest.approx(0.2)
    assert remission["of_hundred"]["estimate"] == pytest.approx(50)
    assert arms["usual_care"][0]["of_hundred"]["estimate"] == pytest.approx(30)
    assert hours["of_hundred"] is None


def test_the_basis_names_them(client: Any, profile: dict[str, Any]) -> None:
    """The basis tells each outcome, which way is better, and the rule of what was derived with its source."""
    answer = client.post(URL, json=profile).json()
    told = client.get(f"{URL}/{answer['id']}/basis").json()["logic"]["secondary"]
    assert [outcome["name"] for outcome in told] == ["remission", "care_hours"]
    assert told[0]["rule"] == {"value": 5.0, "source": "A source.", "verified": False}
    assert told[1]["rule"] is None


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_batch_has_a_second_table(policy_folder: Path, tmp_path: Path, capsys: Any, ending: str) -> None:
    """Beside the first table stands one with a row a patient, arm and outcome, and the summary says where."""
    patients, out = tmp_path / "patients.csv", tmp_path / f"advice.{ending}"
    patients.write_text("patient_id,phq9_week0,age,sex,phq9_item9\n007,17,41,f,0\nP-2,,41,f,0\n", encoding="utf-8")
    asked = ["--policy", str(policy_folder), "--patients", str(patients), "--consent", "letter"]
    assert main(["recommend", *asked, "--out", str(out)]) == 0
    beside = tmp_path / f"advice.outcomes.{ending}"
    assert f"other outcomes to {beside}" in capsys.readouterr().out
    if ending == "parquet":
        assert beside.read_bytes()[:4] == b"PAR1"
        return
    with beside.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    with out.open(encoding="utf-8") as lines:
        first = list(csv.DictReader(lines))
    assert len(rows) == 2 * len(first) == 16
    assert set(first[0]) < set(rows[0])
    assert [row["outcome"] for row in rows[:2]] == ["remission", "care_hours"]
    cbt = next(row for row in rows if (row["patient_id"], row["arm"], row["outcome"]) == ("007", "cbt", "remission"))
    assert (float(cbt["effect"]), float(cbt["of_hundred"])) == pytest.approx((0.2, 50))
    assert cbt["rank_lower"] == cbt["recommended"] == cbt["expected_outcome"] == ""
    silent = [row for row in rows if row["patient_id"] == "P-2"]
    assert {row["effect"] for row in silent} == {""}
    assert {row["average_effect"] for row in silent if row["arm"] == "cbt"} == {"0.2"}


def test_the_second_table_never_replaces_the_patients(policy_folder: Path, tmp_path: Path) -> None:
    """An --out beside which the second table would fall on the table of patients is bad usage; nothing is written."""
    patients = tmp_path / "advice.outcomes.csv"
    patients.write_text("patient_id,phq9_week0,age,sex,phq9_item9\n007,17,41,f,0\n", encoding="utf-8")
    before, out = patients.read_bytes(), tmp_path / "advice.csv"
    assert main(["recommend", "--policy", str(policy_folder), "--patients", str(patients), "--out", str(out)]) == 2
    assert patients.read_bytes() == before
    assert not out.exists()
