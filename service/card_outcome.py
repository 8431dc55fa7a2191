"""What users of a record system did with the cards of an answer, as part of the record of its decision."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from data_contracts.recommendation import Recommendation
from service.event import CardOutcome
from service.release import relation_of
from service.storage.cards import StoredFeedback


def card_outcomes(
    found: Iterable[tuple[StoredFeedback, dict[str, Any]]], answer: Recommendation
) -> tuple[CardOutcome, ...]:
    """What became of the cards of one answer, in the order of time.

    Args:
        found: what was told of them, each with its card as it is kept.
        answer: the advice, which tells whether what was taken follows it.
    """
    return tuple(_outcome(feedback, card, answer) for feedback, card in found)


def _outcome(feedback: StoredFeedback, card: dict[str, Any], answer: Recommendation) -> CardOutcome:
    told = json.loads(feedback.content)
    arms = [card["arms"].get(one["id"]) for one in told.get("acceptedSuggestions") or ()]
    taken = tuple(str(arm) for arm in arms if arm is not None)
    why = told.get("overrideReason") or {}
    reason = why.get("reason") or {}
    relations = {relation_of(arm, answer) for arm in taken}
    return CardOutcome(
        card=feedback.card,
        user=str(card["user"]),
        at=told["outcomeTimestamp"],
        outcome="accepted" if feedback.outcome == "accepted" else "overridden",
        arms=taken,
        relation="follows" if relations == {"follows"} else "overrides" if answer.recommended else "no_ranking",
        override_code=reason.get("code"),
        override_system=reason.get("system"),
        override_reason=why.get("userComment"),
    )
