"""Outcomes derived from a score: the instrument's rules at every boundary, and all that cannot be derived at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.derived_outcomes import derive, rules_of
from data_contracts.protocol import StudyProtocol

ALL = ["response", "remission", "reliable_improvement", "reliable_deterioration", "dropout"]
LESS = "lower_is_better"

BOUNDARIES = [
    ("response", 20, 10, 0.5, 1),
    ("response", 20, 11, 0.5, 0),
    ("response", 15, 7, 0.5, 1),
    ("response", 15, 8, 0.5, 0),
    ("response", 0, 0, 0.5, None),
    ("remission", 20, 4, 5, 1),
    ("remission", 20, 5, 5, 0),
    ("remission", None, 4, 5, 1),
    ("reliable_improvement", 20, 14, 6, 1),
    ("reliable_improvement", 20, 15, 6, 0),
    ("reliable_deterioration", 10, 16, 6, 1),
    ("reliable_deterioration", 10, 15, 6, 0),
    ("reliable_improvement", None, 15, 6, None),
    ("response", None, 15, 0.5, None),
    ("response", 20, None, 0.5, None),
    ("remission", 20, None, 5, None),
    ("dropout", 20, None, 0, 1),
    ("dropout", 20, 27, 0, 0),
]


def number(value: float | None) -> float:
    return np.nan if value is None else value


@pytest.mark.parametrize(("role", "baseline", "score", "rule", "wanted"), BOUNDARIES)
def test_each_rule_at_its_boundary(role, baseline, score, rule, wanted):
    """A fall of half, a total below the cut-off, a change of the stated points; unknown stays unknown."""
    found = derive(role, np.array([number(score)], float), np.array([number(baseline)], float), rule)
    np.testing.assert_array_equal(found, [number(wanted)])


@given(st.integers(0, 27), st.integers(1, 27))
def test_rules_never_contradict_each_other(score, baseline):
    """On the PHQ-9 nobody improves and deteriorates reliably at once, and who responds has not got worse."""
    both = (np.array([float(score)]), np.array([float(baseline)]))
    found = {role: derive(role, *both, rule) for role, rule in zip(ALL[:4], (0.5, 5, 6, 6), strict=True)}
    assert found["reliable_improvement"] + found["reliable_deterioration"] <= 1
    assert not (found["response"] and found["reliable_deterioration"])


def test_a_study_has_them_as_outcomes(records, check):
    """Every derived outcome equals its definition on the table's own numbers; dropout is observed for everybody."""
    records.loc[::7, "phq9_week12"] = np.nan
    episodes = check(records, derived_outcomes=ALL)
    before, after = episodes.columns["phq9_week0"], episodes.outcomes["phq9_week12"]
    seen = ~np.isnan(after)
    wanted = {
        "response": after <= before / 2,
        "remission": after < 5,
        "reliable_improvement": after <= before - 6,
        "reliable_deterioration": after >= before + 6,
    }
    for name, holds in wanted.items():
        np.testing.assert_array_equal(episodes.outcomes[name], np.where(seen, holds, np.nan))
    np.testing.assert_array_equal(episodes.outcomes["dropout"], ~seen)


def test_derived_outcomes_change_nothing_else(records, check):
    """Episodes, order, covariates, the primary outcome and attrition are those of a study without them."""
    records.loc[::7, "phq9_week12"] = np.nan
    plain, more = check(records), check(records, derived_outcomes=ALL)
    np.testing.assert_array_equal(plain.arm, more.arm)
    np.testing.assert_array_equal(plain.outcomes["phq9_week12"], more.outcomes["phq9_week12"])
    assert plain.attrition == more.attrition
    assert plain.columns.keys() == more.columns.keys()


def test_all_that_cannot_be_derived_is_told_at_once(records, refusal):
    """Without a known instrument and a baseline, both are asked for in one message, with a fault in the table."""
    outcome = {"column": "mood", "direction": LESS, "unit": "points"}
    frame = records.rename(columns={"phq9_week12": "mood"})
    frame.loc[3, "gad7"] = 40
    message = refusal(frame, outcome=outcome, derived_outcomes=ALL[:4])
    assert "total of a known instrument" in message
    assert "expected a baseline of the primary outcome" in message
    assert "row 5" in message
    assert message.count("\n") == 2


def test_remission_and_dropout_need_no_baseline(records, check):
    """The cut-off alone is enough for remission, and a missing score for dropout."""
    records.loc[::7, "phq9_week12"] = np.nan
    outcome = {"column": "phq9_week12", "direction": LESS, "unit": "PHQ-9 points"}
    assert {"remission", "dropout"} <= set(check(records, outcome=outcome, derived_outcomes=ALL[1::3]).outcomes)


def test_dropout_needs_no_instrument(records, check):
    """A score of one's own has no rules, but one knows who left."""
    frame = records.rename(columns={"phq9_week12": "mood"})
    frame.loc[::7, "mood"] = np.nan
    found = check(frame, outcome={"column": "mood", "direction": LESS, "unit": "points"}, derived_outcomes=["dropout"])
    assert found.outcomes["dropout"].sum() == 18


def test_an_instrument_without_the_rule_is_named(records, refusal):
    """The HAM-D17 has no reliable change here; what needs it is named, what does not is derived."""
    frame = records.rename(columns={"phq9_week12": "hamd17_week12", "phq9_week0": "hamd17_week0"})
    outcome = {"column": "hamd17_week12", "baseline": "hamd17_week0", "direction": LESS, "unit": "HAM-D17 points"}
    message = refusal(frame, outcome=outcome, derived_outcomes=ALL[:4], effect_modifiers=["hamd17_week0", "age"])
    assert "HAM-D17" in message
    assert "none for reliable_improvement, reliable_deterioration" in message


def test_better_must_be_less(records, refusal):
    """On an instrument where more is worse, an outcome of which more is better is a slip of the protocol."""
    outcome = {"column": "phq9_week12", "direction": "higher_is_better", "unit": "PHQ-9 points"}
    assert "less is better" in refusal(records, outcome=outcome, derived_outcomes=["remission"])


def test_what_hardly_anybody_has_is_set_aside(records, check):
    """Nobody lost, and hardly anybody deteriorated: both are set aside and named, and what can be learned stays."""
    frame = records.assign(phq9_week12=records.phq9_week12.where(records.index < 5, 0.0), phq9_week0=10)
    frame["phq9_week0"] = np.where(frame.index % 2, 10, 12)
    frame.loc[20:40, "phq9_week12"] = 10.0
    found = check(frame, derived_outcomes=["dropout", "reliable_deterioration", "response"])
    assert list(found.outcomes) == ["phq9_week12", "response"]
    assert found.set_aside["dropout"] == "it needs at least two different values; found every value alike"
    assert found.set_aside["reliable_deterioration"].startswith("it needs at least 11 patients with each answer")


def test_what_is_compared_with_a_missing_baseline_is_set_aside(records, check):
    """A response that hardly any patient of one arm can be asked for is not learned; who left still is."""
    frame = records.copy()
    frame.loc[::7, "phq9_week12"] = np.nan
    arm = frame.therapy.iloc[0]
    frame.loc[frame.index[frame.therapy == arm][5:], "phq9_week0"] = np.nan
    found = check(frame, derived_outcomes=["response", "dropout"])
    assert f"fewer in {arm}" in found.set_aside["response"]
    assert "dropout" in found.outcomes


NAUSEA = {"column": "nausea", "direction": LESS, "unit": "share of patients", "kind": "yes_no", "role": "side_effect"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({4: 2}, "1 or 0 (true or false), or an empty cell; found another in 1 row (row 6;"),
        ({4: 0.5, 9: -1}, "2 rows (row 6, 11;"),
        ({4: "Zebedee"}, "expected numbers"),
        (dict.fromkeys(range(120), 1), "every value alike"),
        (dict.fromkeys(range(115), 0), "at least 11 patients with each answer"),
        (dict.fromkeys(range(120)), "none in any row"),
    ],
)
def test_a_yes_or_no_has_two_answers(records, refusal, values, said):
    """Another value, one answer alone, or one that hardly anybody gave, is refused with its place, never its value."""
    column = np.array([i % 2 for i in range(120)], dtype=object)
    column[list(values)] = list(values.values())
    message = refusal(records.assign(nausea=column), secondary_outcomes=[NAUSEA | {"side_effect": "nausea"}])
    assert said in message
    assert "t.csv, nausea" in message
    assert "Zebedee" not in message


def test_rules_carry_their_source(content):
    """The figure behind each derived outcome comes with its source and whether that was read."""
    found = rules_of(StudyProtocol.model_validate(content | {"derived_outcomes": ALL}))
    assert list(found) == ALL[:4]
    assert all(figure.source for figure in found.values())
