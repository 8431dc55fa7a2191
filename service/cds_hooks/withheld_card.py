"""The card in the place of a ranking that is withheld."""

from __future__ import annotations

from service.cds_hooks.card import Card, shortened
from service.cds_hooks.deck import Dealt, Setting, new_uuid, news_of, source
from service.cds_hooks.markdown import bullets
from service.withheld import NEXT


def withheld_card(setting: Setting) -> Dealt:
    """Says that no ranking is shown, why, and what to do; nothing by the model is in it."""
    assert setting.withheld is not None  # noqa: S101 - the caller asked
    policy = setting.record.recommendation.policy
    card = Card(
        uuid=new_uuid(),
        summary=shortened(
            f"The model {policy} was taken out of service: therapies are not ranked. Safety rules go on."
        ),
        detail=bullets([NEXT[setting.withheld], *setting.read_of_record()]),
        indicator="warning",
        source=source("out-of-service"),
    )
    return Dealt(card, "out-of-service", news_of("out-of-service", policy))
