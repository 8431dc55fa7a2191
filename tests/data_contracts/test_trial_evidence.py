"""Trial evidence: facts with a source, checked; errors that say where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from data_contracts.errors import BadInput
from data_contracts.evidence_lint import evidence_problems
from data_contracts.trial_evidence import (
    FOLDER,
    LOG_ODDS_IN_SD,
    EvidenceTable,
    load_evidence,
    read_evidence,
    tables_named,
)

LEAST: dict[str, Any] = {
    "name": "made_up",
    "version": 1,
    "title": "trials",
    "population": "adults",
    "measures": "depression",
    "outcome": "symptoms",
    "scale": "hedges_g",
    "comparator": "care_as_usual",
    "tau": 0.3,
    "source": "A. Author 2020",
    "how": "read",
    "verified": True,
    "entries": [
        {"therapy": "CBT", "estimate": 0.4, "standard_error": 0.1, "trials": 9},
        {"therapy": "SSRI", "estimate": 0.3, "standard_error": 0.1, "trials": 9},
    ],
}


def table(**changes: Any) -> EvidenceTable:
    return EvidenceTable.model_validate(LEAST | changes)


def entry(**changes: Any) -> dict[str, Any]:
    return {"entries": [LEAST["entries"][0] | changes]}


def test_what_is_shipped_passes_the_lint():
    """Every shipped entry has a known therapy, a source and plausible figures."""
    assert evidence_problems(load_evidence().values()) == []


def test_files_are_in_the_package():
    """Each file of the folder is one table under its own name."""
    assert sorted(load_evidence()) == sorted(path.stem for path in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        (entry(therapy="MAGIC"), "entry MAGIC, therapy"),
        (entry(estimate=2.5), "entry CBT, estimate"),
        (entry(standard_error=0.9), "entry CBT, standard_error"),
        (entry(trials=1), "entry CBT, trials"),
        ({"tau": 0.9}, "made_up.yaml, tau"),
        ({"how": "Recalled"}, "made_up.yaml, verified"),
        ({"scale": "log_odds_ratio"}, "made_up.yaml, scale"),
        ({"correlations": [{"therapies": ["CBT", "SSRI"], "value": 1.0}]}, "made_up.yaml, correlations"),
    ],
)
def test_the_lint_sees_each_fault(changes, where):
    """A fault that the schema lets pass is told with file, entry and key."""
    problems = evidence_problems([table(**changes)])
    assert len(problems) == 1
    assert where in problems[0].where


def test_a_log_odds_ratio_is_judged_in_standard_deviations():
    """A log odds ratio of 2 is 1.1 standard deviations: large, but within the range that the lint lets pass."""
    assert table(scale="log_odds_ratio").in_sd == LOG_ODDS_IN_SD == pytest.approx(0.5513, abs=1e-4)
    assert evidence_problems([table(scale="log_odds_ratio", outcome="response", **entry(estimate=2.0))]) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: c["entries"][1].update(estimat=0.3), "entry SSRI.estimat: expected a known key"),
        (lambda c: c["entries"][1].pop("trials"), "entry SSRI.trials: expected a value; found none"),
        (lambda c: c["entries"][0].update(standard_error=-1), "entry CBT.standard_error"),
        (lambda c: c["entries"][0].update(estimate=float("nan")), "entry CBT.estimate"),
        (lambda c: c["entries"][0].update(standard_error=float("inf")), "entry CBT.standard_error"),
        (lambda c: c.update(tau=float("inf")), "made_up.yaml, tau"),
        (lambda c: c["entries"][1].update(therapy="CBT"), "each therapy has one entry; several: CBT"),
        (
            lambda c: c.update(correlations=[{"therapies": ["CBT", "IPT"], "value": 0.1}]),
            "of two entries; not so: IPT",
        ),
        (lambda c: c.update(correlations=[{"therapies": ["CBT", "CBT"], "value": 0.1}]), "not correlated with itself"),
        (lambda c: c.update(name="other"), "made_up.yaml, name"),
    ],
)
def test_errors_name_file_entry_and_key(tmp_path: Path, change, told):
    """What breaks the schema is told with the file, the therapy of the entry and the key."""
    content = yaml.safe_load(yaml.safe_dump(LEAST))
    change(content)
    (tmp_path / "made_up.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_evidence(tmp_path)
    assert told in str(caught.value)
    assert "made_up.yaml" in str(caught.value)


def test_all_files_are_told_at_once(tmp_path: Path):
    """Problems of two files come together."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(LEAST | {"name": name, "tau": -1}), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_evidence(tmp_path)
    assert [problem.where for problem in caught.value.problems] == ["one.yaml, tau", "two.yaml, tau"]


def test_covariance_is_symmetric_and_scaled_by_the_errors():
    """A correlation stands for both orders; pairs that are not named have none."""
    found = table(correlations=[{"therapies": ["SSRI", "CBT"], "value": 0.5}])
    assert found.covariance("CBT", "SSRI") == found.covariance("SSRI", "CBT") == pytest.approx(0.005)
    assert found.covariance("CBT", "CBT") == pytest.approx(0.01)
    assert table().covariance("CBT", "SSRI") == 0.0


def test_an_unknown_table_is_refused_with_those_that_there_are():
    """A protocol that names no table of ours is told which there are."""
    with pytest.raises(BadInput, match="psychotherapy_symptoms"):
        tables_named(["cochrane"])
