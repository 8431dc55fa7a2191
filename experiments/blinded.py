"""The blinded half of a study: its design is laid out and judged before any effect exists."""

from __future__ import annotations

from data_contracts.episode import Episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.withdrawn_pair import WithdrawnPair
from estimators.designed_study import lay_out
from estimators.progress import Progress
from experiments.design_result import DesignResult
from experiments.diagnostics import diagnose
from experiments.gates import blinded_gates, with_waivers
from experiments.withdrawal import apart_from_reference, withdrawn_pairs


def judge_design(episodes: Episodes, protocol: StudyProtocol, progress: Progress) -> DesignResult:
    """Lay the design out and judge it; arms that cannot be compared with the reference leave, and it is judged again.

    If no arm can be compared with it none leaves: the design as a whole has failed.

    Raises:
        BadInput: an arm has too few observed outcomes to learn from.
    """
    gone: list[WithdrawnPair] = []
    while True:
        designed = lay_out(episodes, protocol, progress)
        found = diagnose(episodes, designed)
        here = withdrawn_pairs(found.pairs, episodes.arms, protocol)
        apart = apart_from_reference(here, episodes.arms[0])
        if len(apart) in (0, len(episodes.arms) - 1):
            break
        gone += [pair for pair in here if apart & set(pair.arms)]
        episodes = episodes.without(apart)
    gates = blinded_gates(found, episodes.arms, designed.systematic_errors, protocol)
    told = (*gone, *here)
    return DesignResult(protocol, episodes, designed, found, with_waivers(gates, protocol.waivers), told)
