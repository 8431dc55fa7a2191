"""A policy's model card, as it was signed with the policy."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

from data_contracts.errors import NotFound
from data_contracts.model_card import CARD_FORMAT, FilledAttribute, ModelCard
from data_contracts.source_attribute import load_source_attributes


class SourceAttributesTold(BaseModel):
    """The source attributes of one policy, each answered or plainly not.

    Attributes:
        rule: which asks for them.
        policy, policy_manifest_sha256, study_id: of which policy; the hash is that in its answers.
        attributes: all of them, in the rule's order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    policy: str
    policy_manifest_sha256: str
    study_id: str
    attributes: tuple[FilledAttribute, ...]


def card_in(content: str | bytes | None) -> ModelCard | None:
    """The card that a file holds; None if there is none of the form that this version reads."""
    try:
        return None if content is None else ModelCard.model_validate_json(content)
    except ValidationError:
        return None


def check_card(card: ModelCard | None) -> ModelCard:
    """The card.

    Raises:
        NotFound: there is none.
    """
    if card is None:
        step = "Make the study again with this version, or use the one that wrote the policy."
        raise NotFound(f"This policy has no model card of the form {CARD_FORMAT}. {step}")
    return card


def source_attributes(card: ModelCard, manifest_sha256: str) -> SourceAttributesTold:
    """The attributes of a card."""
    return SourceAttributesTold(
        rule=load_source_attributes().rule,
        policy=card.name,
        policy_manifest_sha256=manifest_sha256,
        study_id=card.study_id,
        attributes=card.source_attributes,
    )


def answer_of(card: ModelCard | None, *attributes: str) -> tuple[str, ...]:
    """What a card answers to some source attributes, in sentences; without a card, that there is none."""
    if card is None:
        return ("The policy's model card is of a form that this version does not read.",)
    told = {one.id: one.text for one in card.source_attributes}
    return tuple(dict.fromkeys(text for name in attributes for text in told[name]))
