"""How an answer stands to the guideline: which list counts, whom it puts first, and why the answer differs, if so."""

from __future__ import annotations

from dataclasses import field

from data_contracts.answer_part import answer_part
from data_contracts.interval import Interval
from data_contracts.therapy import Level


@answer_part
class GuidelineView:
    """The guideline's view of the arms beside the answer's.

    Attributes:
        severity: which of the guideline's lists counts; None where no PHQ-9 score at the start tells.
        title, source, verified: the list, where it stands, and whether that was read.
        order: the arms on the list that neither a clinician nor a safety rule has taken away, in its order.
        first: the study's arm that the list names first; None if it names none of them.
        first_ranked: the one that it names first among the arms that may be ranked for this patient.
        differs: whether the recommended arm is another than the guideline's first; False where none is recommended.
        difference: how much better the recommended arm does than ``first_ranked``; None where they are the same.
        sentence: all that in words.
    """

    severity: Level | None
    title: str = ""
    source: str = ""
    verified: bool = False
    order: tuple[str, ...] = ()
    first: str | None = None
    first_ranked: str | None = None
    differs: bool = False
    difference: Interval | None = None
    sentence: str = field(kw_only=True)
