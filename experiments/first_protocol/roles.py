"""Guesses which column is the patient, the arm, the start and the site, each with its reason."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from data_contracts.patient_count import MINIMUM_CELL
from data_contracts.tables import Table
from data_contracts.therapy import therapy_for
from experiments.first_protocol.hints import AFTER, ARM, BEFORE, CASE, EARLIER, PATIENT, SITE, START
from experiments.first_protocol.look import Look

MOST_ARMS, MOST_SITES = 23, 500


@dataclass(frozen=True)
class Guess:
    """A column in a role, and why it is thought to be that."""

    column: str
    why: str


@dataclass(frozen=True)
class Roles:
    """Who is who; None where nothing tells."""

    patient: Guess | None
    arm: Guess | None
    start: Guess | None
    site: Guess | None


def roles_of(table: Table, looks: Sequence[Look], patient: str | None = None, arm: str | None = None) -> Roles:
    """Guess the roles of a table's columns.

    Args:
        table: its words are looked at for names of therapies.
        looks: of its columns.
        patient, arm: what is known already.
    """
    who = Guess(patient, "as told") if patient else _patient(looks)
    given = Guess(arm, "as told") if arm else _arm(table, looks)
    taken = {guess.column for guess in (who, given) if guess}
    return Roles(who, given, _start(looks), _site([look for look in looks if look.name not in taken]))


def _patient(looks: Sequence[Look]) -> Guess | None:
    """The column named like a patient, or else like a case, with the most values; else a word in each row another."""
    named = [look for look in looks if _says(look, PATIENT | CASE) or "id" in look.words]
    many = [look for look in named if look.levels >= max(look.rows / 10, 2) and look.filled == look.rows]
    if many:
        best = max(many, key=lambda look: (_says(look, PATIENT), _says(look, CASE), look.levels))
        return Guess(best.name, f"its name, and {best.levels:,} different values in {best.rows:,} rows")
    single = [look for look in looks if look.kind == "words" and look.levels == look.rows]
    return Guess(single[0].name, "each row has another value") if len(single) == 1 else None


def _arm(table: Table, looks: Sequence[Look]) -> Guess | None:
    """The column of few values whose name speaks of therapy, or whose values are names of therapies."""
    few = [look for look in looks if look.is_coded and 2 <= look.levels <= MOST_ARMS and look.rest >= MINIMUM_CELL]
    known = {look.name: _therapies(table, look) for look in few}
    named = [look for look in few if look.words & ARM and not look.words & (AFTER | BEFORE)]
    if named:
        best = max(named, key=lambda look: (known[look.name], -len(look.words)))
        return Guess(best.name, f"its name, and {best.levels} different values")
    best_known = max(few, key=lambda look: known[look.name], default=None)
    if best_known is None or known[best_known.name] < 2:
        return None
    return Guess(best_known.name, f"{known[best_known.name]} of its values are names of therapies")


def _therapies(table: Table, look: Look) -> int:
    """How many of a column's words the catalogue of therapies knows."""
    if look.kind != "words":
        return 0
    return sum(therapy_for(value, {}) is not None for value in {*table.columns[look.name].tolist()} - {None})


def _start(looks: Sequence[Look]) -> Guess | None:
    days = [look for look in looks if look.kind == "day" and look.filled == look.rows]
    days = [look for look in days if not look.words & (AFTER | {"birth", "born"})]
    named = [look for hints in (START, EARLIER) for look in days if look.words & hints]
    if named:
        return Guess(named[0].name, "its name, and a day in each row")
    return Guess(days[0].name, "the only column with a day in each row") if len(days) == 1 else None


def _site(looks: Sequence[Look]) -> Guess | None:
    named = [look for look in looks if look.words & SITE and not look.words & AFTER]
    some = [look for look in named if 2 <= look.levels <= MOST_SITES and look.kind != "day"]
    return Guess(some[0].name, f"its name, and {some[0].levels} different values") if some else None


def _says(look: Look, hints: Collection[str]) -> bool:
    """Whether a hint stands anywhere in the name: "patientid" has no break."""
    return any(hint in word for word in look.words for hint in hints)
