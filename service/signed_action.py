"""Does what somebody signed, and remembers it also where the rules of release refuse."""

from __future__ import annotations

from data_contracts.errors import WrongState
from service.audit.actor import Actor
from service.audit.entry import Entry, Kind
from service.collaborators import Collaborators
from service.event import Action, Signature
from service.history_keeper import Kept, write_down
from service.sheet_release import released_page
from service.signing import signed_by


def do_signed(given: Collaborators, name: str, action: Action, signature: Signature, actor: Actor) -> Kept:
    """Review, release, decide or choose first on the recommendation of that id.

    Raises:
        NotFound, WrongState, BadInput, NotReady: as for `write_down`.
    """
    now = given.clock()
    page_of = released_page(given) if action == "release" else None
    try:
        return write_down(given.store, name, action, signed_by(signature, actor), now, actor=actor, page_of=page_of)
    except WrongState:
        row = given.store.get(name)
        kind: Kind = "decision" if action == "decide" else action
        given.store.note(Entry(kind, actor, now, "refused", row.person, row.id))
        raise
