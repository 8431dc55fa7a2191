"""A study up to its design, judged blind: no effect has been computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from data_contracts.encoding import Encoding
from data_contracts.episode import Episodes
from data_contracts.errors import GateFailed
from data_contracts.gate import Gate, in_state
from data_contracts.identification import Identification
from data_contracts.protocol import StudyProtocol
from data_contracts.systematic_error import SystematicError
from data_contracts.withdrawn_pair import WithdrawnPair
from estimators.cross_fitting import CrossFitted
from estimators.designed_study import DesignedStudy
from experiments.diagnostics import Diagnostics
from experiments.study_result import StudyResult


@dataclass(frozen=True)
class DesignResult:
    """A study after its blinded diagnostics, and all there is of one whose design failed.

    Attributes:
        protocol, episodes: what was asked and of whom.
        designed: all that was fitted; no outcome of an arm is in it.
        diagnostics: what can be judged without looking at effects.
        gates: the pass marks of the design and what came.
        withdrawn: pairs of arms that cannot be compared.
        identification: what the protocol's causal graph says, no outcome looked at; None if it names none.
    """

    protocol: StudyProtocol
    episodes: Episodes
    designed: DesignedStudy
    diagnostics: Diagnostics
    gates: tuple[Gate, ...]
    withdrawn: tuple[WithdrawnPair, ...] = ()
    identification: Identification | None = None

    @property
    def passed(self) -> bool:
        """Whether no gate of the design failed, so that effects may be computed."""
        return not in_state(self.gates, "failed")

    @property
    def propensity(self) -> CrossFitted:
        """Held-out propensities."""
        return self.designed.propensity

    @property
    def encoding(self) -> Encoding:
        """How covariates are put into numbers."""
        return self.designed.encoding

    @property
    def systematic_errors(self) -> tuple[SystematicError, ...]:
        """By negative controls, an arm each."""
        return self.designed.systematic_errors


Result: TypeAlias = StudyResult | DesignResult
"""A study with its effects, or one that stopped at its design."""


def opened(result: Result) -> StudyResult:
    """The study with its effects.

    Raises:
        GateFailed: its design failed, so that none were computed.
    """
    if isinstance(result, DesignResult):
        failed = ", ".join(in_state(result.gates, "failed"))
        raise GateFailed(f"The design of {result.protocol.name} failed ({failed}): no effect was computed.")
    return result
