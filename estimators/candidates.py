"""The effect models that compete, one line each; the invariance tests of `learn` and `serve` run over all of them."""

from __future__ import annotations

from data_contracts.effects import EffectModel
from estimators.boosted_s import BoostedS
from estimators.hierarchical import Hierarchical
from estimators.linear_dr import LinearDR

LEAD = Hierarchical()
"""The model that is served unless held-out data say otherwise, and whose posterior tells what is left open."""

RIVALS: tuple[EffectModel, ...] = (BoostedS(), LinearDR())
"""Models that share in what is served as far as held-out data ask for it."""
