"""The fixed basis of served effects: the same terms for one patient and for many, here and after a file."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from data_contracts.basis import Basis
from estimators.basis_design import MANY, MEASURED, effect_basis, linear_basis, smooth_basis

ROOT = Path(__file__).parents[2]


def modifiers(n: int = 400) -> np.ndarray:
    """Standardised: two measured columns, one skewed, a binary one, and one of as many values as are not measured."""
    rng = np.random.default_rng(1)
    columns = [rng.normal(size=n), rng.exponential(size=n), rng.integers(0, 2, n), rng.integers(0, MEASURED - 1, n)]
    x = np.column_stack(columns).astype(float)
    return (x - x.mean(axis=0)) / x.std(axis=0)


def test_terms_are_what_they_say_by_hand() -> None:
    """Every term equals the column itself, or the bump exp(-½((z - c) / w)²), less its centre, over its scale."""
    basis = Basis(
        columns=2, bump_column=(1,), bump_centre=(0.5,), bump_width=(2.0,), centre=(0, 1, 2), scale=(1, 2, 4)
    )
    bump = np.exp(-0.5 * ((3.0 - 0.5) / 2) ** 2)
    np.testing.assert_allclose(basis.expand(np.array([7.0, 3.0])), [7, (3 - 1) / 2, (bump - 2) / 4], rtol=1e-15)
    assert basis.terms == 3
    assert basis.sources == ((0,), (1,), (1,))


def test_products_are_what_they_say_by_hand() -> None:
    """A product holds its columns at ±2.5; a product of soft signs is that of tanh(z / 0.4)."""
    basis = Basis(columns=2, pairs=((0, 1),), sign_pairs=((0, 1),), centre=(0, 0, 1, 2), scale=(1, 1, 2, 4))
    found = basis.expand(np.array([7.0, -0.2]))
    signs = np.tanh(7.0 / 0.4) * np.tanh(-0.2 / 0.4)
    np.testing.assert_allclose(found, [7, -0.2, (2.5 * -0.2 - 1) / 2, (signs - 2) / 4], rtol=1e-15)
    assert basis.sources == ((0,), (1,), (0, 1), (0, 1))
    assert basis.kind.tolist() == [0, 0, 2, 3]


def test_products_of_a_sign_and_a_bend_are_what_they_say_by_hand() -> None:
    """tanh(z1 / 0.4) · exp(-½z2²), and the same with the columns changed about; both are made from the same pair."""
    basis = Basis(columns=2, bend_pairs=((0, 1), (1, 0)), centre=(0, 0, 1, 2), scale=(1, 1, 2, 4))
    found = basis.expand(np.array([0.7, -0.2]))
    first, second = np.tanh(0.7 / 0.4) * np.exp(-0.5 * 0.2**2), np.tanh(-0.2 / 0.4) * np.exp(-0.5 * 0.7**2)
    np.testing.assert_allclose(found, [0.7, -0.2, (first - 1) / 2, (second - 2) / 4], rtol=1e-15)
    assert basis.sources == ((0,), (1,), (0, 1), (0, 1))
    assert basis.kind.tolist() == [0, 0, 4, 4]


def test_effects_are_looked_at_more_finely_where_records_are_many() -> None:
    """The effects' basis has bends of measured columns at any size, and nine bumps a column in place of five from MANY
    records on; the outcomes' basis has neither.
    """
    x = modifiers(MANY)
    few, many, plain = effect_basis(x[:-1]), effect_basis(x), smooth_basis(x)
    assert few.bump_column.count(0) == plain.bump_column.count(0) == 5
    assert many.bump_column.count(0) == 9
    assert few.bend_pairs == many.bend_pairs
    assert {bent for _, bent in many.bend_pairs} == {0, 1}
    assert not plain.bend_pairs


def test_bumps_of_the_index_by_hand() -> None:
    """The index, the columns' weighted sum, counts as one more column; its terms are the columns' by their weights."""
    made_from = {"bump_column": (0, 2), "bump_centre": (0.5, 1.0), "bump_width": (2.0, 3.0), "pairs": ((0, 1),)}
    basis = Basis(columns=2, index=(0.5, -1.5), centre=(0, 0, 0, 1, 0), scale=(1, 1, 1, 2, 1), **made_from)
    found = basis.expand(np.array([2.0, 1.0]))
    index = 0.5 * 2 - 1.5 * 1
    bump, own = np.exp(-0.5 * ((index - 1) / 3) ** 2), np.exp(-0.5 * ((2 - 0.5) / 2) ** 2)
    np.testing.assert_allclose(found, [2, 1, own, (bump - 1) / 2, 2], rtol=1e-15)
    assert basis.sources == ((0,), (1,), (0,), (2,), (0, 1))
    np.testing.assert_allclose(basis.shares, [[1, 0], [0, 1], [1, 0], [0.25, 0.75], [0.5, 0.5]])
    with pytest.raises(ValidationError, match="a column that there is not"):
        Basis(columns=2, centre=(0,) * 5, scale=(1,) * 5, **made_from)
    with pytest.raises(ValidationError, match="a weight for each column"):
        Basis(columns=2, index=(1.0,), centre=(0, 0), scale=(1, 1))


WAVES = {
    "columns": 3,
    "wave_columns": (2, 0),
    "wave_weights": ((1.0, -3.0), (0.5, 0.5)),
    "wave_phase": (0.25, 6.0),
    "centre": (0, 0, 0, 1, 2),
    "scale": (1, 1, 1, 2, 4),
}


def test_waves_are_what_they_say_by_hand() -> None:
    """A wave is cos(Σ ω z + phase) over its columns, each held at ±2.5, and is each column's by its weight's size."""
    basis = Basis(**WAVES)
    found = basis.expand(np.array([7.0, 0.3, -0.2]))
    waves = np.cos([-0.2 * 1 + 2.5 * -3 + 0.25, -0.2 * 0.5 + 2.5 * 0.5 + 6])
    np.testing.assert_allclose(found, [7, 0.3, -0.2, (waves[0] - 1) / 2, (waves[1] - 2) / 4], rtol=1e-14)
    assert basis.sources[3:] == ((2, 0), (2, 0))
    assert basis.kind.tolist() == [0, 0, 0, 5, 5]
    np.testing.assert_allclose(basis.shares[3:], [[0.75, 0, 0.25], [0.5, 0, 0.5]])


def test_waves_leave_the_other_terms_as_they_are() -> None:
    """Without its waves a basis is what it was before them, and its terms keep every bit; as a file it then names
    no waves, as before there were any; with them it comes back from a file the same.
    """
    x = modifiers()
    plain = effect_basis(x)
    added = {name: WAVES[name] for name in ("wave_columns", "wave_weights", "wave_phase")}
    more = {"centre": (*plain.centre, 0.0, 0.0), "scale": (*plain.scale, 1.0, 1.0)}
    basis = Basis(**{**plain.model_dump(), **added, **more})
    assert basis.plain == plain
    assert plain.plain is plain
    np.testing.assert_array_equal(basis.expand(x)[:, :-2], plain.expand(x))
    assert "wave" not in plain.model_dump_json()
    assert Basis.model_validate_json(basis.model_dump_json()) == basis
    np.testing.assert_array_equal(np.stack([basis.expand(row) for row in x]), basis.expand(x))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"wave_columns": (3, 0)}, "a column that there is not"),
        ({"wave_columns": (-1, 0)}, "a column that there is not"),
        ({"wave_columns": (0, 0)}, "columns that differ"),
        ({"wave_columns": ()}, "a weight for each column"),
        ({"wave_weights": ((1.0,), (0.5, 0.5))}, "a weight for each column"),
        ({"wave_weights": ((1.0, 1.0),)}, "a phase each"),
        ({"wave_weights": ((1.0, 8.1), (0.5, 0.5))}, "8 at most"),
        ({"wave_weights": ((1.0, float("inf")), (0.5, 0.5))}, "finite"),
        ({"wave_phase": (0.25, -0.1)}, "from 0 to 2 pi"),
        ({"wave_phase": (0.25, float("nan"))}, "finite"),
        ({"wave_phase": (0.25,)}, "a centre and scale for each term"),
        ({"wave_weights": ((1.0, 1.0),) * 1001, "wave_phase": (0.0,) * 1001, "centre": (0,) * 1004,
          "scale": (1,) * 1004}, "1000 waves at most"),
    ],
)  # fmt: skip
def test_malformed_waves_are_refused(changed: dict[str, object], said: str) -> None:
    """Columns that there are not or twice, weights or phases too many, too few, too large or no numbers."""
    with pytest.raises(ValidationError, match=said):
        Basis(**{**WAVES, **changed})


def test_pairs_of_two_values_have_one_product() -> None:
    """Products of pairs up to 16 columns; soft signs add nothing to two columns of two values each, so they are left
    out; from 17 columns on there are no products.
    """
    rng = np.random.default_rng(2)
    x = np.column_stack([rng.normal(size=300), rng.integers(0, 2, 300), rng.integers(0, 2, 300)]).astype(float)
    basis = smooth_basis((x - x.mean(axis=0)) / x.std(axis=0))
    assert basis.pairs == ((0, 1), (0, 2), (1, 2))
    assert basis.sign_pairs == ((0, 1), (0, 2))
    many = smooth_basis(rng.normal(size=(300, 17)))
    assert not many.pairs
    assert not many.sign_pairs


def test_one_patient_has_the_terms_of_many() -> None:
    """Expanding one row equals that row of expanding all, bit for bit, and so does a row among rows of rows."""
    x = modifiers()
    basis = effect_basis(x)
    many = basis.expand(x)
    np.testing.assert_array_equal(np.stack([basis.expand(row) for row in x]), many)
    np.testing.assert_array_equal(basis.expand(x.reshape(4, 100, -1)), many.reshape(4, 100, -1))


def test_terms_are_standard_over_the_study() -> None:
    """Over the study every term has mean 0 and standard deviation 1, to 1e-12."""
    x = modifiers()
    terms = effect_basis(x).expand(x)
    np.testing.assert_allclose(terms.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(terms.std(axis=0), 1, atol=1e-12)


def test_only_measured_columns_have_bumps() -> None:
    """Columns of few distinct values have their linear term alone; linear terms stand first, in the columns' order."""
    basis = smooth_basis(modifiers())
    assert set(basis.bump_column) == {0, 1}
    assert basis.sources[: basis.columns] == ((0,), (1,), (2,), (3,))


def test_a_linear_basis_changes_nothing() -> None:
    """The linear basis gives the modifiers back, bit for bit."""
    x = modifiers()
    np.testing.assert_array_equal(linear_basis(4).expand(x), x)


def test_bumps_stand_on_no_patient() -> None:
    """Where the quantiles themselves are patients' values (n = 401), no centre is any patient's value."""
    x = modifiers(401)
    basis = smooth_basis(x)
    for column, centre in zip(basis.bump_column, basis.bump_centre, strict=True):
        assert not np.isin(centre, x[:, column])
    assert np.isin(np.quantile(x[:, 0], 0.1), x[:, 0])


def test_a_constant_column_is_not_blown_up() -> None:
    """A modifier that was the same for everyone has a term within 10 of 0 for a patient who is otherwise by 5."""
    x = modifiers()
    x[:, 2] = 0
    basis = smooth_basis(x)
    assert np.abs(basis.expand(np.array([0.0, 0.0, 5.0, 0.0]))).max() < 10


@pytest.mark.parametrize("make", [linear_basis, lambda p: effect_basis(modifiers()[:, :p])])
def test_a_file_gives_the_same_terms(make) -> None:
    """Written as JSON and read again, the basis is equal and its terms are the same bit for bit."""
    basis = make(3)
    again = Basis.model_validate(json.loads(json.dumps(basis.model_dump(mode="json"))))
    assert again == basis
    assert Basis.model_validate_json(basis.model_dump_json()) == basis
    x = modifiers()[:, :3]
    np.testing.assert_array_equal(again.expand(x), basis.expand(x))


def test_a_basis_that_was_used_is_written_like_a_fresh_one() -> None:
    """Properties kept for speed after use are neither written nor compared."""
    x = modifiers()
    used, fresh = smooth_basis(x), smooth_basis(x)
    used.expand(x)
    assert used.sources is used.sources
    assert used.model_dump_json() == fresh.model_dump_json()


def test_a_basis_is_never_copied_with_changes() -> None:
    """Kept properties would go along with ``model_copy``: nothing but manifests, gates and decisions is copied so."""
    found = set()
    for path in ROOT.glob("*/**/*.py"):
        if path.is_relative_to(ROOT / "tests") or ".venv" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "model_copy":
                found.add(ast.unparse(node.value))
    assert not [name for name in found if "basis" in name.lower()], found


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"columns": "many"},
        {"columns": 3},
        {"centre": (0.0,)},
        {"scale": (1.0, 0.0)},
        {"scale": (1.0, float("nan"))},
        {"bump_column": (1,)},
        {"columns": 1, "bump_column": (1,), "bump_centre": (0.0,), "bump_width": (1.0,)},
    ],
)
def test_a_broken_basis_is_refused(change: dict) -> None:
    """Unknown keys, wrong types, lengths, columns and scales are errors, and a basis cannot be changed."""
    basis = linear_basis(2)
    with pytest.raises(ValidationError):
        Basis.model_validate(basis.model_dump() | change)
    with pytest.raises(ValidationError):
        basis.columns = 3
