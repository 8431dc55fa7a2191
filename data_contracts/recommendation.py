"""The recommendation: a ranked list for one patient, or the plain statement that there is none, with reasons."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from data_contracts.answer_part import answer_part
from data_contracts.arm_evidence import ArmEvidence
from data_contracts.availability import Availability
from data_contracts.data_query import DataQuery
from data_contracts.guideline_view import GuidelineView
from data_contracts.interval import Interval
from data_contracts.outcome_effect import OutcomeEffect
from data_contracts.preference_ranking import PreferenceRanking
from data_contracts.rank_set import RankSet
from data_contracts.similar_patients import SimilarPatients
from data_contracts.would_change import WouldChange

SafetyLevel = Literal["none", "assess_first", "refused"]
Status = Literal["offered", "excluded", "abstained"]
FindingKind = Literal["refuse", "hold", "acknowledge", "assess_first", "remove", "flag", "check", "ask", "nothing"]
InsteadKind = Literal["guideline_order", "study_averages", "ask_patient", "ask_person", "other_arm", "assess_safety"]


class Reason(StrEnum):
    """Why an arm has no rank."""

    NON_OVERLAP = "NON_OVERLAP"
    TOO_FEW_SIMILAR = "TOO_FEW_SIMILAR"
    MISSING_KEY = "MISSING_KEY"
    OUT_OF_POPULATION = "OUT_OF_POPULATION"
    SAFETY = "SAFETY"
    CONSENT = "CONSENT"
    CONFLICT = "CONFLICT"
    SENSITIVITY = "SENSITIVITY"
    NOT_COMPARABLE = "NOT_COMPARABLE"
    EXCLUDED = "EXCLUDED"


def status_of(reason: Reason | None) -> Status:
    """What comes of an arm by the reason against it."""
    if reason is None:
        return "offered"
    return "excluded" if reason is Reason.EXCLUDED else "abstained"


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


@answer_part
class Contribution:
    """How far one feature moves an effect away from the average, in outcome units."""

    feature: str
    amount: float


class Instead(_Data):
    """What to do where there is no rank.

    Attributes:
        kind: in one word: go by the guideline's order, by the study's averages, ask the patient, ask a person, take
            another therapy, assess safety.
        sentence: the same as a clinician reads it.
    """

    kind: InsteadKind
    sentence: str


@answer_part
class ArmAdvice:
    """What is said of one arm.

    Attributes:
        arm, label: name in the protocol and in words.
        status: offered (ranked unless safety forbids), excluded (by a clinician's reason) or abstained.
        reason: why not offered.
        effect: benefit over the reference for patients like this one, positive is better.
        average: the same over the study population; never to be read as the patient's.
        individualised: whether ``effect`` varies with the patient.
        rank: None where nothing is ranked.
        recommended: best served effect among the supported, allowed arms.
        expected_outcome: the outcome itself if this arm is given, with the range that 90 % of such patients fall in;
            None also where too few such patients who got it were followed up to give a range.
        outcomes: the same for every other outcome of the study, in the policy's order.
        overlap: how often patients like this one got it, in words; empty where it is not offered.
        similar: how many similar patients got it and how they fared; observed, not adjusted. None where too few did.
        contributions: of each feature to ``effect``; with the average's estimate they add up to it.
        flags: ids of the safety rules that fired on it; what they say stands in the findings.
        check_first: safety facts that are unknown and have to be asked before it is offered.
        evidence: what randomised trials and records say of it on average, side by side; never the patient's own.
        because: which features move the effect away from the average, in words; empty where it does not vary.
        people: of 100 people like this one, for how many each yes-or-no outcome is expected; only where it is shown.
        sentence: the whole in one plain sentence.
        availability: what the patient's site offers of it; None where that is not known. It changes no effect or rank.
        instead: what to do where the arm has no rank; None where it may be ranked or a clinician excluded it.
        plain_sentence: the same in a patient's words.
    """

    arm: str
    label: str
    status: Status
    reason: Reason | None = None
    effect: Interval | None = None
    average: Interval | None = None
    individualised: bool = False
    rank: RankSet | None = None
    recommended: bool = False
    expected_outcome: Interval | None = None
    outcomes: tuple[OutcomeEffect, ...] = ()
    overlap: str = ""
    similar: SimilarPatients | None = None
    contributions: tuple[Contribution, ...] = ()
    flags: tuple[str, ...] = ()
    check_first: tuple[str, ...] = ()
    evidence: ArmEvidence | None = None
    because: str = ""
    people: tuple[str, ...] = ()
    sentence: str = ""
    availability: Availability | None = None
    instead: Instead | None = None
    plain_sentence: str = ""


class SafetyFinding(_Data):
    """A safety rule that fired, or that could not be judged because a fact is unknown.

    Attributes:
        rule: its id.
        kind: what follows: if it fired, its effect; if it could not be judged, what is to be done first.
        arms: the arms concerned; none if it concerns the patient.
        sentence: what the clinician reads.
        ask: the question, if it could not be judged.
        missing: the facts that are unknown or too old, if it could not be judged.
        citation, verified: its source, and whether that was read.
        expired: whether its sources should have been read again before today; it holds all the same.
        acknowledged_by: if it waits for a named clinician, who has done what it asks for; None while it waits.
    """

    rule: str
    kind: FindingKind
    arms: tuple[str, ...] = ()
    sentence: str
    ask: str | None = None
    missing: tuple[str, ...] = ()
    citation: str
    verified: bool
    expired: bool = False
    acknowledged_by: str | None = None


class Safety(_Data):
    """What the safety rules say, before any model.

    Attributes:
        level: none, assess_first or refused.
        awaiting_acknowledgement: whether ranks are held back until named clinicians have done what rules ask for.
        waiting: ids of the rules that still wait for it.
        reason: why no arm is ranked: SAFETY or CONSENT if refused, CONSENT if consent is not known.
        findings: the rules behind the level.
    """

    level: SafetyLevel
    awaiting_acknowledgement: bool = False
    waiting: tuple[str, ...] = ()
    reason: Reason | None = None
    findings: tuple[SafetyFinding, ...] = ()


class Recommendation(_Data):
    """The answer for one patient.

    Attributes:
        patient_id: as asked.
        policy, study_id: which policy answered, and the hash of its protocol.
        estimand: the quantity behind every effect shown.
        unit, direction: of the outcome.
        confidence: nominal level of every interval and rank set.
        safety: told before anything else.
        arms: every arm of the study, the recommended first, then by effect.
        recommended: the arm with the best served effect, or None.
        tied_with: the other arms of the top set.
        guideline: what the guideline says of the arms, and why the answer differs; None if safety refuses.
        missing: features that were not given, effect modifiers first.
        would_change: what asking for each of them would change.
        unused: values given that neither the policy nor a rule reads.
        sentences: the answer in words for clinicians, to be read in order.
        plain_sentences: the answer in words for patients, for a talk with their clinician.
        preference: the ranking by what matters to the patient, beside that by effects; None if nothing was said of it.
        instead: what to do if no arm at all is ranked.
        queries: what contradicts itself in the record; what is in doubt counts as unknown, or as what is stricter.
    """

    patient_id: str
    policy: str
    study_id: str
    estimand: str
    unit: str
    direction: str
    confidence: float
    safety: Safety
    arms: tuple[ArmAdvice, ...]
    recommended: str | None
    tied_with: tuple[str, ...]
    guideline: GuidelineView | None = None
    missing: tuple[str, ...]
    would_change: tuple[WouldChange, ...] = ()
    unused: tuple[str, ...]
    sentences: tuple[str, ...]
    preference: PreferenceRanking | None = None
    instead: Instead | None = None
    queries: tuple[DataQuery, ...] = ()
    plain_sentences: tuple[str, ...] = ()
