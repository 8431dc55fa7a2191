"""Cards that come before any ranking: a crisis, an assessment that is awaited, and refusals. None holds a ranking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from data_contracts.recommendation import Reason, Safety, SafetyFinding
from service.cds_hooks.card import Card, Link, shortened, summary_with
from service.cds_hooks.deck import OVERRIDES, SAFETY, Dealt, Setting, Topic, new_uuid, news_of, source
from service.cds_hooks.markdown import bullets, escaped
from service.contact import Contact

SUICIDE = "SI-"
"""Rules on thoughts of suicide or self-harm."""


def safety_cards(setting: Setting, contacts: Sequence[Contact]) -> Iterator[Dealt]:
    """The cards of an answer that safety refuses or holds back; none where it does neither.

    Of a patient who refused decision support only danger is told, and nothing else.
    """
    safety = setting.record.recommendation.safety
    in_danger = [one for one in safety.findings if one.rule.startswith(SUICIDE) and one.kind == "refuse"]
    if in_danger:
        yield _crisis(setting, in_danger, contacts)
    elif safety.awaiting_acknowledgement or (safety.level == "refused" and _unanswered(safety)):
        yield _assess_first(setting, contacts)
    elif safety.level == "refused" and safety.reason is not Reason.CONSENT:
        yield _refusal(setting, contacts)


def _unanswered(safety: Safety) -> bool:
    """Whether a sign of thoughts of suicide stands among the findings that nobody has answered."""
    return any(
        one.rule.startswith(SUICIDE) and one.kind == "acknowledge" and one.acknowledged_by is None
        for one in safety.findings
    )


def _crisis(setting: Setting, findings: Sequence[SafetyFinding], contacts: Sequence[Contact]) -> Dealt:
    detail = f"{bullets(one.sentence for one in findings)}\n\n{_contacts(contacts)}"
    told = "Crisis: C-SSRS answers at the most severe level. No therapy is ranked. Call now; contacts inside."
    return _dealt(setting, "crisis", told, detail, ())


def _assess_first(setting: Setting, contacts: Sequence[Contact]) -> Dealt:
    """The card of an assessment that is awaited; the link is where it is acknowledged, where that can be done."""
    safety = setting.record.recommendation.safety
    findings = [one for one in safety.findings if one.kind == "acknowledge" and one.acknowledged_by is None]
    detail = f"{bullets(one.sentence for one in findings)}\n\n{_contacts(contacts)}"
    suicide = any(one.rule.startswith(SUICIDE) for one in findings)
    what = "signs of thoughts of suicide or self-harm" if suicide else "something that has to be reviewed"
    rules = [one.rule for one in findings]
    told = summary_with(f"Assess safety first: {what} on record", rules, ". Therapies are not ranked until then.")
    link = Link(label="Acknowledge the assessment", url=f"{setting.address}/acknowledgement")
    return _dealt(setting, "safety-first", told, detail, (link,) if safety.awaiting_acknowledgement else ())


def _refusal(setting: Setting, contacts: Sequence[Contact]) -> Dealt:
    findings = [one for one in setting.record.recommendation.safety.findings if one.kind == "refuse"]
    detail = f"{bullets(one.sentence for one in findings)}\n\n{_contacts(contacts)}"
    told = f"Not ranked for this patient: {findings[0].sentence if findings else 'a safety rule refuses'}"
    return _dealt(setting, "not-for-this-patient", told, detail, setting.links)


def _dealt(setting: Setting, topic: Topic, told: str, detail: str, links: tuple[Link, ...]) -> Dealt:
    safety = setting.record.recommendation.safety
    card = Card(
        uuid=new_uuid(),
        summary=shortened(told),
        detail=detail,
        indicator="critical" if topic in SAFETY else "info",
        source=source(topic),
        overrideReasons=OVERRIDES if topic == "not-for-this-patient" else None,
        links=links or None,
    )
    return Dealt(card, topic, news_of(topic, sorted(one.rule for one in safety.findings)))


def _contacts(contacts: Sequence[Contact]) -> str:
    lines = [f"* **{escaped(one.name)}**: {escaped(one.phone)} ({escaped(one.when)})" for one in contacts]
    return "\n".join(["**Contacts**", "", *lines])
