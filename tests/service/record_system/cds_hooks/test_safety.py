"""Safety in the record system: before any ranking, and past every budget, shadow and silence."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from service.storage.schema import AUDIT

HOOKS = ["patient-view", "order-select", "order-sign"]


def topic(card: dict[str, Any]) -> str:
    """What sort of card it is."""
    code: str = card["source"]["topic"]["code"]
    return code


def assert_no_ranking(card: dict[str, Any]) -> None:
    """A card holds no suggestion, no rank and no effect."""
    assert "suggestions" not in card
    assert "rank 1" not in card["detail"]
    assert "points better" not in card["detail"]


@pytest.mark.parametrize("hook", HOOKS)
def test_item_9_comes_first(ehr: Any, hook: str) -> None:
    """Item 9 from 1 up gives one critical card on every hook: no ranking, contacts, a link to acknowledge."""
    (card,) = ehr.cards(hook, prefetch=ehr.phq9(1), context=ehr.drafts() if hook != "patient-view" else {})
    assert topic(card) == "safety-first"
    assert card["indicator"] == "critical"
    assert_no_ranking(card)
    assert "+00 000 000" in card["detail"]
    assert card["links"][0]["url"].endswith("/acknowledgement")


def test_it_is_told_again_and_again(ehr: Any) -> None:
    """The budget does not hold it back: the same user is told at every opening of the record."""
    assert [topic(ehr.cards(prefetch=ehr.phq9(1))[0]) for _ in range(3)] == ["safety-first"] * 3


def test_shadow_mode_does_not_hide_it(shadow_ehr: Any) -> None:
    """In shadow mode nothing is shown but this."""
    assert shadow_ehr.cards() == []
    (card,) = shadow_ehr.cards(prefetch=shadow_ehr.phq9(2))
    assert topic(card) == "safety-first"


@pytest.mark.parametrize("change", [{"patient": "absent"}, {"medications": "nonsense"}], ids=["missing", "wrong"])
def test_missing_or_wrong_data_do_not_silence_it(ehr: Any, change: dict[str, str]) -> None:
    """Where the rest of a call would be refused (412, 422), a positive item 9 in it is told all the same."""
    request = ehr.request(prefetch=ehr.phq9(3))
    if "patient" in change:
        del request["prefetch"]["patient"]
    else:
        wrong = ehr.record.medicine("36437", status="nonsense")
        request["prefetch"]["medications"] = ehr.record.bundle(wrong)
    (card,) = ehr.call(request).json()["cards"]
    assert topic(card) == "safety-first"


def test_a_questionnaire_in_progress_raises_it(ehr: Any) -> None:
    """An item 9 of 1 on a questionnaire that is not finished is told, too."""
    (card,) = ehr.cards(prefetch=ehr.phq9(1, status="in-progress"))
    assert topic(card) == "safety-first"


def test_unknown_item_9_is_asked_for_above_the_ranking(ehr: Any) -> None:
    """With a total alone there is a ranking, and the question comes before it in summary and detail."""
    total = ehr.record.bundle(ehr.record.observation("44261-6", 17))
    (card,) = ehr.cards(prefetch={"questionnaires": None, "observations": total})
    assert topic(card) == "ranking"
    assert card["summary"].startswith("Ask PHQ-9 item 9 first")
    assert card["detail"].index("How was PHQ-9 item 9") < card["detail"].index("rank 1")


def test_old_item_9_is_unknown(ehr: Any) -> None:
    """An answer of more than a week ago is asked for again."""
    (card,) = ehr.cards(prefetch=ehr.phq9(0, day="2026-05-20"))
    assert card["summary"].startswith("Ask PHQ-9 item 9 first")


@pytest.mark.parametrize("code", ["93249-1", "93250-9", "93269-9"])
def test_crisis(ehr: Any, code: str) -> None:
    """A crisis level gives the contacts' card: critical, without ranking, and nobody can acknowledge it away."""
    observed = ehr.record.bundle(ehr.record.observation(code, True))
    (card,) = ehr.cards(prefetch={"observations": observed})
    assert topic(card) == "crisis"
    assert card["indicator"] == "critical"
    assert "Crisis line" in card["detail"]
    assert "links" not in card
    assert_no_ranking(card)


def test_who_refused_decision_support_is_not_ranked(ehr: Any) -> None:
    """Of a patient who refused nothing is told; danger is, without anything of a ranking, and no card is kept."""
    refused = {"consents": ehr.record.bundle(ehr.record.consent(provision={"type": "deny"}))}
    assert ehr.cards(prefetch=refused) == []
    (card,) = ehr.cards(prefetch={**refused, **ehr.phq9(2)})
    assert topic(card) == "safety-first"
    assert_no_ranking(card)
    with ehr.client.app.state.collaborators.store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM cards").scalar() == 0


def test_children_are_not_ranked(ehr: Any) -> None:
    """A refusal says why, with the contacts, and is no alarm."""
    (card,) = ehr.cards(prefetch={"patient": ehr.record.patient(birthDate="2012-01-01")})
    assert topic(card) == "not-for-this-patient"
    assert card["indicator"] == "info"
    assert "under 18" in card["summary"]
    assert_no_ranking(card)


def test_acknowledged_in_the_record(ehr: Any) -> None:
    """A completed procedure with the rule's id lifts the wait: ranks are back, and the card says who assessed."""
    done = ehr.record.bundle(ehr.record.procedure(ehr.record.coded("ack", "SI-01")))
    (card,) = ehr.cards(prefetch={**ehr.phq9(1), "procedures": done})
    assert topic(card) == "ranking"
    assert "acknowledged by Dr Example" in card["detail"]


SIGNED = {"by": "Dr A. Mbeki", "role": "GP, licence 123", "assessed": "yes"}


def test_acknowledged_on_the_page(ehr: Any, clock: Any) -> None:
    """The card's link leads to a page without ranking or values; who signs there lifts the wait, for a week."""
    (card,) = ehr.cards(prefetch=ehr.phq9(1))
    address = card["links"][0]["url"].removeprefix("https://equipoise.example.org")
    page = ehr.client.get(address)
    assert page.status_code == 200
    assert "SI-01" in page.text
    assert "<script" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert not any(word in page.text for word in ("P-1", "rank 1", "Cognitive"))
    assert ehr.client.post(address, data={**SIGNED, "assessed": ""}).status_code == 422
    assert "Dr A. Mbeki" in ehr.client.post(address, data=SIGNED).text
    assert ehr.client.post(address, json={"by": "Dr A. Mbeki", "role": "GP, licence 123"}).status_code == 200
    assert ehr.client.post(address, data={**SIGNED, "by": "Somebody else"}).status_code == 409
    with ehr.client.app.state.collaborators.store.reading() as connection:
        told = [json.loads(one) for one in connection.execute(select(AUDIT.c.content).order_by(AUDIT.c.seq)).scalars()]
    acts = [("acknowledge", "success"), ("read", "success"), ("acknowledge", "refused")]
    assert [(one["kind"], one["outcome"]) for one in told[-3:]] == acts
    (card,) = ehr.cards(prefetch=ehr.phq9(1))
    assert topic(card) == "ranking"
    assert "Dr A. Mbeki" in card["detail"]
    clock.now += timedelta(days=1)
    (card,) = ehr.cards(prefetch=ehr.phq9(1, day="2026-06-02"))
    assert topic(card) == "safety-first"  # a newer answer waits for an assessment of its own


def test_there_is_nothing_to_acknowledge(ehr: Any) -> None:
    """An answer that waits for nothing has no such page."""
    (card,) = ehr.cards()
    address = card["links"][0]["url"].removeprefix("https://equipoise.example.org").removesuffix("/basis")
    assert ehr.client.get(f"{address}/acknowledgement").status_code == 409
    assert ehr.client.post(f"{address}/acknowledgement", data=SIGNED).status_code == 409


def test_nothing_for_patients_and_the_dead(ehr: Any) -> None:
    """Users who are no clinicians see no card, and none is made for a patient whose death is on record."""
    for user in ("Patient/P-1", "RelatedPerson/3"):
        assert ehr.cards(context={"userId": user}) == []
    assert ehr.cards(prefetch={"patient": ehr.record.patient(deceasedBoolean=True)}) == []
    with ehr.client.app.state.collaborators.store.reading() as connection:
        listed = [row[0] for row in connection.exec_driver_sql("SELECT content FROM audit ORDER BY seq DESC LIMIT 3")]
    assert ["death" in one for one in listed] == [True, False, False]
    assert all('"why":"user"' in one.replace(" ", "") for one in listed[1:])
