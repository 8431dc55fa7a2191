"""What stands against ranking arms before the records are looked at: safety rules and the clinician's exclusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import IntArray
from data_contracts.recommendation import Reason
from engine.reason_codes import CODE, OPEN
from engine.ruling import Ruling


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
    columns = zip(*((one.refused, one.held_back, one.code, one.few) for one in map(bars_by, rulings)), strict=True)
    refused, held_back, code, few = (np.concatenate(column)[which] for column in columns)
    return without(Bars(refused, held_back, code, few), excluded)


def without(bars: Bars, excluded: BoolArray) -> Bars:
    """The same with the (n, A) arms that a clinician has excluded barred, too."""
    if not np.count_nonzero(excluded):
        return bars
    return replace(bars, code=np.where(excluded & ~bars.refused[:, None], CODE[Reason.EXCLUDED], bars.code))


@lru_cache(maxsize=4096)
def bars_by(ruling: Ruling) -> Bars:
    """The bars of one patient by a ruling alone; kept, as rulings are."""
    safety, consent = ruling.safety, ruling.safety.reason is Reason.CONSENT
    refused = safety.level == "refused"
    code = np.where(ruling.removed, CODE[Reason.SAFETY], CODE[Reason.CONSENT] if consent else OPEN)
    if refused:
        code[:] = CODE[Reason.CONSENT if consent else Reason.SAFETY]
    held_back, few = refused or safety.awaiting_acknowledgement, [bool(rules) for rules in ruling.few]
    return Bars(np.array([refused]), np.array([held_back]), code[None], np.array([few]))
