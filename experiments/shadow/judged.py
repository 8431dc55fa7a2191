"""Judges logged advice: who was advised, whether that is enough to tell, and only then what it was worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import Episodes, IntArray
from data_contracts.episode_checks import check_episodes
from data_contracts.patient_count import are_enough
from data_contracts.protocol import StudyProtocol
from data_contracts.support import SUPPORTED
from data_contracts.tables import Table
from estimators.logged_advice import AdviceValue, value_of_advice
from estimators.progress import Progress
from estimators.scored_study import score_study
from experiments.blinded import judge_design
from experiments.design_result import DesignResult
from experiments.shadow.linked import ADVISED, APART, with_advice
from experiments.shadow.log import AdviceLog

FEWEST_ADVISED = 200
"""Episodes with advice and a known outcome under which no value is told: as for an arm whose effect may vary."""

FEWEST_FOLLOWED = 30
"""Those of them in which what was advised was chosen: as for an arm that is ranked at all."""

TOO_FEW_GOT_IT = "what was advised was chosen too seldom"
HARDLY_EVER = "patients like them hardly ever got what was advised"


@dataclass(frozen=True)
class Judged:
    """What can be told of logged advice.

    Attributes:
        protocol: of the records, with the primary outcome alone.
        design: the records' design, judged before any outcome was looked at.
        advised: (n,) codes of the arms advised, -1 where there is no advice to be judged.
        apart: (n,) why there is none, "" where there is.
        observed: (n,) whether the outcome is known.
        value: what the advice was worth; None where that cannot be told (yet).
    """

    protocol: StudyProtocol
    design: DesignResult
    advised: IntArray
    apart: Sequence[str]
    observed: BoolArray
    value: AdviceValue | None

    @property
    def counted(self) -> BoolArray:
        """(n,) episodes with advice and a known outcome."""
        return np.asarray((self.advised >= 0) & self.observed)

    @property
    def followed(self) -> BoolArray:
        """(n,) those of them in which what was advised was chosen."""
        return np.asarray(self.counted & (self.design.episodes.arm == self.advised))

    @property
    def is_enough(self) -> bool:
        """Whether there are as many of both as it takes, and of patients enough to tell of."""
        patient = self.design.episodes.patient
        many = self.counted.sum() >= FEWEST_ADVISED and self.followed.sum() >= FEWEST_FOLLOWED
        return bool(many and are_enough(patient[self.counted]) and are_enough(patient[self.followed]))


def judge_advice(table: Table, protocol: StudyProtocol, log: AdviceLog, progress: Progress) -> Judged:
    """Judge the advice of a log on records of what was chosen and how it went.

    No outcome is compared before the design has passed and there are enough episodes; how many have one is known.

    Args:
        table: one row an episode, begun after the advice.
        protocol: of the table.
        log: what was advised.
        progress: told of every step.

    Raises:
        BadInput: the table does not fit the protocol, or an arm has too few outcomes to learn from.
    """
    alone = protocol.model_copy(update={"secondary_outcomes": (), "derived_outcomes": ()})
    linked, alone = with_advice(table, alone, log)
    design = judge_design(check_episodes(linked, alone), alone, progress)
    advised, apart = _advised(design)
    observed = ~np.isnan(design.episodes.outcomes[protocol.outcome.column])
    judged = Judged(alone, design, advised, apart, observed, None)
    if not design.passed or not judged.is_enough:
        return judged
    scored = score_study(design.episodes, alone, progress, design.designed).primary
    rows = advised >= 0
    return replace(judged, value=value_of_advice(scored.rows(rows), advised[rows], protocol.confidence))


def _advised(design: DesignResult) -> tuple[IntArray, list[str]]:
    """Codes of the arms advised and why there is none; what cannot be judged here is no advice to be judged."""
    episodes, designed = design.episodes, design.designed
    can = designed.support.verdicts(designed.covariates) == SUPPORTED
    codes, reasons = [], []
    for row, (arm, why) in enumerate(_told(episodes)):
        code = episodes.arms.index(arm) if arm in episodes.arms else -1
        reason = why or (TOO_FEW_GOT_IT if code < 0 else "" if can[row, code] else HARDLY_EVER)
        codes.append(-1 if reason else code)
        reasons.append(reason)
    return np.array(codes, dtype=np.int64), reasons


def _told(episodes: Episodes) -> list[tuple[str | None, str | None]]:
    return list(zip(episodes.columns[ADVISED].tolist(), episodes.columns[APART].tolist(), strict=True))
