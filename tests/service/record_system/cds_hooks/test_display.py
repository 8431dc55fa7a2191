"""What is shown: news once, shadow mode, orders that something speaks against; and what is kept of all of it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data_contracts.advice_log import COLUMNS
from data_contracts.errors import Refused, Tampered
from data_contracts.manifest import ArmRecord
from experiments.shadow.log import read_log
from service.audit.actor import OPERATOR
from service.audit.chain import head_of
from service.audit.entry import Entry
from service.audit.root import write_root
from service.audit.verify import audit_verify
from service.cds_hooks.card_table import write_cards
from service.cds_hooks.drafts import drafted
from service.cds_hooks.hook_request import OrderContext, SelectContext
from service.storage.cards import cards_of
from service.storage.erasure import Erasure, erase
from service.storage.retention import apply_retention


def kept(ehr: Any) -> list[Any]:
    """Every card that is kept, with its patient."""
    store = ehr.client.app.state.collaborators.store
    with store.reading() as connection:
        return list(cards_of(connection, store.ring))


def states(ehr: Any) -> list[str]:
    """Whether each card was shown."""
    return [json.loads(card.content)["state"] for card, _ in kept(ehr)]


def test_without_news_there_is_no_card(ehr: Any, clock: Any) -> None:
    """The same user is told the same of a patient once a week; anything new, or another user, is told at once."""
    assert ehr.cards()
    clock.now += timedelta(minutes=1)
    assert ehr.cards() == []
    assert states(ehr) == ["shown", "quiet"]
    assert ehr.cards(context={"userId": "Practitioner/8"})
    bipolar = ehr.record.bundle(ehr.record.condition("F50.2"))
    (card,) = ehr.cards(prefetch={"conditions": bipolar})
    assert card["source"]["topic"]["code"] == "not-for-this-patient"
    clock.now += timedelta(days=6)
    assert ehr.cards(prefetch=ehr.phq9(0, day="2026-06-04")) == []
    clock.now += timedelta(days=2)
    assert ehr.cards(prefetch=ehr.phq9(0, day="2026-06-08"))


def test_an_item_9_that_has_grown_too_old_is_news(ehr: Any, clock: Any) -> None:
    """What was known two days ago and is to be asked first today is told today, though nothing else has changed."""
    assert ehr.cards()
    clock.now += timedelta(days=5)
    assert ehr.cards() == []
    clock.now += timedelta(days=1)
    (card,) = ehr.cards()
    assert "Ask PHQ-9 item 9 first" in card["summary"]


def test_cannot_compare_is_a_card(ehr: Any) -> None:
    """Where nothing can be compared the card says so in words, with what to do instead and without a number."""
    (card,) = ehr.cards(prefetch={"questionnaires": None})
    assert "cannot be compared for this patient" in card["summary"]
    assert "PHQ-9, week 0 not given" in card["detail"]
    assert "suggestions" not in card
    assert "points" not in card["detail"]


def test_consent_is_asked_for(ehr: Any) -> None:
    """Without recorded consent there is no ranking; the card asks for it."""
    (card,) = ehr.cards(prefetch={"consents": None})
    assert card["source"]["topic"]["code"] == "consent"
    assert "suggestions" not in card


def test_shadow_mode_keeps_what_it_does_not_show(shadow_ehr: Any, ehr: Any) -> None:
    """In shadow mode nothing is shown and everything kept: the same card, joined to the answer that it was made of."""
    assert shadow_ehr.cards() == []
    ((hidden, patient),) = kept(shadow_ehr)
    told = json.loads(hidden.content)
    assert (told["state"], told["topic"], patient) == ("shadow", "ranking", "P-1")
    answer = shadow_ehr.client.get(f"/v1/recommendations/{hidden.recommendation}")
    assert answer.json()["recommendation"]["recommended"] == "cbt"
    (shown,) = ehr.cards(context={"userId": "Practitioner/8"})
    assert shown["summary"] in hidden.content


def test_what_was_hidden_is_still_news(shadow_ehr: Any, ehr: Any) -> None:
    """A card that only shadow mode knows of is news once cards are shown."""
    assert shadow_ehr.cards() == []
    assert ehr.cards()


def test_orders_that_nothing_speaks_against_are_silent(ehr: Any) -> None:
    """A draft of a therapy that may well be first gets no card, nor does an order that is no therapy of the policy."""
    assert ehr.cards("order-sign", context=ehr.drafts(ehr.therapy("304891004"))) == []
    assert ehr.cards("order-select", context=ehr.drafts(ehr.therapy("71388002"))) == []
    assert kept(ehr) == []


def test_a_therapy_that_a_rule_speaks_against(ehr: Any) -> None:
    """A draft that a safety rule notes something on gets a card with the rule and what else could be offered."""
    trauma = ehr.record.bundle(ehr.record.observation("ptsd_presenting", True, "own"))
    orders = ehr.drafts(ehr.therapy("748041000000107"))
    (card,) = ehr.cards("order-sign", context=orders, prefetch={"values": trauma})
    assert card["indicator"] == "warning"
    assert "PTSD-01" in card["summary"]
    assert "trauma" in card["detail"]


@pytest.mark.parametrize(
    ("orders", "wanted"),
    [
        ([("therapy", "304891004")], ("cbt",)),
        ([("medicine", "2556")], ("citalopram",)),
        ([("medicine", "36437")], ("citalopram", "ssri")),
        ([("therapy", "304891004"), ("medicine", "36437")], ("cbt", "citalopram", "ssri", "both")),
        ([("therapy", "71388002")], ()),
    ],
)
def test_which_arms_orders_mean(ehr: Any, orders: list[tuple[str, str]], wanted: tuple[str, ...]) -> None:
    """A drug means the arm that is called by it, else all of its class; a combination is drafted in two."""
    named = [("cbt", "CBT"), ("citalopram", "SSRI"), ("ssri", "SSRI"), ("both", "COMB"), ("usual_care", None)]
    arms = [ArmRecord(name=name, therapy=therapy, episodes=100, ranked=True) for name, therapy in named]
    makers = {"therapy": ehr.therapy, "medicine": ehr.record.medicine}
    context = {
        "userId": "Practitioner/7",
        "patientId": "P-1",
        **ehr.drafts(*(makers[kind](code) for kind, code in orders)),
    }
    found = drafted(OrderContext.model_validate(context), arms)
    assert found.arms == wanted
    assert not found.notes


def test_orders_that_cannot_be_read_are_told(ehr: Any) -> None:
    """A draft that is no FHIR, or nothing, or another patient's, and a selection of none: no arm, and all counted."""
    wrong = [
        ehr.record.medicine("36437", status="nonsense"),
        ehr.therapy("304891004", subject={"reference": "Patient/2"}),
    ]
    context = {"userId": "Practitioner/7", "patientId": "P-1", **ehr.drafts(*wrong)}
    context["draftOrders"]["entry"].append({"fullUrl": "urn:uuid:1"})
    found = drafted(OrderContext.model_validate(context), ())
    assert [note.what for note in found.notes] == ["drafted orders that could not be read"] * 3
    context["selections"] = ["ServiceRequest/none"]
    assert len(drafted(SelectContext.model_validate(context), ()).notes) == 4


def test_only_what_was_selected_is_looked_at(ehr: Any) -> None:
    """Of order-select the drafts that are not selected are passed over."""
    trauma = ehr.record.bundle(ehr.record.observation("ptsd_presenting", True, "own"))
    orders = ehr.drafts(ehr.therapy("748041000000107"))
    assert ehr.cards("order-select", context={**orders, "selections": []}, prefetch={"values": trauma}) == []


def test_every_card_has_its_audit_record(ehr: Any) -> None:
    """The chain names each card by kind and hook, and holds nothing of the patient."""
    ehr.cards()
    ehr.cards(prefetch=ehr.phq9(2))
    store = ehr.client.app.state.collaborators.store
    with store.reading() as connection:
        listed = [row[0] for row in connection.exec_driver_sql("SELECT content FROM audit ORDER BY seq")]
    cards = [content for content in listed if '"card"' in content]
    assert len(cards) == 2
    assert all("patient-view" in content for content in cards)
    assert not any("P-1" in content or "Cognitive" in content for content in listed)


def test_a_card_is_kept_as_it_was_shown(ehr: Any) -> None:
    """What is kept of a card is the very text that went out."""
    shown = ehr.call(ehr.request()).text.removeprefix('{"cards":[').removesuffix("]}")
    ((card, _),) = kept(ehr)
    assert json.loads(shown)["uuid"] == card.id
    assert card.content.startswith(f'{{"card": {shown}, "topic": "ranking"')


def test_danger_is_not_told_in_clear(shadow_ehr: Any) -> None:
    """Where cards are kept back, those on safety, which are shown, look like any other to who has no key.

    What the audit and the clear columns say of a card on a positive item 9, and of its answer, is what they say of a
    ranking: the same words, with other ids, times and hashes.
    """
    assert shadow_ehr.cards() == []
    (shown,) = shadow_ehr.cards(prefetch=shadow_ehr.phq9(2))
    assert shown["indicator"] == "critical"
    store = shadow_ehr.client.app.state.collaborators.store
    with store.reading() as connection:
        told = [json.loads(row[0]) for row in connection.exec_driver_sql("SELECT content FROM audit ORDER BY seq")]
        clear = connection.exec_driver_sql("SELECT * FROM cards").mappings().all()
    made = [[one for one in told if one["kind"] == kind] for kind in ("recommendation", "card")]
    for one, other in made:
        assert {name for name in one if one[name] != other[name]} <= {"seq", "previous", "recommendation", "row"}
    drawn = {"id", "recommendation_id", "news", "content"}
    assert {name for name in clear[0] if clear[0][name] != clear[1][name]} == drawn


def test_the_table_of_cards(shadow_ehr: Any, ehr: Any, tmp_path: Path, clock: Any) -> None:
    """Each card is a row with its advice and what became of it, shown or not; the audit remembers the reading."""
    shadow_ehr.cards()
    (card,) = ehr.cards()
    chosen = {"card": card["uuid"], "outcome": "accepted", "outcomeTimestamp": "2026-06-01T09:05:00Z"}
    chosen["acceptedSuggestions"] = [{"id": card["suggestions"][1]["uuid"]}]
    assert ehr.client.post("/cds-services/equipoise-patient-view/feedback", json={"feedback": [chosen]}).is_success
    store = ehr.client.app.state.collaborators.store
    assert write_cards(store, tmp_path / "cards.csv", clock.now) == 0
    table = pd.read_csv(tmp_path / "cards.csv")
    assert tuple(table.columns) == COLUMNS
    assert set(table["patient_id"]) == {"P-1"}
    assert set(table["recommended"]) == {"cbt"}
    assert all(at.endswith("+00:00") for at in table["at"])
    assert set(table["top_set"]) == {"cbt; icbt"}
    shown = table[table["state"] == "shown"].iloc[0]
    assert (shown["card"], shown["outcome"], shown["accepted_arm"]) == (card["uuid"], "accepted", "icbt")
    assert table[table["state"] == "shadow"].iloc[0].isna()["outcome"]
    with store.reading() as connection:
        assert "cards" in connection.exec_driver_sql("SELECT content FROM audit ORDER BY seq DESC").scalar()


def test_a_lab_reads_the_table_of_cards(
    shadow_ehr: Any, tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lab that believes the service reads its signed table as advice in shadow; one that does not refuses it."""
    monkeypatch.setenv("EQUIPOISE_HOME", str(tmp_path / "lab"))
    shadow_ehr.cards()
    store = shadow_ehr.client.app.state.collaborators.store
    write_cards(store, tmp_path / "cards.csv", clock.now)
    with pytest.raises(Refused):
        read_log(tmp_path / "cards.csv")
    (tmp_path / "lab" / "trusted-services").mkdir(parents=True)
    (tmp_path / "lab" / "trusted-services" / "one.pem").write_bytes(store.ring.public_pem)
    (card,) = read_log(tmp_path / "cards.csv").cards["P-1"]
    assert (card.advised, card.apart, card.at) == ("cbt", None, clock.now)


@pytest.fixture
def heard_card(ehr: Any) -> dict[str, Any]:
    """A card that was shown, and overridden in words."""
    (card,) = ehr.cards()
    item = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-06-01T09:05:00Z"}
    item["overrideReason"] = {"userComment": "Next week."}
    assert ehr.client.post("/cds-services/equipoise-patient-view/feedback", json={"feedback": [item]}).is_success
    found: dict[str, Any] = card
    return found


def test_retention_removes_cards_with_their_answers(ehr: Any, heard_card: Any, clock: Any, home: Path) -> None:
    """Cards and feedback go with the answer that they belong to, and the audit finds nothing missing."""
    store = ehr.client.app.state.collaborators.store
    with store.reading() as connection:
        write_root(home / "audit-roots", head_of(connection), store.ring, clock.now)
    assert audit_verify(store, home / "audit-roots", as_json=False) == 0
    assert apply_retention(store, 1, OPERATOR, clock.now + timedelta(days=2)) == 1
    with store.reading() as connection:
        for table in ("cards", "card_feedback"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0  # noqa: S608
    assert audit_verify(store, home / "audit-roots", as_json=False) == 0


def test_what_was_changed_is_found(ehr: Any, heard_card: Any, home: Path) -> None:
    """A card whose hook somebody changed behind the service's back does not pass the audit."""
    store = ehr.client.app.state.collaborators.store
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER cards_no_update")
        connection.exec_driver_sql("UPDATE cards SET hook = 'order-sign'")
    with pytest.raises(Tampered):
        audit_verify(store, home / "audit-roots", as_json=False)


def test_erased_patients_have_no_cards(ehr: Any, heard_card: Any, clock: Any, home: Path, tmp_path: Path) -> None:
    """After an erasure no card of the patient opens, and the table holds none."""
    store = ehr.client.app.state.collaborators.store
    wish = Erasure(patient_id="P-1", by="A. Clerk", role="administrator")
    erase(store, wish, Entry("erasure", OPERATOR, clock.now), home / "audit-roots")
    assert kept(ehr) == []
    write_cards(store, tmp_path / "cards.csv", clock.now)
    assert (tmp_path / "cards.csv").read_text().splitlines() == [",".join(COLUMNS)]
