"""Cards on an order that is drafted: only where a safety rule or the records speak against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from data_contracts.arm_labels import capital
from data_contracts.recommendation import ArmAdvice, Reason, Recommendation
from service.cds_hooks.card import Card, shortened, summary_with
from service.cds_hooks.deck import OVERRIDES, Dealt, Setting, new_uuid, news_of, source
from service.cds_hooks.markdown import bullets
from service.cds_hooks.ranking_card import suggestions

TOGETHER = "Drafted orders are looked at together: this holds if what is drafted beside it is taken too."
LONGEST_LABEL = 48
"""Characters of a therapy's name in a summary, so that what speaks against it has room beside it."""


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
    answer = setting.record.recommendation
    what = f"{shortened(capital(advice.label), LONGEST_LABEL)} {drafted}"
    if advice.reason is Reason.SAFETY:
        against, rest = _told_apart(answer, advice)
        told = f"{what}, and {'safety rules speak' if len(against) > 1 else 'a safety rule speaks'} against it"
        yield _card(setting, advice, summary_with(told, against + rest), first)
    elif advice.flags:
        yield _card(setting, advice, summary_with(f"{what}; note before ordering", advice.flags), first)
    elif (
        setting.withheld is None
        and advice.rank is not None
        and not advice.rank.in_top_set
        and answer.recommended is not None
    ):
        told = shortened(f"{what}; by records of care others do better for such patients")
        yield _card(setting, advice, told, first)


def _told_apart(answer: Recommendation, advice: ArmAdvice) -> tuple[list[str], list[str]]:
    """Of the rules that fired on an arm those that remove it, and those to take note of."""
    removing = {one.rule for one in answer.safety.findings if one.kind == "remove"}
    against = [rule for rule in advice.flags if rule in removing]
    return against, [rule for rule in advice.flags if rule not in removing]


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
        summary=told,
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
