"""Broken bundles: whatever a record system sends, it is read, told or refused, and nothing goes uncaught."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_contracts.errors import BadInput
from engine.recommend import recommend
from service.fhir.container import unpack
from service.fhir.note import told
from service.fhir.record import read_record
from service.needs import check_profile, needs_of
from service.served_policy import ServedPolicy

WORDS = [
    "", "nonsense", "active", "final", "refuted", "entered-in-error", "2026-13-01", "0000",
    "2026-05-30T10:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "#", "#m", "/",
    "Patient/P-1", "Patient/other", "http://loinc.org", "44260-8", "urn:equipoise:value", "phq9_item9",
    "intolerances", "age", "LA6571-9", "F31", "none", "unknown", "; ;", "-1", "1e999",
    "\ud800",
]  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(WORDS)
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
HOWS = ["replace", "delete", "double", "wrap", "swap"]
CHANGES = st.lists(
    st.tuples(st.integers(0, 2**16), st.sampled_from(HOWS), ANYTHING),
    min_size=1,
    max_size=6,
)
QUICK = settings(max_examples=200, suppress_health_check=list(HealthCheck))


def places(part: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document, as the thing that holds it and its key."""
    keys = part.keys() if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
    for key in list(keys):
        yield part, key
        yield from places(part[key])


def changed(document: Any, changes: list[tuple[int, str, Any]]) -> Any:
    """The document with some of its places changed."""
    document = copy.deepcopy(document)
    for number, how, value in changes:
        listed = list(places(document))
        if not listed:
            return document
        holder, key = listed[number % len(listed)]
        other, from_key = listed[(number * 31 + 7) % len(listed)]
        if how == "delete":
            del holder[key]
        else:
            taken = copy.deepcopy(other[from_key])
            holder[key] = {"replace": value, "double": [holder[key], holder[key]], "wrap": {"x": holder[key]}}.get(
                how, taken
            )
    return document


def whole(record: Any) -> Any:
    """A bundle with something of everything that is read."""
    medicine = record.medicine("", medicationCodeableConcept=None, medicationReference={"reference": "#m"})
    medicine["contained"] = [{"resourceType": "Medication", "id": "m", "code": record.coded("rx", "8123")}]
    plan = {"resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": {"reference": "Patient/P-1"}}
    plan |= {"category": [record.coded("sct", "304891004")], "period": {"start": "2026-05-01"}}
    nested = {"type": "permit", "code": [record.coded("consent", "decision_support")]}
    return record.bundle(
        record.patient(), record.phq9(2, 2, 2, 2, 2, 2, 2, 2, 1, total=17), record.phq9(*[1] * 9, day="2026-04-25"),
        record.condition("F31.3"), record.condition("F50.2", verificationStatus=record.verified("refuted")),
        record.observation("70274-6", 12), record.observation("93249-1", False), record.observation("age", 41, "own"),
        record.observation("intolerances", "sertraline; none", "own"),
        record.observation("39156-5", {"value": 25.1, "code": "kg/m2"}),
        medicine, record.medicine("36437"), record.allergy(text="Sertraline"), plan,
        record.allergy(**record.coded("sct", "716186003")), record.procedure(record.coded("ack", "SI-01")),
        record.consent(provision={"type": "deny", "provision": [nested]}),
        {"resourceType": "OperationOutcome", "issue": [{"severity": "information"}]},
    )  # fmt: skip


@pytest.fixture
def assert_told(record: Any, served: ServedPolicy) -> Callable[[Any], None]:
    """Asserts that a document is read into a profile that engine and service take, or is refused."""

    def check(document: Any) -> None:
        held = unpack(document, "bundle")
        found = read_record([held], "P-1", served.policy.manifest, served.rules, record.today)
        check_profile(found.profile, needs_of(served.policy.manifest, served.rules))
        recommend(found.profile, served.policy, served.rules, record.today)
        json.dumps([str(problem) for problem in found.problems] + told(found.notes)).encode()
        if found.problems:
            with pytest.raises(BadInput):
                found.check()

    return check


@pytest.fixture
def bundle(record: Any) -> Any:
    """The bundle that is broken."""
    return Document(whole(record))


class Document:
    """A document whose repr is short, so that a failing example can be read."""

    def __init__(self, content: Any) -> None:
        self.content = content


@QUICK
@given(changes=CHANGES)
def test_mutated_bundles(assert_told: Any, bundle: Document, changes: list[Any]) -> None:
    """A bundle with some places changed never raises anything but the error that lists its problems."""
    assert_told(changed(bundle.content, changes))


@QUICK
@given(document=ANYTHING)
def test_anything(assert_told: Any, document: Any) -> None:
    """Neither does any other JSON."""
    assert_told(document)


def drawn(random: Random) -> list[tuple[int, str, Any]]:
    """Changes drawn by a generator, a hundred times faster than a strategy draws them."""

    def value(depth: int) -> Any:
        kind = random.randrange(8)
        if kind == 0 and depth:
            return [value(depth - 1) for _ in range(random.randrange(3))]
        if kind == 1 and depth:
            return {random.choice(WORDS): value(depth - 1) for _ in range(random.randrange(3))}
        plain: list[Any] = [None, True, random.randrange(-5, 30), random.uniform(-1e20, 1e20), float("inf"), 10**30]
        return random.choice(WORDS) if kind < 5 else random.choice(plain)

    return [(random.randrange(2**16), random.choice(HOWS), value(2)) for _ in range(random.randrange(1, 7))]


@pytest.mark.slow
def test_a_hundred_thousand_mutated_bundles(assert_told: Any, bundle: Document) -> None:
    """The same, a hundred thousand times."""
    random = Random(8)
    for _ in range(100_000):
        assert_told(changed(bundle.content, drawn(random)))


@pytest.mark.parametrize("depth", [50, 900])
def test_deep_questionnaires(record: Any, served: ServedPolicy, depth: int) -> None:
    """Groups within groups are read or refused, however deep."""
    item: dict[str, Any] = {"linkId": "/44260-8", "answer": [{"valueInteger": 2}]}
    for _ in range(depth):
        item = {"linkId": "group", "item": [item]}
    held = unpack(record.bundle(record.phq9(item=[item])), "bundle")
    found = read_record([held], "P-1", served.policy.manifest, served.rules, record.today)
    assert found.problems or found.profile.values == {"phq9_item9": 2}


def test_the_whole_bundle_is_understood(record: Any, served: ServedPolicy) -> None:
    """Unchanged, the bundle that is broken here is read but for the one statement that contradicts itself."""
    held = unpack(whole(record), "bundle")
    found = read_record([held], "P-1", served.policy.manifest, served.rules, record.today)
    assert {problem.where for problem in found.problems} == {"bundle, entry 9, intolerances"}
    wanted = {"age": 41, "phq9_item9": 1, "maoi": "yes", "in_treatment": "yes", "phq9_change": 8, "sex": "f"}
    assert wanted.items() <= {**found.profile.values, "age": 41}.items()
    assert len(found.profile.acknowledgements) == 1
