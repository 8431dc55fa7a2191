"""A model card for people, as a self-contained page or as Markdown; neither says what is not on the card."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from data_contracts.model_card import ModelCard
from data_contracts.source_attribute import load_source_attributes
from experiments.card.registry_record import RegistryRecord
from experiments.report.one_style import one_style
from experiments.report.page import environment
from experiments.report.screens import scrolling
from experiments.report.wording import MINUS

SAID = {"given": "", "not_stated": "not stated", "not_done": "not done", "not_available": "not available"}
"""States of an attribute, in words."""


def as_html(card: ModelCard, registry: RegistryRecord | None = None) -> str:
    """HTML text that asks nothing of the network.

    Args:
        registry: what the registry holds beside the card, where it was read from there.
    """
    return one_style(scrolling(_rendered("model_card.html.j2", card, registry)))


def as_markdown(card: ModelCard, registry: RegistryRecord | None = None) -> str:
    """The same as Markdown."""
    return _rendered("model_card.md.j2", card, registry)


def _rendered(template: str, card: ModelCard, registry: RegistryRecord | None) -> str:
    made = environment("experiments.card")
    made.filters["cell"] = _cell
    if template.endswith(".md.j2"):
        made.autoescape = False
    answers = {one.id: one for one in card.source_attributes}
    categories = load_source_attributes().categories
    return made.get_template(template).render(
        c=card, rule=load_source_attributes().rule, said=SAID, registry=registry, minus=MINUS,
        categories=[(one.name, [answers[attribute.id] for attribute in one.attributes]) for one in categories],
        variables={one.id: one.name.lower() for one in load_source_attributes().variables},
    )  # fmt: skip


def _cell(text: Any) -> str | Markup:
    """Text within a cell of a Markdown table; a bar would end it, and markup of a page is not meant."""
    return str(text).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
