"""What stands against ranking arms before the records are looked at: safety rules and the clinician's exclusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import IntArray
from data_contracts.recommendation import Reason
from engine.ruling import Ruling

ONE = np.zeros(1, dtype=np.int64)
"""Which ruling is whose if there is one patient with one ruling."""


@dataclass(frozen=True)
class Bars:
    """What stands against ranking, of n patients and A arms in the manifest's order.

    Attributes:
        refused: (n,) whether a safety rule refuses any ranking.
        awaiting: (n,) whether a named clinician has yet to acknowledge what a safety rule asks for.
        consent: (n,) whether no arm is ranked as consent was refused, or is not known.
        removed: (n, A) arms that a safety rule removes.
        few: (n, A) arms that need records of such patients which the policy does not have.
        excluded: (n, A) arms that a clinician has excluded.
    """

    refused: BoolArray
    awaiting: BoolArray
    consent: BoolArray
    removed: BoolArray
    few: BoolArray
    excluded: BoolArray


def bars_of(rulings: Sequence[Ruling], which: IntArray, excluded: BoolArray) -> Bars:
    """The bars of n patients.

    Args:
        rulings: the different things that the safety rules say.
        which: (n,) which of them is whose.
        excluded: (n, A) arms that a clinician has excluded.
    """
    said = [ruling.safety for ruling in rulings]
    return Bars(
        refused=np.array([safety.level == "refused" for safety in said])[which],
        awaiting=np.array([safety.awaiting_acknowledgement for safety in said])[which],
        consent=np.array([safety.reason is Reason.CONSENT for safety in said])[which],
        removed=np.array([ruling.removed for ruling in rulings])[which],
        few=np.array([[bool(rules) for rules in ruling.few] for ruling in rulings])[which],
        excluded=excluded,
    )
