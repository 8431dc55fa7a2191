"""Opens a folder of FHIR Bulk Data (NDJSON) as event tables."""

from __future__ import annotations

from pathlib import Path

import ibis

from data_contracts.errors import BadInput, Problem
from data_contracts.event_tables import WHAT
from data_contracts.record_words import meanings
from data_contracts.target_trial import TargetTrial
from experiments.cohort.cleaning import clean
from experiments.cohort.courses import joined
from experiments.cohort.event_files import duckdb_in_memory
from experiments.cohort.event_source import EventSource, kept_typed
from experiments.cohort.fhir_codes import CodeBook
from experiments.cohort.fhir_reader import LINES, FhirReader, medications
from experiments.cohort.fhir_rows import GatheredRows
from experiments.cohort.fixed import with_fixed
from experiments.cohort.said import left_out, observed, of_table

ENDING = ".ndjson"
NAMES = {"patients": "Patient", "treatments": "the resources of treatments", "measures": "Observation"}
NAMES |= {"events": "the resources of events"}


def open_fhir(folder: Path, trial: TargetTrial) -> EventSource:
    """Open every NDJSON file of a folder; what a resource is, its own type says and not the file's name.

    Raises:
        BadInput: there is no patient in any file.
    """
    paths = sorted(path for path in folder.iterdir() if path.name.endswith(ENDING))
    meant = meanings(trial)
    named = [path for path in paths if path.name.startswith("Medication.") or path.name == f"Medication{ENDING}"]
    reader = FhirReader(CodeBook(meant), medications(named))
    for path in paths:
        reader.read(path)
    if not reader.people:
        step = "Fetch the type Patient as well."
        raise BadInput([*reader.problems(), Problem(folder.name, "resources of the type Patient", "none", step)])
    connection = duckdb_in_memory()
    first_days = GatheredRows(("patient_id", "observed_from"))
    for day in reader.seen.items():
        first_days.append(day)
    people = reader.people.table(connection, "equipoise_people")
    people = people.left_join(first_days.table(connection, "equipoise_seen"), "patient_id").drop("patient_id_right")
    said = reader.said.table(connection, "equipoise_said")
    people, said, unseen = observed(people, said)
    fixed = said.filter(said.kind == "patients").mutate(value=ibis._.value.try_cast("float64"))
    words = sorted({one.word for one in meant if one.table == "patients" and one.value is None})
    raw = {"patients": with_fixed(people, fixed, words)} | {name: of_table(said, name) for name in WHAT}
    desk = clean(connection, kept_typed(connection, raw), trial.cleaning)
    return EventSource(
        connection,
        NAMES,
        desk.tables,
        joined(connection, desk.tables, trial.course_gap_days),
        lambda _file: LINES,
        (
            *reader.counted(),
            *left_out(connection, unseen, "patients without an encounter or an episode of care"),
            *desk.done,
        ),
        fixed=fixed,
        problems=(*reader.problems(), *desk.problems),
    )
