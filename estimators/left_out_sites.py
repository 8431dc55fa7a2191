"""Leave-one-site-out value: advice learned without a site, given to that site's patients.

For each site the served form is learned again from the scores of all others: leading models, their weights, what may
vary, its shrinking, and whether the advice earns its place. It is valued at the site by scores whose outcome
regressions are the other sites' too. What is not learned again: the study's propensities, and who is supported, which
no outcome enters; the nuisances behind the other sites' scores; and the direction of the prognostic index. To keep the
cost in check only the plainest and the richest leading model compete. A patient seen at two sites is at both. The
estimates are those of ``policy_value``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from data_contracts.effects import BoolArray, ScoredEpisodes
from data_contracts.episode import Episodes, FloatArray, IntArray
from data_contracts.patient_count import MINIMUM_CELL, Count, count_patients
from data_contracts.policy_value import Comparison
from data_contracts.protocol import StudyProtocol
from data_contracts.site_value import SiteValue, SiteValues
from data_contracts.support import SUPPORTED
from estimators.contrasts import average_effects
from estimators.designed_study import DesignedStudy
from estimators.earned_advice import let_pass
from estimators.folds import MINIMUM_LEARNED
from estimators.held_out_advice import HeldOutAdvice, all_but
from estimators.hierarchical_family import plain_and_rich
from estimators.policy_value import choice, compare, policy_value
from estimators.progress import Progress, untold
from estimators.scored_outcome import score_outcome
from estimators.serve import serve

FEWEST = 100
"""Episodes of a site below which it is not left out: its value would be known to no more than chance."""

MOST = 5
"""Sites left out, the largest: for each the served form is learned again."""


def leave_sites_out(
    episodes: Episodes,
    designed: DesignedStudy,
    scored: ScoredEpisodes,
    advice: HeldOutAdvice,
    protocol: StudyProtocol,
    progress: Progress = untold,
) -> SiteValues:
    """The value of advice at each site that it was learned without.

    Args:
        designed, scored: the study's design and the primary outcome's scored episodes.
        advice: what the study's own advice is for each episode, held out by fold.
        progress: told of each site as it is left out, and of the share of them behind.
    """
    if protocol.records.site is None:
        return SiteValues(untold="the protocol names no site")
    chosen = large_sites(episodes, protocol)
    there = int(episodes.site.max()) + 1
    if len(chosen) < 2:
        told = f"{len(chosen)} of {there} sites can be left out with {FEWEST} episodes there and every arm elsewhere"
        return SiteValues(untold=told, left_in=there)
    can = np.asarray(designed.support.verdicts(designed.covariates) == SUPPORTED)
    without = HeldOutAdvice(np.zeros_like(advice.averages), np.zeros_like(advice.effects))
    within = HeldOutAdvice(advice.averages, advice.effects.copy())
    with threadpool_limits(1):
        valued = _scored_elsewhere(episodes, designed, protocol, chosen)
        for i, site in enumerate(chosen):
            progress(f"site left out: {i + 1} of {len(chosen)}", i / len(chosen))
            inside = episodes.site == site
            averages, effects = _advice_elsewhere(scored, inside, can, protocol, episodes.arms)
            without.averages[inside] = averages
            whose, allowed = scored.patient[inside], can[inside]
            without.effects[inside] = unless_few(effects, without.averages[inside], allowed, whose)
            within.effects[inside] = unless_few(advice.effects[inside], without.effects[inside], allowed, whose)
    sites = [
        _value(episodes.sites[site], valued, episodes.site == site, without, within, can, protocol) for site in chosen
    ]
    known = tuple(found for found in sites if found)
    overall = _value("all of these", valued, np.isin(episodes.site, chosen), without, within, can, protocol)
    return SiteValues(sites=known, overall=overall, left_in=there - len(known))


def unless_few(effects: FloatArray, others: FloatArray, can: BoolArray, patient: IntArray) -> FloatArray:
    """(n, K) effects, or the other ones where both advise differently for 1 to 10 patients alone."""
    differ = choice(effects, can) != choice(others, can)
    return others if Count.of(patient[differ]).is_small else effects


def large_sites(episodes: Episodes, protocol: StudyProtocol) -> list[int]:
    """Codes of the sites that can be left out, in order: large enough, and every arm is learned elsewhere."""
    seen = ~np.isnan(episodes.outcomes[protocol.outcome.column])

    def sources(rows: BoolArray) -> int:
        return len(np.unique(episodes.cluster[rows]))

    def elsewhere(site: int) -> int:
        """Sources of the arm that the other sites have fewest of."""
        away = seen & (episodes.site != site)
        return min(sources(away & (episodes.arm == k)) for k in range(len(episodes.arms)))

    sizes = np.bincount(episodes.site)
    patients = [count_patients(episodes.patient[episodes.site == k]) for k in range(len(sizes))]
    large = [k for k, size in enumerate(sizes) if size >= FEWEST and patients[k] >= MINIMUM_CELL]
    largest = sorted(large, key=lambda site: -sizes[site])
    return sorted([site for site in largest if elsewhere(site) >= MINIMUM_LEARNED][:MOST])


def _scored_elsewhere(
    episodes: Episodes, designed: DesignedStudy, protocol: StudyProtocol, chosen: list[int]
) -> ScoredEpisodes:
    """Scores by outcome regressions, and chances of being observed, of all other sites than the episode's own."""
    fold: IntArray = np.full(episodes.n, len(chosen), dtype=np.int64)
    for code, site in enumerate(chosen):
        fold[episodes.site == site] = code
    codes = np.unique(fold, return_inverse=True)[1].astype(np.int64)
    design = replace(designed.design, folds=[codes], observations={})
    return score_outcome(design, protocol, protocol.outcome, designed.propensity.prediction)[1]


def _advice_elsewhere(
    scored: ScoredEpisodes, inside: BoolArray, can: BoolArray, protocol: StudyProtocol, arms: tuple[str, ...]
) -> tuple[FloatArray, FloatArray]:
    """(K,) averages and (m, K) effects for those inside that the others' policy would serve."""
    others, marks = all_but(scored, inside, protocol.gates)
    protocol = protocol.model_copy(update={"gates": marks})
    averages = average_effects(others.scores, others.cluster, protocol.confidence)
    served = serve(others, averages, protocol, arms, (), plain_and_rich(others.basis))
    passed = let_pass(others, served, averages, protocol, arms, can[~inside])[0]
    return averages.effects, passed.effects.over(scored.terms(inside))


def _value(
    name: str,
    data: ScoredEpisodes,
    inside: BoolArray,
    without: HeldOutAdvice,
    within: HeldOutAdvice,
    can: BoolArray,
    protocol: StudyProtocol,
) -> SiteValue | None:
    """The value at the patients inside; None where hardly any of them has a supported arm."""
    here, allowed = data.rows(inside), can[inside]
    told = HeldOutAdvice(without.averages[inside], without.effects[inside])
    found = policy_value(here, told, allowed, protocol.confidence)
    drop = _drop(here, told.effects, within.effects[inside], allowed, protocol.confidence)
    if found is None or drop is None:
        return None
    return SiteValue(
        site=name or "(not given)",
        individual=bool((np.ptp(told.effects - told.averages, axis=0) > 0).any()),
        best_single=found.best_single,
        clinicians=found.clinicians,
        drop=drop,
    )


def _drop(
    here: ScoredEpisodes, without: FloatArray, within: FloatArray, can: BoolArray, confidence: float
) -> Comparison | None:
    """The study's advice less that of the other sites, by the same scores, patient by patient."""
    rows = np.arange(len(here.arm))
    ours, theirs = (here.scores[rows, choice(effects, can)] for effects in (within, without))
    return compare(ours, theirs, np.asarray(can.any(axis=1)), here, confidence)
