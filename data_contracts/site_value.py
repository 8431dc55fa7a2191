"""What advice learned at other sites is worth at a site that it has not seen."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from data_contracts.policy_value import Comparison


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SiteValue(_Data):
    """One site that was left out.

    Attributes:
        site: its name in the records.
        individual: whether the other sites alone would have let advice vary with the patient.
        best_single: the others' advice against the others' best single arm, both given to this site's patients.
        clinicians: the others' advice against what was chosen at this site.
        drop: what this site's patients lose by advice that was learned without their site, against advice that other
            patients of it took part in: ``difference`` above 0 is a loss.
    """

    site: str
    individual: bool
    best_single: Comparison
    clinicians: Comparison
    drop: Comparison


class SiteValues(_Data):
    """Every site that could be left out.

    Attributes:
        sites: in the order of their names.
        overall: the same over all of their patients; None where ``untold``.
        left_in: how many sites were too small, or alone in holding an arm, to be left out by themselves.
        untold: why nothing could be assessed.
    """

    sites: tuple[SiteValue, ...] = ()
    overall: SiteValue | None = None
    left_in: int = 0
    untold: str | None = None
