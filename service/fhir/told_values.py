"""Reads what a record system tells by the names of our facts and features, and coded yes and no answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from data_contracts.encoding import Feature
from data_contracts.fact import load_facts
from data_contracts.profile import Value as Given
from service.fhir.answers import Value
from service.fhir.code_index import OWN_VALUE, facts_of, with_groups
from service.fhir.findings import Findings, alarms
from service.fhir.sheet import is_of_instrument

LONGEST = 200
UNKNOWN = "observations and answers whose codes are not among those known here"


def read_told(values: Sequence[Value], features: Sequence[Feature], found: Findings) -> None:
    """Read values whose code is the name of a fact or feature, and answers whose code is that of a fact."""
    kinds = {one.name: one.kind for one in features}
    for value in values:
        names = list(_names(value, kinds))
        if not names and not is_of_instrument(value) and not _known(value):
            found.note("not_understood", UNKNOWN, value.where)
        for name in names:
            _read(name, kinds.get(name), value, found)


def _names(value: Value, kinds: Mapping[str, str]) -> Iterator[str]:
    for system, code in value.coded:
        if system == OWN_VALUE and (code in kinds or code in load_facts()):
            yield code
        yield from (one.fact for one in facts_of((system, code)) if one.found_in == "answer")


def _read(name: str, kind: str | None, value: Value, found: Findings) -> None:
    fact = load_facts().get(name)
    given: Given = value.word if value.number is None else value.number
    if fact is not None and fact.kind in ("number", "integer"):
        given = value.number
    if isinstance(given, str):
        given = given.strip()[:LONGEST]
    if given is None or given == "" or (kind == "numeric" and isinstance(given, str) and fact is None):
        found.note("not_understood", f"values of {name} that are none", value.where)
    elif fact is None and not value.sure:
        found.note("left_out", f"values of {name} that are not final", value.where)
    elif not value.sure and not alarms(name, given):
        found.note("left_out", f"answers on {name} that are not final", value.where)
    elif fact is not None and value.days is None:
        found.note("not_understood", f"answers on {name} without their day", value.where)
    else:
        found.say(name, given, value.days if fact is not None else None, value.where)


def _known(value: Value) -> bool:
    return any(facts_of(group) for code in value.coded for group in with_groups(code))
