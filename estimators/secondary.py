"""Outcomes beside the primary one: each with effects of its own, from the same machinery."""

from __future__ import annotations

from dataclasses import dataclass, replace

from data_contracts.basis import Basis
from data_contracts.column_checks import instrument_of
from data_contracts.derived_outcomes import rules_of
from data_contracts.gate import Individualisation
from data_contracts.protocol import FurtherOutcome, StudyProtocol
from data_contracts.secondary_outcome import SHARE, SecondaryOutcome
from data_contracts.secondary_served import SecondaryServed
from estimators.hierarchical_family import plain_and_rich
from estimators.level import fit_level
from estimators.progress import Progress
from estimators.scored_study import ScoredStudy
from estimators.serve import serve

DRAWS = 60
"""Draws that stand for what an effect leaves open, of each outcome: serving has to read all of them for every answer.
An interval's width is then within about 9 % of what endless draws would give."""


@dataclass(frozen=True)
class LearnedSecondary:
    """One outcome beside the primary one.

    Attributes:
        served: what is served of it.
        decisions: which of its effects vary with the patient, for each arm but the reference.
    """

    served: SecondaryServed
    decisions: tuple[Individualisation, ...]


def learn_secondary(
    study: ScoredStudy, basis: Basis, protocol: StudyProtocol, arms: tuple[str, ...], progress: Progress
) -> tuple[LearnedSecondary, ...]:
    """Serve every outcome beside the primary one; the plainest and the richest leading model compete, and no rival.

    Args:
        basis: the one that the policy has; these effects do not vary with its waves.
    """
    found = []
    outcomes = [outcome for outcome in protocol.secondary if outcome.column in study.scored]
    for i, outcome in enumerate(outcomes):
        progress(f"effects: {outcome.column}", 0.95 + 0.05 * i / len(outcomes))
        data, averages = study.scored[outcome.column], study.averages[outcome.column]
        data = replace(data, basis=basis) if basis.wave_phase else data
        served = serve(data, averages, protocol, arms, (), plain_and_rich(data.basis), DRAWS)
        level = fit_level(data.plain).widened(basis.terms) if outcome.kind == "yes_no" else None
        told = described(outcome, protocol)
        secondary = SecondaryServed(told, served.effects, averages.effects, averages.covariance, level)
        found.append(LearnedSecondary(secondary, served.decisions))
    return tuple(found)


def described(outcome: FurtherOutcome, protocol: StudyProtocol) -> SecondaryOutcome:
    """The outcome as a policy tells it."""
    instrument = instrument_of(outcome.column, protocol) if outcome.kind == "points" else None
    points = (float(instrument.minimum), float(instrument.maximum)) if instrument else None
    return SecondaryOutcome(
        name=outcome.column,
        unit=SHARE if outcome.kind == "yes_no" else outcome.unit,
        kind=outcome.kind,
        role=outcome.role,
        side_effect=outcome.side_effect,
        direction=outcome.direction,
        range=(0.0, 1.0) if outcome.kind == "yes_no" else points,
        rule=rules_of(protocol).get(outcome.column),
    )
