"""Gates on planted designs: each fails and passes where it must, and a waiver turns no failure into a pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data_contracts.gate import Gate, Waiver, in_state
from data_contracts.gate_marks import GateMarks
from data_contracts.patient_count import Count, Split
from data_contracts.policy_value import Comparison, PolicyValue, ProposedAdvice
from data_contracts.protocol import StudyProtocol
from data_contracts.systematic_error import SystematicError
from estimators.balance import Balance
from estimators.pair_design import PairDesign
from experiments.diagnostics import Diagnostics
from experiments.effect_gates import negative_control_gate, plausible_gain_gate
from experiments.gates import blinded_gates, with_waivers
from experiments.individual_gates import individual_gates
from experiments.withdrawal import apart_from_reference, withdrawn_pairs

MARKS = GateMarks()
ARMS = ("usual_care", "cbt", "ssri")
ASKED: dict[str, Any] = {
    "name": "planted",
    "records": {"patient_id": "pid", "arm": "therapy"},
    "arms": {"reference": "usual_care", "offered": ["cbt", "ssri"]},
    "outcome": {"column": "phq9", "direction": "lower_is_better", "unit": "points"},
    "effect_modifiers": ["age"],
}


def pair(first: int, second: int, *, equipoise: float = 0.5, episodes: int = 400, **planted: float) -> PairDesign:
    """Two arms that can be compared, but for what is planted; each episode another patient's."""
    good: dict[str, Any] = {"difference": 0.05, "beyond_chance": -0.01, "upper": 0.1}
    inside = round(episodes * equipoise)
    band = Split(Count(inside, inside), Count(episodes - inside, episodes - inside))
    return PairDesign(first=first, second=second, column="age", band=band, **(good | planted))


def judged(found: Diagnostics, *waivers: Waiver) -> tuple[Gate, ...]:
    """The gates of a design, waivers applied, but those that the protocol has no material for."""
    protocol = StudyProtocol.model_validate(ASKED | {"waivers": waivers})
    gates = with_waivers(blinded_gates(found, ARMS, (), protocol), protocol.waivers)
    assert gates[-1].state == "not_assessed"
    return gates[:-1]


GOOD = Diagnostics(
    log_loss=1.0,
    marginal_entropy=1.05,
    calibration_error=0.02,
    calibration_chance=0.02,
    balance=Balance(("age",), *(np.array([value]) for value in (0.4, 0.05, 0.06, -0.01))),
    support=np.ones(3),
    supported=(Split(Count(300, 300), Count(0, 0)),) * 3,
    effective=np.full(3, 300.0),
    clipped=Split(Count(0, 0), Count(900, 900)),
    pairs=(pair(0, 1), pair(0, 2), pair(1, 2)),
)
UNLIKE, APART = {"difference": 0.3, "beyond_chance": 0.24}, {"equipoise": 0.1}

PLANTED = {
    "propensity_log_loss": {"log_loss": 1.2},
    "propensity_calibration": {"calibration_error": 0.09},
    "balance": {"pairs": (pair(0, 1, **UNLIKE), pair(0, 2, **UNLIKE), pair(1, 2))},
    "equipoise": {"pairs": (pair(0, 1, **APART), pair(0, 2, **APART), pair(1, 2))},
}


def test_a_sound_design_passes_every_gate_of_the_design() -> None:
    """Nothing is beyond its mark, so nothing fails."""
    gates = judged(GOOD)
    assert in_state(gates, "passed") == tuple(PLANTED)


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found_by_its_gate_alone(name: str) -> None:
    """One fault, one failed gate, of that name."""
    assert in_state(judged(replace(GOOD, **PLANTED[name])), "failed") == (name,)


@pytest.mark.parametrize("name", PLANTED)
def test_a_waiver_is_kept_and_turns_no_failure_into_a_pass(name: str) -> None:
    """The failed gate is waived with who and why; the waiver of a gate that held leaves it passed."""
    waiver = Waiver(gate=name, by="W. Aiver", why="known and small")
    for found, state in ((replace(GOOD, **PLANTED[name]), "waived"), (GOOD, "passed")):
        gates = {gate.name: gate for gate in judged(found, waiver)}
        assert (gates[name].state, gates[name].waiver) == (state, waiver)
        assert all(gate.waiver is None for gate in gates.values() if gate.name != name)


@pytest.mark.parametrize("planted", [UNLIKE, APART], ids=["unlike", "apart"])
def test_one_pair_that_cannot_be_compared_is_withdrawn_and_fails_no_gate(planted: dict[str, float]) -> None:
    """The gates judge the pairs that are left; a waiver of the mark keeps the pair in, and the gate is waived."""
    found = replace(GOOD, pairs=(*GOOD.pairs[:2], pair(1, 2, **planted)))
    protocol = StudyProtocol.model_validate(ASKED)
    (gone,) = withdrawn_pairs(found.pairs, ARMS, protocol)
    assert gone.arms == ("cbt", "ssri")
    assert apart_from_reference([gone], "usual_care") == set()
    assert not in_state(judged(found), "failed")
    name = "balance" if planted is UNLIKE else "equipoise"
    waiver = Waiver(gate=name, by="W. Aiver", why="known and small")
    assert in_state(judged(found, waiver), "waived") == (name,)
    waived = StudyProtocol.model_validate(ASKED | {"waivers": [waiver]})
    assert withdrawn_pairs(found.pairs, ARMS, waived) == []


def calibration(result: Any, varies: bool, slope: float | None) -> Gate:
    """The calibration gate of a study in which the first arm's effect varies or not."""
    first, *rest = result.learned.individualisation
    others = [decision.model_copy(update={"individualised": False}) for decision in rest]
    decisions = (first.model_copy(update={"individualised": varies}), *others)
    learned = replace(result.learned, individualisation=decisions, held_out_slope=slope)
    return individual_gates(learned, result.protocol)[0]


def test_calibration_is_earned_not_earned_or_not_assessed_and_never_failed(result: Any) -> None:
    """An effect that varies has earned it; predictions that did not come true have not; none is nothing to assess."""
    assert calibration(result, True, 0.9).state == "passed"
    assert calibration(result, False, 0.2).state == "unearned"
    assert calibration(result, False, None).state == "not_assessed"


def comparison(difference: float) -> Comparison:
    """A difference with a standard error of 1."""
    ends = {"lower": difference - 1.645, "upper": difference + 1.645}
    return Comparison(value=0.0, difference=difference, standard_error=1.0, patients=1.0, **ends)


def advice_states(
    result: Any,
    gain: float,
    over_chosen: float,
    margin: float | None,
    by_scores: float = 0.2,
    came_true: float | None = None,
) -> dict[str, str]:
    """The gates of an advice with these lower bounds, this gain by scores alone, and a slope of so many errors."""
    proposed = ProposedAdvice(
        differs=0.5,
        best_single=comparison(by_scores),
        promised=comparison(gain + 1.28),
        came_true=came_true,
        clinicians=comparison(over_chosen + 1.28),
        gain_lower=gain,
        clinicians_lower=over_chosen,
        margin=margin,
    )
    _, *gates = individual_gates(replace(result.learned, proposed=proposed), result.protocol)
    assert [gate.value for gate in gates] == [gain, over_chosen]
    return {gate.name: gate.state for gate in gates}


def test_advice_earns_its_place_by_both_bounds(result: Any) -> None:
    """A gain that is shown, or that sure effects promise, passes; one that is neither, or that scores alone deny, is
    unearned, never failed; without an mcid nothing says how much worse than what was chosen would be let pass.
    """
    name = ("policy_value", "clinicians_choice")
    assert advice_states(result, 0.1, -0.4, 0.5) == dict(zip(name, ("passed", "passed"), strict=True))
    assert advice_states(result, 0.0, 0.2, 0.5) == dict(zip(name, ("unearned", "passed"), strict=True))
    assert advice_states(result, -1.0, 0.2, 0.5, -0.01, 2.6) == dict(zip(name, ("passed", "passed"), strict=True))
    assert advice_states(result, -1.0, 0.2, 0.5, -1.7, 2.6) == dict(zip(name, ("unearned", "passed"), strict=True))
    assert advice_states(result, 0.1, 0.2, 0.5, -0.01) == dict(zip(name, ("unearned", "passed"), strict=True))
    assert advice_states(result, 0.1, -0.5, 0.5) == dict(zip(name, ("passed", "unearned"), strict=True))
    assert advice_states(result, 0.1, -9.0, None) == dict(zip(name, ("passed", "not_assessed"), strict=True))


def test_advice_judged_before_gains_were_promised_stays_judged(result: Any) -> None:
    """A manifest from before holds no promised gain: its bound is that by scores, and that is what is told."""
    told = {"differs": 0.5, "gain_lower": 0.1, "clinicians_lower": 0.0, "margin": 0.5}
    before = ProposedAdvice.model_validate(
        {**told, "best_single": comparison(1.38).model_dump(), "clinicians": comparison(1.28).model_dump()}
    )
    assert before.earned
    _, gate, _ = individual_gates(replace(result.learned, proposed=before), result.protocol)
    assert (gate.state, gate.lower) == ("passed", before.best_single.lower)
    assert "gains 1.38" in gate.sentence


def test_without_advice_there_is_none_to_judge(result: Any) -> None:
    """Where nothing was proposed both gates are not assessed, and say why: nothing varies, or nobody is supported."""
    decisions = result.learned.individualisation
    for withheld, told in ((False, "no individual advice"), (True, "supported arm")):
        changed = tuple(d.model_copy(update={"individualised": False, "withheld": withheld}) for d in decisions)
        learned = replace(result.learned, proposed=None, individualisation=changed)
        for gate in individual_gates(learned, result.protocol)[1:]:
            assert (gate.state, gate.value) == ("not_assessed", None)
            assert told in gate.sentence


def error(arm: str, expected: float, chance: float) -> SystematicError:
    """An arm's systematic error."""
    return SystematicError(arm=arm, effects=(), mean=expected, sd=0.0, expected=expected, chance=chance)


def test_the_arm_with_the_most_bias_beyond_chance_decides() -> None:
    """A large error that chance explains passes; a smaller one that it does not fails, by name."""
    noisy, biased = error("cbt", 0.30, 0.28), error("ssri", 0.18, 0.05)
    assert negative_control_gate((noisy,), 12, MARKS).state == "passed"
    found = negative_control_gate((noisy, biased), 12, MARKS)
    assert (found.state, found.value) == ("failed", pytest.approx(0.13))
    assert "ssri has an expected absolute systematic error of 0.18 SD" in found.sentence


def test_too_few_negative_controls_are_not_assessed() -> None:
    """Without material there is no pass: the gate says how many controls there are and how many it takes."""
    found = negative_control_gate((), 9, MARKS)
    assert (found.state, found.value) == ("not_assessed", None)
    assert "names 9 negative controls; 10 are needed" in found.sentence


def gains(difference: float) -> PolicyValue:
    """An advice that gains so much over every other way."""
    told = {"value": 0.0, "difference": difference, "standard_error": 0.1, "lower": 0.0, "upper": 1.0, "patients": 1.0}
    other = Comparison.model_validate(told)
    return PolicyValue(value=0, standard_error=0.1, differs=0.5, best_single=other, reference=other, clinicians=other)


def test_a_gain_too_good_to_be_true_fails(result: Any) -> None:
    """A quarter of a standard deviation is the most that is believed, in whatever unit the outcome is."""
    data = result.learned.scored
    means = np.array([np.nanmean(data.outcome[data.arm == k]) for k in range(3)])
    sd = float(np.sqrt(np.nansum((data.outcome - means[data.arm]) ** 2) / ((~np.isnan(data.outcome)).sum() - 3)))
    for unit in (1.0, 40.0):
        scaled = replace(data, outcome=unit * data.outcome)
        assert plausible_gain_gate(gains(0.24 * unit * sd), scaled, MARKS).state == "passed"
        found = plausible_gain_gate(gains(0.26 * unit * sd), scaled, MARKS)
        assert (found.state, found.value) == ("failed", pytest.approx(0.26))


def test_eight_points_of_recovery_are_the_most_that_is_believed(result: Any) -> None:
    """Of an outcome that is yes or no the gain is counted in patients, whichever answer is the better one."""
    data = result.learned.scored
    for sign in (-1.0, 1.0):
        answers = replace(data, outcome=sign * (data.outcome > np.nanmedian(data.outcome)).astype(float))
        assert plausible_gain_gate(gains(0.07), answers, MARKS).state == "passed"
        assert plausible_gain_gate(gains(0.09), answers, MARKS).state == "failed"
    assert plausible_gain_gate(None, data, MARKS).state == "not_assessed"


def test_a_gain_in_remission_is_judged_beside_the_points(result: Any) -> None:
    """Nine more of 100 in remission fail an advice whose points could be believed; chance is named, and no excuse."""
    data = result.learned.scored
    gain = gains(0.05)
    assert plausible_gain_gate(gain, data, MARKS, gains(0.07).best_single).state == "passed"
    found = plausible_gain_gate(gain, data, MARKS, gains(0.09).best_single)
    assert (found.state, found.value) == ("failed", pytest.approx(0.09))
    assert "brings 9.0 more of 100 patients to remission" in found.sentence
    assert "the excess may be chance" in found.sentence
    sure = gains(0.09).best_single.model_copy(update={"lower": 0.085})
    assert "more than chance explains" in plausible_gain_gate(gain, data, MARKS, sure).sentence
    # Points that are farther above their ceiling are what is told.
    assert plausible_gain_gate(gains(1.0), data, MARKS, sure).value != pytest.approx(0.09)


ONE_PAIR_OF_300 = {"pairs": (pair(0, 1, equipoise=0.17, episodes=300), pair(0, 2))}
ALL_PAIRS_OF_3000 = {"pairs": tuple(pair(0, second, equipoise=0.17, episodes=3000) for second in (1, 2))}


@pytest.mark.parametrize(
    ("name", "within", "beyond"),
    [
        ("propensity_log_loss", *({"log_loss": 1.08, "log_loss_error": error} for error in (0.015, 0.01))),
        ("equipoise", ONE_PAIR_OF_300, ALL_PAIRS_OF_3000),
    ],
    ids=["log-loss", "equipoise"],
)
def test_what_chance_explains_fails_no_mark(name: str, within: dict[str, Any], beyond: dict[str, Any]) -> None:
    """By hand: 0.03 nats less 1.645 errors is 0.005 or 0.014; 17 % end at 20.9 of 300 and at 18.2 of 3,000."""
    assert in_state(judged(replace(GOOD, **within)), "failed") == ()
    assert in_state(judged(replace(GOOD, **beyond)), "failed") == (name,)
