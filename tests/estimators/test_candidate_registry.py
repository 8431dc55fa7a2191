"""Who competes: by default, when named, and for how many episodes."""

from __future__ import annotations

from typing import Any

import pytest

from data_contracts.errors import BadUsage
from data_contracts.protocol import StudyProtocol
from estimators.candidates import CANDIDATES, for_study, registry
from estimators.hierarchical_family import FAMILY

LEAST: dict[str, Any] = {
    "name": "small",
    "records": {"patient_id": "pid", "arm": "therapy"},
    "arms": {"reference": "usual_care", "offered": ["cbt", "ssri"]},
    "outcome": {"column": "y", "direction": "lower_is_better", "unit": "points"},
    "effect_modifiers": ["age"],
}


@pytest.fixture(autouse=True)
def everything_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who competes does not hang on what this machine has, but where a test says so."""
    monkeypatch.setattr(registry, "find_spec", lambda _package: object())


def competing(episodes: int, *named: str) -> list[str]:
    """Names of those that compete beside the lead."""
    protocol = StudyProtocol.model_validate({**LEAST, "candidates": named})
    return [model.name for model in for_study(protocol, episodes)]


def test_names_are_distinct() -> None:
    """Every candidate and every leading model can be told apart by name."""
    names = [*(lead.name for lead in FAMILY), *(one.model.name for one in CANDIDATES)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("one", CANDIDATES, ids=lambda one: one.model.name)
def test_a_named_candidate_competes_up_to_its_limit(one: Any) -> None:
    """Named alone it competes alone, up to ``up_to`` episodes and not beyond; and it says why."""
    limit = one.up_to if one.up_to is not None else 10_000_000
    assert competing(limit, one.model.name) == [one.model.name]
    if one.up_to is not None:
        assert competing(limit + 1, one.model.name) == []
    assert one.unasked is None or one.up_to is None or one.unasked <= one.up_to
    assert one.why


@pytest.mark.parametrize("one", CANDIDATES, ids=lambda one: one.model.name)
def test_an_unnamed_candidate_competes_up_to_what_is_unasked(one: Any) -> None:
    """Where the protocol names nobody, the table says who competes."""
    limit = one.unasked if one.unasked is not None else 10_000_000
    assert (one.model.name in competing(max(limit, 1))) == (limit > 0)
    if one.unasked is not None:
        assert one.model.name not in competing(limit + 1)


def test_the_order_is_the_tables() -> None:
    """In whatever order they are named."""
    assert competing(1000, "x_learner", "zero", "s_learner") == ["zero", "s_learner", "x_learner"]


def test_strangers_are_refused() -> None:
    """A name that there is not is told, with those that there are."""
    with pytest.raises(BadUsage, match=r"s_learner.*found magic, more_magic"):
        competing(1000, "more_magic", "s_learner", "magic")


def test_a_candidate_without_its_package_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal tells candidate, package and extra; unasked, or above its limit, it is not missed."""
    monkeypatch.setattr(registry, "find_spec", lambda _package: None)
    with pytest.raises(BadUsage, match=r"bart needs the package stochtree.*extra bench"):
        competing(1000, "zero", "bart")
    assert "bart" not in competing(1000)
    assert competing(10_000, "zero", "bart") == ["zero"]
