"""A card before it is answered: what sort of thing it says, and whether it may be kept back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Literal
from uuid import uuid4

from data_contracts.kept import kept
from data_contracts.manifest import PolicyManifest
from service.cds_hooks.card import Card, Coding, Link, Source
from service.event import Withheld
from service.fhir.note import Note, told
from service.override_reason import REASONS, SYSTEM
from service.record import RecommendationRecord

Topic = Literal[
    "ranking",
    "cannot-compare",
    "consent",
    "not-for-this-patient",
    "safety-first",
    "crisis",
    "order-check",
    "out-of-service",
    "own-choice-first",
]
TOPICS: Mapping[Topic, str] = {
    "ranking": "Therapies compared",
    "cannot-compare": "Therapies cannot be compared for this patient",
    "consent": "Consent to decision support is asked for",
    "not-for-this-patient": "The ranking is not made for this patient",
    "safety-first": "Safety assessment first",
    "crisis": "Crisis",
    "order-check": "What speaks against an order",
    "out-of-service": "The model is out of service",
    "own-choice-first": "The clinician's own choice first",
}
SAFETY: frozenset[Topic] = frozenset({"safety-first", "crisis"})
"""Topics that no budget, no shadow mode and no silence keeps back."""

TOPIC_SYSTEM = "urn:equipoise:card-topic"
OVERRIDES = tuple(Coding(code=code, system=SYSTEM, display=display) for code, display in REASONS.items())


@dataclass(frozen=True)
class Setting:
    """What cards are made of.

    Attributes:
        record: the answer.
        manifest: of the policy that answered.
        labels: arms in words.
        notes: what of the record was left out or not understood.
        base: address of the service, as users reach it.
        now: UTC.
        withheld: why the ranking is not shown; None if it is.
        launches: whether the record system that asks can launch the pages.
    """

    record: RecommendationRecord
    manifest: PolicyManifest
    labels: Mapping[str, str]
    notes: Sequence[Note]
    base: str
    now: datetime
    withheld: Withheld | None = None
    launches: bool = False

    @property
    def address(self) -> str:
        """Where the answer is told."""
        return f"{self.base}/v1/recommendations/{self.record.id}"

    @property
    def page(self) -> str:
        """The patient's page."""
        return f"{self.base}/recommendations/{self.record.id}"

    def to_page(self, label: str) -> Link:
        """A link to the patient's page: launched by a record system that can, so that nobody has to log in again."""
        if self.launches:
            return Link(label=label, url=f"{self.base}/launch", type="smart", appContext=str(self.record.id))
        return Link(label=label, url=self.page)

    @property
    def links(self) -> tuple[Link, ...]:
        """To the reasons, and to the page with the options as one picture."""
        basis = Link(label="Reasons, data, limits", url=f"{self.address}/basis")
        return basis, self.to_page("Options as one picture")

    def read_of_record(self) -> list[str]:
        """What was left out of the record, in sentences."""
        return told(self.notes)


@dataclass(frozen=True)
class Dealt:
    """A card with what it says in short.

    Attributes:
        card: as it would be shown.
        topic: what sort of thing it says.
        news: what would have to change for it to be news again.
        arms: by uuid of a suggestion, the arm.
    """

    card: Card
    topic: Topic
    news: str
    arms: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_safety(self) -> bool:
        """Whether it is shown whatever else is set."""
        return self.topic in SAFETY

    @kept
    def told(self) -> str:
        """The card as JSON: as it is shown, and as it is kept."""
        return self.card.told()


def new_uuid() -> str:
    """A name for a card or suggestion."""
    return str(uuid4())


@cache
def source(topic: Topic) -> Source:
    """Where a card comes from."""
    return Source(label="Equipoise", topic=Coding(code=topic, system=TOPIC_SYSTEM, display=TOPICS[topic]))


def news_of(topic: Topic, *parts: object) -> str:
    """What a card says, for comparison with what was said before."""
    return json.dumps([topic, *parts], sort_keys=True, default=str)
