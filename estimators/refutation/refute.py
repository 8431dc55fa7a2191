"""All refuters of a study, judged together; a new one joins the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from threadpoolctl import threadpool_limits

from data_contracts.gate_marks import GateMarks
from data_contracts.refutation import Refuter, Verdict
from estimators.holm import holm
from estimators.progress import Progress, untold
from estimators.refutation.dummy_outcome import dummy_outcome
from estimators.refutation.material import Material
from estimators.refutation.not_assessable import NotAssessable
from estimators.refutation.placebo_outcome import placebo_outcome
from estimators.refutation.placebo_treatment import placebo_treatment
from estimators.refutation.planted_leak import planted_leak
from estimators.refutation.random_cause import random_cause
from estimators.refutation.redrawn_treatment import redrawn_treatment
from estimators.refutation.subset_stability import subset_stability

REFUTERS: Mapping[str, Callable[[Material, GateMarks], Refuter]] = {
    "placebo_treatment": lambda material, _: placebo_treatment(material),
    "redrawn_treatment": lambda material, _: redrawn_treatment(material),
    "placebo_outcome": lambda material, _: placebo_outcome(material),
    "dummy_outcome": lambda material, _: dummy_outcome(material),
    "random_cause": lambda material, _: random_cause(material),
    "subset_stability": lambda material, _: subset_stability(material),
    "planted_leak": lambda material, marks: planted_leak(material, marks.max_outcome_share),
}

FEW = "an arm has too few observed outcomes to be learned outside each fold"
NO_PAIR = "no pair of arms is compared"


def refute(material: Material, marks: GateMarks, progress: Progress = untold) -> tuple[Refuter, ...]:
    """Run every refuter and judge them together; the same material gives the same answer.

    Args:
        progress: told of each refuter as it starts and of the share of them behind it.
    """
    found = []
    with threadpool_limits(1):
        for i, name in enumerate(REFUTERS):
            progress(f"refuters: {name.replace('_', ' ')}", i / len(REFUTERS))
            found.append(_run(name, material, marks))
    known = [one.p for one in found if one.p is not None]
    adjusted = iter(holm(np.array(known, dtype=np.float64)).tolist())
    together = [one if one.p is None else one.model_copy(update={"together": next(adjusted)}) for one in found]
    return tuple(one.model_copy(update={"verdict": verdict(one, marks)}) for one in together)


def _run(name: str, material: Material, marks: GateMarks) -> Refuter:
    untold = NO_PAIR if not material.pairs else "" if material.trial.learnable else FEW
    try:
        if not untold:
            return REFUTERS[name](material, marks)
    except NotAssessable as error:
        untold = str(error)
    return Refuter(name=name, null="", draws=0, untold=untold)


def verdict(found: Refuter, marks: GateMarks) -> Verdict:
    """Refuted is what chance does not explain, all refuters together, and is large enough to count.

    Also an estimate that single draws move too far, and a planted leak that is found too seldom.
    """
    if found.together is None:
        return "not_assessed"
    sure = found.together < marks.refuter_alarm
    large = found.shift is None or found.shift > marks.max_refuter_shift
    restless = found.spread is not None and found.spread > _farthest(found.name, marks)
    unnoticed = found.found is not None and found.found < marks.min_leaks_found
    return "refuted" if (sure and large) or restless or unnoticed else "withstood"


def _farthest(name: str, marks: GateMarks) -> float:
    """How far single draws may move: of subsets in multiples of what sampling explains, else in standard errors."""
    return marks.max_subset_spread if name == "subset_stability" else marks.max_refuter_shift
