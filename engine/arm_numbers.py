"""What may be told of one arm in numbers, gathered before it is put into words."""

from __future__ import annotations

from dataclasses import dataclass

from data_contracts.interval import Interval
from data_contracts.outcome_effect import OutcomeEffect
from data_contracts.rank_set import RankSet
from data_contracts.recommendation import Contribution
from data_contracts.similar_patients import SimilarPatients
from engine.people import Hundreds


@dataclass(slots=True)
class ArmNumbers:
    """The numbers of one arm for one patient, by the names of ``ArmAdvice``; what may not be told is not here.

    ``hundreds`` are those of ``outcomes`` that are counted in people, in words.
    """

    effect: Interval | None = None
    average: Interval | None = None
    individualised: bool = False
    rank: RankSet | None = None
    recommended: bool = False
    expected_outcome: Interval | None = None
    outcomes: tuple[OutcomeEffect, ...] = ()
    hundreds: Hundreds = ()
    overlap: str = ""
    similar: SimilarPatients | None = None
    contributions: tuple[Contribution, ...] = ()
