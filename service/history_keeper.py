"""Writes down what is done with a recommendation, in the order that the rules of release allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from data_contracts.errors import WrongState
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Recommendation
from service.audit.actor import LOCAL_ACTOR, Actor
from service.audit.entry import Entry, Kind
from service.audit.reading import reading
from service.card_outcome import card_outcomes
from service.consent import withdrawn_at
from service.event import Action, Choice, Decision, Event, FirstChoice, History, Signature, Withheld
from service.model_stop import check_in_service, stop_text
from service.record import RecommendationRecord
from service.release import (
    check_order,
    check_release,
    check_repeat,
    decision_of,
    first_choice_of,
    holds_until,
    obstacles,
    state_of,
    withdrawn_text,
)
from service.storage.answers import StoredRecommendation
from service.storage.consents import standing_of
from service.storage.events import Still
from service.storage.key_ring import KeyRing
from service.storage.person import PatientName
from service.storage.stops import stopped_at
from service.storage.store import Store
from service.withheld import FIRST, agreement_of, check_first_choice, check_shown, withheld_of

PageOf = Callable[["Kept", Event], bytes]
"""Makes the page that an event lets the patient see."""


@dataclass(frozen=True)
class Kept:
    """A kept recommendation with what was done with it.

    Attributes:
        record: as it was answered.
        profile: what was asked with.
        holds_until: the last day on which it may be released.
        events: what was done, in that order.
        row: as the store holds it.
        stopped_at: since when its model is out of service, UTC; None if it answers.
        withdrawn_at: when the patient withdrew from decision support, UTC; None if they did not.
    """

    record: RecommendationRecord
    profile: PatientProfile
    holds_until: date
    events: tuple[Event, ...]
    row: StoredRecommendation
    stopped_at: datetime | None = None
    withdrawn_at: datetime | None = None

    @property
    def answer(self) -> Recommendation:
        """The recommendation itself."""
        return self.record.recommendation

    def event(self, action: Action) -> Event | None:
        """What was written down of an action, if it was done."""
        return next((event for event in self.events if event.action == action), None)

    @property
    def withheld(self) -> Withheld | None:
        """Why its ranking is withheld now; None if it is shown."""
        return withheld_of(self.events)

    def obstacles(self, today: date) -> tuple[str, ...]:
        """What keeps it from the patient on a day, whoever reviewed it; each with what to do."""
        stopped = () if self.stopped_at is None else (stop_text(self.answer.policy, self.stopped_at),)
        withdrawn = () if self.withdrawn_at is None else (withdrawn_text(self.withdrawn_at),)
        return (*withdrawn, *stopped, *obstacles(self.answer, self.holds_until, today))


def find(store: Store, recommendation_id: str) -> Kept:
    """A kept recommendation.

    Raises:
        NotFound: there is none of that id.
        NotReady: the database cannot be reached.
    """
    row = store.get(recommendation_id)
    record = RecommendationRecord.model_validate_json(row.response)
    profile = PatientProfile.model_validate_json(row.request)
    until = holds_until(profile, record.created_at.date())
    with store.looking() as connection:
        now = _now(connection, store.ring, row, record.recommendation.policy)
    return Kept(record, profile, until, store.events(row.id), row, **now)


def check_advises(kept: Kept) -> None:
    """Refuse to rank anew by an answer of before: whose patient withdrew since, or whose model was stopped.

    Raises:
        WrongState, ModelStopped: one of the two.
    """
    if kept.withdrawn_at is not None:
        raise WrongState(withdrawn_text(kept.withdrawn_at))
    check_in_service(kept.answer.policy, kept.stopped_at)


def history_of(store: Store, kept: Kept, today: date) -> History:
    """Where a recommendation stands on a day: what was done with it, here and on its cards, and what came of it."""
    return History(
        recommendation_id=kept.record.id,
        state=state_of(kept.events),
        holds_until=kept.holds_until,
        release_obstacles=kept.obstacles(today),
        events=kept.events,
        cards=card_outcomes(store.card_feedback(kept.record.id), kept.answer),
        harms=len(store.harms(kept.record.id)),
        agreement=agreement_of(kept.events),
    )


def write_down(
    store: Store,
    recommendation_id: str,
    action: Action,
    signature: Signature,
    now: datetime,
    *,
    actor: Actor = LOCAL_ACTOR,
    page_of: PageOf | None = None,
) -> Kept:
    """Review, release or decide; the same said again changes nothing.

    Args:
        store: where it is kept.
        recommendation_id: of the recommendation.
        action: what is done.
        signature: who does it; a `Choice` for "decide", a `FirstChoice` for "first_choice".
        now: UTC.
        actor: who was found to call.
        page_of: makes the page that is kept with it, as a release needs one.

    Raises:
        NotFound: there is no such recommendation.
        WrongState: something comes first, forbids it, or something else was written down before.
        BadInput: the choice does not fit the recommendation.
        ModelStopped: a first choice would show the ranking of a model that is out of service.
        NotReady: the database cannot be reached.
    """
    kept = find(store, recommendation_id)
    decision = _decided(kept, signature)
    event = _event(action, signature, now, decision)
    if earlier := kept.event(action):
        check_repeat(event, earlier)
        store.note(reading(kept.row, actor, now, "history"))
        return kept
    if action == FIRST:
        check_first_choice(kept.withheld)
        check_in_service(kept.answer.policy, kept.stopped_at)
    check_order(action, kept.events)
    if action == "release":
        check_release(kept.obstacles(now.date()))
    page = page_of(kept, event) if page_of else None
    store.add_event(kept.record.id, event, _entry(event, actor), page, _still(kept, event, store.ring))
    # Somebody else may have been quicker by a moment: then theirs stays, and is compared with ours.
    kept = find(store, recommendation_id)
    check_repeat(event, kept.event(action) or event)
    return kept


def _decided(kept: Kept, signature: Signature) -> Decision | None:
    """What was chosen, beside the answer; all but a first choice takes a ranking that is shown."""
    if isinstance(signature, FirstChoice):
        return first_choice_of(signature, kept.answer)
    check_shown(kept.withheld)
    return decision_of(signature, kept.answer) if isinstance(signature, Choice) else None


def _now(connection: Connection, ring: KeyRing, row: StoredRecommendation, policy: str) -> Mapping[str, Any]:
    """What may have changed since an answer was made, by the names that `Kept` has."""
    standing = standing_of(connection, ring, PatientName(row.organisation, row.patient_id))
    return {"stopped_at": stopped_at(connection, policy), "withdrawn_at": withdrawn_at(standing)}


def _still(kept: Kept, event: Event, ring: KeyRing) -> Still | None:
    """What is looked at once more where it is written: a patient may have withdrawn since, or a model been stopped.

    It raises what `write_down` raises for that.
    """

    def still(connection: Connection) -> None:
        now = replace(kept, **_now(connection, ring, kept.row, kept.answer.policy))
        if event.action == "release":
            check_release(now.obstacles(event.at.date()))
        else:
            check_in_service(now.answer.policy, now.stopped_at)

    return still if event.action in ("release", FIRST) else None


def _entry(event: Event, actor: Actor) -> Entry:
    """What is remembered of an action beside the event: who signed and what for stay sealed."""
    kind: Kind = "decision" if event.action == "decide" else event.action
    if event.decision is None:
        return Entry(kind, actor, event.at)
    kind = "override" if (kind, event.decision.relation) == ("decision", "overrides") else kind
    return Entry(kind, actor, event.at, detail={"relation": event.decision.relation})


def _event(action: Action, who: Signature, now: datetime, decision: Decision | None) -> Event:
    return Event(action=action, by=who.by, role=who.role, note=who.note, at=now, decision=decision)
