"""From the resources of one patient to a profile: what is known, how old it is, and all that did not count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from data_contracts.errors import BadInput, Problem
from data_contracts.fact import Answer, load_facts, read_fact
from data_contracts.manifest import PolicyManifest
from data_contracts.profile import PatientProfile, Value
from data_contracts.rule import RuleSet
from service.fhir.acknowledgements import read_acknowledgements
from service.fhir.allergies import read_allergies
from service.fhir.answers import read_values
from service.fhir.conditions import read_conditions
from service.fhir.consents import read_consents
from service.fhir.container import Unpacked
from service.fhir.findings import CONSENT, Findings, Said, newest
from service.fhir.measures import Wanted, read_measures
from service.fhir.medicines import read_medicines
from service.fhir.note import Note
from service.fhir.parsing import parse
from service.fhir.person import read_person
from service.fhir.sent import Sent
from service.fhir.told_values import read_told
from service.fhir.treatments import read_treatments


@dataclass(frozen=True)
class PatientRecord:
    """What a record system knows of one patient, as far as it could be read.

    Attributes:
        profile: what is known, for the engine.
        notes: what did not count as it stands.
        problems: resources that are refused; what they say is unknown.
        is_dead: whether a death is on record.
    """

    profile: PatientProfile
    notes: tuple[Note, ...]
    problems: tuple[Problem, ...]
    is_dead: bool = False

    def check(self) -> PatientProfile:
        """The profile, if everything that was sent could be read.

        Raises:
            BadInput: something is refused; every problem is told.
        """
        if self.problems:
            raise BadInput(self.problems)
        return self.profile


def read_record(
    containers: Iterable[Unpacked], patient_id: str, manifest: PolicyManifest, rules: RuleSet, today: date
) -> PatientRecord:
    """Read one patient's resources for a policy and its safety rules.

    Args:
        containers: what the record system sent.
        patient_id: whose it has to be.
        manifest: of the policy, for its features.
        rules: for what they wait for.
        today: the day of the question.
    """
    listed = list(containers)
    parsed = parse([one for held in listed for one in held.raw], patient_id)
    found = Findings(today)
    found.notes += [note for held in listed for note in held.notes] + parsed.notes
    found.problems += [problem for held in listed for problem in held.problems] + parsed.problems
    wanted = Wanted(manifest.encoding.features, manifest.outcome.baseline)
    dead = _read(parsed.sent, wanted, rules, found)
    values, as_of = _settled(found)
    acknowledged = read_acknowledgements(parsed.sent, rules, found, as_of)
    profile = PatientProfile(patient_id=patient_id, values=values, as_of=as_of, acknowledgements=acknowledged)
    return PatientRecord(profile, tuple(found.notes), tuple(dict.fromkeys(found.problems)), dead)


def _read(sent: Sent, wanted: Wanted, rules: RuleSet, found: Findings) -> bool:
    dead = read_person(sent, wanted.features, rules, found)
    read_conditions(sent, found)
    read_medicines(sent, found)
    read_allergies(sent, found)
    read_consents(sent, found)
    values = list(read_values(sent, found))
    sheets = read_measures(values, wanted, found)
    read_told(values, wanted.features, found)
    read_treatments(sent, sheets, found)
    return dead


def _settled(found: Findings) -> tuple[dict[str, Value], dict[str, date]]:
    """One value a name: the newest, of several that differ the stricter, and none where neither is."""
    values: dict[str, Value] = {}
    as_of: dict[str, date] = {}
    for name, told in found.by_name().items():
        said = _for_life(name, told) or newest(told)
        chosen = _strictest(name, said)
        if chosen is None:
            found.note("contradiction", f"values of {name} that differ", said[0].where)
            continue
        values[name] = chosen.value
        if chosen.days is not None and name in load_facts():
            as_of[name] = chosen.days.first
    return values, as_of


def _for_life(name: str, told: Sequence[Said]) -> list[Said]:
    """What holds for life once it was so: a later no does not take it back."""
    fact = load_facts().get(name)
    if fact is None or not fact.lasting:
        return []
    return newest([one for one in told if read_fact(name, one.value) is Answer.YES])


def _strictest(name: str, said: Sequence[Said]) -> Said | None:
    """Of values of one day the one that safety goes by; None where they differ and none is stricter."""
    if len(said) == 1 or len({_plain(one.value) for one in said}) == 1:
        return said[0]
    fact = load_facts().get(name)
    if fact is None:
        return None
    readings: list[tuple[Any, Said]] = [(read_fact(name, one.value), one) for one in said]
    if name == CONSENT:
        return next((one for reading, one in readings if reading is Answer.NO), None)
    if fact.kind == "answer":
        return next((one for reading, one in readings if reading is Answer.YES), None)
    if fact.kind == "integer":
        return max(readings, key=lambda pair: float(pair[0]))[1]
    return None


def _plain(value: Value) -> Mapping[str, object] | object:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
