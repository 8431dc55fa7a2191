"""`equipoise stop`, `equipoise lift` and `equipoise stops`: the kill switch for who is at the service's machine."""

from __future__ import annotations

from typing import Literal

from service.audit.actor import OPERATOR
from service.audit.entry import Entry
from service.console import tell
from service.model_stop import StopOrder, standing_of, stopped_by, told_hands
from service.request_body import read_document
from service.storage.stops import known_models
from service.storage.store import Store
from service.utc import utc_now


def turn_switch(store: Store, command: Literal["stop", "lift"], policy: str, by: str, why: str) -> int:
    """Take a model out of service or back, on all replicas of the database.

    Raises:
        NotFound: no such model ever answered here.
        WrongState: it is to be lifted and is not stopped.
        BadInput: name or reason are empty or too long.
    """
    order = read_document(StopOrder, {"by": by, "role": "operator of the service", "why": why}, "the order")
    if command == "stop":
        store.turn(policy, "stopped", order, Entry("stop", OPERATOR, utc_now()))
        tell(f"{policy} is out of service: no replica of this database gives advice by it from now on.")
        tell("Safety rules go on being heard. Released sheets are not given out. To put it back: equipoise lift.")
    else:
        held = stopped_by(store.stops(policy))
        store.turn(policy, "lifted", order, Entry("lift", OPERATOR, utc_now()))
        tell(f"{policy} is in service again. It was stopped by {told_hands(held) or 'nobody'}.")
    return 0


def tell_stops(store: Store) -> int:
    """Every model that answered here, whether it is in service, and every turn of its switch."""
    with store.reading() as connection:
        models = known_models(connection)
    for policy in models:
        standing = standing_of(policy, store.stops(policy))
        out = f"OUT OF SERVICE, stopped by {told_hands(standing.stopped_by)}"
        tell(f"{policy}: {'in service' if standing.in_service else out}")
        for change in standing.changes:
            who = f"{change.order.by}, {told_hands((change.organisation,))}"
            tell(f"  {change.at:%Y-%m-%d %H:%M} UTC {change.switch} by {who}: {change.order.why}")
    return 0
