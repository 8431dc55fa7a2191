"""The card in the place of a ranking that is withheld."""

from __future__ import annotations

from service.cds_hooks.card import Card, Link, shortened
from service.cds_hooks.deck import Dealt, Setting, Topic, new_uuid, news_of, source
from service.cds_hooks.markdown import bullets
from service.withheld import NEXT

FIRST = "What would you choose for this patient? Write it down; then therapies are compared."


def withheld_card(setting: Setting) -> Dealt:
    """Says that no ranking is shown, why, and what to do; nothing by the model is in it."""
    policy = setting.record.recommendation.policy
    if setting.withheld == "first_choice":
        link = setting.to_page("Write down your own choice")
        # Each answer waits for a choice of its own, so that each card is news.
        return _dealt(setting, "own-choice-first", FIRST, (link,), str(setting.record.id))
    told = f"The model {policy} was taken out of service: therapies are not ranked. Safety rules go on."
    return _dealt(setting, "out-of-service", told, (), policy)


def _dealt(setting: Setting, topic: Topic, told: str, links: tuple[Link, ...], news: str) -> Dealt:
    assert setting.withheld is not None  # noqa: S101 - the caller asked
    card = Card(
        uuid=new_uuid(),
        summary=shortened(told),
        detail=bullets([NEXT[setting.withheld], *setting.read_of_record()]),
        indicator="warning" if topic == "out-of-service" else "info",
        source=source(topic),
        links=links or None,
    )
    return Dealt(card, topic, news_of(topic, news))
