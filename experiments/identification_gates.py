"""Gates on a protocol's causal graph: does it argue for the covariates, and do records clearly contradict it?"""

from __future__ import annotations

import numpy as np

from data_contracts.gate import Gate, at_most
from data_contracts.gate_marks import GateMarks
from data_contracts.identification import Identification
from estimators.holm import holm
from experiments.report.wording import listed

NO_GRAPH = "The protocol names no causal graph"


def identification_gate(found: Identification | None) -> Gate:
    """A graph that contradicts the covariates never comes so far; that it does not is no proof of the graph."""
    name, mark = "identification", "the covariates block every back door of the protocol's graph"
    if found is None:
        told = f"{NO_GRAPH}, so that nothing says why its covariates are the right ones."
        return Gate.not_assessed(name, mark, told)
    return Gate(
        name=name,
        value=None,
        mark=mark,
        state="passed",
        sentence=(
            f"If {found.dag}, version {found.version}, is right, which no records can show, nothing is left to adjust "
            "for."
        ),
    )


def implications_gate(found: Identification | None, marks: GateMarks) -> Gate:
    """Fails where the records speak against an implication by more than chance, all tested together, and by much.

    That none is contradicted says nothing for the graph: many wrong ones imply the same.
    """
    name = "implications"
    mark = f"no implied independence surely broken by a correlation above {marks.max_dependence:g}"
    if found is None:
        return Gate.not_assessed(name, mark, f"{NO_GRAPH}, so that there is nothing that records could contradict.")
    tested = found.tested
    if not tested:
        told = "The graph implies nothing that these records could contradict."
        return Gate.not_assessed(name, mark, told)
    adjusted = holm(np.array([one.p_value for one in tested], dtype=np.float64))
    size = np.array([one.correlation for one in tested], dtype=np.float64)
    broken = (adjusted < marks.implication_alarm) & (size > marks.max_dependence)
    judged = np.flatnonzero(broken) if broken.any() else np.arange(len(tested))
    worst = judged[np.lexsort((-size[judged], adjusted[judged]))[0]]
    pairs = [f"{tested[i].first} and {tested[i].second}" for i in np.flatnonzero(broken)]
    against = (
        f"The records contradict {found.dag}, version {found.version}: {listed(pairs)} "
        f"{'is' if len(pairs) == 1 else 'are'} not as independent as it says"
        if pairs
        else f"Of {len(found.implications)} implications {len(tested)} could be tested, and none is clearly "
        "contradicted, which does not say that the graph is right"
    )
    return Gate(
        name=name,
        value=float(size[worst]),
        asked=at_most(marks.max_dependence),
        mark=mark,
        state="failed" if pairs else "passed",
        sentence=(
            f"{against}; strongest against it: {tested[worst].first} and {tested[worst].second}, partial correlation "
            f"{size[worst]:.2f}, p {_p(adjusted[worst])} (all {len(tested)} together, Holm)."
        ),
    )


def _p(value: float) -> str:
    return "below 0.001" if value < 0.001 else f"{value:.3f}"
