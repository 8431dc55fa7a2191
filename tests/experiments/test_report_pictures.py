"""The funnel of negative controls and the tree of served effects, as page and JSON show them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from data_contracts.systematic_error import ControlEffect, SystematicError
from experiments.report.effect_tree import STEP, effect_tree
from experiments.report.figures import figures
from experiments.report.funnel import funnel_plot, outside
from experiments.report.page import page
from experiments.report.screens import themed
from experiments.report.summary import summarise
from experiments.study_result import StudyResult

CONTROLS = tuple(
    ControlEffect(control=f"c{i}", estimate=estimate, standard_error=error)
    for i, (estimate, error) in enumerate([(0.16, 0.1), (0.17, 0.1), (-0.5, 0.2), (0.0, 0.05)])
)


def error(arm: str) -> SystematicError:
    """An arm's systematic error by four controls, of which two lie outside of what sampling explains."""
    return SystematicError(arm=arm, effects=CONTROLS, mean=0.02, sd=0.05, expected=0.06, chance=0.04)


def unpainted(page: str) -> str:
    """A page without what its drawings are painted with, which `one_style` moves to one place of it."""
    return re.sub(r' (?:style="[^"]*"|class="d\d+")|<style[^>]*>.*?</style>', "", page, flags=re.DOTALL)


def test_a_control_is_outside_beyond_1645_standard_errors() -> None:
    """By hand: 1.6 errors are inside, 1.7 and 2.5 outside, 0 inside; the text alternative counts them."""
    found = error("cbt").model_dump()
    assert outside(found) == 2
    assert "cbt 2 of 4 controls outside" in funnel_plot([found]).alt


def test_the_funnel_stands_on_the_page_of_a_study_with_controls(result: StudyResult) -> None:
    """Every arm has a panel, its numbers stand in the JSON; a study without controls has no funnel."""
    errors = tuple(error(arm) for arm in result.episodes.arms[1:])
    shown = replace(result, learned=replace(result.learned, systematic_errors=errors))
    summary = summarise(shown)
    pictures = figures(shown, summary)
    assert unpainted(themed(pictures["funnel"])) in unpainted(page(summary, pictures))
    assert len(summary["negative_controls"][0]["effects"]) == 4
    assert "funnel" not in figures(result, summarise(result))


@pytest.fixture
def varying(result: StudyResult) -> StudyResult:
    """The null study, served as if the effect of its first arm rose with the first modifier."""
    served = result.learned.served
    coefficients, individualised = np.zeros_like(served.coefficients), np.zeros(len(served.coefficients), dtype=bool)
    coefficients[1, :2], individualised[1] = (0.5, 2.0), True
    changed = replace(served, coefficients=coefficients, individualised=individualised)
    return replace(result, learned=replace(result.learned, served=changed))


def test_the_tree_tells_what_is_served(varying: StudyResult) -> None:
    """Its leaves' means, weighed by who is in them, are the average served; they rise with the modifier planted."""
    found = effect_tree(varying)
    assert found is not None
    arm = varying.episodes.arms[1]
    assert found["arms"] == [arm]
    effects = [leaf["effects"][arm] for leaf in found["leaves"]]
    assert effects == sorted(effects)
    assert {text.split()[0] for leaf in found["leaves"] for text in leaf["path"]} == {
        varying.protocol.effect_modifiers[0]
    }
    assert found["explained"][arm] > 0.7
    shares = np.array([leaf["share"] for leaf in found["leaves"]])
    assert shares @ effects / shares.sum() == pytest.approx(0.5, abs=2 * 2 * STEP / varying.episodes.n)
    assert {leaf["first"] for leaf in found["leaves"] if leaf["effects"][arm] > 0} == {arm}


def test_page_and_json_show_the_same_tree(varying: StudyResult) -> None:
    """Each leaf is a row of the table; where no effect varies there is neither section nor picture."""
    summary = summarise(varying)
    pictures = figures(varying, summary)
    text = page(summary, pictures)
    assert unpainted(themed(pictures["tree"])) in unpainted(text)
    for leaf in summary["tree"]["leaves"]:
        assert all(condition in pictures["tree"].alt for condition in leaf["conditions"])
        assert f'<td class="n">{100 * leaf["share"]:.0f} %</td>' in text


def test_where_no_effect_varies_there_is_no_tree(result: StudyResult) -> None:
    """A study that serves averages tells none."""
    constant = replace(result.learned.served, individualised=np.zeros(len(result.episodes.arms), dtype=bool))
    summary = summarise(replace(result, learned=replace(result.learned, served=constant)))
    assert summary["tree"] is None
    assert "as a small tree" not in page(summary, figures(result, summary))


def test_no_leaf_tells_of_a_column_with_a_hidden_count(varying: StudyResult) -> None:
    """With five gaps in the first modifier, of which Table 1 says "<11", the tree does without that column."""
    name = varying.protocol.effect_modifiers[0]
    column = varying.episodes.columns[name].copy()
    column[:5] = np.nan
    episodes = replace(varying.episodes, columns={**varying.episodes.columns, name: column})
    found = effect_tree(replace(varying, episodes=episodes))
    assert found is not None
    assert all(not text.startswith(name) for leaf in found["leaves"] for text in leaf["path"])
