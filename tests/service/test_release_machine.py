"""Any sequence of reviews, releases, decisions and passing days, on a real store: what never happens."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import SecretStr

from data_contracts.errors import BadInput, WrongState
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import ArmAdvice, Recommendation, Safety
from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.event import Choice, Event, Signature
from service.history_keeper import PageOf, find, write_down
from service.record import RecommendationRecord
from service.release import state_of
from service.sheet_release import sheet_for
from service.storage.answers import StoredRecommendation
from service.storage.database import open_database, upgrade
from service.storage.key_ring import new_ring
from service.storage.keys import Keys
from service.storage.store import Store

PEOPLE = st.sampled_from(["Dr A", "Dr B"])
ARMS = st.sampled_from(["cbt", "ssri", None, "magic"])
DIGEST = "c" * 64
ORDER = ["draft", "reviewed", "released"]

KEYS = Keys(new_ring(datetime(2026, 3, 1, tzinfo=UTC)))
ENTRY = Entry("recommendation", LOCAL_ACTOR, datetime(2026, 3, 1, tzinfo=UTC))


def answer(safety: Safety) -> Recommendation:
    """An answer that ranks CBT first."""
    told: dict[str, Any] = {"policy": "tiny", "study_id": "a", "estimand": "e", "unit": "points", "direction": "lower"}
    arms = tuple(ArmAdvice(arm=arm, label=arm, status="offered") for arm in ("cbt", "ssri"))
    rest: dict[str, Any] = dict.fromkeys(("tied_with", "missing", "unused", "sentences"), ())
    return Recommendation(
        patient_id="P-1", confidence=0.9, safety=safety, arms=arms, recommended="cbt", **told, **rest
    )


class Release(RuleBasedStateMachine):
    """One recommendation and whatever two clinicians try to do with it."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = open_database(SecretStr("sqlite:///:memory:"))
        upgrade(self.engine)
        self.store = Store(self.engine, KEYS)
        self.now = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
        self.seen: tuple[Event, ...] = ()

    @initialize(safety=st.sampled_from([Safety(level="none"), Safety(level="refused")]))
    def ask(self, safety: Safety) -> None:
        """A recommendation is made, with item 9 answered."""
        self.store.keep_policy(DIGEST, {"manifest.json": b"{}"}, ENTRY)
        self.safety, key = safety, uuid4()
        record = RecommendationRecord(
            id=key, created_at=self.now, state="draft", policy_manifest_sha256=DIGEST, contacts=(),
            recommendation=answer(safety),
        )  # fmt: skip
        self.bytes, self.key = record.model_dump_json().encode(), str(key)
        request = PatientProfile(patient_id="P-1", values={"phq9_item9": 0}).model_dump_json()
        self.store.add(StoredRecommendation(key, self.now, "P-1", DIGEST, request, self.bytes), ENTRY)

    @rule(by=PEOPLE)
    def review(self, by: str) -> None:
        """Somebody reviews."""
        self._try("review", Signature(by=by, role="GP"))

    @rule(by=PEOPLE)
    def release(self, by: str) -> None:
        """Somebody releases."""
        self._try("release", Signature(by=by, role="GP"), lambda _, event: event.by.encode())

    @rule(by=PEOPLE, arm=ARMS, why=st.sampled_from([None, "disagree"]))
    def decide(self, by: str, arm: str | None, why: Any) -> None:
        """Somebody decides."""
        self._try("decide", Choice(by=by, role="GP", arm=arm, reason="wish", override_code=why))

    @precondition(lambda self: self.now.day < 20)
    @rule(days=st.integers(1, 8))
    def wait(self, days: int) -> None:
        """Days pass."""
        self.now += timedelta(days=days)

    @invariant()
    def history_only_grows(self) -> None:
        """What was written down stays as it was, each action once, and the state never goes back."""
        events = find(self.store, self.key).events
        assert events[: len(self.seen)] == self.seen
        assert len({event.action for event in events}) == len(events)
        assert ORDER.index(state_of(events)) >= ORDER.index(state_of(self.seen))
        self.seen = events

    @invariant()
    def the_answer_stays(self) -> None:
        """The answer's bytes are those of the beginning."""
        assert self.store.get(self.key).response == self.bytes

    @invariant()
    def release_stands_on_review(self) -> None:
        """What is released was reviewed before, is no refusal, and held on that day; decisions stand on a review."""
        at = {event.action: event.at for event in self.seen}
        if "release" in at:
            assert at["review"] <= at["release"]
            assert self.safety.level == "none"
            assert (at["release"].date() - datetime(2026, 3, 1, tzinfo=UTC).date()).days <= 7
        if "decide" in at:
            assert at["review"] <= at["decide"]

    def teardown(self) -> None:
        """Close the database."""
        self.store.close()

    @invariant()
    def nobody_sees_a_sheet_before(self) -> None:
        """A sheet is given exactly while the recommendation is released and holds, and is the one of who released."""
        release = next((event for event in self.seen if event.action == "release"), None)
        try:
            page = sheet_for(self.store, self.key, self.now, LOCAL_ACTOR)
        except WrongState:
            assert release is None or self.now.date() > date(2026, 3, 8)
        else:
            assert release is not None
            assert page == release.by.encode()

    def _try(self, action: Any, signature: Signature, page_of: PageOf | None = None) -> None:
        self.now += timedelta(seconds=1)
        with contextlib.suppress(WrongState, BadInput):
            write_down(self.store, self.key, action, signature, self.now, page_of=page_of)


TestRelease = Release.TestCase
TestRelease.settings = settings(max_examples=25, stateful_step_count=20)
