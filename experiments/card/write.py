"""Writes a model card: canonical JSON for the policy, a page and a text for people."""

from __future__ import annotations

from pathlib import Path

from data_contracts.model_card import ModelCard
from data_contracts.whole_file import write_whole
from experiments.card.render import as_html, as_markdown
from experiments.policy_writer import as_json

CARD_HTML, CARD_MARKDOWN = "model_card.html", "model_card.md"


def card_content(card: ModelCard) -> bytes:
    """The card as the policy holds it: the same study gives the same bytes."""
    return as_json(card.model_dump(mode="json"))


def write_card(card: ModelCard, out: Path) -> None:
    """Write model_card.html and model_card.md into a folder, each whole or not at all."""
    write_whole(out / CARD_HTML, as_html(card).encode())
    write_whole(out / CARD_MARKDOWN, as_markdown(card).encode())
