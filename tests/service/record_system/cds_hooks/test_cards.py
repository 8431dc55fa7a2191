"""Cards: assertions C1 to C10 of CDS Hooks and the invariants of 3.0's logical model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from service.cds_hooks.card import Card, shortened, summary_with
from service.cds_hooks.markdown import bullets, escaped

EMPTY = (None, "", [], {})
CBT, EMDR = "304891004", "449030000"


def test_c1_cards_is_always_there(ehr: Any) -> None:
    """C1: every answer has a list of cards, which may be empty; only that list may."""
    found = list(ehr.answers())
    assert all(set(answer) == {"cards"} for answer in found)
    assert [] in [answer["cards"] for answer in found]
    assert all(value not in EMPTY for answer in found for card in answer["cards"] for value in leaves(card))


def leaves(part: Any) -> Iterator[Any]:
    """Every value in a document, containers too."""
    yield part
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from leaves(one)


def test_c2_summaries_indicators_sources(cards: list[dict[str, Any]]) -> None:
    """C2: a summary of fewer than 140 characters, a known indicator, a source with label and topic."""
    topics = set()
    for card in cards:
        assert 0 < len(card["summary"]) < 140
        assert card["indicator"] in ("info", "warning", "critical")
        assert card["source"]["label"] == "Equipoise"
        topics.add(card["source"]["topic"]["code"])
    assert topics >= {"ranking", "cannot-compare", "consent", "not-for-this-patient", "safety-first", "crisis"}


def test_c2_long_summaries_are_cut() -> None:
    """C2: whatever is to be said, a summary has fewer than 140 characters, and a cut is marked."""
    assert len(shortened("word " * 100)) < 140
    assert shortened("word " * 100).endswith("…")
    assert shortened("x" * 500) == "x" * 138 + "…" or len(shortened("x" * 500)) < 140
    assert shortened("short") == "short"


def test_c2_a_long_list_never_hides_what_it_is_about() -> None:
    """C2: of rules as many are named as there is room for, the first first, the rest is counted; no word is lost."""
    rules = [f"RULE-{number:02}" for number in range(1, 13)]
    told = "SSRI antidepressant is drafted beside another order, and a safety rule speaks against it"
    summary = summary_with(told, rules, ". Look inside.")
    assert len(summary) < 140
    assert summary.startswith(f"{told} (RULE-01, ")
    found = re.search(r"\((.*) and (\d+) more\)\. Look inside\.$", summary)
    assert found
    named = found[1].split(", ")
    assert named == rules[: len(named)]
    assert int(found[2]) == len(rules) - len(named)
    assert summary_with(told, rules[:1]) == f"{told} (RULE-01)"
    assert len(summary_with("word " * 40, rules)) < 140


def test_c3_detail_is_plain_markdown() -> None:
    """C3: nothing that came from elsewhere can be markup, a link, an address, HTML or a list of its own."""
    evil = "[click](http://evil.example) <script> **bold** `code` www.evil.example a|b #1 ![x](y)"
    plain = escaped(evil)
    assert not re.search(r"(?<!\\)[\[\]<>*`|#!_]", plain)
    assert "http://" not in plain
    assert "www.evil" not in plain
    assert plain.replace("\\", "") == evil
    assert bullets(["- not a list", "1. nor this", "fine"]).splitlines() == [
        "* \\- not a list",
        "* 1\\. nor this",
        "* fine",
    ]
    assert "\n" not in escaped("two\nlines")


def test_c4_selection(cards: list[dict[str, Any]]) -> None:
    """C4, cds-resp-1, cds-resp-6: suggestions come with at-most-one, and at most one of them is recommended."""
    some = [card for card in cards if "suggestions" in card]
    assert some
    for card in cards:
        assert ("suggestions" in card) == ("selectionBehavior" in card)
        assert sum("isRecommended" in one for one in card.get("suggestions", [])) <= 1
    assert all(card["selectionBehavior"] == "at-most-one" for card in some)


def test_c4_ties_are_shown_as_ties(ehr: Any) -> None:
    """C4: of therapies that the records cannot tell apart none is marked as recommended; ranks stand in the labels."""
    (card,) = ehr.cards()
    assert "cannot tell 2 therapies apart" in card["summary"]
    labels = [one["label"] for one in card["suggestions"]]
    assert [label.rsplit(" (", 1)[1] for label in labels] == ["rank 1 to 2)", "rank 1 to 2)", "rank 3)"]
    assert not any("isRecommended" in one for one in card["suggestions"])


def test_c5_uuids(cards: list[dict[str, Any]]) -> None:
    """C5: cards and suggestions have a label and uuids of their own, so that there can be feedback."""
    names = [card["uuid"] for card in cards]
    names += [one["uuid"] for card in cards for one in card.get("suggestions", [])]
    assert len(names) == len({UUID(name) for name in names})
    assert all(one["label"] for card in cards for one in card.get("suggestions", []))


def actions(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every action of every suggestion."""
    return [action for card in cards for one in card.get("suggestions", []) for action in one.get("actions", [])]


def test_c6_actions(cards: list[dict[str, Any]]) -> None:
    """C6, cds-resp-2, cds-resp-5: an action creates a whole resource and describes itself; nothing is ever deleted."""
    assert actions(cards)
    for action in actions(cards):
        assert set(action) == {"type", "description", "resource"}
        assert action["type"] == "create"


def test_c7_override_reasons(cards: list[dict[str, Any]]) -> None:
    """C7, cds-resp-4: each override reason has code, system and display."""
    reasons = [reason for card in cards for reason in card.get("overrideReasons", [])]
    assert reasons
    assert all(set(reason) == {"code", "system", "display"} for reason in reasons)


def test_c8_links(cards: list[dict[str, Any]]) -> None:
    """C8, cds-resp-3: to the reasons and to the page, absolute where nobody can launch it, and without appContext."""
    ours = ("https://equipoise.example.org/v1/recommendations/", "https://equipoise.example.org/recommendations/")
    for card in cards:
        for link in card.get("links", []):
            assert link["type"] == "absolute"
            assert link["url"].startswith(ours)
            assert "appContext" not in link
        assert len(card.get("links", [])) <= 2


def test_c9_nothing_is_applied_by_itself(ehr: Any) -> None:
    """C9: no answer has systemActions, and the shapes have no place for them."""
    assert all("systemActions" not in answer for answer in ehr.answers())
    (card,) = ehr.cards(context={"userId": "Practitioner/99"})
    with pytest.raises(ValidationError):
        Card.model_validate({**card, "systemActions": []})


def test_c10_drafts(cards: list[dict[str, Any]]) -> None:
    """C10: each draft is a proposal in status draft, for this patient, with a code."""
    for action in actions(cards):
        resource = action["resource"]
        assert (resource["status"], resource["intent"]) == ("draft", "proposal")
        assert resource["subject"] == {"reference": "Patient/P-1"}
        assert resource["code"]["coding"][0]["system"] == "http://snomed.info/sct"


def test_cds_resp_7(cards: list[dict[str, Any]]) -> None:
    """cds-resp-7 (3.0): no actionSelectionBehavior is set, so that all actions of a suggestion belong together."""
    assert all("actionSelectionBehavior" not in one for card in cards for one in card.get("suggestions", []))


@pytest.mark.parametrize(
    "change",
    [
        {"summary": "x" * 140},
        {"suggestions": []},
        {"selectionBehavior": None},
        {"indicator": "hard-stop"},
        {"links": []},
    ],
)
def test_no_card_can_break_these_rules(ehr: Any, change: dict[str, Any]) -> None:
    """The shape of a card refuses what the specification does not allow."""
    (card,) = ehr.cards()
    with pytest.raises(ValidationError):
        Card.model_validate({**card, **change})


def test_the_card_is_the_answer(ehr: Any) -> None:
    """The card says what the stored answer says: the same leading therapy, and the reasons behind its first link."""
    (card,) = ehr.cards()
    address = card["links"][0]["url"].removeprefix("https://equipoise.example.org")
    basis = ehr.client.get(address)
    assert basis.status_code == 200
    assert basis.json()["validation"]["evaluations"][0].rstrip(".") in card["detail"]
    answer = ehr.client.get(address.removesuffix("/basis")).json()["recommendation"]
    assert answer["recommended"] == "cbt"
    assert "Cognitive behavioural therapy" in card["suggestions"][0]["label"]
    assert answer["patient_id"] == "P-1"
