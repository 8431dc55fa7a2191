"""What the safety rules say, in sentences to be read before anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data_contracts.fact import load_facts
from data_contracts.recommendation import ArmAdvice, Safety, SafetyFinding


def safety_sentences(safety: Safety, arms: Sequence[ArmAdvice]) -> list[str]:
    """The patient's findings first, then what is asked, then what concerns single arms."""
    labels = {advice.arm: advice.label for advice in arms}
    told = [_fired(finding, labels) for finding in safety.findings if finding.kind not in ("ask", "check")]
    if asked := dict.fromkeys(
        fact for finding in safety.findings if finding.kind == "ask" for fact in finding.missing
    ):
        told.append(f"Please ask, as it is not recorded, in doubt or no longer current: {_meanings(asked)}.")
    return told + _checks(arms)


def _fired(finding: SafetyFinding, labels: Mapping[str, str]) -> str:
    who = joined([labels[arm] for arm in finding.arms])
    sentence = f"{who}: {finding.sentence}" if who else finding.sentence
    doubts = [*(["source not verified"] if not finding.verified else [])]
    doubts += ["rule past its review date"] if finding.expired else []
    doubts += [f"acknowledged by {finding.acknowledged_by}"] if finding.acknowledged_by else []
    return f"{sentence} ({finding.rule}, {', '.join(doubts)})" if doubts else sentence


def _checks(arms: Sequence[ArmAdvice]) -> list[str]:
    """One sentence for all arms before which the same facts are to be checked."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for advice in arms:
        if advice.check_first:
            alike.setdefault(advice.check_first, []).append(advice.label)
    return [
        f"Check before offering {joined(labels)}, as it is not recorded, in doubt or no longer current: "
        f"{_meanings(facts)}."
        for facts, labels in alike.items()
    ]


def joined(names: Sequence[str], word: str = "and") -> str:
    """Names in a row: "a", "a and b", "a, b and c", or with another word before the last."""
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else "".join(names)


def _meanings(facts: Mapping[str, None] | Sequence[str]) -> str:
    known = load_facts()
    return "; ".join(known[fact].meaning for fact in facts)
