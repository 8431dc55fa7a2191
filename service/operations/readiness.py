"""What the service needs to answer, part by part, and whether each is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from data_contracts.errors import NotReady
from service.collaborators import Collaborators
from service.model_stop import stop_text
from service.served_policy import ServedPolicy

State = Literal["ok", "warning", "failed"]


class ReadinessPart(BaseModel):
    """One thing that serving needs or looks at.

    Attributes:
        name: which.
        state: ok; warning, if the service goes on without it; failed, if it cannot.
        told: what was found, in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal[
        "running", "policy", "model", "promotion", "database", "contacts", "rules", "champion", "registry", "fhir"
    ]
    state: State
    told: str


def parts_of(given: Collaborators) -> tuple[ReadinessPart, ...]:
    """Every part, in the order in which they matter."""
    now = given.clock()
    try:
        served = given.served()
    except NotReady as error:
        policy: tuple[ReadinessPart, ...] = (_part("policy", str(error), ""),)
    else:
        policy = (*_of_policy(served, now.date()), *_of_switch(served, given))
    draining = (
        "The process was told to stop; what has begun is finished." if given.operations.draining.is_set() else ""
    )
    contacts = "" if given.contacts else "There are no crisis contacts. Set EQUIPOISE_CONTACTS."
    return (
        _part("running", draining, "Takes requests."),
        *policy,
        _part("database", given.store.problem() or "", "Reachable, of this version's schema."),
        _part("contacts", contacts, f"{len(given.contacts)} known."),
        *_of_sources(given, now),
        *_of_record_systems(given),
    )


def _of_policy(served: ServedPolicy, today: date) -> Iterator[ReadinessPart]:
    source = served.source
    yield _part("policy", "", f"Verified: {source.manifest.name}, manifest {source.manifest_sha256}.")
    promoted = source.promotion
    ok = f"Version {promoted.version} of {promoted.name}, promoted {promoted.at[:10]}." if promoted else ""
    yield _part("promotion", "" if promoted else "Nobody has promoted the policy that is served.", ok)
    overdue = served.rules.overdue(today)
    past = ", ".join(f"{rule.id} ({rule.review_by})" for rule in overdue)
    wrong = f"Past their review, and firing all the same: {past}. See `equipoise check`." if overdue else ""
    yield _part("rules", wrong, f"{len(served.rules.rules)} in date.")


def _of_switch(served: ServedPolicy, given: Collaborators) -> Iterator[ReadinessPart]:
    """A model that is out of service is a warning: a replica that is taken away could not tell of danger."""
    name = served.source.manifest.name
    try:
        at = given.store.stopped_at(name)
    except NotReady:  # the database's own part says so
        return
    yield _part("model", stop_text(name, at) if at else "", "In service.", "warning")


def _of_sources(given: Collaborators, now: datetime) -> Iterator[ReadinessPart]:
    """Where policies come from: without them the service goes on with the one that it has."""
    refused = given.operations.refused()
    told = f"The newest champion is not served, the one of before is. {refused}" if refused else ""
    yield _part("champion", told, "The newest that is known is served.", "warning")
    note = given.operations.registry()
    if note is not None:
        ok = f"Answered at {note.at.isoformat(timespec='seconds')}."
        gone = f"The service goes on with its verified policy. {told}" if (told := note.told(now)) else ""
        yield _part("registry", gone, ok, "warning")


def _of_record_systems(given: Collaborators) -> Iterator[ReadinessPart]:
    """Where what is not prefetched is fetched; without them prefetch is all, and what it lacks is a 412."""
    if given.reads is not None:
        gone = "; ".join(f"{server}: {how}" for server, how in sorted(given.reads.failures().items()))
        told = f"The last read failed, so that cards are made of prefetch alone. {gone}" if gone else ""
        yield _part("fhir", told, "No read has failed.", "warning")


def _part(name: str, wrong: str, ok: str, otherwise: State = "failed") -> ReadinessPart:
    return ReadinessPart.model_validate({"name": name, "state": otherwise if wrong else "ok", "told": wrong or ok})
