"""Gates on refuters: what a study's estimator says where the truth is known to be nothing."""

from __future__ import annotations

from collections.abc import Mapping

from data_contracts.gate import Gate, GateState, at_least, at_most
from data_contracts.protocol import StudyProtocol
from data_contracts.refutation import Refutation, Refuter, Verdict
from experiments.report.wording import number, p_value

STATES: Mapping[Verdict, GateState] = {"withstood": "passed", "refuted": "failed", "not_assessed": "not_assessed"}


def refutation_gates(found: Refutation, protocol: StudyProtocol) -> tuple[Gate, ...]:
    """A gate for each refuter, of its name."""
    return tuple(_gate(one, protocol) for one in found.refuters)


def _gate(found: Refuter, protocol: StudyProtocol) -> Gate:
    mark = _mark(found, protocol)
    if found.p is None or found.together is None:
        return Gate.not_assessed(found.name, mark, f"Not assessed: {found.untold}.")
    marks = protocol.gates
    value, asked = found.shift, at_most(marks.max_refuter_shift)
    if value is None:
        value, asked = found.found, at_least(marks.min_leaks_found)
    parts = (*_shifted(found, protocol), *_moved(found), *_noticed(found))
    return Gate(
        name=found.name,
        value=value,
        asked=asked,
        mark=mark,
        state=STATES[found.verdict],
        sentence=f"{'; '.join(parts)} ({p_value(found.p)}, {p_value(found.together)} with all refuters together).",
    )


def _mark(found: Refuter, protocol: StudyProtocol) -> str:
    marks = protocol.gates
    largest = f"{marks.max_refuter_shift:g} standard errors"
    if found.name == "planted_leak":
        return (
            f"nothing known of noise, beyond chance, and at least {100 * marks.min_leaks_found:g} % of leaks noticed"
        )
    away = f"no pair surely farther from 0 than {largest}"
    if found.name == "random_cause":
        return f"{away}, and none moved by more than that"
    if found.name == "subset_stability":
        return f"{away}, and none moved by more than {marks.max_subset_spread:g} times what sampling explains"
    return away


def _shifted(found: Refuter, protocol: StudyProtocol) -> list[str]:
    if not found.pairs:
        return [f"Over {found.draws} draws expectations are held against noise that nothing can know"]
    worst = max(found.pairs, key=lambda pair: abs(pair.shift))
    return [
        f"Over {found.draws} draws the farthest from 0 is {worst.arm} against {worst.over}: "
        f"{number(worst.estimate, 2)} {protocol.outcome.unit}, {abs(worst.shift):.2f} standard errors of the study's "
        "own difference"
    ]


def _moved(found: Refuter) -> list[str]:
    if found.spread is None:
        return []
    if found.name == "subset_stability":
        return [f"single subsets move estimates {found.spread:.2f} times as far as sampling explains"]
    return [f"single draws move estimates by up to {found.spread:.2f} standard errors"]


def _noticed(found: Refuter) -> list[str]:
    if found.name != "planted_leak":
        return []
    return ["too few episodes to plant a column made of the outcome"] if found.found is None else [
        f"of planted columns made of the outcome {100 * found.found:.0f} % are noticed"
    ]  # fmt: skip
