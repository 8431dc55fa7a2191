"""The guideline beside the answer: whom it puts first, and why the answer differs, whenever it does."""

from __future__ import annotations

import math

from data_contracts.guideline_view import GuidelineView
from data_contracts.interval import Interval
from data_contracts.recommendation import Reason
from data_contracts.therapy import load_catalogue
from engine.decision import Decision
from engine.guideline_places import LEVELS
from engine.guideline_sentences import NO_LIST, guideline_sentence
from engine.patient import Patients
from engine.policy import Policy
from engine.ranking import NOBODY
from engine.reason_codes import CODE, OPEN

TAKEN_AWAY = (CODE[Reason.EXCLUDED], CODE[Reason.SAFETY])


def guideline_view(policy: Policy, patients: Patients, decision: Decision) -> GuidelineView | None:
    """What the guideline says of the arms, for the one patient; None if a safety rule refuses any ranking."""
    if decision.refused[0]:
        return None
    if policy.phq9_baseline is None or (policy.baseline_at is not None and patients.missing[0, policy.baseline_at]):
        return GuidelineView(severity=None, sentence=NO_LIST)
    severity = LEVELS[int(patients.more_severe[0])]
    place = policy.guideline.of_arms[severity]
    codes, names = decision.reason[0].tolist(), policy.names
    listed = policy.guideline.lists[severity]
    ranked = [at for at in listed if codes[at] == OPEN]
    best = _recommended(policy, decision)
    differs = best is not None and bool(listed) and place[best] > place[listed[0]]
    other = ranked[0] if ranked and best is not None and place[best] > place[ranked[0]] else None
    told = load_catalogue().guidelines[severity]
    difference = None if best is None or other is None else _difference(policy, decision, best, other)
    return GuidelineView(
        severity=severity,
        title=told.title,
        source=told.source,
        verified=told.verified,
        order=tuple(names[at] for at in listed if codes[at] not in TAKEN_AWAY),
        first=names[listed[0]] if listed else None,
        first_ranked=names[ranked[0]] if ranked else None,
        differs=differs,
        difference=difference,
        sentence=guideline_sentence(policy, decision, listed, ranked, best, differs, difference, told.verified),
    )


def _recommended(policy: Policy, decision: Decision) -> int | None:
    """Position of the recommended arm among all, if one may be told."""
    best = int(decision.ranking.best[0])
    return None if best == NOBODY or decision.held_back[0] else int(policy.ranked_at[best])


def _difference(policy: Policy, decision: Decision, best: int, other: int) -> Interval:
    """How much better one arm does than another, with the interval of that one difference."""
    i, j = policy.rank_of[best], policy.rank_of[other]
    joint = decision.covariance[0]
    estimate = float(decision.effect[0, i, 0] - decision.effect[0, j, 0])
    margin = policy.z * math.sqrt(max(joint[i, i] + joint[j, j] - 2 * joint[i, j], 0.0))
    return Interval(estimate=estimate, lower=estimate - margin, upper=estimate + margin)
