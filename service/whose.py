"""Whose patients a command is about, where one database serves several organisations."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, select

from data_contracts.errors import BadUsage
from service.audit.actor import OPERATOR, Actor
from service.storage.schema import PERSONS


def operator_for(connection: Connection, organisation: str | None) -> Actor:
    """The operator, in the organisation whose patients they are.

    Args:
        connection: to read from.
        organisation: as `--organisation` names it; None for the only one that the database knows.

    Raises:
        BadUsage: the database knows several and none is named, or another is.
    """
    known = sorted(connection.execute(select(PERSONS.c.organisation).distinct()).scalars())
    if organisation is None and len(known) <= 1:
        organisation = known[0] if known else OPERATOR.principal.organisation
    if organisation is None or (known and organisation not in known):
        raise BadUsage(f"Say with --organisation whose patients they are. The database knows {', '.join(known)}.")
    return replace(OPERATOR, principal=OPERATOR.principal.model_copy(update={"organisation": organisation}))
