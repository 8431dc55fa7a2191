"""What is told of one arm for an outcome beside the primary one."""

from __future__ import annotations

from data_contracts.answer_part import answer_part
from data_contracts.interval import Interval


@answer_part
class OutcomeEffect:
    """One arm's effect on one outcome.

    Attributes:
        outcome: the outcome's name in the policy, for example ``response`` or ``dropout``.
        unit: its unit in words; effects on a yes-or-no outcome are shares of patients, 0.1 is ten in a hundred.
        effect: benefit over the reference for patients like this one, positive is better (fewer dropouts, say); None
            where the primary outcome's effect is not shown either.
        average: the same over the study population; never to be read as the patient's.
        individualised: whether ``effect`` varies with the patient.
        of_hundred: of a yes-or-no outcome, how many of 100 patients like this one it is expected for under the arm, in
            the outcome's own direction (dropouts are counted, not those who stay).
    """

    outcome: str
    unit: str
    effect: Interval | None = None
    average: Interval | None = None
    individualised: bool = False
    of_hundred: Interval | None = None
