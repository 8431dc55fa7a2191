"""A kept recommendation of any arms and counts, and its sheet, without a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from data_contracts.basis import Basis
from data_contracts.encoding import Encoding
from data_contracts.interval import Interval
from data_contracts.manifest import ArmRecord, PolicyManifest
from data_contracts.outcome_effect import OutcomeEffect
from data_contracts.profile import PatientProfile
from data_contracts.protocol import Outcome
from data_contracts.recommendation import ArmAdvice, Reason, Recommendation, Safety, status_of
from data_contracts.secondary_outcome import BETTER, SHARE, Role, SecondaryOutcome
from data_contracts.therapy import load_therapies
from service.contact import Contact
from service.event import Event
from service.history_keeper import Kept
from service.record import RecommendationRecord
from service.storage.answers import StoredRecommendation

ROLES: tuple[Role, ...] = ("response", "dropout", "side_effect")
NIL: dict[str, Any] = {"features": (), "centre": (), "scale": ()}
MADE = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
Counts = Mapping[str, tuple[float, float, float]]


class Case:
    """One kept recommendation and what its sheet is made from."""

    def __init__(self, arms: Sequence[ArmAdvice], manifest: PolicyManifest, **changes: Any) -> None:
        told: dict[str, Any] = {"policy": "p", "study_id": "a", "estimand": "e", "unit": "u", "direction": "lower"}
        rest: dict[str, Any] = dict.fromkeys(("tied_with", "missing", "unused", "sentences"), ())
        patient = changes.get("patient_id", "P-1")
        answer = Recommendation(
            patient_id=patient, confidence=0.9, safety=Safety(level="none"), arms=tuple(arms), recommended=None,
            **told, **rest,
        )  # fmt: skip
        record = RecommendationRecord(
            id=UUID(int=1), created_at=MADE, state="draft", policy_manifest_sha256="c", contacts=(),
            recommendation=answer,
        )  # fmt: skip
        profile = PatientProfile(patient_id=patient, values={"phq9_week0": changes.get("score", 12.0)})
        row = StoredRecommendation(record.id, MADE, patient, "c", profile.model_dump_json(), b"")
        self.kept, self.manifest = Kept(record, profile, date(2026, 3, 8), (), row), manifest
        by, role = changes.get("by", "Dr A. Mbeki"), changes.get("role", "GP, licence 123456")
        self.review = Event(action="review", by=by, role=role, note=None, at=MADE)
        self.release = Event(action="release", by=by, role=role, note=None, at=MADE)
        crisis = (("Crisis line", "+00 000 000", "day and night"), ("Emergency services", "000", "life is in danger"))
        self.contacts = changes.get("contacts") or tuple(Contact(name=n, phone=p, when=w) for n, p, w in crisis)

    def page(self) -> bytes:
        """The sheet as a page."""
        from service.sheet_page import sheet_page

        return sheet_page(self.kept, self.review, self.release, self.manifest, self.contacts)


def advice(
    arm: str,
    label: str | None = None,
    counts: Counts | None = None,
    reason: Reason | None = None,
    check_first: tuple[str, ...] = (),
) -> ArmAdvice:
    """Advice on one arm, with how many of 100 by outcome."""
    told = tuple(
        OutcomeEffect(outcome=name, unit=SHARE, of_hundred=Interval(estimate=about, lower=lower, upper=upper))
        for name, (about, lower, upper) in (counts or {}).items()
    )
    return ArmAdvice(
        arm=arm, label=label or arm, status=status_of(reason), reason=reason, outcomes=told, check_first=check_first
    )


def manifest_of(arms: Mapping[str, str | None], roles: Sequence[Role] = ROLES, unit: str = "PHQ-9") -> PolicyManifest:
    """A policy of these arms (name -> therapy) whose further outcomes are called by their roles."""
    outcomes = tuple(
        SecondaryOutcome(
            name=role, unit=SHARE, kind="yes_no", role=role, direction=BETTER[role],
            side_effect="nausea" if role == "side_effect" else None,
        )
        for role in roles
    )  # fmt: skip
    return PolicyManifest(
        name="p", study_id="a", data_fingerprint="b", outcome_range=(0, 27), confidence=0.9, min_propensity=0.02,
        arms=tuple(ArmRecord(name=name, therapy=key, episodes=400, ranked=True) for name, key in arms.items()),
        outcome=Outcome(column="phq9", baseline="phq9_week0", direction="lower_is_better", unit=f"{unit} points"),
        encoding=Encoding(**NIL), effect_modifiers=(), basis=Basis(columns=0, centre=(), scale=()),
        gates=(), individualisation=(), estimand="e", secondary=outcomes,
    )  # fmt: skip


COUNTED: Counts = {"response": (52.4, 45.2, 60.1), "dropout": (18.0, 11.9, 25.0), "side_effect": (9.0, 4.0, 15.0)}


@pytest.fixture(scope="session")
def case_of() -> Callable[..., Case]:
    """Make a case of the first n therapies of the catalogue, all of them counted."""

    def make(n: int, **changes: Any) -> Case:
        keys = list(load_therapies())[:n]
        counts = changes.pop("counts", COUNTED)
        arms = [advice(key.lower(), counts=counts, check_first=("bipolar_disorder",)) for key in keys]
        return Case(arms, manifest_of({key.lower(): key for key in keys}), **changes)

    return make


@pytest.fixture(scope="session")
def kit() -> Any:
    """Parts for a case of one's own."""

    class Kit:
        case, advice, manifest, counted = Case, staticmethod(advice), staticmethod(manifest_of), COUNTED

    return Kit
