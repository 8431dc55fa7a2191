"""What the safety rules say, in sentences to be read before anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import lru_cache

from data_contracts.arm_labels import capital
from data_contracts.fact import load_facts
from data_contracts.recommendation import Safety, SafetyFinding
from engine.joined import joined
from engine.ruling import Ruling

UNKNOWN = ", as it is not recorded, in doubt or no longer current"

FEW = 5
"""Facts that may be asked for before the ranking; more are counted there and listed after it."""

ToCheck = tuple[str, tuple[str, ...]]
"""An arm in words, and the facts to be asked before it is offered."""

MANY = "{count} facts that bear on what may be offered are not known: check those listed below before offering any."


@lru_cache(maxsize=4096)
def safety_sentences(
    ruling: Ruling, names: tuple[str, ...], labels: tuple[str, ...], order: tuple[int, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is read before the ranking, and what may be read after it; kept, as rulings are.

    The patient's findings come first, then those of single arms, then what is asked, each fact once. A long list of
    facts to be asked for stands after the ranking, so that it is read at all; its size is told before.

    If safety refuses, what speaks of a ranking that does not come is left out; signs of danger never are.

    Args:
        ruling: what the rules say.
        names, labels: of the A arms, in the manifest's order.
        order: positions of the arms in the order in which they are told; none are needed where none has to be checked.
    """
    by_name, safety = dict(zip(names, labels, strict=True)), ruling.safety
    if safety.level == "refused":
        return tuple(_fired(finding, by_name) for finding in safety.findings), ()
    fired = [finding for finding in safety.findings if finding.kind not in ("ask", "check")]
    told = tuple(_fired(finding, by_name) for finding in fired)
    arms = [(labels[at], ruling.check_first[at]) for at in order]
    questions, count = _questions(safety, arms, {fact for finding in fired for fact in finding.missing})
    if count <= FEW:
        return told + questions, ()
    return (*told, MANY.format(count=count)), questions


def _questions(safety: Safety, arms: Sequence[ToCheck], known: Set[str]) -> tuple[tuple[str, ...], int]:
    """What is to be asked or checked, and how many facts that is; known are those that are asked for already."""
    asked = dict.fromkeys(
        fact for finding in safety.findings if finding.kind == "ask" for fact in finding.missing if fact not in known
    )
    questions = [("Please ask", [*asked])] if asked else []
    questions += _checks(arms, known | asked.keys())
    told = tuple(f"{head}{'' if i else UNKNOWN}: {_meanings(facts)}." for i, (head, facts) in enumerate(questions))
    return told, sum(len(facts) for _, facts in questions)


def _fired(finding: SafetyFinding, labels: Mapping[str, str]) -> str:
    who = joined([labels[arm] for arm in finding.arms])
    sentence = f"{capital(who)}: {finding.sentence}" if who else finding.sentence
    doubts = [*(["source not verified"] if not finding.verified else [])]
    doubts += ["rule past its review date"] if finding.expired else []
    doubts += [f"acknowledged by {finding.acknowledged_by}"] if finding.acknowledged_by else []
    return f"{sentence} ({finding.rule}, {', '.join(doubts)})" if doubts else sentence


def _checks(arms: Sequence[ToCheck], told: Set[str]) -> list[tuple[str, list[str]]]:
    """What is to be checked before which arms, each fact once; what concerns most arms first."""
    before: dict[str, list[str]] = {}
    for label, facts in arms:
        for fact in facts:
            if fact not in told:
                before.setdefault(fact, []).append(label)
    alike: dict[tuple[str, ...], list[str]] = {}
    for fact, labels in before.items():
        alike.setdefault(tuple(labels), []).append(fact)
    return [
        (f"Check before offering {'any therapy' if len(labels) == len(arms) > 1 else joined(labels)}", facts)
        for labels, facts in sorted(alike.items(), key=lambda one: -len(one[0]))
    ]


def _meanings(facts: Mapping[str, None] | Sequence[str]) -> str:
    known = load_facts()
    return "; ".join(known[fact].meaning for fact in facts)
