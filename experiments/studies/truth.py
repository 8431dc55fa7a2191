"""True average effects of a simulated study; they stand beside its results, and no study reads them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from data_contracts.protocol import StudyProtocol
from data_contracts.tables import read_table


def true_effects(path: Path, protocol: StudyProtocol) -> Mapping[tuple[str, str], float]:
    """Average over the simulated patients by outcome and arm, positive is better."""
    columns = read_table(path).columns
    stems = {outcome.column: f"{outcome.column}_effect_" for outcome in protocol.secondary}
    stems |= {protocol.outcome.column: "effect_"}
    return {
        (name, arm): float(columns[stem + arm].mean()) for name, stem in stems.items() for arm in protocol.arms.names
    }
