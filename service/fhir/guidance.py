"""Writes one answer as FHIR R4: a GuidanceResponse, its options as a RequestGroup with drafts, and their Provenance.

What was done with the answer is told by the audit's AuditEvents (`equipoise audit export`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID, uuid5

from data_contracts.arm_labels import capital
from data_contracts.manifest import PolicyManifest
from data_contracts.recommendation import ArmAdvice, Reason, Recommendation
from service.event import Event
from service.fhir.code_index import OWN_VALUE
from service.fhir.draft_order import draft_orders, instant
from service.history_keeper import Kept
from service.release import state_of
from service.version import VERSION

TERMS = "http://terminology.hl7.org/CodeSystem"
POLICIES = "urn:equipoise:policy-manifest"
MODULE = "urn:equipoise:recommendation"
SIGNED: Mapping[str, str] = {"review": "verifier", "release": "attester"}
"""Who reviewed and released, as HL7's kinds of provenance participants."""

Resource = dict[str, Any]


def guidance_bundle(kept: Kept, manifest: PolicyManifest) -> Resource:
    """The bundle of a kept answer; the same answer with the same history gives the same bundle.

    Args:
        kept: the answer, with what was done with it.
        manifest: of the policy that gave it.
    """
    answer, record = kept.answer, kept.record
    options, drafts = _options(kept, manifest)
    group = _group(kept, options) if options else None
    response = _response(kept, _full(record.id, "group") if group else None)
    written = [(str(record.id), response), *([("group", group)] if group else []), *drafts]
    named = [(_full(record.id, name) if name != str(record.id) else f"urn:uuid:{name}", one) for name, one in written]
    targets = [name for name, _ in named]
    named.append((_full(record.id, "provenance"), _provenance(kept, answer, targets)))
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": instant(record.created_at),
        "entry": [{"fullUrl": name, "resource": one} for name, one in named],
    }


def _response(kept: Kept, group: str | None) -> Resource:
    answer, record = kept.answer, kept.record
    found: Resource = {
        "resourceType": "GuidanceResponse",
        "id": str(record.id),
        "moduleUri": MODULE,
        "status": _status(answer),
        "subject": {"reference": f"Patient/{answer.patient_id}"},
        "occurrenceDateTime": instant(record.created_at),
        "performer": {"display": f"Equipoise {VERSION}"},
        "note": [{"text": sentence} for sentence in answer.sentences],
    }
    if group is not None:
        found["result"] = {"reference": group}
    if required := [_requirement(one.feature) for one in answer.would_change if one.key]:
        found["dataRequirement"] = required
    return found


def _status(answer: Recommendation) -> str:
    """Whether there is an answer, or something has to be known or done first."""
    waits = answer.safety.awaiting_acknowledgement or (
        answer.safety.level != "refused" and answer.safety.reason is Reason.CONSENT
    )
    return "data-required" if waits or any(one.key for one in answer.would_change) else "success"


def _requirement(feature: str) -> Resource:
    coding = [{"system": OWN_VALUE, "code": feature}]
    return {"type": "Observation", "codeFilter": [{"path": "code", "code": coding}]}


def _group(kept: Kept, options: list[Resource]) -> Resource:
    """The options, of which at most one is to be taken; none is checked beforehand."""
    state, decided = state_of(kept.events), kept.event("decide")
    status = "completed" if decided else "draft" if state == "draft" else "active"
    return {
        "resourceType": "RequestGroup",
        "status": status,
        "intent": "proposal",
        "subject": {"reference": f"Patient/{kept.answer.patient_id}"},
        "authoredOn": instant(kept.record.created_at),
        "action": [{"title": "Therapies compared", "selectionBehavior": "at-most-one", "action": options}],
    }


def _options(kept: Kept, manifest: PolicyManifest) -> tuple[list[Resource], list[tuple[str, Resource]]]:
    """An action for each arm with a rank, in the ranking's order, and the drafts that they refer to, by name."""
    records = {one.name: one for one in manifest.arms}
    options: list[Resource] = []
    drafts: list[tuple[str, Resource]] = []
    for advice in kept.answer.arms:
        if advice.rank is None:
            continue
        made = draft_orders(records[advice.arm], advice.label, kept.answer.patient_id, kept.record.created_at)
        names = [f"{advice.arm} {number}" for number in range(len(made))]
        drafts += [(name, one.resource) for name, one in zip(names, made, strict=True)]
        parts = [
            {"reference": _full(kept.record.id, name), "display": one.label}
            for name, one in zip(names, made, strict=True)
        ]
        options.append(_option(advice, parts))
    return options, drafts


def _option(advice: ArmAdvice, parts: list[Resource]) -> Resource:
    """One option: its draft, its drafts together, or where there is none its name alone."""
    found: Resource = {"title": capital(advice.label), "description": advice.sentence}
    if len(parts) > 1:
        return {
            **found,
            "selectionBehavior": "all",
            "action": [{"title": one["display"], "resource": one} for one in parts],
        }
    return {**found, "resource": parts[0] if parts else {"display": capital(advice.label)}}


def _provenance(kept: Kept, answer: Recommendation, targets: list[str]) -> Resource:
    sha256 = kept.record.policy_manifest_sha256
    source = {"identifier": {"system": POLICIES, "value": sha256}, "display": answer.policy}
    return {
        "resourceType": "Provenance",
        "target": [{"reference": name} for name in targets],
        "recorded": instant(kept.record.created_at),
        "activity": {"coding": [{"system": f"{TERMS}/v3-DataOperation", "code": "CREATE"}]},
        "reason": [{"coding": [{"system": f"{TERMS}/v3-ActReason", "code": "TREAT"}]}],
        "agent": [_agent("assembler", f"Equipoise {VERSION}"), *_people(kept.events)],
        "entity": [{"role": "source", "what": source}],
    }


def _people(events: tuple[Event, ...]) -> Iterator[Resource]:
    for event in events:
        if event.action in SIGNED:
            yield _agent(SIGNED[event.action], f"{event.by}, {event.role}")


def _agent(kind: str, who: str) -> Resource:
    coding = [{"system": f"{TERMS}/provenance-participant-type", "code": kind}]
    return {"type": {"coding": coding}, "who": {"display": who}}


def _full(record: UUID, name: str) -> str:
    """The name of a part of an answer's bundle."""
    return f"urn:uuid:{uuid5(record, name)}"
