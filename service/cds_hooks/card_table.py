"""`equipoise cards`: what was advised, shown or kept back, and what became of it, to be joined with outcomes.

It is the material of off-policy evaluation: by patient and time the advice stands beside what was then chosen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from data_contracts.advice_log import COLUMNS, PURPOSE, signature_of
from data_contracts.errors import BadUsage
from data_contracts.whole_file import write_whole
from service.console import tell
from service.patient_rows import KEEP, write_patient_rows
from service.record import RecommendationRecord
from service.storage.answers import find_answer
from service.storage.cards import StoredCard, StoredFeedback, cards_of, feedback_of
from service.storage.store import Store


def write_cards(store: Store, out: Path, now: datetime) -> int:
    """Write every card whose answer is kept and opens, one row each, and the table's signature beside it.

    The audit remembers that it was read.

    Args:
        store: where cards are kept.
        out: CSV or Parquet file.
        now: UTC.

    Raises:
        BadUsage: the file cannot be written.
        NotReady: the database cannot be reached.
    """
    rows = list(_rows(store))
    write_patient_rows(store, "cards", COLUMNS, rows, out, now)
    try:
        write_whole(signature_of(out), store.ring.sign(PURPOSE + out.read_bytes()) + b"\n")
    except OSError as error:
        raise BadUsage(f"The signature cannot be written beside {out} ({error.strerror}).") from None
    tell(f"Wrote {len(rows)} cards to {out}, signed. {KEEP}")
    tell(f"What the advice was worth: equipoise-lab shadow protocol.yaml --data RECORDS --cards {out} --out shadow")
    return 0


def _rows(store: Store) -> Iterator[dict[str, Any]]:
    """The rows, in the order of time."""
    with store.reading() as connection:
        heard: dict[str, StoredFeedback] = {one.card: one for one in feedback_of(connection, store.ring)}
        for card, patient in cards_of(connection, store.ring):
            found = find_answer(connection, store.ring, card.recommendation)
            if found is not None:
                record = RecommendationRecord.model_validate_json(found.response)
                yield {**_advice(card, patient, record), **_heard(card, heard.get(card.id))}


def _advice(card: StoredCard, patient: str, record: RecommendationRecord) -> dict[str, Any]:
    answer, kept = record.recommendation, json.loads(card.content)
    top = [answer.recommended, *answer.tied_with] if answer.recommended else []
    return {
        "card": card.id,
        "at": card.at.isoformat(timespec="seconds"),
        "patient_id": patient,
        "recommendation_id": str(card.recommendation),
        "policy": answer.policy,
        "study_id": answer.study_id,
        "hook": card.hook,
        "topic": kept["topic"],
        "state": kept["state"],
        "recommended": answer.recommended,
        "top_set": "; ".join(str(arm) for arm in top) or None,
    }


def _heard(card: StoredCard, feedback: StoredFeedback | None) -> dict[str, Any]:
    """What became of a card, as the last word on it says; words of users are left out."""
    if feedback is None:
        return dict.fromkeys(("outcome", "accepted_arm", "override_reason"))
    told, arms = json.loads(feedback.content), json.loads(card.content)["arms"]
    taken = [arms[one["id"]] for one in told.get("acceptedSuggestions") or () if one["id"] in arms]
    reason = ((told.get("overrideReason") or {}).get("reason") or {}).get("code")
    return {"outcome": feedback.outcome, "accepted_arm": "; ".join(taken) or None, "override_reason": reason}
