"""Individual advice has to earn its place: shown, on held-out patients, to do better than one arm for everyone.

Effects that come true need not change what is best for anybody, and where they do the change may be worth nothing. So
beside the calibration of effects the advice itself is judged. Either its cross-fitted gain over the best single arm is
shown: the one-sided lower bound, by what effects promise (``estimators.promised_gain``), and the estimate by scores
alone lie above 0. Or effects surely come true (their held-out slope lies 2.5 standard errors above 0), the promised
gain lies above 0, and the interval by scores alone does not lie below 0. Of the gain over what clinicians chose the
lower bound by scores has to lie above a small margin below 0. Otherwise the averages are served to everyone.

What is told of the value of the advice that is served is of the whole procedure, this judgement included: for each
fold it is made again from the others, so that no patient is scored by an advice that they helped to let pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from data_contracts.effects import AverageEffects, BoolArray, ScoredEpisodes
from data_contracts.episode import FloatArray
from data_contracts.policy_value import SURE, Comparison, PolicyValue, ProposedAdvice
from data_contracts.protocol import StudyProtocol
from estimators.competition import Competition
from estimators.held_out_advice import HeldOutAdvice, all_but, held_out_advice
from estimators.policy_value import policy_value
from estimators.promised_gain import promised_gain
from estimators.serve import Served, serve_averages
from estimators.stack import held_out_slope


@dataclass(frozen=True)
class EarnedAdvice:
    """What is served after the advice was judged.

    Attributes:
        served: effects that vary if the advice earned it, else averages for everyone.
        advice: what each episode would have been told by what the other folds alone would serve.
        proposed: the evidence on the advice that was proposed; None if none was, or none could be judged.
        value: what following the served advice is worth; None where hardly anybody has a supported arm.
        judged: the same as it was judged, whether or not it is served.
    """

    served: Served
    advice: HeldOutAdvice
    proposed: ProposedAdvice | None
    value: PolicyValue | None
    judged: HeldOutAdvice


def earn(
    data: ScoredEpisodes,
    served: Served,
    averages: AverageEffects,
    protocol: StudyProtocol,
    arms: tuple[str, ...],
    can: BoolArray,
) -> EarnedAdvice:
    """Judge the advice that varying effects would give, and serve averages where it is not earned.

    Args:
        data: the primary outcome's scored episodes.
        served: what calibration alone would serve.
        averages: the averages that are served.
        can: (n, K) whether each arm is supported for the patient.
    """
    served, raw, proposed = let_pass(data, served, averages, protocol, arms, can)
    if not served.effects.individualised.any():
        advice = HeldOutAdvice(raw.averages, raw.averages)
    elif protocol.gates.gain_confidence is None:
        advice = raw
    else:
        advice = by_fold(data, raw, served.competition, protocol, arms, can)
    value = policy_value(data, advice, can, protocol.confidence)
    return EarnedAdvice(served, advice, proposed, value, raw if proposed else advice)


def let_pass(
    data: ScoredEpisodes,
    served: Served,
    averages: AverageEffects,
    protocol: StudyProtocol,
    arms: tuple[str, ...],
    can: BoolArray,
) -> tuple[Served, HeldOutAdvice, ProposedAdvice | None]:
    """What is served once its advice was judged, that advice held out, and the evidence on it; as for ``earn``."""
    deviations, prior = served.competition.deviations, served.competition.prior
    raw = held_out_advice(data, deviations, prior, arms, protocol.gates, protocol.confidence)
    if not served.effects.individualised.any() or protocol.gates.gain_confidence is None:
        return served, raw, None
    proposed = judge_advice(data, raw, can, protocol)
    if proposed is None or not proposed.earned:
        served = serve_averages(data, averages, served, _why(proposed, protocol))
    return served, raw, proposed


def judge_advice(
    data: ScoredEpisodes, advice: HeldOutAdvice, can: BoolArray, protocol: StudyProtocol
) -> ProposedAdvice | None:
    """What held-out advice gained, with one-sided bounds; None if no gain is asked or hardly anybody is supported."""
    found, marks = policy_value(data, advice, can, protocol.confidence), protocol.gates
    if found is None or marks.gain_confidence is None:
        return None
    mcid = protocol.outcome.mcid
    promised = promised_gain(data, advice, can, protocol.confidence)
    return ProposedAdvice(
        differs=found.differs,
        best_single=found.best_single,
        promised=promised,
        came_true=_came_true(data, advice),
        clinicians=found.clinicians,
        gain_lower=_lower(promised, marks.gain_confidence),
        clinicians_lower=_lower(found.clinicians, marks.gain_confidence),
        margin=None if mcid is None else marks.clinicians_margin * mcid,
    )


def by_fold(
    data: ScoredEpisodes,
    raw: HeldOutAdvice,
    competition: Competition,
    protocol: StudyProtocol,
    arms: tuple[str, ...],
    can: BoolArray,
) -> HeldOutAdvice:
    """The same advice, with the averages for each fold whose other folds do not earn it.

    With two folds the others are one, which cannot be judged: there the advice stays as it is.
    """
    folds = np.unique(data.fold)
    if len(folds) < 3:
        return raw
    effects: FloatArray = raw.effects.copy()
    for fold in folds:
        test = data.fold == fold
        others, marks = all_but(data, test, protocol.gates)
        deviations = [found[~test] for found in competition.deviations]
        inner = held_out_advice(others, deviations, competition.prior, arms, marks, protocol.confidence)
        judged = judge_advice(others, inner, can[~test], protocol)
        if judged is None or not judged.earned:
            effects[test] = raw.averages[test]
    return HeldOutAdvice(raw.averages, effects)


def _came_true(data: ScoredEpisodes, advice: HeldOutAdvice) -> float:
    """Standard errors by which the slope of what the advice follows lies above 0; 0 where nothing scatters."""
    slope, error = held_out_slope(data, advice.effects - advice.averages)
    return slope / error if error > 0 else 0.0


def _lower(found: Comparison, confidence: float) -> float:
    return found.difference - NormalDist().inv_cdf(confidence) * found.standard_error


def _why(proposed: ProposedAdvice | None, protocol: StudyProtocol) -> str:
    if proposed is None:
        return "too few patients have a supported arm to tell what advice that follows its effect is worth"
    bound = f"lower {100 * (protocol.gates.gain_confidence or 0.0):g} % bound"
    if not proposed.gains:
        return (
            "its effect would vary, but advice that follows it is not shown to gain over the best single arm: "
            f"{bound} {proposed.gain_lower:.2f} {protocol.outcome.unit}, by scores alone "
            f"{proposed.best_single.difference:.2f}, where above 0 is asked of both; nor do effects that surely come "
            f"true promise one: their slope lies {proposed.came_true or 0.0:.1f} standard errors above 0, "
            f"{SURE:g} are asked"
        )
    return (
        "its effect would vary, but advice that follows it is not shown to be as good as what clinicians chose: "
        f"{bound} {proposed.clinicians_lower:.2f} {protocol.outcome.unit}, above -{proposed.margin:g} is asked"
    )
