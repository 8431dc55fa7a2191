"""The tree of served effects: it finds what was planted, its leaves part everybody, and no cut is one patient's."""

from __future__ import annotations

import numpy as np
import pytest

from data_contracts.encoding import Feature
from estimators.effect_tree import LEAF, Leaf, explained, grow

N = 1200
RNG = np.random.default_rng(11)
AGE = np.rint(RNG.uniform(18, 80, N))
SCORE = RNG.normal(14, 5, N)
SEX = np.where(RNG.random(N) < 0.6, "f", "m").astype(object)
NOISE = RNG.normal(size=N)
FEATURES = (
    Feature(name="age", kind="numeric", lower=18, upper=80, fill=49),
    Feature(name="score", kind="numeric", lower=0, upper=30, fill=14),
    Feature(name="sex", kind="categorical", levels=("f", "m")),
    Feature(name="noise", kind="numeric", lower=-2, upper=2, fill=0),
)
COLUMNS = (AGE, SCORE, SEX, NOISE)
EFFECTS = np.stack([np.where(AGE > 50, 3.0, 0.0), np.where(SEX == "m", 2.0, -2.0)], axis=1)


@pytest.fixture(scope="module")
def leaves() -> tuple[Leaf, ...]:
    """The tree of effects that change with age and with sex, and with nothing else."""
    return grow(FEATURES, COLUMNS, EFFECTS)


def test_planted_steps_are_found_and_nothing_else(leaves: tuple[Leaf, ...]) -> None:
    """One split by sex and one by age, at the decile nearest to the planted 50, explain nearly all."""
    named = {condition.column for leaf in leaves for condition in leaf.conditions}
    assert named == {"age", "sex"}
    cuts = {condition.cut for leaf in leaves for condition in leaf.conditions if condition.column == "age"}
    assert min(abs(cut - 50.5) for cut in cuts if cut is not None) <= 3
    assert (explained(leaves, EFFECTS) > (0.75, 0.99)).all()


def test_leaves_part_the_patients_and_none_is_small(leaves: tuple[Leaf, ...]) -> None:
    """Everybody is in one leaf, every leaf holds what its conditions say, and none fewer than 55 patients."""
    assert (sum(leaf.rows.astype(int) for leaf in leaves) == 1).all()
    columns = {feature.name: column for feature, column in zip(FEATURES, COLUMNS, strict=True)}
    for leaf in leaves:
        assert leaf.rows.sum() >= LEAF
        held = np.ones(N, dtype=bool)
        for condition in leaf.conditions:
            column = columns[condition.column]
            is_so = column == condition.level if condition.cut is None else column > condition.cut
            held &= is_so if condition.above else ~is_so
        assert (held == leaf.rows).all()
        for condition in set(leaf.conditions) - set(leaf.shortest):
            assert any(each.says_more_than(condition) for each in leaf.shortest)


def test_what_is_explained_is_the_variance_between_leaves(leaves: tuple[Leaf, ...]) -> None:
    """Computed a second way, from the variance within leaves."""
    within = sum(leaf.rows.sum() * EFFECTS[leaf.rows].var(axis=0) for leaf in leaves) / N
    assert explained(leaves, EFFECTS) == pytest.approx(1 - within / EFFECTS.var(axis=0))


def test_one_patients_value_moves_no_cut() -> None:
    """The oldest becoming far older changes neither conditions nor leaves."""
    age = AGE.copy()
    age[AGE.argmax()] = 119.0
    before, after = grow(FEATURES, COLUMNS, EFFECTS), grow(FEATURES, (age, *COLUMNS[1:]), EFFECTS)
    assert [leaf.conditions for leaf in before] == [leaf.conditions for leaf in after]


def test_where_nothing_is_worth_a_split_there_is_one_leaf() -> None:
    """Effects that differ by chance alone are told as one."""
    (alone,) = grow(FEATURES, COLUMNS, RNG.normal(size=(N, 1)))
    assert (alone.conditions, int(alone.rows.sum())) == ((), N)


def test_conditions_are_told_in_plain_signs(leaves: tuple[Leaf, ...]) -> None:
    """Whole numbers come as the nearest that is meant, levels as words."""
    texts = {condition.text for leaf in leaves for condition in leaf.conditions}
    assert {"sex is m", "sex is not m"} <= texts or {"sex is f", "sex is not f"} <= texts
    assert any(text.startswith("age ≥ ") and "." not in text for text in texts)
