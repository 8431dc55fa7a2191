"""Why an arm has no rank: a safety rule, the clinician, too few records, or records that do not reach the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.episode import FloatArray, IntArray
from data_contracts.recommendation import Reason
from data_contracts.support import HARDLY_EVER, TOO_FEW
from engine.bars import Bars
from engine.patient import Patients
from engine.policy import Policy

REASONS = tuple(Reason)
CODE = {reason: code for code, reason in enumerate(REASONS)}
OPEN = -1
"""In place of a reason's code: the arm may be ranked."""

OF_VERDICT = np.full(3, OPEN)
OF_VERDICT[[HARDLY_EVER, TOO_FEW]] = CODE[Reason.NON_OVERLAP], CODE[Reason.TOO_FEW_SIMILAR]
"""Codes by the verdict on support."""


def arm_reasons(
    policy: Policy,
    patients: Patients,
    log_odds: FloatArray,
    bars: Bars,
) -> IntArray:
    """(n, A) codes of why each arm of the study has no rank, ``OPEN`` if it may be ranked.

    Of several reasons the one that binds most is told: a refusal, an exclusion, a safety rule, consent, what the
    records cannot say of the patient, and only then what the study itself holds back.

    Args:
        policy: of K ranked arms among A.
        patients: n of them.
        log_odds: (n, K) of each ranked arm against all others.
        bars: what stands against ranking before the records are looked at.
    """
    overlap = OF_VERDICT[policy.support.verdicts_at(log_odds, patients.covariates)]
    alone = abstentions(policy, patients)[:, None]
    codes = policy.over_arms(np.where(alone == OPEN, overlap, alone), CODE[Reason.TOO_FEW_SIMILAR])
    codes[(codes == OPEN) & bars.few] = CODE[Reason.TOO_FEW_SIMILAR]
    for arm, reason in policy.held_back.items():
        held = codes[:, policy.at[arm]]
        held[held == OPEN] = CODE[reason]
    codes[bars.consent] = CODE[Reason.CONSENT]
    codes[bars.removed] = CODE[Reason.SAFETY]
    codes[bars.excluded] = CODE[Reason.EXCLUDED]
    codes[bars.refused] = np.where(bars.consent, CODE[Reason.CONSENT], CODE[Reason.SAFETY])[bars.refused, None]
    return codes


def abstentions(policy: Policy, patients: Patients) -> IntArray:
    """(n,) codes of why nothing at all can be ranked for a patient, ``OPEN`` if something can.

    A missing effect modifier, a category never seen or a number outside the training range speaks against any rank.
    """
    no_key = patients.missing[:, : len(policy.manifest.effect_modifiers)].any(axis=1)
    strange = np.where(patients.outside.any(axis=1), CODE[Reason.OUT_OF_POPULATION], OPEN)
    return np.where(no_key, CODE[Reason.MISSING_KEY], strange)


@dataclass(frozen=True)
class Gaps:
    """What the records cannot say of one patient.

    Attributes:
        missing: features not given, effect modifiers first.
        outside: features whose value the records did not know.
        abstain: why nothing can be ranked for this patient, if so.
    """

    missing: tuple[str, ...]
    outside: tuple[str, ...]
    abstain: Reason | None


def gaps_of(policy: Policy, patients: Patients) -> Gaps:
    """The gaps of the one patient."""
    missing, outside = patients.missing[0].nonzero()[0], patients.outside[0].nonzero()[0]
    features, code = policy.manifest.encoding.features, int(abstentions(policy, patients)[0])
    return Gaps(
        missing=tuple(features[at].name for at in missing.tolist()),
        outside=tuple(features[at].name for at in outside.tolist()),
        abstain=None if code == OPEN else REASONS[code],
    )
