"""Opens records wherever they live: a folder, a DuckDB file, or a database by its address."""

from __future__ import annotations

from data_contracts.target_trial import TargetTrial
from experiments.cohort.database import open_address, open_file
from experiments.cohort.event_files import open_events
from experiments.cohort.event_source import EventSource
from experiments.cohort.fhir import ENDING, open_fhir
from experiments.cohort.place import Place

DATABASE_FILES = (".duckdb", ".db")


def open_records(place: Place, trial: TargetTrial) -> EventSource:
    """Open records by what they are: nothing has to say so. To be used in a ``with`` block, which closes them.

    Raises:
        BadInput: there are none, or they cannot be read; all problems are listed.
    """
    if isinstance(place, str):
        return open_address(place, trial)
    if place.suffix.lower() in DATABASE_FILES and place.is_file():
        return open_file(place, trial)
    if place.is_dir() and any(path.name.endswith(ENDING) for path in place.iterdir()):
        return open_fhir(place, trial)
    return open_events(place, trial.cleaning)
