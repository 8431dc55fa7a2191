"""Which pairs of arms are withdrawn, as their design misses a mark that nobody waived; no effect is known here."""

from __future__ import annotations

import math
from collections.abc import Sequence

from data_contracts.gate_marks import GateMarks
from data_contracts.protocol import StudyProtocol
from data_contracts.withdrawn_pair import WithdrawnPair
from estimators.pair_design import PairDesign
from experiments.report.disclosure import coarse_share


def withdrawn_pairs(pairs: Sequence[PairDesign], arms: Sequence[str], protocol: StudyProtocol) -> list[WithdrawnPair]:
    """The pairs that cannot be compared, in their order; a waived mark withdraws nothing, its gate tells of it."""
    marks = _unwaived(protocol)
    return [_told(pair, arms, marks) for pair in pairs if not pair.comparable(marks)]


def apart_from_reference(withdrawn: Sequence[WithdrawnPair], reference: str) -> set[str]:
    """Arms that cannot be compared with the reference, which all effects are over."""
    return {arm for pair in withdrawn if reference in pair.arms for arm in pair.arms} - {reference}


def judged_pairs(pairs: Sequence[PairDesign], protocol: StudyProtocol) -> list[PairDesign]:
    """The pairs that a study stands on: those not withdrawn, or all if none is left that the reference is in."""
    marks = _unwaived(protocol)
    kept = [pair for pair in pairs if pair.comparable(marks)]
    return kept if any(pair.first == 0 for pair in kept) else list(pairs)


def _unwaived(protocol: StudyProtocol) -> GateMarks:
    waived = {waiver.gate for waiver in protocol.waivers}
    without = {"max_smd": math.inf} if "balance" in waived else {}
    without |= {"min_equipoise": 0.0} if "equipoise" in waived else {}
    return protocol.gates.model_copy(update=without)


def _told(pair: PairDesign, arms: Sequence[str], marks: GateMarks) -> WithdrawnPair:
    missed = []
    if not pair.in_equipoise(marks):
        share, asked = 100 * coarse_share(pair.band), 100 * marks.min_equipoise
        missed.append(f"{share:.0f} % of their episodes are in equipoise, {asked:.0f} % are asked")
    if pair.beyond_chance > marks.max_smd:
        allowed = f"{marks.max_smd:g} is allowed"
        missed.append(f"{pair.column} differs by {pair.beyond_chance:.2f} SD beyond chance after weighting, {allowed}")
    return WithdrawnPair(
        arms=(arms[pair.first], arms[pair.second]),
        equipoise=coarse_share(pair.band),
        beyond_chance=round(pair.beyond_chance, 3),
        column=pair.column,
        reason=f"{arms[pair.first]} and {arms[pair.second]} cannot be compared: {'; '.join(missed)}.",
    )
