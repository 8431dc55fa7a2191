"""Similar patients: counted right, and nobody can be found by subtraction."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.similar_groups import AT_LEAST, COUNT, FOLLOWED, MEAN, path_to
from estimators.design import learn_encoding
from estimators.similar_groups import similar_groups

NAMES = ("phq9_week0", "gad7", "age")
ARMS = 3


def _study(n: int, seed: int, lost: float, missing: float = 0.0):
    rng = np.random.default_rng(seed)
    columns = {
        "phq9_week0": np.clip(np.rint(rng.normal(14, 5, n)), 0, 27),
        "gad7": np.clip(np.rint(rng.normal(10, 4, n)), 0, 21),
        "age": rng.uniform(18, 80, n),
    }
    for name in NAMES[1:]:
        columns[name] = np.where(rng.uniform(size=n) < missing, np.nan, columns[name])
    arm = rng.choice(ARMS, n, p=[0.6, 0.3, 0.1])
    outcome = np.where(rng.uniform(size=n) < lost, np.nan, columns["phq9_week0"] - 4 + rng.normal(size=n))
    return columns, arm, outcome


def _groups(columns, arm, outcome):
    return similar_groups(learn_encoding(columns, NAMES), columns, NAMES, arm, outcome, ARMS)


def _members(groups, columns, node):
    """Rows in a node, counted from the table itself by the cuts' own units."""
    encoding = learn_encoding(columns, NAMES)
    inside = np.ones(len(columns["age"]), dtype=bool)
    for column, cut, above in zip(groups.columns.astype(int), groups.cuts, path_to(node), strict=False):
        values = columns[encoding.features[encoding.owner[column]].name]
        at = cut * encoding.scale[column] + encoding.centre[column]
        inside &= ~np.isnan(values) & ((values > at + 1e-9) if above else (values <= at + 1e-9))
    return inside


@settings(max_examples=60)
@given(n=st.integers(40, 900), seed=st.integers(0, 99), lost=st.sampled_from([0, 0.02, 0.1, 0.3, 0.8]))
def test_counts_and_means_are_those_of_the_table(n, seed, lost):
    """Every cell told is what counting the rows gives."""
    columns, arm, outcome = _study(n, seed, lost)
    groups = _groups(columns, arm, outcome)
    for k, node in product(range(ARMS), range(groups.cells.shape[1])):
        cell = groups.cells[k, node]
        if cell[COUNT]:
            rows = _members(groups, columns, node) & (arm == k)
            followed = (~np.isnan(outcome[rows])).mean()
            assert cell[COUNT] == rows.sum()
            assert cell[FOLLOWED] <= followed if cell[AT_LEAST] else cell[FOLLOWED] == pytest.approx(followed)
            assert cell[MEAN] == pytest.approx(np.nanmean(outcome[rows]))


@settings(max_examples=150)
@given(
    n=st.integers(40, 900),
    seed=st.integers(0, 999),
    lost=st.sampled_from([0, 0.02, 0.1, 0.3, 0.8]),
    missing=st.sampled_from([0, 0.01, 0.2]),
)
def test_no_subtraction_gives_a_small_cell(n, seed, lost, missing):
    """An attacker who knows every cell, and how many started each arm, takes cells from one another in every way that
    the tree allows: each set of episodes whose number, number followed up or number lost comes out is empty or holds
    at least 11. Where the number lost is withheld, it is never certain.
    """
    columns, arm, outcome = _study(n, seed, lost, missing)
    groups = _groups(columns, arm, outcome)
    for k in range(ARMS):
        told = [node for node in range(groups.cells.shape[1]) if groups.cells[k, node, COUNT]]
        sets = [(arm == k), *(_members(groups, columns, node) & (arm == k) for node in told)]
        atoms = {tuple(bool(one[row]) for one in sets) for row in range(n)} - {(False,) * len(sets)}
        for atom in atoms:
            rows = np.all([one == inside for one, inside in zip(sets, atom, strict=True)], axis=0)
            assert not told or rows.sum() >= 11
            if told and not groups.cells[k, 0, AT_LEAST]:
                gone = int(np.isnan(outcome[rows]).sum())
                assert gone == 0 or gone >= 11
                assert rows.sum() - gone >= 11
        if told and groups.cells[k, 0, AT_LEAST]:
            assert 0 < np.isnan(outcome[arm == k]).sum() < 11
            for node in told:
                started, followed = groups.cells[k, node, COUNT], groups.cells[k, node, FOLLOWED]
                assert followed == pytest.approx((started - 10) / started), "the bound is that of any number lost"
                assert started - 10 >= 11


def test_an_arm_with_too_few_has_no_group():
    """Ten patients, or ten of them followed up, are not told of."""
    columns, _, outcome = _study(200, 3, 0.0)
    arm = np.where(np.arange(200) < 10, 2, np.where(np.arange(200) < 100, 1, 0))
    outcome[10:90] = np.nan
    cells = _groups(columns, arm, outcome).cells
    assert cells[0, 0, COUNT] == 100
    assert not cells[1:].any()


def test_groups_do_not_look_at_outcomes():
    """Which features are cut, and where, stays when outcomes change."""
    columns, arm, outcome = _study(800, 4, 0.2)
    before, after = _groups(columns, arm, outcome), _groups(columns, arm, -3 * outcome**2)
    assert (before.columns == after.columns).all()
    assert (before.cuts == after.cuts).all()
    assert (before.cells[..., COUNT] == after.cells[..., COUNT]).all()


def test_a_patient_is_told_of_the_lowest_group_known():
    """Down to the group that the arm has, and no further than the patient's values are known."""
    columns, arm, outcome = _study(5000, 5, 0.3)
    groups = _groups(columns, arm, outcome)
    assert groups.node(0, (True, False, True)) == 2 * (2 * 2 + 1) + 2
    assert groups.node(0, (True, None, True)) == 2
    assert groups.node(0, (None, None, None)) == 0
