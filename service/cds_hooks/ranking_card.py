"""The card of the ranking: options in its order as suggestions, ties as ties; or that there is no comparison."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from data_contracts.arm_labels import capital
from data_contracts.recommendation import ArmAdvice, Reason, Recommendation
from service.cds_hooks.card import Action, Card, Suggestion, shortened
from service.cds_hooks.deck import OVERRIDES, Dealt, Setting, Topic, new_uuid, news_of, source
from service.cds_hooks.markdown import bullets, escaped
from service.fhir.draft_order import draft_orders

MOST_SUGGESTIONS = 6
ITEM9 = "phq9_item9"


def ranking_card(setting: Setting) -> Dealt:
    """The card of an answer that safety neither refuses nor holds back."""
    answer = setting.record.recommendation
    ranked = [one for one in answer.arms if one.rank is not None]
    if answer.safety.reason is Reason.CONSENT:
        return _without_ranking(
            setting, "consent", "Ask for consent to decision support; therapies are not ranked until then."
        )
    if not ranked:
        told = _ask_first(answer) + "Therapies cannot be compared for this patient; reasons and what to do inside."
        return _without_ranking(setting, "cannot-compare", told)
    made = suggestions(setting, ranked)
    card = Card(
        uuid=new_uuid(),
        summary=shortened(_ask_first(answer) + _lead(answer)),
        detail=_detail(setting, ranked),
        indicator="info",
        source=source("ranking"),
        suggestions=tuple(one for one, _ in made),
        selectionBehavior="at-most-one",
        overrideReasons=OVERRIDES,
        links=setting.links,
    )
    return Dealt(card, "ranking", _news(answer, "ranking"), {one.uuid: arm for one, arm in made})


def suggestions(setting: Setting, arms: Iterable[ArmAdvice]) -> list[tuple[Suggestion, str]]:
    """Options in the ranking's order, each with its arm. One is recommended only if none is tied with it."""
    answer = setting.record.recommendation
    records = {one.name: one for one in setting.manifest.arms}
    made = []
    for advice in list(arms)[:MOST_SUGGESTIONS]:
        alone = advice.recommended and not answer.tied_with
        drafts = draft_orders(records[advice.arm], advice.label, answer.patient_id, setting.now)
        actions = tuple(
            Action(type="create", description=f"Draft a request for {one.label}", resource=one.resource)
            for one in drafts
        )
        label = capital(advice.label) + (f" ({_rank(advice)})" if advice.rank else "")
        one = Suggestion(label=label, uuid=new_uuid(), isRecommended=True if alone else None, actions=actions or None)
        made.append((one, advice.arm))
    return made


def _without_ranking(setting: Setting, topic: Topic, told: str) -> Dealt:
    answer = setting.record.recommendation
    card = Card(
        uuid=new_uuid(),
        summary=shortened(told),
        detail=bullets([*answer.sentences, *setting.read_of_record()]),
        indicator="info",
        source=source(topic),
        overrideReasons=OVERRIDES,
        links=setting.links,
    )
    return Dealt(card, topic, _news(answer, topic))


def _ask_first(answer: Recommendation) -> str:
    """The question that comes before everything: item 9, where it is not known."""
    asked = any(one.kind == "assess_first" and ITEM9 in one.missing for one in answer.safety.findings)
    return "Ask PHQ-9 item 9 first (not known). " if asked else ""


def _lead(answer: Recommendation) -> str:
    labels = {one.arm: one.label for one in answer.arms}
    best = capital(labels[answer.recommended]) if answer.recommended else "No therapy"
    if not answer.tied_with:
        return f"{best} comes first for patients like this one, by records of care."
    count = len(answer.tied_with) + 1
    return f"Records cannot tell {count} therapies apart; best estimate: {best}."


def _detail(setting: Setting, ranked: Sequence[ArmAdvice]) -> str:
    """Safety and doubts first, as the answer's sentences have them; then the options, then what was left out."""
    answer = setting.record.recommendation
    options = "\n".join(f"* {_rank(one)}: {escaped(one.sentence)}" for one in ranked)
    others = [one.sentence for one in answer.arms if one.rank is None]
    parts = [bullets(answer.sentences), "**Options**", options, bullets(others), bullets(setting.read_of_record())]
    return "\n\n".join(part for part in parts if part)


def _rank(advice: ArmAdvice) -> str:
    assert advice.rank is not None  # noqa: S101 - the caller asked
    lower, upper = advice.rank.lower, advice.rank.upper
    return f"rank {lower}" if lower == upper else f"rank {lower} to {upper}"


def _news(answer: Recommendation, topic: Topic) -> str:
    arms = sorted((one.arm, one.status, str(one.reason), one.flags, one.check_first) for one in answer.arms)
    safety = sorted((one.rule, one.kind, one.missing) for one in answer.safety.findings if not one.arms)
    first = (answer.policy, answer.study_id, answer.recommended, sorted(answer.tied_with))
    return news_of(topic, *first, arms, safety, sorted(one.id for one in answer.queries))
