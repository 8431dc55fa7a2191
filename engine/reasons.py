"""Why an arm has no rank: a safety rule, the clinician, too few records, or records that do not reach the patient."""

from __future__ import annotations

import numpy as np

from data_contracts.episode import IntArray
from data_contracts.recommendation import Reason
from data_contracts.support import HARDLY_EVER, SUPPORTED, TOO_FEW
from engine.bars import Bars
from engine.filling import WAYS
from engine.patient import Patients
from engine.policy import Policy
from engine.reason_codes import CODE, OPEN

OF_VERDICT = np.full(3, OPEN)
OF_VERDICT[[HARDLY_EVER, TOO_FEW]] = CODE[Reason.NON_OVERLAP], CODE[Reason.TOO_FEW_SIMILAR]
"""Codes by the verdict on support."""


def arm_reasons(
    policy: Policy,
    patients: Patients,
    verdicts: IntArray,
    bars: Bars,
) -> IntArray:
    """(n, A) codes of why each arm of the study has no rank, ``OPEN`` if it may be ranked.

    Of several reasons the one that binds most is told: a refusal, an exclusion, a safety rule, consent, what the
    records cannot say of the patient, and only then what the study itself holds back.

    Args:
        policy: of K ranked arms among A.
        patients: n of them.
        verdicts: (n, K) on support for each ranked arm.
        bars: what stands against ranking before the records are looked at.
    """
    codes = _overlap(policy, patients, verdicts)
    if np.count_nonzero(patients.missing) or np.count_nonzero(patients.outside):
        alone = abstentions(policy, patients)[:, None]
        codes = np.where(alone == OPEN, codes, alone)
    codes = policy.over_arms(codes, np.int64(CODE[Reason.TOO_FEW_SIMILAR]))
    if np.count_nonzero(bars.few):
        codes[(codes == OPEN) & bars.few] = CODE[Reason.TOO_FEW_SIMILAR]
    for arm, reason in policy.held_back.items():
        held = codes[:, policy.at[arm]]
        held[(held == OPEN) | (reason is Reason.NOT_COMPARABLE)] = CODE[reason]
    return np.where(bars.code == OPEN, codes, bars.code)


def _overlap(policy: Policy, patients: Patients, verdicts: IntArray) -> IntArray:
    """(n, K) codes of what speaks against an arm by support, judged over the ways where effect modifiers are missing.

    An arm is supported if it is in at least the stated share of the ways; if it is not in as many, that is told; in
    between nobody can tell without the missing facts.
    """
    codes = OF_VERDICT.take(verdicts)
    confidence = policy.manifest.confidence
    for row, ways in patients.ways.items():
        found = policy.support.verdicts(ways.covariates)
        share = np.minimum(*((half == SUPPORTED).mean(axis=0) for half in (found[:WAYS], found[WAYS:])))
        most = np.array([np.bincount(column[column != SUPPORTED], minlength=1).argmax() for column in found.T])
        against = np.where(share <= 1 - confidence, OF_VERDICT[most], CODE[Reason.MISSING_KEY])
        codes[row] = np.where(share >= confidence, OPEN, against)
    return codes


def abstentions(policy: Policy, patients: Patients) -> IntArray:
    """(n,) codes of why nothing at all can be ranked for a patient, ``OPEN`` if something can.

    A missing key fact, a category never seen or a number outside the training range speaks against any rank.
    """
    no_key = (patients.missing & policy.is_key).any(axis=1)
    strange = np.where(patients.outside.any(axis=1), CODE[Reason.OUT_OF_POPULATION], OPEN)
    return np.where(no_key, CODE[Reason.MISSING_KEY], strange)
