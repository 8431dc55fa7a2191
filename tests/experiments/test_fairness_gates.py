"""Gates on groups: each fails where harm is planted, passes where there is none, and is silent without groups."""

from __future__ import annotations

from collections.abc import Mapping

from data_contracts.fairness import ArmGap, Fairness, GroupFairness, Judged
from data_contracts.gate import Gate
from data_contracts.protocol import StudyProtocol
from experiments.fairness_gates import fairness_gates


def protocol(*groups: str) -> StudyProtocol:
    """A protocol with these groups."""
    return StudyProtocol.model_validate(
        {
            "name": "groups",
            "records": {"patient_id": "pid", "arm": "therapy"},
            "arms": {"reference": "usual", "offered": ["new"]},
            "outcome": {"column": "y", "direction": "higher_is_better", "unit": "points"},
            "effect_modifiers": ["age"],
            "groups": list(groups),
        }
    )


def gates(gap: Judged, gain: Judged | None, *groups: str) -> Mapping[str, Gate]:
    """The gates on one group, by name; no group at all where none is named."""
    one = GroupFairness(
        column="sex", level="female", patients=300, share=0.5, gaps=(ArmGap(arm="new", gap=gap),), coverage=0.9,
        unsupported=0.0, no_arm=0.0, started=0.5, gain=gain,
    )  # fmt: skip
    found = Fairness(
        groups=(one,) if groups else (), overall_coverage=0.9, overall_unsupported=0.0, overall_started=0.5
    )
    return {gate.name: gate for gate in fairness_gates(found, protocol(*groups))}


NONE = Judged(estimate=0.01, standard_error=0.1, p=0.99)


def test_a_sure_gap_beyond_the_mark_fails() -> None:
    """And the sentence says who gains less, from what, by how much."""
    gate = gates(Judged(estimate=-0.4, standard_error=0.1, p=0.001), NONE, "sex")["group_calibration"]
    assert gate.state == "failed"
    assert "The largest gap that is sure: patients with sex female gain 0.40 SD less from new" in gate.sentence


def test_neither_a_sure_small_gap_nor_an_unsure_large_one_fails() -> None:
    """A mark is missed by more than chance and by more than the mark, or not at all."""
    for gap in (Judged(estimate=0.1, standard_error=0.01, p=0.0), Judged(estimate=0.5, standard_error=0.4, p=0.6)):
        assert gates(gap, NONE, "sex")["group_calibration"].state == "passed"


def test_a_group_that_is_surely_advised_worse_fails() -> None:
    """Less than what clinicians chose, beyond chance; a gain that is sure is none."""
    worse, better = (Judged(estimate=value, standard_error=0.2, p=0.001) for value in (-1.0, 1.0))
    assert gates(NONE, worse, "sex")["group_harm"].state == "failed"
    assert gates(NONE, better, "sex")["group_harm"].state == "passed"
    assert gates(NONE, None, "sex")["group_harm"].state == "not_assessed"


def test_without_groups_nothing_is_passed() -> None:
    """A protocol that names none is not said to be fair."""
    assert {gate.state for gate in gates(NONE, NONE).values()} == {"not_assessed"}
