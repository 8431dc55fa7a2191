"""Reads FHIR Bulk Data line by line: what each resource says of its patient, what is left out, and what is wrong."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from data_contracts.episode import LeftOut
from data_contracts.errors import Problem, RowName, rows_text
from data_contracts.record_words import Meaning
from experiments.cohort.fhir_codes import CodeBook
from experiments.cohort.fhir_resource import (
    Coded,
    Resource,
    codings,
    day,
    every,
    first_of,
    first_text,
    patient_of,
    value,
)
from experiments.cohort.fhir_rows import GatheredRows
from experiments.cohort.fhir_types import ALL_INTENTS, OTHER_TYPES, READ, ResourceType
from experiments.cohort.questionnaire import Contradiction, partly_answered, totals

LINES = RowName("line", "line")
SAID = ("file", "row", "patient_id", "kind", "word", "date", "end_date", "value", "text", "unit")
PEOPLE = ("file", "row", "patient_id", "birth_date", "death_date", "sex", "site")
NO_JSON = ("", "one JSON object a line", "another thing", "Fetch the file again: it may be cut off.")
NO_TYPE = ("resourceType", "a resource of FHIR R4", "another type", "Fetch R4 resources, or take the lines away.")
NO_STATUS = (
    "status",
    "a status that FHIR knows",
    "another or none",
    "Correct it: nobody can tell whether this counts.",
)
NO_INTENT = ("intent", "an intent that FHIR knows", "another or none", "Correct it: an order and a proposal differ.")
OTHER_SYSTEM = (
    "code",
    "each code in the place of its own terminology",
    "one in another's",
    "Correct the terminology that stands beside the code.",
)
CONTRADICTION = (
    "item",
    "answers on their scale that add up to the total",
    "others",
    "Correct the answers or the total.",
)
Fault = tuple[str, str, str, str]
"""Part of the resource, what was expected, what came, what to do."""


@dataclass
class FhirReader:
    """Goes through files and keeps what a study needs of them.

    Attributes:
        codes: what they mean.
        medications: codes of the resources Medication, which prescriptions may refer to.
        said: rows by ``SAID``.
        people: rows by ``PEOPLE``.
        seen: patient -> the first day of an encounter or an episode of care.
        faults: what is wrong, with file and lines.
        left_out: what is no part of the study.
    """

    codes: CodeBook
    medications: Mapping[str, Sequence[Coded]] = field(default_factory=dict)
    said: GatheredRows = field(default_factory=lambda: GatheredRows(SAID))
    people: GatheredRows = field(default_factory=lambda: GatheredRows(PEOPLE))
    seen: dict[str, str] = field(default_factory=dict)
    faults: defaultdict[tuple[str, Fault], list[int]] = field(default_factory=lambda: defaultdict(list))
    left_out: Counter[str] = field(default_factory=Counter)

    def read(self, path: Path) -> None:
        """Read one file."""
        for number, resource in resources(path):
            if resource is None:
                self.faults[path.name, NO_JSON].append(number)
            else:
                self._take(resource, path.name, number)

    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong, by file."""
        return tuple(
            Problem(f"{file}, {part}" if part else file, expected, f"{found} in {rows_text(lines, LINES)}", step)
            for (file, (part, expected, found, step)), lines in sorted(self.faults.items())
        )

    def counted(self) -> tuple[LeftOut, ...]:
        """What was left out."""
        return tuple(LeftOut(what, count) for what, count in sorted(self.left_out.items()))

    def _take(self, resource: Resource, file: str, line: int) -> None:
        kind = resource["resourceType"]
        if kind == "Patient":
            self._take_patient(resource, file, line)
        elif kind in READ:
            self._take_event(resource, kind, file, line)
        elif kind in OTHER_TYPES:
            self.left_out[f"resources of the type {kind}, which a study does not read"] += 1
        elif kind != "Medication":
            self.faults[file, NO_TYPE].append(line)

    def _take_patient(self, patient: Resource, file: str, line: int) -> None:
        place = first_text(patient, ("managingOrganization.display", "managingOrganization.reference"))
        birth = first_of(day(patient, ("birthDate",)))
        death = day(patient, ("deceasedDateTime",))
        identifier = first_text(patient, ("id",))
        self.people.append((file, line, identifier, birth, death, first_text(patient, ("gender",)), place))

    def _take_event(self, resource: Resource, kind: str, file: str, line: int) -> None:
        type_ = READ[kind]
        if not self._happened(resource, kind, type_, file, line):
            return
        patient = patient_of(first_text(resource, (type_.patient,)))
        start, end = day(resource, type_.start), day(resource, type_.end)
        if kind in ("Encounter", "EpisodeOfCare") and patient and start:
            self.seen[patient] = min(start, self.seen.get(patient, start))
        if kind == "QuestionnaireResponse":
            self._take_answers(resource, (file, line, patient), start)
            return
        number, text, unit = value(resource) if kind == "Observation" else (None, None, None)
        if number is None and text is None and "dataAbsentReason" in resource:
            self.left_out["Observations that say why there is no value"] += 1
            return
        last = end if end or type_.runs_on else start
        for meaning in self._meanings(resource, type_, file, line):
            self.said.append((file, line, patient, meaning.table, meaning.word, start, last, number, text, unit))

    def _happened(self, resource: Resource, kind: str, type_: ResourceType, file: str, line: int) -> bool:
        """Whether it is on record as having happened; if not, it is counted or told."""
        status = first_text(resource, (type_.status,))
        if status in type_.otherwise:
            self.left_out[f"resources {kind} with the status {status}"] += 1
            return False
        # A condition may leave its verification open; everything else has a status.
        if status not in type_.happened and not (status is None and kind == "Condition"):
            self.faults[file, NO_STATUS].append(line)
            return False
        intent = first_text(resource, ("intent",))
        if type_.intents and intent not in ALL_INTENTS:
            self.faults[file, NO_INTENT].append(line)
            return False
        if type_.intents and intent not in type_.intents:
            self.left_out[f"resources {kind} with the intent {intent}"] += 1
            return False
        if resource.get("doNotPerform") is True:
            self.left_out[f"resources {kind} that say what not to do"] += 1
            return False
        return True

    def _meanings(self, resource: Resource, type_: ResourceType, file: str, line: int) -> list[Meaning]:
        """What its codes mean in the tables that it can be a row of, each word once."""
        found = list(codings(resource, type_.codes))
        reference = first_text(resource, ("medicationReference.reference",))
        if reference:
            found += self.medications.get(reference.rsplit("/", 1)[-1], ())
        every_meaning = [one for coded in found for one in self.codes.meanings(coded)]
        if not every_meaning and any(self.codes.is_of_another(coded) for coded in found):
            self.faults[file, OTHER_SYSTEM].append(line)
        return list({(one.table, one.word): one for one in every_meaning if one.table in type_.tables}.values())

    def _take_answers(self, response: Resource, where: tuple[str, int, str | None], date: str | None) -> None:
        file, line, patient = where
        try:
            for measure, total in totals(response):
                self.said.append((file, line, patient, "measures", measure, date, None, str(total), None, None))
        except Contradiction:
            self.faults[file, CONTRADICTION].append(line)
            return
        if partly_answered(response):
            self.left_out["answers to some items of a questionnaire, without its total"] += 1


def resources(path: Path) -> Iterator[tuple[int, Resource | None]]:
    """Each line's number and resource; None where it holds none. Empty lines are no lines."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _resource(line)


def _resource(line: bytes) -> Resource | None:
    try:
        found = _JSON.decode(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("resourceType"), str) else None


def _refuse(_constant: str) -> NoReturn:
    raise ValueError("no JSON: a number that is none")


_JSON = json.JSONDecoder(parse_constant=_refuse)
"""Made once: the module's own function would make one for each line."""


def medications(paths: Sequence[Path]) -> dict[str, tuple[Coded, ...]]:
    """Codes of every resource Medication by its identifier."""
    found = {}
    for path in paths:
        for _, resource in resources(path):
            if resource is not None and resource["resourceType"] == "Medication":
                for identifier in every(resource, "id"):
                    found[str(identifier)] = tuple(codings(resource, ("code.coding",)))
    return found
