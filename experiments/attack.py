"""What a hostile reader would try on a study's effects, tried before them; `fit` does without it, `study` does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

from data_contracts.effects import BoolArray
from data_contracts.episode import IntArray
from data_contracts.fairness import Fairness
from data_contracts.kind import Kind
from data_contracts.refutation import Refutation
from data_contracts.sensitivity import Sensitivity
from data_contracts.support import SUPPORTED
from data_contracts.withdrawn_pair import is_withdrawn
from estimators.group_fairness import Advised, Group, judge_groups
from estimators.progress import Progress, untold
from estimators.refutation.material import material_of
from estimators.refutation.refute import refute
from estimators.sensitivity.assess import Study, assess
from estimators.sensitivity.benchmarks import outcome_shares
from experiments.fairness_gates import fairness_gates
from experiments.gates import with_waivers
from experiments.group_counts import counts_told
from experiments.group_levels import levels_of
from experiments.kinds import kinds_of
from experiments.leakage_gate import leakage_gate
from experiments.refutation_gates import refutation_gates
from experiments.refuters_beside import beside
from experiments.sensitivity_gates import sensitivity_gates
from experiments.study_result import StudyResult


def attacked(result: StudyResult, progress: Progress = untold) -> StudyResult:
    """The result with what its order of arms withstands, how it holds in each group, refuters, and the gates on all.

    Args:
        progress: told of each attack as it starts and of the share of all of them behind it.
    """
    progress("what the order of arms withstands", 0.0)
    sensitivity, fairness = _sensitivity(result), _fairness(result)
    refutation = _refutation(result, progress)
    gates = (
        leakage_gate(_shares(result), result.protocol),
        *sensitivity_gates(sensitivity, result.protocol),
        *fairness_gates(fairness, result.protocol),
        *refutation_gates(refutation, result.protocol),
    )
    return replace(
        result,
        gates=(*result.gates, *with_waivers(gates, result.protocol.waivers)),
        sensitivity=sensitivity,
        fairness=fairness,
        refutation=refutation,
    )


def _shares(result: StudyResult) -> Mapping[str, float]:
    learned = result.learned
    names = [feature.name for feature in learned.encoding.features]
    return outcome_shares(learned.scored, learned.covariates, learned.encoding.owner, names)


def _sensitivity(result: StudyResult) -> Sensitivity:
    learned = result.learned
    study = Study(
        arms=result.episodes.arms,
        data=learned.scored,
        averages=learned.averages[result.protocol.outcome.column],
        covariates=learned.covariates,
        encoding=learned.encoding,
        withdrawn=result.withdrawn,
    )
    kinds: dict[Kind, BoolArray] = {}
    sizes: dict[Kind, int] = {}
    for levels in kinds_of(result.episodes, result.protocol):
        kinds |= levels
        told = counts_told({kind.words: rows for kind, rows in levels.items()}, result.episodes)
        sizes |= {kind: int(told[kind.words].sum()) for kind in levels}
    return assess(study, kinds, sizes)


def _fairness(result: StudyResult) -> Fairness:
    learned, protocol = result.learned, result.protocol
    study = Advised(
        arms=result.episodes.arms,
        data=learned.scored,
        advice=learned.advice,
        can=learned.support.verdicts(learned.covariates) == SUPPORTED,
        covariates=learned.covariates,
        ranges=learned.ranges,
        confidence=protocol.confidence,
    )
    groups: dict[Group, BoolArray] = {}
    counts: dict[Group, IntArray] = {}
    for name in protocol.groups:
        levels = levels_of(name, result.episodes.columns[name], result.episodes.patient)
        groups |= {(name, level): rows for level, rows in levels.items()}
        counts |= {(name, level): told for level, told in counts_told(levels, result.episodes).items()}
    population = {
        (name, level): share
        for name, levels in protocol.reference_population.items()
        for level, share in levels.items()
    }
    return judge_groups(study, groups, counts, population)


def _refutation(result: StudyResult, progress: Progress) -> Refutation:
    """Ours, and DoWhy's beside them."""
    learned, protocol, arms = result.learned, result.protocol, result.episodes.arms
    pairs = [
        (arm, over)
        for over, arm in combinations(range(len(arms)), 2)
        if not is_withdrawn(result.withdrawn, arms[over], arms[arm])
    ]
    material = material_of(
        arms,
        pairs,
        learned.scored,
        learned.covariates,
        learned.averages[protocol.outcome.column],
        seed=protocol.seed,
        draws=protocol.refuters.draws,
    )
    found = refute(material, protocol.gates, lambda step, done: progress(step, 0.1 + 0.6 * done))
    progress("DoWhy's refuters", 0.7)
    return beside(Refutation(refuters=found), material, protocol)
