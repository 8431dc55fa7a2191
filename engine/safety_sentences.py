"""What the safety rules say, in sentences to be read before anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from data_contracts.arm_labels import capital
from data_contracts.fact import load_facts
from data_contracts.recommendation import ArmAdvice, Safety, SafetyFinding

UNKNOWN = ", as it is not recorded, in doubt or no longer current"

FEW = 5
"""Facts that may be asked for before the ranking; more are counted there and listed after it."""

MANY = "{count} facts that bear on what may be offered are not known: check those listed below before offering any."


def safety_sentences(safety: Safety, arms: Sequence[ArmAdvice]) -> tuple[list[str], list[str]]:
    """What is read before the ranking, and what may be read after it.

    The patient's findings come first, then those of single arms, then what is asked, each fact once. A long list of
    facts to be asked for stands after the ranking, so that it is read at all; its size is told before.

    If safety refuses, only the refusal is told: what other rules say speaks of a ranking that does not come.
    """
    labels = {advice.arm: advice.label for advice in arms}
    if safety.level == "refused":
        return [_fired(finding, labels) for finding in safety.findings if finding.kind == "refuse"], []
    fired = [finding for finding in safety.findings if finding.kind not in ("ask", "check")]
    told = [_fired(finding, labels) for finding in fired]
    questions, count = _questions(safety, arms, {fact for finding in fired for fact in finding.missing})
    if count <= FEW:
        return told + questions, []
    return [*told, MANY.format(count=count)], questions


def _questions(safety: Safety, arms: Sequence[ArmAdvice], known: Set[str]) -> tuple[list[str], int]:
    """What is to be asked or checked, and how many facts that is; known are those that are asked for already."""
    asked = dict.fromkeys(
        fact for finding in safety.findings if finding.kind == "ask" for fact in finding.missing if fact not in known
    )
    questions = [("Please ask", [*asked])] if asked else []
    questions += _checks(arms, known | asked.keys())
    told = [f"{head}{'' if i else UNKNOWN}: {_meanings(facts)}." for i, (head, facts) in enumerate(questions)]
    return told, sum(len(facts) for _, facts in questions)


def _fired(finding: SafetyFinding, labels: Mapping[str, str]) -> str:
    who = joined([labels[arm] for arm in finding.arms])
    sentence = f"{capital(who)}: {finding.sentence}" if who else finding.sentence
    doubts = [*(["source not verified"] if not finding.verified else [])]
    doubts += ["rule past its review date"] if finding.expired else []
    doubts += [f"acknowledged by {finding.acknowledged_by}"] if finding.acknowledged_by else []
    return f"{sentence} ({finding.rule}, {', '.join(doubts)})" if doubts else sentence


def _checks(arms: Sequence[ArmAdvice], told: Set[str]) -> list[tuple[str, list[str]]]:
    """What is to be checked before which arms, each fact once; what concerns most arms first."""
    before: dict[str, list[str]] = {}
    for advice in arms:
        for fact in advice.check_first:
            if fact not in told:
                before.setdefault(fact, []).append(advice.label)
    alike: dict[tuple[str, ...], list[str]] = {}
    for fact, labels in before.items():
        alike.setdefault(tuple(labels), []).append(fact)
    return [
        (f"Check before offering {'any therapy' if len(labels) == len(arms) > 1 else joined(labels)}", facts)
        for labels, facts in sorted(alike.items(), key=lambda one: -len(one[0]))
    ]


def joined(names: Sequence[str], word: str = "and") -> str:
    """Names in a row: "a", "a and b", "a, b and c"; with semicolons where a name has a comma of its own."""
    if len(names) < 2:
        return "".join(names)
    if len(names) > 2 and any("," in name for name in names):
        return f"{'; '.join(names[:-1])}; {word} {names[-1]}"
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def _meanings(facts: Mapping[str, None] | Sequence[str]) -> str:
    known = load_facts()
    return "; ".join(known[fact].meaning for fact in facts)
