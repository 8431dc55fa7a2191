"""The log of cards: what a service advised, shown or kept back; written by it, read by a lab.

A table with one row a card, and beside it its Ed25519 signature in base64, so that what is judged is what was said.
"""

from __future__ import annotations

from pathlib import Path

PURPOSE = b"equipoise-cards/1\n"
"""Stands before what is signed, so that no other document's signature passes for a log's."""

COLUMNS = (
    "card", "at", "patient_id", "recommendation_id", "policy", "study_id", "hook", "topic", "state", "recommended",
    "top_set", "outcome", "accepted_arm", "override_reason",
)  # fmt: skip

TEXTS = ("patient_id", "card", "at", "study_id", "topic", "state", "recommended")
"""What a lab reads of it, as text."""

RANKING = "ranking"
"""Topic of a card that compares therapies; all others say why there is no comparison, or speak of an order."""

ORDERS = frozenset({"order-check"})
"""Topics of cards that say nothing of what to choose for the patient."""

IN_SHADOW = "shadow"
"""State of a card that was made and kept and shown to nobody."""


def signature_of(log: Path) -> Path:
    """Where the signature of a log lies."""
    return log.with_name(f"{log.name}.signature")
