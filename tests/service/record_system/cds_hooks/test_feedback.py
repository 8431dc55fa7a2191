"""Feedback: assertions F1 to F3 of CDS Hooks, and cds-fb-1 to cds-fb-3 of 3.0."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from data_contracts.manifest import sha256
from service.cds_hooks.feedback import CardFeedback
from service.storage.cards import feedback_of

URL = "/cds-services/equipoise-patient-view/feedback"
AT = "2026-06-01T09:05:00Z"
NOBODYS = "00000000-0000-4000-8000-000000000000"


def accepted(card: dict[str, Any]) -> dict[str, Any]:
    """That the first suggestion was taken."""
    chosen = [{"id": card["suggestions"][0]["uuid"]}]
    return {"card": card["uuid"], "outcome": "accepted", "acceptedSuggestions": chosen, "outcomeTimestamp": AT}


def overridden(name: str, **reason: Any) -> dict[str, Any]:
    """That a card was overridden."""
    found = {"card": name, "outcome": "overridden", "outcomeTimestamp": AT}
    return {**found, "overrideReason": reason} if reason else found


def test_f1_accepted_and_overridden(ehr: Any) -> None:
    """F1: both outcomes are taken, and joined to the card and so to the answer."""
    (card,) = ehr.cards()
    reason = {"code": "not-now", "system": "urn:equipoise:override-reason"}
    other = overridden(card["uuid"], reason=reason, userComment="Next week.")
    for number, item in enumerate((accepted(card), other), start=1):
        answer = ehr.client.post(URL, json={"feedback": [item]})
        assert answer.status_code == 200
        assert answer.json() == {"recorded": 1, "repeated": 0, "orphans": 0}
        store = ehr.client.app.state.collaborators.store
        with store.reading() as connection:
            found = list(feedback_of(connection, store.ring))
        assert len(found) == number
        assert {one.card for one in found} == {card["uuid"]}
    assert any("Next week." in one.content for one in found)


WRONG = [
    ({"outcome": "ignored"}, "outcome"),
    ({"outcome": None}, "outcome"),
    ({"card": None}, "card"),
    ({"acceptedSuggestions": None}, "acceptedSuggestions"),
    ({"acceptedSuggestions": []}, "acceptedSuggestions"),
    ({"outcome": "overridden"}, "acceptedSuggestions"),
    ({"outcomeTimestamp": "2026-06-01"}, "outcomeTimestamp"),
    ({"outcomeTimestamp": "2026-06-01T09:05:00+02:00"}, "outcomeTimestamp"),
    ({"outcomeTimestamp": "yesterday"}, "outcomeTimestamp"),
    ({"overrideReason": {}}, "overrideReason"),
]


@pytest.mark.parametrize(("change", "word"), WRONG)
def test_f1_what_is_no_feedback(ehr: Any, change: dict[str, Any], word: str) -> None:
    """F1, cds-fb-1 to 3: another outcome, an acceptance of nothing, a reason that says nothing, another time zone."""
    (card,) = ehr.cards()
    item = {name: value for name, value in {**accepted(card), **change}.items() if value is not None}
    answer = ehr.client.post(URL, json={"feedback": [item]})
    assert answer.status_code == 422
    assert word in answer.text


def test_f2_batches_and_repeats(ehr: Any) -> None:
    """F2: several cards in one message, and the same said again, are each kept once."""
    (first,) = ehr.cards()
    (second,) = ehr.cards(context={"userId": "Practitioner/8"})
    message = {"feedback": [accepted(first), overridden(second["uuid"]), accepted(first)]}
    assert ehr.client.post(URL, json=message).json() == {"recorded": 2, "repeated": 1, "orphans": 0}
    assert ehr.client.post(URL, json=message).json() == {"recorded": 0, "repeated": 3, "orphans": 0}


def test_f3_unknown_cards_are_orphans(ehr: Any) -> None:
    """F3: feedback on a card that is not known is taken as an orphan, without the words that came with it."""
    for name in (NOBODYS, "no uuid at all"):
        item = overridden(name, userComment="canary-comment-77")
        assert ehr.client.post(URL, json={"feedback": [item]}).json() == {"recorded": 1, "repeated": 0, "orphans": 1}
    with ehr.client.app.state.collaborators.store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT person, content FROM card_feedback").all()
    assert [tuple(row) for row in rows] == [(None, None)] * 2


def test_f3_unknown_services(ehr: Any) -> None:
    """F3: feedback to a service that does not exist is a 404."""
    answer = ehr.client.post("/cds-services/nothing/feedback", json={"feedback": [overridden(NOBODYS)]})
    assert answer.status_code == 404
    assert ehr.client.post(URL, json={"feedback": []}).status_code == 422


def test_words_are_sealed(ehr: Any, home: Any) -> None:
    """What a user wrote stands nowhere in clear."""
    (card,) = ehr.cards()
    item = overridden(card["uuid"], userComment="canary-comment-78")
    assert ehr.client.post(URL, json={"feedback": [item]}).json()["recorded"] == 1
    held = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"canary-comment-78" not in held
    assert json.dumps(card["summary"]).encode() not in held


def test_it_stands_in_the_history_of_the_answer(ehr: Any) -> None:
    """What users did with cards is part of the decision's one record: what was taken, whether it follows, why not."""
    (card,) = ehr.cards()
    where = card["links"][0]["url"].removesuffix("/basis")
    where = where[where.index("/v1/") :]
    reason = {"code": "tried-before", "system": "urn:equipoise:override-reason"}
    other = overridden(card["uuid"], reason=reason, userComment="In 2019.")
    for item in (accepted(card), other, other):
        assert ehr.client.post(URL, json={"feedback": [item]}).status_code == 200
    history = ehr.client.get(f"{where}/history").json()
    assert history["state"] == "draft"
    taken, not_taken = sorted(history["cards"], key=lambda one: str(one["outcome"]))
    best = ehr.client.get(where).json()["recommendation"]["recommended"]
    assert (taken["arms"], taken["relation"], taken["user"]) == ([best], "follows", "Practitioner/7")
    assert (not_taken["relation"], not_taken["override_code"]) == ("overrides", "tried-before")
    assert not_taken["override_reason"] == "In 2019."


def test_what_was_said_cannot_be_guessed_from_the_database(ehr: Any) -> None:
    """A reason is one of few codes: what the same item is known again by is made with a key."""
    item = overridden(NOBODYS, reason={"code": "not-now", "system": "urn:equipoise:override-reason"})
    assert ehr.client.post(URL, json={"feedback": [item, item]}).json() == {"recorded": 1, "repeated": 1, "orphans": 1}
    assert ehr.client.post(URL, json={"feedback": [item]}).json()["repeated"] == 1
    content = CardFeedback.model_validate(item).model_dump_json(exclude_none=True)
    store = ehr.client.app.state.collaborators.store
    with store.reading() as connection:
        ((name, card),) = connection.execute(text("SELECT id, card FROM card_feedback")).all()
    assert name != sha256(f"local\nequipoise-patient-view\n{content}".encode())
    assert card != NOBODYS
