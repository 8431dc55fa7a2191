"""What is said of randomised trials: each arm's sentence, and what of it belongs into the answer itself."""

from __future__ import annotations

from collections.abc import Mapping

from data_contracts.arm_evidence import ArmEvidence, TrialFigure, Verdict
from data_contracts.interval import Interval
from data_contracts.manifest import PolicyManifest
from engine.benefit import benefit_text
from engine.joined import joined

COMPARATOR: Mapping[str, str] = {
    "care_as_usual": "care as usual",
    "placebo": "placebo",
    "waiting_list": "a waiting list",
}


def told_evidence(manifest: PolicyManifest, labels: Mapping[str, str]) -> dict[str, ArmEvidence]:
    """The evidence of each arm of which trials speak, with its sentence.

    Args:
        manifest: of the policy.
        labels: every arm in a clinician's words.
    """
    arms = manifest.evidence.arms if manifest.evidence else ()
    return {item.arm: item.model_copy(update={"sentence": _sentence(manifest, item, labels)}) for item in arms}


def evidence_sentences(manifest: PolicyManifest, labels: Mapping[str, str]) -> list[str]:
    """What a reader of the ranking must know: whether trials are in it, where both disagree, who rests on trials."""
    if manifest.evidence is None:
        return []

    def named(*verdicts: Verdict) -> str:
        found = manifest.evidence.arms if manifest.evidence else ()
        return joined([labels[item.arm] for item in found if item.verdict in verdicts])

    told = []
    if manifest.evidence.use == "pooled":
        told.append("Effects shown join these records with randomised trials; each arm tells both apart.")
    if apart := named("disagree", "conflict"):
        told.append(f"Randomised trials and these records disagree about {apart}: read both before relying on either.")
    if alone := named("trials_alone"):
        told.append(f"Of {alone} these records tell no effect: only randomised trials speak of it, without rank.")
    return told


def _sentence(manifest: PolicyManifest, item: ArmEvidence, labels: Mapping[str, str]) -> str:
    found = f"{_benefit(manifest, item.trials)} than {labels[manifest.ranked_arms[0]]} in a setting like theirs"
    parts = [
        f"{labels[item.arm]} in randomised trials: {found}, {_from(item.figure)}; not from these records.",
        _beside(manifest, item),
        _dropout(manifest, item),
    ]
    if not (item.figure.verified and (item.dropout_figure is None or item.dropout_figure.verified)):
        parts.append("The figure has not been checked against its source.")
    return " ".join(part for part in parts if part)


def _beside(manifest: PolicyManifest, item: ArmEvidence) -> str:
    """What the records say, and how both go together."""
    if item.local is None or item.z is None:
        return "It rests on trials alone: these records tell no effect of it, so it has no rank."
    told = f"These records say {_benefit(manifest, item.local)}"
    apart = f"{abs(item.z):.1f} standard errors apart"
    pooling = manifest.evidence is not None and manifest.evidence.use == "pooled"
    if item.verdict == "agree":
        joint = f"; both together {_benefit(manifest, item.pooled)}" if item.pooled and pooling else ""
        return f"{told}{joint}; no sign that they disagree ({apart})."
    if item.verdict == "conflict" and pooling:
        return f"{told}; the two contradict each other ({apart}), so they are not joined and it is not ranked."
    return f"{told}; the two disagree ({apart})."


def _dropout(manifest: PolicyManifest, item: ArmEvidence) -> str:
    odds, figure = item.dropout, item.dropout_figure
    if odds is None or figure is None:
        return ""
    interval = f"{manifest.confidence:.0%} interval {odds.lower:.1f} to {odds.upper:.1f}"
    against = COMPARATOR[figure.comparator]
    return f"Odds of dropping out in trials against {against}: {odds.estimate:.1f} times ({interval})."


def _benefit(manifest: PolicyManifest, interval: Interval) -> str:
    return benefit_text(interval, manifest.outcome.unit, f"{manifest.confidence:.0%} interval")


def _from(figure: TrialFigure) -> str:
    against = "" if COMPARATOR[figure.comparator] in figure.title else f" against {COMPARATOR[figure.comparator]}"
    pooled = f"; pooled: {figure.pooled}" if figure.pooled else ""
    return f"from {figure.trials} {figure.title}{against}{pooled}; population: {figure.population}"
