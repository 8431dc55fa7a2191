"""Who saw what and why: audit records as people read them, newest first, of one organisation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import ColumnElement, Connection, or_, select

from service.access.principal import UNKNOWN
from service.audit.entry import Kind
from service.storage.schema import AUDIT

KINDS: tuple[Kind, ...] = get_args(Kind)
FOR_ALL: tuple[Kind, ...] = ("policy", "keys", "retention", "taken_over", "restored", "stop", "lift")
"""What concerns the whole deployment: every organisation may read of it, unless it concerns another's patient."""


@dataclass(frozen=True)
class Search:
    """Which records are looked for.

    Attributes:
        organisation: whose; what concerns the whole deployment, and calls by strangers, are everybody's.
        kind: of what happened; None for any.
        about: words that stand in the record as a value: an answer's id, a person's id, who acted; None for any.
        before: places in the chain below this one alone; None from the newest on.
    """

    organisation: str
    kind: Kind | None = None
    about: str | None = None
    before: int | None = None


@dataclass(frozen=True)
class Remembered:
    """One audit record, as far as it concerns who looks back.

    Attributes:
        seq: its place in the chain.
        at: when, UTC.
        kind, outcome: what happened, and whether it came about.
        who, organisation, roles, purpose, address: who acted, as what, for what, from where.
        person, recommendation: whom and which answer it concerns, by their random ids.
        detail: codes, hashes and counts by name.
    """

    seq: int
    at: datetime
    kind: str
    outcome: str
    who: str
    organisation: str
    roles: tuple[str, ...]
    purpose: str
    address: str
    person: str | None
    recommendation: str | None
    detail: Mapping[str, str | int]


def look_back(connection: Connection, search: Search, most: int) -> tuple[Remembered, ...]:
    """The newest records that fit, at most so many.

    Args:
        connection: to read on.
        search: which.
        most: how many at most.
    """
    query = select(AUDIT.c.seq, AUDIT.c.content).where(*_conditions(search)).order_by(AUDIT.c.seq.desc())
    told = (_remembered(row.seq, json.loads(row.content)) for row in connection.execute(query.limit(most)))
    return tuple(one for one in told if _open_to(one, search.organisation))


def _conditions(search: Search) -> list[ColumnElement[bool]]:
    """In SQL, by the spelling of canonical JSON, where quotes in a value are escaped: none passes for a key."""
    ours = [_holds("organisation", one) for one in (search.organisation, UNKNOWN.organisation)]
    found = [or_(*ours, *(_holds("kind", kind) for kind in FOR_ALL))]
    if search.kind is not None:
        found.append(_holds("kind", search.kind))
    if search.about is not None:
        found.append(AUDIT.c.content.contains(f":{json.dumps(search.about, ensure_ascii=False)}", autoescape=True))
    if search.before is not None:
        found.append(AUDIT.c.seq < search.before)
    return found


def _holds(key: str, value: str) -> ColumnElement[bool]:
    return AUDIT.c.content.contains(f'"{key}":{json.dumps(value, ensure_ascii=False)}', autoescape=True)


def _open_to(one: Remembered, organisation: str) -> bool:
    if one.organisation in (organisation, UNKNOWN.organisation):
        return True
    return one.kind in FOR_ALL and one.person is None


def _remembered(seq: int, told: Mapping[str, Any]) -> Remembered:
    names = ("kind", "outcome", "who", "organisation", "purpose", "address", "person", "recommendation", "detail")
    return Remembered(
        seq=seq,
        at=datetime.fromisoformat(told["at"]),
        roles=tuple(told["roles"]),
        **{name: told[name] for name in names},
    )
