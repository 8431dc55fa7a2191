"""Individual advice earns its place by what it gains, or averages are served; nobody chooses their own advice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray
from data_contracts.policy_value import SURE
from data_contracts.protocol import StudyProtocol
from estimators.contrasts import average_effects
from estimators.earned_advice import EarnedAdvice, by_fold, earn, judge_advice
from estimators.held_out_advice import HeldOutAdvice, held_out_advice
from estimators.policy_value import choices
from estimators.serve import Served, serve
from estimators.stack import held_out_slope

Draw = Callable[..., ScoredEpisodes]
ARMS = ("usual", "a", "b")
SLOPES = [[0.0, 0.0], [0.9, 0.0], [0.0, -0.9]]
WORTH = [0.0, 0.1, 0.0]
"""Average effects so alike that slopes change what is best for most patients."""
WORTHLESS = [0.0, 9.0, 0.0]
"""One arm so far ahead that no slope changes what is best for anybody."""


def protocol(mcid: float | None = None, **gates: Any) -> StudyProtocol:
    """Three arms, and effects that may vary from few episodes on."""
    return StudyProtocol.model_validate(
        {
            "name": "small",
            "records": {"patient_id": "patient_id", "arm": "therapy"},
            "arms": {"reference": "usual", "offered": ["a", "b"]},
            "outcome": {"column": "y", "direction": "higher_is_better", "unit": "points", "mcid": mcid},
            "effect_modifiers": ["x1", "x2"],
            "gates": {"min_effective": 30, **gates},
        }
    )


def served(data: ScoredEpisodes, **gates: Any) -> Served:
    """What calibration alone would serve."""
    return serve(data, average_effects(data.scores, data.cluster, 0.9), protocol(**gates), ARMS, ())


def earned(data: ScoredEpisodes, mcid: float | None = None, **gates: Any) -> EarnedAdvice:
    """The advice, judged."""
    averages = average_effects(data.scores, data.cluster, 0.9)
    return earn(data, served(data, **gates), averages, protocol(mcid, **gates), ARMS, every(data))


def every(data: ScoredEpisodes) -> BoolArray:
    """Everyone is supported for every arm."""
    return np.ones_like(data.scores, dtype=bool)


def regressed(data: ScoredEpisodes) -> HeldOutAdvice:
    """What a regression of scores on straight lines would tell each fold, with all its luck."""
    design = np.column_stack([np.ones(len(data.arm)), data.modifiers])
    averages, effects = np.empty_like(data.scores), np.empty_like(data.scores)
    for fold in range(5):
        test = data.fold == fold
        averages[test] = data.contrasts[~test].mean(axis=0)
        effects[test] = design[test] @ np.linalg.lstsq(design[~test], data.contrasts[~test], rcond=None)[0]
    return HeldOutAdvice(averages, effects)


def held(data: ScoredEpisodes) -> HeldOutAdvice:
    """What calibration alone would tell each fold."""
    competition = served(data).competition
    return held_out_advice(data, competition.deviations, competition.prior, ARMS, protocol().gates, 0.9)


def test_a_study_of_effects_asks_for_no_gain(draw_scores: Draw) -> None:
    """Where the protocol asks how much and not which, effects vary though one arm is best for everybody."""
    data = draw_scores(900, 1, SLOPES, effects=WORTHLESS)
    assert not earned(data).served.effects.individualised.any()
    found = earned(data, gain_confidence=None)
    assert found.proposed is None
    assert found.served.effects.individualised.any()
    np.testing.assert_array_equal(found.served.effects.coefficients, served(data).effects.coefficients)


def test_advice_that_gains_is_served_as_it_was(draw_scores: Draw) -> None:
    """Effects of SD 0.9 about equal averages: the gain's bound is above 0, and what is served is untouched."""
    data = draw_scores(900, 1, SLOPES, effects=WORTH)
    found = earned(data)
    assert found.proposed.earned
    np.testing.assert_array_equal(found.served.effects.coefficients, served(data).effects.coefficients)
    assert found.value.best_single.difference == pytest.approx(found.proposed.best_single.difference)
    assert not any(decision.withheld for decision in found.served.decisions)


def test_effects_that_vary_and_change_nothing_are_not_served(draw_scores: Draw) -> None:
    """The same effects where one arm is the best for everyone: they come true, the advice gains exactly nothing, and
    the averages are served, bit for bit what a shut calibration gate would serve, intervals widened alike.
    """
    data = draw_scores(900, 1, SLOPES, effects=WORTHLESS)
    assert served(data).effects.individualised[1:].all()
    found, shut = earned(data), served(data, min_effective=1e9)
    assert (found.proposed.gain_lower, found.proposed.gains, found.value.differs) == (0, False, 0)
    assert [d.withheld for d in found.served.decisions] == [True, True]
    assert not any(d.individualised for d in found.served.decisions)
    np.testing.assert_array_equal(found.served.effects.coefficients, shut.effects.coefficients)
    np.testing.assert_array_equal(found.served.effects.root, shut.effects.root)
    np.testing.assert_array_equal(found.advice.effects, found.advice.averages)


def test_where_nothing_varies_there_is_no_advice_to_judge(draw_scores: Draw) -> None:
    """With the calibration gate shut nothing is proposed, nothing withheld, and following the averages gains 0."""
    found = earned(draw_scores(900, 1, SLOPES, effects=WORTH), min_effective=1e9)
    assert found.proposed is None
    assert not any(d.withheld for d in found.served.decisions)
    assert (found.value.differs, found.value.best_single.difference) == (0, 0)


def test_advice_worse_than_what_was_chosen_is_not_served(draw_scores: Draw) -> None:
    """Clinicians who gave most patients their best arm do better than advice that gains over the best single arm: it
    is withheld where the protocol names an mcid, and served, unjudged by that, where it names none.
    """
    data = draw_scores(2000, 3, SLOPES, effects=WORTH)
    best = (np.asarray(WORTH) + data.modifiers @ np.asarray(SLOPES).T).argmax(axis=1)
    knowing = np.where(np.random.default_rng(0).random(2000) < 0.9, best, data.arm).astype(np.int64)
    truth = np.asarray(WORTH) + data.modifiers @ np.asarray(SLOPES).T
    rows = np.arange(2000)
    outcome = truth[rows, knowing] + np.random.default_rng(1).normal(size=2000)
    data = replace(data, arm=knowing, outcome=outcome, expected=truth)
    weak = HeldOutAdvice(np.tile(WORTH, (2000, 1)), np.asarray(WORTH) + data.modifiers @ np.roll(SLOPES, 1, axis=1).T)
    weak = HeldOutAdvice(weak.averages, np.where(rows[:, None] % 3 == 0, truth, weak.averages))
    with_mcid, without = (judge_advice(data, weak, every(data), protocol(mcid)) for mcid in (1.0, None))
    assert with_mcid.gains
    assert (with_mcid.as_good_as_chosen, with_mcid.earned, with_mcid.margin) == (False, False, 0.1)
    assert (without.as_good_as_chosen, without.earned) == (None, True)


def test_a_folds_outcomes_do_not_choose_whether_it_is_advised(draw_scores: Draw) -> None:
    """In a study on the brink, where some folds earn advice and some do not, other outcomes in a fold leave that
    fold's advice as it was, to the last bit, and turn some other fold's.
    """
    data = draw_scores(500, 21, [[0.0, 0.0], [0.22, 0.0], [0.0, -0.22]], effects=WORTH)
    lenient = protocol(min_slope=0.0, slope_confidence=0.501)
    competition = serve(data, average_effects(data.scores, data.cluster, 0.9), lenient, ARMS, ()).competition

    def advised(found: ScoredEpisodes) -> HeldOutAdvice:
        raw = held_out_advice(found, competition.deviations, competition.prior, ARMS, lenient.gates, 0.9)
        return by_fold(found, raw, competition, lenient, ARMS, every(found))

    before = advised(data)
    varies = [bool((before.effects != before.averages)[data.fold == fold].any()) for fold in range(5)]
    assert set(varies) == {True, False}
    for fold in range(5):
        inside = data.fold == fold
        rng = np.random.default_rng(fold)
        after = advised(
            replace(
                data,
                outcome=np.where(inside, 3 * rng.normal(size=500), data.outcome),
                scores=np.where(inside[:, None], 3 * rng.normal(size=(500, 3)), data.scores),
            )
        )
        np.testing.assert_array_equal(after.effects[inside], before.effects[inside])
        assert (after.effects[~inside] != before.effects[~inside]).any()


def test_two_folds_are_enough(draw_scores: Draw) -> None:
    """With two folds no fold's others can be judged; the advice is judged as a whole all the same."""
    found = earned(draw_scores(900, 1, SLOPES, effects=WORTH, folds=2))
    assert found.proposed.earned
    assert found.value.differs == found.proposed.differs


@pytest.mark.parametrize("effects", [[0.0, 0.5, 0.0], [0.0, 0.0, 0.0]])
def test_luck_seldom_earns_advice(draw_scores: Draw, effects: list[float]) -> None:
    """One arm is best for everyone by half an SD, or none is; nothing varies, 300 draws of 300, and calibration is not
    asked: a regression's advice is shown to gain in no more than the 10 % that the bound allows, within 3 Monte Carlo
    errors, and hardly ever promises a gain by effects that surely come true. Where no arm is best the bound by scores
    alone lets twice as much pass.
    """
    passed, sure, by_scores = [], [], []
    for seed in range(300):
        data = draw_scores(300, seed, [[0.0, 0.0]] * 3, effects=effects)
        found = judge_advice(data, regressed(data), every(data), protocol())
        passed.append(found.gains)
        sure.append(found.sure)
        by_scores.append(found.best_single.difference > 1.2816 * found.best_single.standard_error)
    assert np.mean(passed) <= 0.1 + 3 * 0.0173
    assert np.mean(sure) <= 0.02
    if not any(effects):
        assert np.mean(by_scores) > 0.1 + 3 * 0.0173


def test_effects_that_surely_come_true_and_promise_a_gain_earn_their_advice(draw_scores: Draw) -> None:
    """Where the bound asked for is out of reach the promise is enough if the slope lies 2.5 errors above 0, and not
    less, unless the interval by scores alone lies below 0; where no gain is promised no slope is enough.
    """
    data = draw_scores(900, 1, (0.5 * np.asarray(SLOPES)).tolist(), effects=WORTH)
    found = judge_advice(data, held(data), every(data), protocol(gain_confidence=1 - 1e-12))
    assert found.gain_lower < 0 < found.promised.difference
    assert found.came_true > SURE
    assert (found.shown, found.sure, found.earned) == (False, True, True)
    denied = found.best_single.model_copy(update={"difference": -0.3, "upper": -0.1})
    noise = found.best_single.model_copy(update={"difference": -0.1, "upper": 0.1})
    nothing = found.promised.model_copy(update={"difference": 0.0})
    for changed, earns in (
        ({"came_true": 2.49}, False),
        ({"came_true": None}, False),
        ({"best_single": noise}, True),
        ({"best_single": denied}, False),
        ({"promised": nothing}, False),
    ):
        assert found.model_copy(update=changed).earned is earns


def test_how_surely_effects_come_true_is_the_stacks_own_slope(draw_scores: Draw) -> None:
    """What the judgement calls so is the held-out slope over its error, whatever the effects are multiplied by."""
    data = draw_scores(900, 1, SLOPES, effects=WORTH)
    advice = held(data)
    slope, error = held_out_slope(data, advice.effects - advice.averages)
    twice = HeldOutAdvice(advice.averages, 2 * advice.effects - advice.averages)
    for told in (advice, twice):
        assert judge_advice(data, told, every(data), protocol()).came_true == pytest.approx(slope / error)


def test_advice_that_scores_deny_is_not_earned(draw_scores: Draw) -> None:
    """Effects promise a gain and came true; where scores alone tell a loss the advice is not earned all the same."""
    data = draw_scores(900, 1, SLOPES, effects=WORTH)
    advice = held(data)
    found = judge_advice(data, advice, every(data), protocol())
    assert found.gains
    rows = np.arange(900)
    best, advised = choices(advice, every(data), data.patient)
    scores: FloatArray = data.scores.copy()
    scores[rows, best] += np.where(advised == best, 0.0, 3.0)
    denied = judge_advice(replace(data, scores=scores - scores.mean(axis=0) + data.scores.mean(axis=0)), advice,
                          every(data), protocol())  # fmt: skip
    assert denied.best_single.difference < 0 < denied.gain_lower
    assert not denied.earned
