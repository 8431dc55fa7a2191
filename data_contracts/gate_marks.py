"""The pass marks of one study: those of `gates.yaml`, where its protocol says nothing else."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from data_contracts.gate_book import load_gates
from data_contracts.protocol_block import Block

MINIMUM_EPISODES = 30
"""Episodes started below which an arm is not ranked from records."""


def _shipped(name: str, **possible: float) -> Any:
    """A field that is the shipped mark of that name unless a protocol says otherwise.

    Args:
        possible: between which ends a value makes sense; no mark.
    """
    return Field(default_factory=lambda: load_gates().marks[name].value, **possible)  # type: ignore[call-overload]


class GateMarks(Block):
    """Pass marks, fixed before results are seen; part of the protocol's hash.

    What each judges, its direction, unit, value, reason and source stand under the same name in `gates.yaml`.
    ``gain_confidence`` may be None: individual advice is then not asked to gain anything.
    """

    max_dependence: float = _shipped("max_dependence", ge=0, lt=1)
    implication_alarm: float = _shipped("implication_alarm", gt=0, lt=1)
    max_smd: float = _shipped("max_smd", gt=0)
    max_log_loss_excess: float = _shipped("max_log_loss_excess", ge=0)
    max_calibration_error: float = _shipped("max_calibration_error", gt=0)
    min_equipoise: float = _shipped("min_equipoise", ge=0, le=1)
    min_effective: float = _shipped("min_effective", ge=MINIMUM_EPISODES)
    min_slope: float = _shipped("min_slope", ge=0)
    slope_confidence: float = _shipped("slope_confidence", gt=0.5, lt=1)
    max_systematic_error: float = _shipped("max_systematic_error", gt=0)
    max_gain: float = _shipped("max_gain", gt=0)
    max_gain_yes_no: float = _shipped("max_gain_yes_no", gt=0, le=1)
    gain_confidence: float | None = _shipped("gain_confidence", gt=0.5, lt=1)
    clinicians_margin: float = _shipped("clinicians_margin", ge=0)
    min_confounding: float = _shipped("min_confounding", ge=0)
    min_gamma: float = _shipped("min_gamma", ge=1)
    max_outcome_share: float = _shipped("max_outcome_share", gt=0, le=1)
    max_group_gap: float = _shipped("max_group_gap", ge=0)
    group_alarm: float = _shipped("group_alarm", gt=0, lt=1)
    refuter_alarm: float = _shipped("refuter_alarm", gt=0, lt=1)
    max_refuter_shift: float = _shipped("max_refuter_shift", gt=0)
    max_subset_spread: float = _shipped("max_subset_spread", ge=1)
    min_leaks_found: float = _shipped("min_leaks_found", gt=0, le=1)
