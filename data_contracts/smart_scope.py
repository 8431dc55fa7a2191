"""Scopes of SMART App Launch: what a token lets its holder do with FHIR resources.

Written `patient/Observation.rs`: for whom (`patient`, `user`, `system`), which type (`*` is every type), which
interactions (create, read, update, delete, search; in that order), and after a `?` what the resources have to be like.
Forms of version 1 are read as version 2 says: `.read` is `.rs`, `.write` is `.cud`, `.*` is `.cruds`. What is of no
form grants nothing; the reason is told without the text, which may name a patient.

Source: HL7 SMART App Launch 2.2, Scopes and Launch Context (read in HL7/smart-app-launch,
input/pages/scopes-and-launch-context.md). Modifiers, chains and `_filter`, which it calls experimental, are refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import quote, unquote

Level = Literal["patient", "user", "system"]
LEVELS: tuple[Level, ...] = get_args(Level)
INTERACTIONS = "cruds"
VERSION_1 = {"read": "rs", "write": "cud", "*": "cruds"}
FORM = re.compile(r"(patient|user|system)/(\*|[A-Z][A-Za-z]{1,63})\.([^?]*)(?:\?(.*))?", re.DOTALL)
PARAMETER = re.compile(r"[a-z][A-Za-z0-9-]*|_id|_tag|_security|_profile|_source")

Query = tuple[tuple[str, frozenset[str]], ...]
"""What resources have to be like: each parameter with the values of which they need one; all of them together."""


class BadScope(ValueError):
    """A text is no scope of a form that is read; the message says why and holds nothing of it."""


@dataclass(frozen=True)
class Scope:
    """One scope.

    Attributes:
        level: whose resources: one patient's, those that the user may see, or those that the client may.
        resource: FHIR type; "*" is every type.
        interactions: out of "cruds", in that order, at least one.
        query: what the resources have to be like; sorted, empty for any.
    """

    level: Level
    resource: str
    interactions: str
    query: Query = ()

    def covers(self, other: Scope) -> bool:
        """Whether whoever holds this one may do all that the other allows.

        Levels are not compared with each other: what a user may see need not hold a patient's records, nor the other
        way round. Of queries it answers yes only where each restriction here is as strict in the other one.
        """
        return (
            self.level == other.level
            and self.resource in ("*", other.resource)
            and set(other.interactions) <= set(self.interactions)
            and all(any(name == own and values <= held for own, values in other.query) for name, held in self.query)
        )

    def __str__(self) -> str:
        """As version 2 writes it."""
        parts = [f"{name}={','.join(quote(one, safe=':/|') for one in sorted(held))}" for name, held in self.query]
        return f"{self.level}/{self.resource}.{self.interactions}" + (f"?{'&'.join(parts)}" if parts else "")


def parse_scope(text: str) -> Scope:
    """Read one scope.

    Raises:
        BadScope: it is of no form that is read.
    """
    match = FORM.fullmatch(text)
    if match is None:
        raise BadScope("Not of the form patient/Type.rs, user/Type.rs or system/Type.rs.")
    level, resource, suffix, query = match.groups()
    if suffix in VERSION_1 and query is not None:
        raise BadScope("A form of version 1 (.read, .write, .*) takes no query.")
    interactions = VERSION_1.get(suffix, suffix)
    if not interactions or interactions != "".join(one for one in INTERACTIONS if one in interactions):
        raise BadScope(f"Interactions are some of {INTERACTIONS}, each once and in that order.")
    return Scope(level, resource, interactions, _query(query) if query is not None else ())  # type: ignore[arg-type]


def _query(text: str) -> Query:
    found = set()
    for part in text.split("&"):
        name, _, values = part.partition("=")
        if not PARAMETER.fullmatch(name):
            raise BadScope("In a query modifiers, chains, _filter and _has are not read, nor what is no parameter.")
        held = frozenset(unquote(one) for one in values.split(","))
        if "" in held or "\\" in values:
            raise BadScope("In a query each parameter has values that are not empty, without a backslash.")
        found.add((name, held))
    return tuple(sorted(found, key=lambda one: (one[0], sorted(one[1]))))


@dataclass(frozen=True)
class Grant:
    """What the scopes of one token allow together.

    Attributes:
        scopes: on FHIR resources.
        others: of identity and context, as `openid` or `launch/patient`.
        refused: why texts that begin as scopes on resources are none.
    """

    scopes: tuple[Scope, ...] = ()
    others: frozenset[str] = frozenset()
    refused: tuple[str, ...] = ()

    @property
    def is_clinical(self) -> bool:
        """Whether anything is said of FHIR resources: then whatever is not granted is not allowed."""
        return bool(self.scopes or self.refused)

    def allows(self, resource: str, interactions: str, levels: Sequence[Level] = LEVELS, query: Query = ()) -> bool:
        """Whether each of the interactions with such resources is granted, at one of the levels.

        Args:
            resource: FHIR type; "*" asks for every type.
            interactions: out of "cruds".
            levels: at which a grant counts.
            query: what the resources that are wanted are like.
        """
        return all(
            any(own.covers(Scope(level, resource, one, query)) for own in self.scopes for level in levels)
            for one in interactions
        )

    def covers(self, other: Grant) -> bool:
        """Whether this one allows all that the other allows on FHIR resources."""
        return all(self.allows(one.resource, one.interactions, (one.level,), one.query) for one in other.scopes)

    def __str__(self) -> str:
        """Its scopes in their shortest form: those that differ in interactions alone are one."""
        joined: dict[tuple[Level, str, Query], set[str]] = {}
        for one in self.scopes:
            joined.setdefault((one.level, one.resource, one.query), set()).update(one.interactions)
        short = [
            Scope(level, resource, "".join(one for one in INTERACTIONS if one in held), query)
            for (level, resource, query), held in joined.items()
        ]
        return " ".join([*sorted(self.others), *map(str, short)])


def parse_grant(text: str) -> Grant:
    """Read the scopes of a token, which have blanks between them; nothing in it is an error."""
    scopes, others, refused = [], [], []
    for one in text.split():
        if not one.startswith(tuple(f"{level}/" for level in LEVELS)):
            others.append(one)
            continue
        try:
            scopes.append(parse_scope(one))
        except BadScope as error:
            refused.append(str(error))
    return Grant(tuple(dict.fromkeys(scopes)), frozenset(others), tuple(refused))
