"""Tells what is known of a model: its card, and the source attributes that US certification asks for."""

from __future__ import annotations

from fastapi import APIRouter, Response

from data_contracts.manifest import MODEL_CARD
from data_contracts.model_card import ModelCard
from service.collaborators import Collaborators, Given
from service.policy_card import SourceAttributesTold, card_in, check_card, source_attributes
from service.problem_document import documented

ROUTER = APIRouter(prefix="/v1/models", tags=["models"])
CHAMPION = "champion"
"""The name of the model that is served now; all others go by their manifest's hash, as answers tell it."""


@ROUTER.get(
    "/{model}/source-attributes",
    responses=documented(404, 422, 500, 503),
    summary="The 31 source attributes of 45 CFR 170.315(b)(11), of the champion or of a model by its manifest's hash",
)
def get_source_attributes(model: str, given: Given, response: Response) -> SourceAttributesTold:
    """What the policy's card answers to each, or plainly that it is not stated, not done or not available."""
    digest, card = _card(model, given)
    response.headers["Cache-Control"] = "no-store"
    return source_attributes(card, digest)


@ROUTER.get(
    "/{model}/card",
    responses=documented(404, 422, 500, 503),
    summary="The whole model card, of the champion or of a model by its manifest's hash",
)
def get_card(model: str, given: Given, response: Response) -> ModelCard:
    """The card as it was signed with the policy."""
    response.headers["Cache-Control"] = "no-store"
    return _card(model, given)[1]


def _card(model: str, given: Collaborators) -> tuple[str, ModelCard]:
    """A model's manifest hash and its card; of a model that ever answered here, also when it is served no more."""
    if model == CHAMPION:
        served = given.served()
        return served.source.manifest_sha256, check_card(card_in(served.documents.get(MODEL_CARD)))
    return model, check_card(card_in(given.store.policy(model).get(MODEL_CARD)))
