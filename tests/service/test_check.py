"""`equipoise check`: rules, examples and the clock."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import data_contracts
from data_contracts.rule_file import load_rules
from service.__main__ import main
from service.check import WARNING_DAYS, warn_of_expired

REVIEW = min(rule.review_by for rule in load_rules().rules)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the rules that are part of the package."""
    return Path(shutil.copytree(Path(data_contracts.__file__).parent / "rules", tmp_path / "rules"))


@pytest.mark.parametrize(
    ("days", "code", "told"),
    [
        (WARNING_DAYS + 1, 0, ""),
        (WARNING_DAYS, 0, "to be reviewed within 60 days: SI-03"),
        (0, 0, "to be reviewed within 60 days"),
        (-1, 4, "34 of 34 safety rules are past their review; they fire all the same"),
    ],
)
def test_reviews_by_the_clock(days: int, code: int, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Quiet until 60 days before, a warning from then on, exit 4 from the day after."""
    assert main(["check", "--on", str(REVIEW - timedelta(days=days))]) == code
    said = capsys.readouterr()
    assert told in said.err
    assert bool(said.err) == bool(told)
    assert "34 safety rules (version 5)" in said.out
    assert "examples hold. Source not verified: CONSENT-01" in said.out


def test_another_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A deployment's own rules are checked alike, and a wrong key is told with file and rule."""
    day = ["--rules", str(folder), "--on", "2026-06-01"]
    assert main(["check", *day]) == 0
    text = (folder / "medicines.yaml").read_text(encoding="utf-8")
    (folder / "medicines.yaml").write_text(text.replace("effect: remove", "efect: remove", 1), encoding="utf-8")
    assert main(["check", *day]) == 3
    assert "medicines.yaml, rule BIP-01, efect" in capsys.readouterr().err


def test_an_example_that_does_not_hold(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule whose examples come out otherwise is bad input, with the number of the example."""
    text = (folder / "scope.yaml").read_text(encoding="utf-8")
    changed = text.replace("{fact: age, op: lt, value: 18}", "{fact: age, op: lt, value: 21}")
    (folder / "scope.yaml").write_text(changed, encoding="utf-8")
    assert main(["check", "--rules", str(folder), "--on", "2026-06-01"]) == 3
    assert "rule AGE-01, example 2: expected nothing; found refuse" in capsys.readouterr().err


def test_serving_says_which_rules_have_expired(capsys: pytest.CaptureFixture[str]) -> None:
    """A service goes on with expired rules, and says so when it starts."""
    warn_of_expired(load_rules(), REVIEW)
    assert capsys.readouterr().err == ""
    warn_of_expired(load_rules(), REVIEW + timedelta(days=1))
    assert "SI-01" in capsys.readouterr().err


def test_a_service_ages_answers_by_its_clock(client: Any, profile: dict[str, Any]) -> None:
    """A dated answer that is too old is asked for again; a day of something that is no fact is told."""
    made = client.post("/v1/recommendations", json=profile | {"as_of": {"phq9_item9": "2001-02-03"}}).json()
    assert made["recommendation"]["safety"]["level"] == "assess_first"
    for wrong in ({"phq9_item_9": "2001-02-03"}, {"phq9_item9": "soon"}):
        assert client.post("/v1/recommendations", json=profile | {"as_of": wrong}).status_code == 422


def test_an_answer_of_tomorrow_is_asked_about(client: Any, profile: dict[str, Any]) -> None:
    """A day that has not come is a data query, and the answer counts as unknown; the query holds no value."""
    made = client.post("/v1/recommendations", json=profile | {"as_of": {"phq9_item9": "9001-02-03"}})
    answer = made.json()["recommendation"]
    assert [query["id"] for query in answer["queries"]] == ["DATA-FUTURE"]
    assert answer["safety"]["level"] == "assess_first"
    assert "9001" not in made.text


def test_without_consent_only_the_refusal_is_kept(client: Any, store: Any, profile: dict[str, Any]) -> None:
    """The answer refuses, shows a crisis once, and what is stored is the answer to the no alone."""
    profile["values"] |= {"decision_support_consent": "no", "cssrs_q4": "yes"}
    made = client.post("/v1/recommendations", json=profile).json()
    answer = made["recommendation"]
    assert {arm["reason"] for arm in answer["arms"]} == {"CONSENT"}
    assert [finding["rule"] for finding in answer["safety"]["findings"]] == ["SI-03", "SI-01", "CONSENT-01"]
    stored = store.get(made["id"])
    assert json.loads(stored.request)["values"] == {"decision_support_consent": "no"}
    kept = client.get(f"/v1/recommendations/{made['id']}").json()
    assert "SI-0" not in stored.response.decode()
    assert [finding["rule"] for finding in kept["recommendation"]["safety"]["findings"]] == ["CONSENT-01"]
    assert kept["contacts"] == made["contacts"]
