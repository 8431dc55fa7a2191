"""A model that is out of service, in the record system: a card says so, and cards on safety go out as ever."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

ORDER = {"by": "K. Adler", "role": "safety officer", "why": "Harm reports are looked into."}


@pytest.fixture
def stopped(ehr: Any) -> Any:
    """The record system of a service whose model is out of service."""
    assert ehr.client.post("/v1/models/tiny/stop", json=ORDER).status_code == 200
    return ehr


def topic(card: dict[str, Any]) -> str:
    code: str = card["source"]["topic"]["code"]
    return code


def test_one_card_says_so(stopped: Any) -> None:
    """In the place of the ranking stands a card without any suggestion; lifted, the ranking is back."""
    (card,) = stopped.cards()
    assert topic(card) == "out-of-service"
    assert not {"suggestions", "links"} & card.keys()
    assert ORDER["why"] not in str(card)
    stopped.client.post("/v1/models/tiny/lift", json=ORDER)
    assert topic(stopped.cards()[0]) == "ranking"


@pytest.mark.parametrize("hook", ["patient-view", "order-select", "order-sign"])
def test_safety_cards_go_out(stopped: Any, hook: str) -> None:
    """Item 9 from 1 up gives its critical card with contacts, and the assessment can be acknowledged."""
    (card,) = stopped.cards(hook, prefetch=stopped.phq9(1), context=stopped.drafts() if hook != "patient-view" else {})
    assert (topic(card), card["indicator"]) == ("safety-first", "critical")
    assert "+00 000 000" in card["detail"]
    page = card["links"][0]["url"]
    assert page.endswith("/acknowledgement")
    assert stopped.client.get(page[page.index("/v1/") :]).status_code == 200


def test_in_the_moment_of_the_stop(ehr: Any, monkeypatch: Any) -> None:
    """A call that runs into the stop as it is written is answered by what the stop leaves: the safety card."""
    from service.storage.store import Store

    look, early = Store.before, iter([True])
    ehr.client.post("/v1/models/tiny/stop", json=ORDER)

    def before(*given: Any) -> Any:
        return replace(look(*given), stopped_at=None) if next(early, False) else look(*given)

    monkeypatch.setattr(Store, "before", before)
    (card,) = ehr.cards(prefetch=ehr.phq9(1))
    assert topic(card) == "safety-first"


def test_own_choice_first(ehr: Any) -> None:
    """In pre-commit mode the card asks for the clinician's own choice and shows none of ours; safety's go out."""
    state = ehr.client.app.state
    state.collaborators = replace(state.collaborators, first_choice=True)
    (card,) = ehr.cards()
    assert topic(card) == "own-choice-first"
    assert "suggestions" not in card
    page = card["links"][0]["url"]
    assert "What would you choose?" in ehr.client.get(page[page.index("/recommendations/") :]).text
    assert topic(ehr.cards(prefetch=ehr.phq9(1))[0]) == "safety-first"
