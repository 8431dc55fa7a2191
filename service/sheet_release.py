"""Gives out the shared-decision sheet: made once, when it is released, and the same bytes ever after."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from data_contracts.errors import BadUsage, NotFound, WrongState
from data_contracts.manifest import MANIFEST, PolicyManifest
from data_contracts.whole_file import write_whole
from service.audit.actor import OPERATOR, Actor
from service.audit.reading import reading
from service.collaborators import Collaborators
from service.console import tell
from service.event import Event
from service.history_keeper import Kept, PageOf, check_advises, find
from service.release import ASK_AGAIN, state_of
from service.storage.command_store import command_store
from service.storage.store import Store
from service.utc import utc_now

NEXT = {
    "draft": "A named clinician has to review it (POST to its /review) and then to release it (POST to its /release).",
    "reviewed": "It was reviewed and not released. A named clinician has to release it (POST to its /release).",
}


def released_page(given: Collaborators) -> PageOf:
    """Makes the sheet at the moment of its release, from what is kept of the policy that answered."""

    def page(kept: Kept, release: Event) -> bytes:
        from service.sheet_page import sheet_page  # jinja2: not needed to start

        documents = given.store.policy(kept.record.policy_manifest_sha256)
        manifest = PolicyManifest.model_validate_json(documents[MANIFEST])
        return sheet_page(kept, kept.event("review") or release, release, manifest, given.contacts)

    return page


def sheet_for(store: Store, recommendation_id: str, now: datetime, actor: Actor) -> bytes:
    """The sheet as it was released; that it was given is remembered.

    Raises:
        NotFound: there is no such recommendation.
        WrongState: no named clinician has reviewed and released it, what it rests on is too old by now, or the
            patient has withdrawn.
        ModelStopped: the model behind it was taken out of service.
        NotReady: the database cannot be reached.
    """
    kept = find(store, recommendation_id)
    state = state_of(kept.events)
    if state != "released":
        raise WrongState(f"This recommendation is no patient's to see yet. {NEXT[state]}")
    check_advises(kept)
    if now.date() > kept.holds_until:
        raise WrongState(f"The sheet was good until {kept.holds_until}. {ASK_AGAIN}")
    page = store.page(kept.record.id)
    if page is None:
        raise NotFound(f"It was released before sheets were made. {ASK_AGAIN}")
    store.note(reading(kept.row, actor, now, "sheet"))
    return page


def write_sheet(recommendation_id: str, out: Path) -> int:
    """`equipoise sheet`: write the released sheet of a recommendation in the service's database.

    Raises:
        BadUsage: the file cannot be written.
        NotFound, WrongState, NotReady: as for `sheet_for`.
    """
    with command_store() as store:
        page = sheet_for(store, recommendation_id, utc_now(), OPERATOR)
    try:
        write_whole(out, page, private=True)
    except OSError as error:
        raise BadUsage(f"--out cannot be written ({error.strerror}). Name another file.") from None
    tell(f"Wrote {out}: one side of A4, to be printed from a browser.")
    return 0
