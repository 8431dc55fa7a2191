"""Identification by adjustment on a causal graph, with DoWhy: what has to be adjusted for, and what must not be.

The back-door criterion (Pearl 1995, Biometrika 82:669) with DoWhy's maximal adjustment. Only recorded nodes that cause
the treatment or the outcome are offered to it: if any set is valid, all of these together, less what the treatment
changes, are one (van der Zander, Liśkiewicz and Textor 2014), so that the search never has to run through subsets.

DoWhy takes seconds to import. This module is only imported for a protocol that names a graph.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import networkx as nx
from dowhy.causal_identifier import BackdoorAdjustment
from dowhy.causal_identifier.auto_identifier import identify_backdoor, identify_frontdoor
from dowhy.graph import check_dseparation, check_valid_backdoor_set, do_surgery, get_instruments

from data_contracts.dag import Dag

FRONT_DOOR = 8
"""Mediators of which DoWhy is asked for a front door at most: it tries every subset of them."""


@dataclass(frozen=True)
class Identified:
    """What the graph says of a set of covariates.

    Attributes:
        maximal: all that might be adjusted for, sorted; empty where no set is valid.
        problems: what keeps the covariates from being a valid set, each with the variable's name.
        flags: what is adjusted for without need.
    """

    maximal: tuple[str, ...]
    problems: tuple[str, ...]
    flags: tuple[str, ...]


def graph_of(dag: Dag) -> nx.DiGraph:
    """The graph in networkx's form, which DoWhy reads."""
    graph = nx.DiGraph()
    graph.add_nodes_from(dag.nodes)
    graph.add_edges_from((cause, effect) for cause, effects in dag.edges.items() for effect in effects)
    return graph


def identify(dag: Dag, covariates: Sequence[str]) -> Identified:
    """Judge the covariates of a protocol by the graph.

    Args:
        covariates: all that is adjusted for.
    """
    graph = graph_of(dag)
    maximal = maximal_adjustment(dag, graph)
    misplaced = _misplaced(dag, graph, covariates)
    if maximal is None:
        return Identified((), (*misplaced, _unidentifiable(dag, graph)), ())
    placed = [name for name in covariates if name in dag.observed and name not in _changed(dag, graph)]
    problems = (*misplaced, *_open_paths(dag, graph, placed, maximal))
    return Identified(tuple(sorted(maximal)), problems, () if problems else _flags(dag, graph, placed))


def maximal_adjustment(dag: Dag, graph: nx.DiGraph) -> frozenset[str] | None:
    """The largest valid set among recorded causes of treatment or outcome; None if no set is valid."""
    causes = nx.ancestors(graph, dag.treatment) | nx.ancestors(graph, dag.outcome)
    offered = (causes & dag.observed) - _changed(dag, graph) - {dag.outcome}
    if not blocks(dag, graph, offered):
        return None
    ends = [dag.treatment, dag.outcome]
    sets = identify_backdoor(graph, ends[:1], ends[1:], [*ends, *sorted(offered)], BackdoorAdjustment.BACKDOOR_MAX)
    return max((frozenset(found.get_adjustment_variables()) for found in sets), key=len)


def blocks(dag: Dag, graph: nx.DiGraph, adjusted: Collection[str]) -> bool:
    """Whether the set, of which the treatment changes nothing, blocks every back door."""
    found = check_valid_backdoor_set(graph, [dag.treatment], [dag.outcome], set(adjusted))
    return bool(found["is_dseparated"])


def separated(graph: nx.DiGraph, first: str, second: str, given: Collection[str]) -> bool:
    """Whether two nodes are independent given others, by the graph (d-separation)."""
    return bool(check_dseparation(graph, [first], [second], set(given)))


def _changed(dag: Dag, graph: nx.DiGraph) -> frozenset[str]:
    """The treatment and all that it changes."""
    return frozenset(nx.descendants(graph, dag.treatment) | {dag.treatment})


def _misplaced(dag: Dag, graph: nx.DiGraph, covariates: Sequence[str]) -> list[str]:
    """Covariates that no study may adjust for, or of which the graph does not say what they are."""
    mediators = _changed(dag, graph) & nx.ancestors(graph, dag.outcome)
    after = nx.descendants(graph, dag.outcome)
    found = []
    for name in covariates:
        if name not in dag.nodes:
            found.append(f"{name} is adjusted for, but the graph does not say what it causes or is caused by")
        elif name in dag.unobserved:
            found.append(f"{name} is adjusted for, but the graph calls it unobserved")
        elif name in mediators:
            found.append(f"{name} is a mediator: {dag.treatment} acts on {dag.outcome} through it")
        elif name in after:
            found.append(f"{name} is a collider: it is caused by {dag.outcome}, and so by {dag.treatment} too")
        elif name in _changed(dag, graph):
            found.append(f"{name} is a descendant of {dag.treatment}: what is changed by therapy is not adjusted for")
    return found


def _open_paths(dag: Dag, graph: nx.DiGraph, placed: list[str], maximal: frozenset[str]) -> list[str]:
    """Which covariates to leave out or to add, so that no back door is open; none if none is."""
    if blocks(dag, graph, placed):
        return []
    for name in placed:
        if blocks(dag, graph, set(placed) - {name}):
            return [f"{name} is a collider: adjusting for it opens a path from {dag.treatment} to {dag.outcome}"]
    kept = set(placed)
    opening = [] if blocks(dag, graph, kept | maximal) else sorted(kept - maximal)
    kept -= set(opening)
    missing = maximal - kept
    for name in sorted(missing):
        if blocks(dag, graph, kept | (missing - {name})):
            missing -= {name}
    told = [f"{name} may open a path: it causes neither {dag.treatment} nor {dag.outcome}" for name in opening]
    return told + [f"{name} is not adjusted for, and leaves a back door open" for name in sorted(missing)]


def _unidentifiable(dag: Dag, graph: nx.DiGraph) -> str:
    """Why no set is valid, and what else the graph offers, which this product does not use."""
    without = graph.subgraph(set(graph) - {dag.treatment})
    hidden = sorted(
        name
        for name in dag.unobserved
        if dag.treatment in nx.descendants(graph, name) and dag.outcome in nx.descendants(without, name)
    )
    why = f" of the unobserved {', '.join(hidden)}" if hidden else " of what is unobserved"
    ends = ([dag.treatment], [dag.outcome])
    instruments = sorted(set(get_instruments(graph, *ends)) & dag.observed)
    between = nx.descendants(graph, dag.treatment) & nx.ancestors(graph, dag.outcome) & dag.observed
    front = sorted(identify_frontdoor(graph, *ends, sorted(between)[:FRONT_DOOR]))
    other = [f"{', '.join(instruments)} as instrument"] if instruments else []
    other += [f"a front door through {', '.join(front)}"] if front else []
    rest = f"; the graph offers {' and '.join(other)}, which is not estimated here" if other else ""
    return f"no set of recorded variables blocks every back door, because{why}{rest}"


def _flags(dag: Dag, graph: nx.DiGraph, placed: list[str]) -> tuple[str, ...]:
    """What a valid set holds without need."""
    causes = nx.ancestors(graph, dag.treatment) | nx.ancestors(graph, dag.outcome)
    without = do_surgery(graph, [dag.treatment], remove_outgoing_edges=True)
    found = []
    for name in placed:
        rest = set(placed) - {name}
        if name not in causes:
            found.append(
                f"{name} causes neither {dag.treatment} nor {dag.outcome}; there is no need to adjust for it."
            )
        elif separated(without, name, dag.outcome, rest):
            found.append(
                f"{name} is an instrument: it says nothing of {dag.outcome} but by {dag.treatment}. Adjusting for it "
                "costs precision, and makes worse whatever bias is left."
            )
    return tuple(found)
