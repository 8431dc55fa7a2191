"""The decision: for each patient, which arms may be ranked, how they rank and what is expected under each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data_contracts.effects import BoolArray
from data_contracts.episode import FloatArray, IntArray
from data_contracts.kept import kept
from data_contracts.recommendation import Reason
from engine.bars import Bars
from engine.filling import Ways
from engine.outcome import expected_outcomes
from engine.outcomes_here import outcomes_here
from engine.overlap import Overlap, overlap_of
from engine.patient import Patients
from engine.policy import Policy
from engine.ranking import Ranking, rank
from engine.reason_codes import CODE, OPEN, REASONS
from engine.reasons import arm_reasons
from engine.stacked import OutcomesHere
from engine.widening import serve_here, widened_outcomes

GROUP = np.array([*(3 if reason in (Reason.EXCLUDED, Reason.SAFETY) else 2 for reason in REASONS), 1])
"""By the code of a reason, ``OPEN`` the last: offered arms are told first, what must not be offered at the end."""

GOT = np.isin([*CODE.values(), OPEN], [CODE[Reason.EXCLUDED], CODE[Reason.SAFETY], OPEN])
"""By the code of a reason against the reference, ``OPEN`` the last: whether such patients got it in the records."""


@dataclass(frozen=True)
class Decision:
    """What is decided for n patients, of one as of many; A arms in the manifest's order, K of them ranked.

    Attributes:
        policy: by which it was decided.
        reason: (n, A) why an arm has no rank, a position in ``engine.reason_codes.REASONS``, or ``OPEN``.
        refused: (n,) whether a safety rule refuses any ranking.
        held_back: (n,) whether ranks are not told: refused, or an acknowledgement is awaited.
        effect: (n, K, 3) served effect and the ends of its interval.
        covariance: (n, K, K) joint covariance of the served effects.
        overlap: how often such patients got each ranked arm.
        ranking: of the arms that no reason speaks against.
        expected: (n, K, 3) expected outcome and the ends of its range.
        terms: (n, P) basis terms of the patients' effect modifiers.
        ways: by row, of filling in missing effect modifiers.
    """

    policy: Policy
    reason: IntArray
    refused: BoolArray
    held_back: BoolArray
    effect: FloatArray
    covariance: FloatArray
    overlap: Overlap
    ranking: Ranking
    expected: FloatArray
    terms: FloatArray
    ways: Mapping[int, Ways]

    @kept
    def offered(self) -> BoolArray:
        """(n, A) arms that may be ranked."""
        return np.asarray(self.reason == OPEN)

    @kept
    def effect_shown(self) -> BoolArray:
        """(n, A) arms whose effect is shown: a benefit over a reference that such patients did not get is not."""
        reference = self.reason[:, self.policy.ranked_places[0], None]
        return np.asarray(self.offered & GOT.take(reference))

    @kept
    def average_shown(self) -> BoolArray:
        """(n, A) arms whose average effect is shown: all that have one, unless a safety rule refuses."""
        return self.policy.is_ranked & ~self.refused[:, None]

    @kept
    def rank_shown(self) -> BoolArray:
        """(n, A) arms whose rank is told."""
        return self.offered & ~self.held_back[:, None]

    @kept
    def recommended(self) -> BoolArray:
        """(n, A) the arm to start with, if it may be told."""
        best = self.policy.over_arms(self.ranking.best[:, None] == self.policy.places, np.False_)
        return best & self.rank_shown

    @kept
    def others(self) -> OutcomesHere | None:
        """The outcomes beside the primary one; None if the policy has none."""
        policy = self.policy
        if policy.stacked is None:
            return None
        return outcomes_here(policy.stacked, self.terms, self.ways, policy.z, policy.manifest.confidence)

    @kept
    def order(self) -> IntArray:
        """(n, A) the arms as they are told: the recommended, others by effect, then those without a rank, by name."""
        group = GROUP.take(self.reason)
        group -= self.recommended
        harm = np.where(self.offered, -self.policy.over_arms(self.effect[..., 0], np.float64(0.0)), -0.0)
        names = np.empty_like(group)
        names[:] = self.policy.name_order
        return np.lexsort((names, harm, group), axis=-1)


def decide(policy: Policy, patients: Patients, bars: Bars, recorded: Patients | None = None) -> Decision:
    """Decide for n patients.

    Args:
        policy: by which to decide.
        patients: what it needs of them, without what is in doubt.
        bars: what stands against ranking arms, by safety rules and by the clinician.
        recorded: the same patients with what is in doubt, if anything is: it may take a rank away and never gives one.
    """
    overlap = overlap_of(policy.support, patients.covariates)
    reason = arm_reasons(policy, patients, overlap.verdicts, bars)
    if recorded is not None:
        verdicts = overlap_of(policy.support, recorded.covariates).verdicts
        reason = np.where(reason == OPEN, arm_reasons(policy, recorded, verdicts, bars), reason)
    here = serve_here(policy.effects, patients, policy.z, policy.manifest.confidence)
    expected = expected_outcomes(policy, patients.covariates, overlap.probability, here.effects)
    allowed = reason[:, policy.ranked_at] == OPEN
    return Decision(
        policy=policy,
        reason=reason,
        refused=bars.refused,
        held_back=bars.held_back,
        effect=here.ends,
        covariance=here.covariance,
        overlap=overlap,
        ranking=rank(policy, here.effects, here.covariance, allowed, patients.more_severe),
        expected=widened_outcomes(policy, patients, expected),
        terms=patients.terms,
        ways=patients.ways,
    )
