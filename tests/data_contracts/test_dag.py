"""A causal graph as a file: what cannot be one is refused with the names concerned."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from data_contracts.dag import Dag, DagReference

GOOD: dict[str, Any] = {
    "name": "depression, first line",
    "version": 3,
    "treatment": "therapy",
    "outcome": "phq9_week12",
    "unobserved": ["social support"],
    "edges": {"severity": ["therapy", "phq9_week12"], "social support": "phq9_week12", "therapy": "phq9_week12"},
}


def test_a_graph_is_read() -> None:
    """One effect needs no brackets, a whole number is a version, and columns keep their spelling."""
    dag = Dag.model_validate(GOOD)
    assert dag.version == "3"
    assert dag.nodes == ("phq9_week12", "severity", "social support", "therapy")
    assert dag.observed == {"phq9_week12", "severity", "therapy"}
    assert dag.parents["phq9_week12"] == {"severity", "social support", "therapy"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"edges": {"phq9_week12": ["therapy"]}, "unobserved": []}, "the outcome causes the treatment"),
        ({"edges": GOOD["edges"] | {"phq9_week12": ["severity"]}}, "severity"),
        ({"edges": {"therapy": ["therapy", "phq9_week12"]}, "unobserved": []}, "a cycle, .*: therapy"),
        ({"unobserved": ["social suport"]}, "in no edge: social suport"),
        ({"treatment": "drug"}, "in no edge: drug"),
        ({"unobserved": ["therapy"]}, "cannot be unobserved: therapy"),
        ({"outcome": "therapy"}, "two nodes"),
        ({"edges": GOOD["edges"] | {"severity": ["therapy", "therapy"]}}, "twice under: severity"),
        ({"version": 1.10}, "version"),
        ({"arrows": []}, "arrows"),
    ],
)
def test_what_is_no_graph_is_refused_by_name(change: dict[str, Any], told: str) -> None:
    """Cycles, strangers, a hidden treatment and a version that YAML has rounded are each told."""
    with pytest.raises(ValidationError, match=told):
        Dag.model_validate(GOOD | change)


def test_a_cycle_is_told_in_the_order_of_its_arrows() -> None:
    """Each name causes the next."""
    edges = {"a": ["b"], "b": ["c"], "c": ["a"], "t": ["y"]}
    with pytest.raises(ValidationError, match=r"a, b, c, a|b, c, a, b|c, a, b, c"):
        Dag.model_validate({"name": "x", "version": 1, "treatment": "t", "outcome": "y", "edges": edges})


def test_a_reference_names_a_version() -> None:
    """Without a version nobody can say by which graph a study was made."""
    assert DagReference.model_validate({"file": "dag.yaml", "version": 2}).version == "2"
    with pytest.raises(ValidationError, match="version"):
        DagReference.model_validate({"file": "dag.yaml"})
