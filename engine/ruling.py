"""What the rules say of one pattern of answers: of the patient, and of each arm. Rules only remove, flag or refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.fact import load_facts
from data_contracts.recommendation import FindingKind, Reason, Safety, SafetyFinding, SafetyLevel
from data_contracts.rule import Rule
from engine.arm_contents import Membership, named_in
from engine.fact_readings import NO, STALE, UNKNOWN, YES, Answers
from engine.rule_book import Part, ReadyRule, RuleBook

ORDER: tuple[FindingKind, ...] = ("refuse", "acknowledge", "assess_first", "hold", "flag", "ask", "remove", "check")


@dataclass(frozen=True, eq=False)
class Ruling:
    """What the rules say; A arms in the manifest's order.

    Attributes:
        safety: of the patient.
        removed: (A,) arms that must not be offered.
        flags: for each arm, ids of the rules that fired on it.
        check_first: for each arm, the facts to be asked before it is offered.
        few: for each arm, ids of the rules by which it needs records of such patients that the policy does not have.
    """

    safety: Safety
    removed: BoolArray
    flags: tuple[tuple[str, ...], ...]
    check_first: tuple[tuple[str, ...], ...]
    few: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Finding:
    """A rule that fired (nothing missing) or could not be decided, and the arms that it removes or else flags."""

    rule: Rule
    kind: FindingKind
    missing: tuple[str, ...]
    removed: tuple[int, ...]
    flagged: tuple[int, ...]
    few: tuple[int, ...] = ()


@lru_cache(maxsize=4096)
def rule_on(book: RuleBook, answers: Answers) -> Ruling:
    """Judge every rule; kept, as many patients give the same answers."""
    found = [finding for ready in book.rules if (finding := _judge(book, ready, answers))]
    refused = any(finding.kind == "refuse" for finding in found)
    reason = _reason(found, refused)
    if refused:
        found = [finding for finding in found if _matters_anyway(finding, reason)]
    by = dict(answers.acknowledged)
    waiting = [f.rule.id for f in found if f.kind == "acknowledge" and f.rule.id not in by and not refused]
    first = any(finding.kind in ("acknowledge", "assess_first") for finding in found)
    level: SafetyLevel = "refused" if refused else "assess_first" if first else "none"
    removed = np.zeros(len(book.names), dtype=np.bool_)
    for finding in found:
        removed[list(finding.removed)] = True
    told = found if refused else sorted(found, key=lambda one: (ORDER.index(one.kind), bool(one.flagged)))
    findings = tuple(made for finding in told if (made := _told(book, finding, removed, by, refused)))
    return Ruling(
        safety=Safety(
            level=level,
            awaiting_acknowledgement=bool(waiting),
            waiting=tuple(waiting),
            reason=reason,
            findings=findings,
        ),
        removed=removed,
        flags=_by_arm(book, [(f.removed + f.flagged, (f.rule.id,)) for f in found if not f.missing]),
        check_first=_by_arm(
            book, [(f.flagged, f.missing) for f in found if f.kind == "check"], but=frozenset(np.flatnonzero(removed))
        ),
        few=_by_arm(book, [(f.few, (f.rule.id,)) for f in found]),
    )


def _reason(found: Sequence[_Finding], refused: bool) -> Reason | None:
    """Why no arm at all is ranked; that consent was refused goes before any other reason."""
    codes = {finding.rule.code for finding in found if finding.kind == ("refuse" if refused else "hold")}
    return Reason(min(codes)) if codes else None


def _matters_anyway(finding: _Finding, reason: Reason | None) -> bool:
    """Whether a finding is told where no ranking comes: a refusal, what a clinician sees to, or a question of danger.

    Whoever refused decision support is asked nothing, and danger alone is told of them.
    """
    rule, consents = finding.rule, reason is not Reason.CONSENT
    in_danger = rule.effect == "acknowledge" and rule.on_unknown == "assess_first"
    if finding.missing:
        return in_danger and consents
    return finding.kind == "refuse" or (finding.kind == "acknowledge" and (in_danger or consents))


def _judge(book: RuleBook, ready: ReadyRule, answers: Answers) -> _Finding | None:
    rule, (fires, missing) = ready.rule, _decide(ready.cases, answers.codes)
    if fires or rule.always:
        removed, flagged = _concerned(book, ready, answers)
        if rule.arms and not removed and not flagged:
            return None
        return _Finding(rule, rule.effect, (), removed, flagged, _too_few(book, ready, answers, flagged))
    if not missing or rule.on_unknown == "nothing":
        return None
    arms: tuple[int, ...] = ()
    if rule.on_unknown == "check":
        every, least = tuple(range(len(book.names))), _least(rule)
        arms = tuple(at for at in every if ready.members[at] >= least) if rule.arms else every
        if not arms:
            return None
    return _Finding(rule, rule.on_unknown, missing, (), arms)


def _decide(cases: Sequence[tuple[Part, ...]], codes: bytes) -> tuple[bool, tuple[str, ...]]:
    """Whether a case is known to hold, else the facts that would decide it: Kleene's three-valued logic."""
    missing: dict[str, None] = {}
    for case in cases:
        told = [codes[part.at] for part in case]
        if NO in told or any(codes[part.at] == UNKNOWN and part.if_given for part in case):
            continue
        if all(code == YES for code in told):
            return True, ()
        missing.update({part.fact: None for part in case if codes[part.at] in (UNKNOWN, STALE)})
    return False, tuple(missing)


def _concerned(book: RuleBook, ready: ReadyRule, answers: Answers) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The arms that a rule which fired removes, and those that it flags."""
    rule, members = ready.rule, ready.members
    if rule.named_in:
        names = answers.names[book.name_facts.index(rule.named_in)] or ()
        members = tuple(
            min(member, named_in(one, names, book.words)) for member, one in zip(members, book.contents, strict=True)
        )
    removes, least = rule.effect == "remove", _least(rule)
    removed = tuple(at for at, member in enumerate(members) if removes and member is Membership.CERTAIN)
    return removed, tuple(at for at, member in enumerate(members) if member >= least and at not in removed)


def _least(rule: Rule) -> Membership:
    """How close an arm is to a rule's groups at least that it concerns.

    What may hold a member; and what nobody told the contents of, if the patient must not have a member.
    """
    return Membership.UNTOLD if rule.effect == "remove" and not rule.always else Membership.POSSIBLE


def _too_few(book: RuleBook, ready: ReadyRule, answers: Answers, flagged: Sequence[int]) -> tuple[int, ...]:
    """Of the arms flagged, those that too few patients got of whom what makes the rule fire was true, too."""
    if not ready.rule.needs_records:
        return ()
    so = [part.fact for case in ready.cases for part in case if answers.codes[part.at] == YES]
    return tuple(at for at in flagged if not all(at in book.recorded.get(fact, ()) for fact in so))


def _told(
    book: RuleBook, finding: _Finding, removed: BoolArray, acknowledged: Mapping[str, str], refused: bool
) -> SafetyFinding | None:
    """The finding as it is told; what concerns only arms that are removed anyway need not be asked."""
    rule, arms = finding.rule, finding.removed + finding.flagged
    if finding.missing and arms and not (arms := tuple(at for at in arms if not removed[at])):
        return None
    ask = None
    if finding.missing:
        meanings = ", ".join(load_facts()[fact].meaning for fact in finding.missing)
        ask = rule.ask or f"Not recorded, in doubt or no longer current: {meanings}."
    return SafetyFinding(
        rule=rule.id,
        kind=finding.kind,
        arms=tuple(book.names[at] for at in sorted(arms)) if rule.arms or finding.kind == "check" else (),
        sentence=ask or (refused and rule.anyway) or rule.sentence,
        ask=ask,
        missing=finding.missing,
        citation=rule.citation,
        verified=rule.verified,
        expired=rule.id in book.expired,
        acknowledged_by=acknowledged.get(rule.id) if finding.kind == "acknowledge" else None,
    )


def _by_arm(
    book: RuleBook,
    said: Sequence[tuple[tuple[int, ...], tuple[str, ...]]],
    but: frozenset[int] = frozenset(),
) -> tuple[tuple[str, ...], ...]:
    """For each arm what is said of it, each thing once."""
    found: list[dict[str, None]] = [{} for _ in book.names]
    for arms, things in said:
        for at in arms:
            if at not in but:
                found[at].update(dict.fromkeys(things))
    return tuple(map(tuple, found))
