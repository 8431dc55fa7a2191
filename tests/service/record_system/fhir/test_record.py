"""From FHIR to a profile: what is understood, what is told as not understood, and that nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from data_contracts.errors import BadInput
from data_contracts.fact import load_facts
from data_contracts.profile import Acknowledgement
from service.fhir.container import unpack
from service.fhir.note import told
from service.fhir.record import PatientRecord, read_record
from service.served_policy import ServedPolicy

Read = Callable[..., PatientRecord]


def notes(found: PatientRecord) -> str:
    """All notes in one text."""
    return " ".join(told(found.notes))


def test_a_whole_record_becomes_a_profile(read: Read, record: Any) -> None:
    """Age, sex, scores, facts and the days of answers come from the resources that state them."""
    found = read(
        record.patient(), record.phq9(2, 2, 2, 2, 2, 2, 2, 2, 0), record.condition("F31.3"),
        record.medicine("36437"), record.allergy(**record.coded("rx", "32937")), record.consent(),
    )  # fmt: skip
    values = found.check().values
    assert values["age"] == pytest.approx(41.24, abs=0.01)
    assert values["sex"] == "f"
    assert values["phq9_week0"] == values["phq9_total"] == 16
    assert values["phq9_item9"] == 0
    assert values["bipolar_disorder"] == values["serotonergic_drug"] == values["in_treatment"] == "yes"
    assert values["intolerances"] == "paroxetine"
    assert values["decision_support_consent"] == "yes"
    assert found.profile.as_of["phq9_item9"] == date(2026, 5, 30)
    assert found.profile.as_of["decision_support_consent"] == date(2026, 5, 1)


def test_what_is_not_recorded_is_unknown(read: Read, record: Any) -> None:
    """No resource ever makes a no out of silence: an empty record knows no safety fact at all."""
    assert read().profile.values == {}
    values = read(record.patient()).profile.values
    assert set(values) == {"age", "sex"}
    assert set(values) & set(load_facts()) == {"age"}


STATUSES = [
    ("phq9", {"status": "nonsense"}, "status"),
    ("phq9", {"status": None}, "status"),
    ("patient", {"gender": "nonsense"}, "gender"),
    ("patient", {"birthDate": "1985-02-30"}, "birthDate"),
    ("patient", {"birthDate": "04/03/1985"}, "birthDate"),
    ("medicine", {"status": "nonsense"}, "status"),
    ("medicine", {"intent": "nonsense"}, "intent"),
    ("medicine", {"medicationCodeableConcept": None}, "medicationCodeableConcept"),
    ("condition", {"verificationStatus": {"coding": [{"code": "nonsense"}]}}, "verificationStatus"),
    ("condition", {"subject": None}, "subject"),
    ("consent", {"status": "nonsense"}, "status"),
    ("consent", {"category": []}, "category"),
    ("phq9", {"authored": "2026-05-30T10:00:00"}, "authored"),
    ("medicine", {"subject": {"reference": "Patient/P-1", "display": "\ud800"}}, "subject.display"),
    ("phq9", {"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]}, "changes what the resource means"),
    ("condition", {"clinicalStatus": {"implicitRules": "urn:x", "text": 5}}, "clinicalStatus: "),
    ("phq9", {"item": [{"linkId": "/44260-8", "answer": [{"valueInteger": 10**400}]}]}, "item.answer.valueInteger"),
    ("phq9", {"subject": {"reference": "Patient/another"}}, "the patient of the request"),
    ("patient", {"id": "another"}, "the patient of the request"),
]


@pytest.mark.parametrize(("kind", "change", "names"), STATUSES)
def test_what_is_no_fhir_is_refused(read: Read, record: Any, kind: str, change: dict[str, Any], names: str) -> None:
    """An unknown status, a wrong date, a modifier, another patient: one problem names the place."""
    wanted = {"phq9": (2,) * 9, "medicine": ("36437",), "condition": ("F31",)}.get(kind, ())
    found = read(getattr(record, kind)(*wanted, **change))
    (problem,) = found.problems
    assert names in str(problem)
    assert "entry 1" in problem.where
    assert "nonsense" not in str(problem)
    assert found.profile.values == {}
    with pytest.raises(BadInput):
        found.check()


@pytest.mark.parametrize(
    ("resource", "told_of"),
    [
        (lambda one: one.phq9(*[2] * 9, status="entered-in-error"), "questionnaires entered in error"),
        (lambda one: one.observation("44261-6", 9, status="cancelled"), "observations that their status says"),
        (lambda one: one.condition("F31", verificationStatus=one.verified("entered-in-error")), "entered in error"),
        (lambda one: one.medicine("36437", status="entered-in-error"), "prescriptions that were not made"),
        (lambda one: one.medicine("36437", intent="proposal"), "prescriptions that were not made"),
        (lambda one: one.medicine("36437", doNotPerform=True), "prescriptions that were not made"),
        (lambda one: one.consent(status="inactive"), "consents that are not active"),
        (lambda one: one.condition("X99.9"), "conditions whose codes are not among those known"),
        (lambda one: one.condition("13746005", "sct"), "conditions whose codes are not among those known"),
        (lambda one: one.medicine("999999"), "medicines whose codes are not among those known"),
        (lambda one: one.observation("8302-2", 170), "observations and answers whose codes are not among"),
        (lambda _: {"resourceType": "Encounter", "status": "finished"}, "types that are not read"),
        (lambda one: one.phq9(2, 2, 2), "PHQ-9 answered in part"),
        (lambda one: one.phq9(*[2] * 9, day="2026-04-01"), "PHQ-9 totals"),
    ],
)  # fmt: skip
def test_what_does_not_count_is_told(read: Read, record: Any, resource: Any, told_of: str) -> None:
    """What a status, a code or its age keeps out says nothing of the patient, and is told."""
    found = read(resource(record))
    assert not found.problems
    assert told_of in notes(found)
    assert not set(found.profile.values) - {"phq9_item9"}


def test_the_newest_valid_phq9_counts(read: Read, record: Any) -> None:
    """Of several PHQ-9s the newest that can be right is used, and what contradicts itself is told."""
    older = record.phq9(1, 1, 1, 1, 1, 1, 1, 1, 0, day="2026-05-10")
    newer = record.phq9(2, 2, 2, 2, 2, 2, 2, 2, 0, day="2026-05-20")
    wrong = record.phq9(3, 3, 3, 3, 3, 3, 3, 3, 0, total=5, day="2026-05-29")
    found = read(older, wrong, newer)
    assert found.profile.values["phq9_week0"] == 16
    assert "cannot all be right" in notes(found)


def test_items_as_observations_add_up(read: Read, record: Any) -> None:
    """Items and total that come as observations of one day are one sheet; a total that they deny is not used."""
    items = [record.observation(code, 1) for code in ("44250-9", "44255-8", "44259-0")]
    assert read(*items, record.observation("44261-6", 9)).profile.values["phq9_week0"] == 9
    assert "phq9_week0" not in read(*items, record.observation("44261-6", 2)).profile.values


@pytest.mark.parametrize(
    ("sheets", "wanted"),
    [
        ([((2,) * 8 + (2,), None, "2026-05-29")], 2),
        ([((2,) * 8 + (0,), None, "2026-05-29"), ((2,) * 8 + (3,), 5, "2026-05-30")], 3),
        ([((2,) * 8 + (1,), None, "2026-05-29"), ((2,) * 8 + (0,), 3, "2026-05-30")], None),
        ([((2,) * 8 + (2,), None, "2026-05-28"), ((2,) * 8 + (0,), None, "2026-05-30")], 0),
        ([((2,) * 8 + (0,), None, "2026-05-30"), ((2,) * 8 + (1,), None, "2026-05-30")], 1),
    ],
    ids=["answered", "raised by a wrong sheet", "not calmed by a wrong sheet", "answered again", "twice on a day"],
)
def test_item_9_is_never_calmed_by_what_is_in_doubt(
    read: Read, record: Any, sheets: list[Any], wanted: int | None
) -> None:
    """Item 9 from 1 up counts even on a sheet that contradicts itself; a 0 counts on a sound sheet alone."""
    found = read(*(record.phq9(*answers, total=total, day=day) for answers, total, day in sheets))
    assert found.profile.values.get("phq9_item9") == wanted


def test_tomorrow_calms_nothing(read: Read, record: Any) -> None:
    """What is dated after today never stands in for an answer of today, but may raise an alarm."""
    today, later = record.phq9(*[2] * 8, 2), record.phq9(*[2] * 8, 0, day="2026-07-01")
    assert read(today, later).profile.values["phq9_item9"] == 2
    answers = [
        record.observation("93249-1", one, effectiveDateTime=day)
        for one, day in ((True, "2026-05-30"), (False, "2027"))
    ]
    assert read(*answers).profile.values["cssrs_q4"] == "yes"
    assert read(record.phq9(*[2] * 8, 1, day="2026-07-01")).profile.values["phq9_item9"] == 1
    assert "decision_support_consent" not in read(record.consent(dateTime="2026-07-01")).profile.values


def test_an_unfinished_questionnaire_raises_item_9_alone(read: Read, record: Any) -> None:
    """Of a questionnaire in progress a positive item 9 counts and nothing else; a 0 there says nothing."""
    values = read(record.phq9(2, 2, 2, 2, 2, 2, 2, 2, 1, status="in-progress")).profile.values
    assert values == {"phq9_item9": 1}
    assert read(record.phq9(2, 2, 2, 2, 2, 2, 2, 2, 0, status="in-progress")).profile.values == {}


def test_answers_by_loinc_codes(read: Read, record: Any) -> None:
    """LOINC's answer codes count their points, nested items too, and a bound is no number."""
    answers = [{"linkId": f"x/{code}", "answer": [{"valueCoding": {"code": "LA6571-9"}}]} for code in record_items()]
    found = read(record.phq9(item=[{"linkId": "group", "item": answers}]))
    assert found.profile.values["phq9_week0"] == 27
    bound = record.observation("44261-6", {"value": 20, "comparator": ">="})
    assert "phq9_week0" not in read(bound).profile.values
    wrong_unit = record.observation("44261-6", {"value": 20, "code": "mm[Hg]"})
    assert "phq9_week0" not in read(wrong_unit).profile.values


def record_items() -> list[str]:
    """LOINC codes of the items of the PHQ-9."""
    from data_contracts.instrument import load_instruments

    return [str(item.loinc) for item in load_instruments()["PHQ-9"].items]


def test_conditions(read: Read, record: Any) -> None:
    """What is suspected counts, a bipolar disorder counts for life, what is over does not, a dated refusal is a no."""
    over = {"clinicalStatus": record.coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "resolved")}
    suspected = read(record.condition("F31", verificationStatus=record.verified("provisional")))
    assert suspected.profile.values["bipolar_disorder"] == "yes"
    assert "not confirmed" in notes(suspected)
    assert read(record.condition("F31", **over)).profile.values["bipolar_disorder"] == "yes"
    assert "eating_disorder_active" not in read(record.condition("F50.2", **over)).profile.values
    assert read(record.condition("F50.2", **over)).profile.values["bulimia_or_anorexia_ever"] == "yes"
    refuted = read(record.condition("F31", verificationStatus=record.verified("refuted"))).profile
    assert refuted.values["bipolar_disorder"] == "no"
    assert refuted.as_of["bipolar_disorder"] == date(2026, 1, 10)
    both = read(
        record.condition("F31"), record.condition("F31.9", verificationStatus=record.verified("refuted"))
    ).profile
    assert both.values["bipolar_disorder"] == "yes"


@pytest.mark.parametrize(
    ("code", "fact"),
    [("F10.2", "substance_dependence"), ("F00", "dementia"), ("K70", "hepatic_impairment"),
     ("F31.1", "bipolar_disorder"), ("F32.3", "psychotic_symptoms"), ("Z34", "pregnant")],
)  # fmt: skip
def test_one_kind_that_was_ruled_out_leaves_the_fact_open(read: Read, record: Any, code: str, fact: str) -> None:
    """Alcohol dependence that was refuted says nothing of opioids: the fact stays unknown, and is asked for."""
    found = read(record.condition(code, verificationStatus=record.verified("refuted")))
    assert fact not in found.profile.values
    assert "refuted conditions" in notes(found)


def test_a_later_no_does_not_take_back_what_holds_for_life(read: Read, record: Any) -> None:
    """Suicidal behaviour ever, then a no to the same question: it was so, and stays so."""
    once = record.observation("93267-3", True, effectiveDateTime="2025-01-10")
    later = record.observation("93267-3", False, effectiveDateTime="2026-05-30")
    assert read(once, later).profile.values["cssrs_q6_lifetime"] == "yes"
    assert read(later).profile.values["cssrs_q6_lifetime"] == "no"


def test_a_heart_attack_grows_old(read: Read, record: Any) -> None:
    """What counts for a while only carries the day it began, so that rules can let it age."""
    found = read(record.condition("I21.0", onsetDateTime="2026-02-01")).profile
    assert found.as_of["recent_heart_attack"] == date(2026, 2, 1)
    assert "recent_heart_attack" not in read(record.condition("I21", recordedDate=None)).profile.values


def test_medicines(read: Read, record: Any) -> None:
    """Present medicines say yes by code or group of codes, referred ones too; an MAOI lingers for a fortnight."""
    assert read(record.medicine("N06AB04", "atc")).profile.values["serotonergic_drug"]
    assert read(record.medicine("C03CA01", "atc")).profile.values["diuretic"] == "yes"
    referred = record.medicine("", medicationCodeableConcept=None, medicationReference={"reference": "#m"})
    referred["contained"] = [{"resourceType": "Medication", "id": "m", "code": record.coded("rx", "8123")}]
    assert read(referred).profile.values["maoi"] == "yes"
    for last, wanted in (("2026-05-25", "yes"), ("2026-05-10", None)):
        period = {"validityPeriod": {"end": last}}
        ended = record.medicine("8123", status="stopped", dispenseRequest=period)
        assert read(ended).profile.values.get("maoi") == wanted
    assert read(record.medicine("8123", status="stopped")).profile.values["maoi"] == "yes"
    assert "diuretic" not in read(record.medicine("C03CA01", "atc", status="stopped")).profile.values


def test_allergies(read: Read, record: Any) -> None:
    """Names by code or words; "none known" counts with its day and only where no allergy stands beside it."""
    none = record.allergy(**record.coded("sct", "716186003"))
    assert read(none).profile.values["intolerances"] == "none"
    assert read(record.allergy(text="Sertraline; rash")).profile.values["intolerances"] == "sertraline rash"
    both = read(none, record.allergy(text="Penicillin"))
    assert both.profile.values["intolerances"] == "penicillin"
    assert "no allergy is known" in notes(both)


NESTED = {"type": "permit", "code": [{"coding": [{"system": "urn:equipoise:consent", "code": "decision_support"}]}]}


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, "yes"),
        ({"status": "rejected"}, "no"),
        ({"status": "draft"}, None),
        ({"provision": {"type": "deny"}}, "no"),
        ({"provision": {"type": "deny", "provision": [NESTED]}}, "yes"),
        ({"provision": {"type": "permit", "provision": [{**NESTED, "type": "deny"}]}}, "no"),
        ({"provision": {"type": "permit", "provision": [{"type": "deny"}]}}, None),
        ({"provision": {"type": "permit", "period": {"end": "2026-05-15"}}}, None),
        ({"provision": {}}, None),
        ({"provision": {}, "policyRule": {"coding": [{"code": "OPTOUT"}]}}, "no"),
        ({"provision": None, "policyRule": {"coding": [{"code": "OPTIN"}]}}, "yes"),
        ({"dateTime": None}, None),
        ({"category": [{"text": "research"}]}, None),
    ],
)
def test_consent(read: Read, record: Any, change: dict[str, Any], wanted: str | None) -> None:
    """Only an active consent that permits decision support, in its time, is a yes; exceptions win over their rule."""
    assert read(record.consent(**change)).profile.values.get("decision_support_consent") == wanted


def test_a_later_no_wins(read: Read, record: Any) -> None:
    """The newest consent counts, and of one day the no."""
    later = record.consent(provision={"type": "deny"}, dateTime="2026-05-20")
    assert read(record.consent(), later).profile.values["decision_support_consent"] == "no"
    same = record.consent(provision={"type": "deny"})
    assert read(same, record.consent()).profile.values["decision_support_consent"] == "no"


def test_the_cssrs_screener(read: Read, record: Any) -> None:
    """Answers of the screener come as questionnaire items or observations, by LOINC's yes and no or as booleans."""
    items = [{"linkId": "/93249-1", "answer": [{"valueCoding": {"code": "LA33-6"}}]}]
    assert read(record.phq9(item=items)).profile.values["cssrs_q4"] == "yes"
    assert read(record.observation("93250-9", False)).profile.values["cssrs_q5"] == "no"
    unfinished = read(record.observation("93250-9", False, status="preliminary"))
    assert "cssrs_q5" not in unfinished.profile.values


def test_values_by_name(read: Read, record: Any) -> None:
    """A record system may tell any fact or feature by name; what is off its scale is refused, and told so."""
    found = read(record.observation("long_qt", True, "own"), record.observation("phq9_week0", 14, "own"))
    assert found.profile.values == {"long_qt": "yes", "phq9_week0": 14.0}
    refused = read(record.observation("phq9_item9", 9, "own"))
    assert refused.profile.values == {}
    assert "whole number from 0 to 3" in str(refused.problems[0])


def test_acknowledgement(read: Read, record: Any) -> None:
    """A completed procedure with the rule's id acknowledges it by name, if it is as new as the answer it is about."""
    sheet = record.phq9(*[2] * 9)
    code = record.coded("ack", "SI-01")
    wanted = (Acknowledgement(by="Dr Example", rules=("SI-01",)),)
    assert read(sheet, record.procedure(code)).profile.acknowledgements == wanted
    for change in ({"performedDateTime": "2026-05-29"}, {"status": "in-progress"}, {"performer": []}):
        assert read(sheet, record.procedure(code, **change)).profile.acknowledgements == ()
    assert read(sheet, record.procedure(record.coded("ack", "SI-99"))).profile.acknowledgements == ()


def test_worsening_under_treatment(read: Read, record: Any) -> None:
    """The change of the score is told from the last one before the treatment's start, and only if there is one."""
    sheets = [record.phq9(*[1] * 8, 0, day="2026-04-30"), record.phq9(*[2] * 8, 0)]
    assert read(*sheets, record.medicine("36437")).profile.values["phq9_change"] == 8
    assert "phq9_change" not in read(sheets[1], record.medicine("36437")).profile.values
    nobody_knows = record.medicine("36437", authoredOn="0001-01-01")  # as some programs write it
    assert "phq9_change" not in read(*sheets, nobody_knows).profile.values


@pytest.mark.parametrize(
    ("birth", "age"),
    [
        ("1985", 41.41),
        ("2008", None),
        ("2008-06", None),
        ("2008-06-01", 18.0),
        ("2007", 19.41),
        ("2000", None),
        ("2000-06-01", 26.0),
        ("1971", None),
        ("1971-05", 55.09),
        ("1961", None),
        ("1966", None),
    ],
)
def test_age(read: Read, record: Any, birth: str, age: float | None) -> None:
    """A partial date counts from its first day, but where a safety rule would fire at one end of it and not at the
    other (17, 25, 54, 60, 64 or 65 years old): then the age is unknown.
    """
    assert read(record.patient(birthDate=birth)).profile.values.get("age") == (
        None if age is None else pytest.approx(age, abs=0.01)
    )


def test_instants_are_days_of_utc(read: Read, record: Any) -> None:
    """An answer of the morning in Auckland is of the day before in UTC, and not of a day that has not come."""
    found = read(record.phq9(*[2] * 9, day="2026-06-02T08:00:00+12:00"))
    assert found.profile.as_of["phq9_item9"] == date(2026, 6, 1)
    assert found.profile.values["phq9_week0"] == 18


def test_a_resource_that_two_searches_find_counts_once(read: Read, record: Any) -> None:
    """The same resource in two searches is one."""
    one = record.condition("F31", verificationStatus=record.verified("provisional"), id="c-1")
    assert len(read(one, dict(one)).notes) == len(read(one).notes) == 1


def test_a_death_is_told(read: Read, record: Any) -> None:
    """A patient whose death is on record is not one to advise on."""
    assert read(record.patient(deceasedDateTime="2026-05")).is_dead
    assert not read(record.patient(deceasedBoolean=False)).is_dead


def test_names_of_a_bundle_hold_within_it(record: Any, served: ServedPolicy) -> None:
    """Patient and medicine are found by `urn:uuid:` in the bundle that the reference stands in, and in no other."""
    patient, medicine = f"urn:uuid:{'1' * 32}", f"urn:uuid:{'2' * 32}"
    order = record.medicine("", subject={"reference": patient}, medicationReference={"reference": medicine})
    del order["medicationCodeableConcept"]
    phenelzine = {"resourceType": "Medication", "id": "m", "code": record.coded("rx", "8123")}
    entries = [{"fullUrl": patient, "resource": record.patient()}, {"fullUrl": medicine, "resource": phenelzine}]

    def facts(*bundles: Any) -> tuple[dict[str, Any], int]:
        held = [unpack({"resourceType": "Bundle", "type": "collection", "entry": one}, "bundle") for one in bundles]
        found = read_record(held, "P-1", served.policy.manifest, served.rules, record.today)
        return found.profile.values, len(found.problems)

    values, problems = facts([*entries, {"resource": order}])
    assert (values["maoi"], problems) == ("yes", 0)
    values, problems = facts(entries, [{"resource": order}])
    assert ("maoi" in values, problems) == (False, 1)
    twice = [*entries, {"fullUrl": medicine, "resource": {**phenelzine, "id": "n"}}]
    values, problems = facts([*twice, {"resource": order}])
    assert ("maoi" in values, problems) == (False, 0)


def test_what_is_longer_than_any_code_is_none(read: Read, record: Any) -> None:
    """A code of a thousand characters is told as not understood, also where it begins as one that is known."""
    assert read(record.condition("F31.3")).profile.values == {"bipolar_disorder": "yes"}
    found = read(record.condition("F31." + "3" * 1000))
    assert found.profile.values == {}
    assert "conditions whose codes are not among those known here (1)" in notes(found)
