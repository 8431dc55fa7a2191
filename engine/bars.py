"""What stands against ranking arms before the records are looked at: safety rules and the clinician's exclusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import IntArray
from data_contracts.recommendation import Reason
from engine.reason_codes import CODE, OPEN
from engine.ruling import Ruling

ONE = np.zeros(1, dtype=np.int64)
"""Which ruling is whose if there is one patient with one ruling."""


@dataclass(frozen=True)
class Bars:
    """What stands against ranking, of n patients and A arms in the manifest's order.

    Attributes:
        refused: (n,) whether a safety rule refuses any ranking.
        held_back: (n,) whether ranks are not told: refused, or a named clinician has yet to acknowledge what a safety
            rule asks for.
        code: (n, A) the reason that binds most of those known already, or ``OPEN``: a refusal, then an exclusion by a
            clinician, a safety rule that removes the arm, consent that was refused or is not known.
        few: (n, A) arms that need records of such patients which the policy does not have.
    """

    refused: BoolArray
    held_back: BoolArray
    code: IntArray
    few: BoolArray


def bars_of(rulings: Sequence[Ruling], which: IntArray, excluded: BoolArray) -> Bars:
    """The bars of n patients.

    Args:
        rulings: the different things that the safety rules say.
        which: (n,) which of them is whose.
        excluded: (n, A) arms that a clinician has excluded.
    """
    columns = zip(*map(_said, rulings), strict=True)
    refused, held_back, code, few = (np.concatenate(column)[which] for column in columns)
    return Bars(refused, held_back, np.where(excluded & ~refused[:, None], CODE[Reason.EXCLUDED], code), few)


@lru_cache(maxsize=4096)
def _said(ruling: Ruling) -> tuple[BoolArray, BoolArray, IntArray, BoolArray]:
    """``Bars`` of one patient by a ruling; kept, as rulings are."""
    safety, consent = ruling.safety, ruling.safety.reason is Reason.CONSENT
    refused = safety.level == "refused"
    code = np.where(ruling.removed, CODE[Reason.SAFETY], CODE[Reason.CONSENT] if consent else OPEN)
    if refused:
        code[:] = CODE[Reason.CONSENT if consent else Reason.SAFETY]
    held_back, few = refused or safety.awaiting_acknowledgement, [bool(rules) for rules in ruling.few]
    return np.array([refused]), np.array([held_back]), code[None], np.array([few])
