"""Cards on an order that is drafted: only where a safety rule or the records speak against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from data_contracts.arm_labels import capital
from data_contracts.recommendation import ArmAdvice, Reason, Recommendation
from service.cds_hooks.card import Card, shortened
from service.cds_hooks.deck import OVERRIDES, Dealt, Setting, new_uuid, news_of, source
from service.cds_hooks.markdown import bullets
from service.cds_hooks.ranking_card import suggestions

TOGETHER = "Drafted orders are looked at together: this holds if what is drafted beside it is taken too."


def order_cards(setting: Setting, arms: Sequence[str], beside: Mapping[str, Recommendation]) -> Iterator[Dealt]:
    """A card for each drafted arm that something speaks against.

    Args:
        setting: of an answer that safety neither refuses nor holds back; where its ranking is withheld, rules alone
            speak.
        arms: that are drafted.
        beside: by arm what the answer would be if what is drafted beside it were taken already.
    """
    answer = setting.record.recommendation
    if answer.safety.reason is Reason.CONSENT:
        return
    for advice in answer.arms:
        other = beside.get(advice.arm)
        there = next((one for one in other.arms if one.arm == advice.arm), advice) if other else advice
        if other is not None and (there.flags, there.reason) != (advice.flags, advice.reason):
            record = setting.record.model_copy(update={"recommendation": other})
            yield from _on(replace(setting, record=record), there, "is drafted beside another order", (TOGETHER,))
        elif advice.arm in arms:
            yield from _on(setting, advice, "is drafted", ())


def _on(setting: Setting, advice: ArmAdvice, drafted: str, first: tuple[str, ...]) -> Iterator[Dealt]:
    """The card of one arm, if anything speaks against it."""
    what, rules, answer = f"{capital(advice.label)} {drafted}", ", ".join(advice.flags), setting.record.recommendation
    if advice.reason is Reason.SAFETY:
        yield _card(setting, advice, f"{what}, and a safety rule speaks against it ({rules})", first)
    elif advice.flags:
        yield _card(setting, advice, f"{what}; note before ordering ({rules})", first)
    elif (
        setting.withheld is None
        and advice.rank is not None
        and not advice.rank.in_top_set
        and answer.recommended is not None
    ):
        told = f"{what}; by records of care others do better for such patients"
        yield _card(setting, advice, told, first)


def _card(setting: Setting, advice: ArmAdvice, told: str, first: tuple[str, ...]) -> Dealt:
    answer = setting.record.recommendation
    said = [
        one.sentence
        for one in answer.safety.findings
        if one.rule in advice.flags and (advice.arm in one.arms or not one.arms)
    ]
    top = [one for one in answer.arms if one.rank and one.rank.in_top_set and one.arm != advice.arm]
    against = advice.reason is Reason.SAFETY or not advice.flags
    shown = setting.withheld is None
    made = suggestions(setting, top) if against and shown else []
    ranked = (advice.sentence, *answer.sentences[-1:]) if shown else ()
    card = Card(
        uuid=new_uuid(),
        summary=shortened(told),
        detail=bullets([*first, *said, *ranked, *setting.read_of_record()]),
        indicator="warning" if advice.flags else "info",
        source=source("order-check"),
        suggestions=tuple(one for one, _ in made) or None,
        selectionBehavior="at-most-one" if made else None,
        overrideReasons=OVERRIDES,
        links=setting.links if shown else None,
    )
    news = news_of("order-check", advice.arm, advice.flags, str(advice.reason), answer.recommended)
    return Dealt(card, "order-check", news, {one.uuid: arm for one, arm in made})
