"""Calls the CDS services as a record system does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from service.app import create_app
from service.cds_hooks.setting import CardSetting
from service.collaborators import Collaborators
from service.contact import Contact
from service.served_policy import ServedPolicy
from service.storage.store import Store

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
CONTACTS = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
KEYS = [
    "patient",
    "observations",
    "questionnaires",
    "conditions",
    "medications",
    "allergies",
    "procedures",
    "carePlans",
    "consents",
    "values",
]


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """The time."""
        return self.now


class RecordSystem:
    """A client of the CDS services."""

    def __init__(self, client: Any, record: Any) -> None:
        self.client, self.record = client, record

    def request(self, hook: str = "patient-view", **more: Any) -> dict[str, Any]:
        """A request with a whole prefetch for a patient whom the tiny policy can rank therapies for."""
        context = {"userId": "Practitioner/7", "patientId": "P-1", **more.pop("context", {})}
        prefetch = {**dict.fromkeys(KEYS), **self.known(), **more.pop("prefetch", {})}
        return {"hook": hook, "hookInstance": str(uuid4()), "context": context, "prefetch": prefetch, **more}

    def known(self) -> dict[str, Any]:
        """What the record system knows of that patient."""
        one = self.record
        screener = [one.observation(code, False) for code in ("93249-1", "93250-9", "93269-9")]
        return {
            "patient": one.patient(),
            "questionnaires": one.bundle(one.phq9(2, 2, 2, 2, 2, 2, 2, 3, 0)),
            "observations": one.bundle(*screener),
            "consents": one.bundle(one.consent()),
        }

    def phq9(self, item9: int, **more: Any) -> dict[str, Any]:
        """A prefetch whose PHQ-9 has this item 9."""
        return {"questionnaires": self.record.bundle(self.record.phq9(2, 2, 2, 2, 2, 2, 2, 2, item9, **more))}

    def call(self, request: dict[str, Any]) -> Any:
        """The HTTP answer of the hook's service."""
        return self.client.post(f"/cds-services/equipoise-{request['hook']}", json=request)

    def cards(self, hook: str = "patient-view", **more: Any) -> list[dict[str, Any]]:
        """The cards of an answer that has to be a 200."""
        answer = self.call(self.request(hook, **more))
        assert answer.status_code == 200, answer.text
        cards: list[dict[str, Any]] = answer.json()["cards"]
        return cards

    def answers(self) -> Iterator[dict[str, Any]]:
        """Answers of every sort, each to a user of its own so that none is kept back as no news."""
        one = self.record
        refused = one.bundle(one.consent(provision={"type": "deny"}))
        cbt, icbt, emdr = map(self.therapy, ("304891004", "748041000000107", "449030000"))
        situations: list[tuple[str, dict[str, Any]]] = [
            ("patient-view", {}),
            ("patient-view", {"prefetch": self.phq9(2)}),
            ("patient-view", {"prefetch": {"questionnaires": None}}),
            ("patient-view", {"prefetch": {"consents": None}}),
            ("patient-view", {"prefetch": {"consents": refused}}),
            ("patient-view", {"prefetch": {"patient": one.patient(birthDate="2012-01-01")}}),
            ("patient-view", {"prefetch": {"observations": one.bundle(one.observation("93250-9", True))}}),
            ("order-select", {"context": self.drafts(cbt)}),
            ("order-sign", {"context": self.drafts(icbt)}),
            ("order-sign", {"context": self.drafts(cbt, emdr)}),
        ]
        for number, (hook, more) in enumerate(situations):
            context = {"userId": f"Practitioner/{number}", **more.pop("context", {})}
            answer = self.call(self.request(hook, context=context, **more))
            assert answer.status_code == 200
            yield answer.json()

    def drafts(self, *orders: dict[str, Any]) -> dict[str, Any]:
        """The context of an order hook with these drafts, all of them selected."""
        numbered = [{**order, "id": f"d-{number}"} for number, order in enumerate(orders)]
        names = [f"{order['resourceType']}/{order['id']}" for order in numbered]
        return {"draftOrders": self.record.bundle(*numbered), "selections": names}

    def therapy(self, code: str, **more: Any) -> dict[str, Any]:
        """A draft of a therapy by its SNOMED CT code."""
        kind = {"resourceType": "ServiceRequest", "status": "draft", "intent": "order"}
        return {**kind, "subject": {"reference": "Patient/P-1"}, "code": self.record.coded("sct", code), **more}


@pytest.fixture
def clock() -> Clock:
    """The service's clock, at 9 o'clock on 1 June 2026."""
    return Clock()


@pytest.fixture
def make_client(served: ServedPolicy, store: Store, clock: Clock) -> Iterator[Callable[..., Any]]:
    """Makes HTTP clients of services with a card setting."""
    from fastapi.testclient import TestClient

    opened = []

    def make(**setting: Any) -> Any:
        cards = replace(CardSetting(base="https://equipoise.example.org"), **setting)
        client = TestClient(create_app(Collaborators(lambda: served, store, CONTACTS, clock, cards=cards)))
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def ehr(make_client: Callable[..., Any], record: Any) -> RecordSystem:
    """A record system that calls the service."""
    return RecordSystem(make_client(), record)


@pytest.fixture
def shadow_ehr(make_client: Callable[..., Any], record: Any) -> RecordSystem:
    """A record system whose service is in shadow mode."""
    return RecordSystem(make_client(mode="shadow"), record)


MADE: list[dict[str, Any]] = []
"""The cards of all sorts of answers: read by most tests, and made once."""


@pytest.fixture
def cards(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """The cards of all sorts of answers."""
    if not MADE:
        MADE.extend(card for answer in request.getfixturevalue("ehr").answers() for card in answer["cards"])
    return MADE
