"""The table of effect models: a new candidate is one file and one line here, and inherits all their tests."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from data_contracts.effects import EffectModel
from data_contracts.errors import BadUsage
from data_contracts.protocol import StudyProtocol
from estimators.candidates.bart import BART
from estimators.candidates.causal_forest import CausalForest
from estimators.candidates.constant import Constant
from estimators.candidates.corrected_s import CorrectedS
from estimators.candidates.forest_dr import ForestDR
from estimators.candidates.gaussian_process import GaussianProcess
from estimators.candidates.linear_dml import LinearDML
from estimators.candidates.linear_dr import LinearDR
from estimators.candidates.outcome_regressions import OutcomeRegressions
from estimators.candidates.s_learner import SLearner
from estimators.candidates.t_learner import TLearner
from estimators.candidates.x_learner import XLearner
from estimators.candidates.zero import Zero


@dataclass(frozen=True)
class Candidate:
    """One line of the table.

    Attributes:
        model: the effect model.
        unasked: most episodes with which it competes though no protocol names it; None for any number, 0 for never.
        up_to: most episodes with which it competes at all; None for any number.
        why: the reason for both.
        package: the one it needs that only the extra ``bench`` installs; None where it needs none.
    """

    model: EffectModel
    unasked: int | None
    up_to: int | None
    why: str
    package: str | None = None

    def competes(self, episodes: int, named: bool) -> bool:
        """Whether it competes in a study of that many episodes."""
        limit = self.up_to if named else self.unasked
        return limit is None or episodes <= limit


CANDIDATES: tuple[Candidate, ...] = (
    Candidate(Zero(), None, None, "free; what all others are measured by"),
    Candidate(Constant(), None, None, "free; what is served with the gate shut"),
    Candidate(LinearDR(), 0, None, "cheap, but where scores are noisy LinearDML finds the same with less error"),
    Candidate(
        LinearDML(), 0, None, "what it finds the linear leading model finds too, for a fourteenth of all learning"
    ),
    Candidate(SLearner(), None, None, "about one LinearDRLearner with its held-out fits; adds from 20,000 on"),
    Candidate(CorrectedS(), 0, None, "a quarter dearer than the S-learner, and in the stack no better"),
    Candidate(XLearner(), 0, None, "four times the S-learner's cost, and at 2,000 worse than no deviations"),
    Candidate(TLearner(), 0, None, "at 2,000 worse than no deviations"),
    Candidate(ForestDR(), 0, 5_000, "twice the causal forest's cost for less; 25 LinearDRLearners at 20,000"),
    Candidate(CausalForest(), 5_000, 20_000, "the best rival; one CPU-second at 2,000, 12 LinearDRLearners at 20,000"),
    Candidate(GaussianProcess(), 0, 2_000, "good where effects are smooth; ten CPU-seconds at 2,000, then the cube"),
    Candidate(OutcomeRegressions(), None, None, "free; has something to say where a process joined the regressions"),
    Candidate(BART(), 0, 5_000, "as good as the causal forest at 2,000, for five times its cost", "stochtree"),
)
"""In the order in which they compete and are told of; costs are of the fit and all held-out fits, five folds."""


def for_study(protocol: StudyProtocol, episodes: int) -> tuple[EffectModel, ...]:
    """The effect models that compete beside the leading ones, in the table's order.

    Args:
        protocol: its ``candidates`` name those that compete; if it names none, the table says who does.
        episodes: how many the study has; candidates too dear for so many are set aside, named or not.

    Raises:
        BadUsage: the protocol names a candidate that there is not, or one whose package is not installed.
    """
    known = {one.model.name for one in CANDIDATES}
    if strangers := sorted(set(protocol.candidates) - known):
        raise BadUsage(f"candidates: expected some of {', '.join(sorted(known))}; found {', '.join(strangers)}")
    named = set(protocol.candidates)
    chosen = [one for one in CANDIDATES if not named or one.model.name in named]
    competing = [one for one in chosen if one.competes(episodes, bool(named))]
    for one in competing:
        if one.package and not find_spec(one.package):
            raise BadUsage(
                f"candidates: {one.model.name} needs the package {one.package}; install Equipoise's extra bench"
            )
    return tuple(one.model for one in competing)
