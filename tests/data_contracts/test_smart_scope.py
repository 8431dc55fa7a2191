"""Scopes of SMART App Launch: their grammar, forms of version 1, and which of them allow what others do."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.smart_scope import INTERACTIONS, LEVELS, BadScope, Grant, Scope, parse_grant, parse_scope

IN_ORDER = ["".join(c for c in INTERACTIONS if c in kept) for n in range(6) for kept in combinations(INTERACTIONS, n)]
TYPES, PARAMETERS, VALUES = ("Observation", "Condition"), ("category", "_tag"), ("1", "2", "3")
RESOURCES = [dict(zip(PARAMETERS, held, strict=True)) for held in product(VALUES, repeat=2)]

texts = st.text(min_size=1, max_size=8)
restrictions = st.tuples(st.sampled_from(PARAMETERS), st.frozensets(st.sampled_from(VALUES), min_size=1))


def scopes(values: Any = restrictions) -> Any:
    """Scopes of a small world: two types, and queries by two parameters."""
    queries = st.frozensets(values, max_size=2).map(lambda one: tuple(sorted(one, key=lambda r: (r[0], sorted(r[1])))))
    interactions = st.sampled_from([one for one in IN_ORDER if one])
    return st.builds(Scope, st.sampled_from(LEVELS), st.sampled_from(("*", *TYPES)), interactions, queries)


grants = st.lists(scopes(), max_size=4).map(lambda held: Grant(tuple(held)))


def accesses(scope: Scope) -> set[Any]:
    """Every single access that a scope allows in the small world: told anew, resource by resource.

    "Other" stands for all types that have no name in it.
    """
    types = (*TYPES, "Other") if scope.resource == "*" else (scope.resource,)
    alike = [n for n, one in enumerate(RESOURCES) if all(one[name] in held for name, held in scope.query)]
    return set(product((scope.level,), types, scope.interactions, alike))


def every(grant: Grant) -> set[Any]:
    """Every single access that a grant allows."""
    return set().union(*map(accesses, grant.scopes))


@given(scopes(st.tuples(st.sampled_from(PARAMETERS), st.frozensets(texts, min_size=1))))
def test_what_is_written_is_read(scope: Scope) -> None:
    """A scope that is written is read as the same, whatever its query's values hold."""
    assert parse_scope(str(scope)) == scope


def test_interactions_stand_in_order() -> None:
    """Of all texts of up to four of the letters c, r, u, d, s those alone are taken that are in order, each once."""
    tried = ["".join(one) for length in range(5) for one in product(INTERACTIONS, repeat=length)]
    taken = []
    for text in tried:
        try:
            taken.append(parse_scope(f"patient/Observation.{text}").interactions)
        except BadScope:
            continue
    assert sorted(taken) == sorted(one for one in IN_ORDER if 0 < len(one) < 5)


@pytest.mark.parametrize(("old", "new"), [("read", "rs"), ("write", "cud"), ("*", "cruds")])
def test_version_1_is_translated(old: str, new: str) -> None:
    """Forms of version 1 mean what version 2 says that they mean."""
    assert parse_scope(f"user/*.{old}") == parse_scope(f"user/*.{new}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("patient/Observation.read?category=1", "version 1"),
        ("patient/Observation.*?category=1", "version 1"),
        ("patient/Observation", "form"),
        ("patient/observation.rs", "form"),
        ("practitioner/Observation.rs", "form"),
        ("patient/Observation.rd ", "order"),
        ("patient/Observation.dus", "order"),
        ("patient/Observation.", "order"),
        ("patient/Observation.rs?", "modifiers"),
        ("patient/Observation.rs?code:in=http://v", "modifiers"),
        ("patient/Observation.rs?patient.birthdate=1990", "modifiers"),
        ("patient/Observation.rs?_filter=a eq 1", "modifiers"),
        ("patient/Observation.rs?_has:Provenance:target:agent=1", "modifiers"),
        ("patient/Observation.rs?category", "empty"),
        ("patient/Observation.rs?category=1,,2", "empty"),
        ("patient/Observation.rs?category=a\\,b", "backslash"),
    ],
)
def test_what_is_refused_says_why(text: str, why: str) -> None:
    """What is of no form is refused with the reason."""
    with pytest.raises(BadScope, match=why):
        parse_scope(text)


def test_a_reason_holds_nothing_of_the_text() -> None:
    """The reason does not say the text again, whose query may name a patient."""
    grant = parse_grant("patient/Observation.rs?patient.name=Canary patient/Canary patient/Canary.Canary")
    assert len(grant.refused) == 3
    assert "anary" not in "".join(grant.refused)


@given(st.text(max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    """Whatever stands in a token's scope is read, or refused with a reason; each word is one of the three."""
    read = parse_grant(text)
    assert len(read.scopes) + len(read.others) + len(read.refused) <= len(text.split())
    assert bool(text.split()) == bool(read.scopes or read.others or read.refused)


@given(scopes(), scopes())
def test_a_scope_covers_no_more_than_it_allows(one: Scope, other: Scope) -> None:
    """Whatever is said to be covered is allowed access by access; without queries the reverse holds too."""
    within = accesses(other) <= accesses(one)
    if one.covers(other):
        assert within
    elif not one.query and not other.query:
        assert not within


@given(scopes(), scopes(), scopes())
def test_covering_is_an_order(one: Scope, two: Scope, three: Scope) -> None:
    """A scope covers itself, and what a covered one covers."""
    assert one.covers(one)
    assert not (one.covers(two) and two.covers(three)) or one.covers(three)


@given(grants, grants)
def test_a_grant_covers_no_more_than_it_allows(one: Grant, other: Grant) -> None:
    """The same of several scopes together, whose interactions may come from different ones."""
    if one.covers(other):
        assert every(other) <= every(one)
    elif not any(scope.query for scope in (*one.scopes, *other.scopes)):
        assert not every(other) <= every(one)


@given(grants)
def test_the_shortest_form_says_the_same(grant: Grant) -> None:
    """`Observation.r Observation.s` is `Observation.rs`: each form allows what the other does, access by access."""
    short = parse_grant(str(grant))
    assert every(short) == every(grant)
    assert len({(one.level, one.resource, one.query) for one in short.scopes}) == len(short.scopes)


def test_words_of_identity_and_context_are_kept_apart() -> None:
    """`openid`, `launch/patient` and the like are no scopes on resources; what only looks like one is refused."""
    grant = parse_grant("openid fhirUser launch/patient patient/Observation.rs user/x.rs")
    assert grant.others == {"openid", "fhirUser", "launch/patient"}
    assert (len(grant.scopes), len(grant.refused), grant.is_clinical) == (1, 1, True)
    assert not parse_grant("openid launch").is_clinical
