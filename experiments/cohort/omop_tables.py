"""The clinical tables of the OMOP common data model 5.4, as far as a study reads them.

Source: the data definition that OHDSI publishes for version 5.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CdmTable:
    """A table of clinical events.

    Attributes:
        stem: what its columns' names begin with.
        start: column with the day.
        end: column with the last day; empty if the event has one day.
        has_value: whether rows carry a number or a text, and a unit.
        there: whether the table has to be there.
    """

    stem: str
    start: str
    end: str = ""
    has_value: bool = False

    @property
    def concept(self) -> str:
        """Column with the standard concept of what happened."""
        return f"{self.stem}_concept_id"

    @property
    def source_concept(self) -> str:
        """Column with the concept of the source's own code."""
        return f"{self.stem}_source_concept_id"


CLINICAL: Mapping[str, CdmTable] = {
    "visit_occurrence": CdmTable("visit", "visit_start_date", "visit_end_date"),
    "visit_detail": CdmTable("visit_detail", "visit_detail_start_date", "visit_detail_end_date"),
    "condition_occurrence": CdmTable("condition", "condition_start_date", "condition_end_date"),
    "drug_exposure": CdmTable("drug", "drug_exposure_start_date", "drug_exposure_end_date"),
    "procedure_occurrence": CdmTable("procedure", "procedure_date", "procedure_end_date"),
    "measurement": CdmTable("measurement", "measurement_date", has_value=True),
    "observation": CdmTable("observation", "observation_date", has_value=True),
}
"""A row's key is the table's name with ``_id``. A table that is not there holds no rows."""

PERSON = ("person_id", "gender_concept_id", "year_of_birth")
PERIOD = ("person_id", "observation_period_start_date", "observation_period_end_date")
BESIDE: Mapping[str, tuple[str, ...]] = {
    "death": ("person_id", "death_date"),
    "care_site": ("care_site_id", "care_site_name"),
    "concept_ancestor": ("ancestor_concept_id", "descendant_concept_id"),
}


def needed_columns() -> dict[str, tuple[str, ...]]:
    """The columns that each table has to have, if it is there."""
    clinical = {
        name: (f"{name}_id", "person_id", table.concept, table.start)
        + (("value_as_number",) if table.has_value else ())
        for name, table in CLINICAL.items()
    }
    return {"person": PERSON, "observation_period": PERIOD, **BESIDE, **clinical}


IS_CDM = ("person", "observation_period")
"""Tables by which a database is known as one."""
