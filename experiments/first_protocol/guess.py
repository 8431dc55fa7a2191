"""Puts the guesses together: all that a first protocol says, or what has to be told before there can be one."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from data_contracts.cell_text import cell_texts
from data_contracts.derived_outcomes import NEEDED, WITHOUT_BASELINE
from data_contracts.errors import BadInput, Problem
from data_contracts.instrument_name import item_for
from data_contracts.secondary_outcome import DerivedRole
from data_contracts.tables import Table
from experiments.first_protocol.arms import NamedArms, named_arms
from experiments.first_protocol.covariates import Covariates, covariates_of
from experiments.first_protocol.look import Look, look_at
from experiments.first_protocol.outcome import Measured, measured, scores_of
from experiments.first_protocol.plain_name import plain_name
from experiments.first_protocol.roles import Guess, Roles, roles_of

Direction = Literal["lower_is_better", "higher_is_better"]


@dataclass(frozen=True)
class Told:
    """What a person has said of a table, and need not be guessed.

    Attributes:
        patient, arm, outcome: columns.
        better: which end of the outcome is; lower where it is the total of a known instrument.
    """

    patient: str | None = None
    arm: str | None = None
    outcome: str | None = None
    better: Literal["lower", "higher"] | None = None


@dataclass(frozen=True)
class FirstProtocol:
    """A first protocol for a table.

    Attributes:
        source: the table's file name, from which the study's ``name`` is made.
        form: in what form it is written; empty for a plain one.
        patient, arm, start, site: columns in these roles.
        arms: the therapies compared.
        outcome: the primary one, with its ``direction`` and ``unit``.
        derived: roles of the outcomes that its instrument's rules make of it.
        covariates: the rest of the columns.
    """

    source: str
    form: str
    name: str
    patient: Guess
    arm: Guess
    start: Guess | None
    site: Guess | None
    arms: NamedArms
    outcome: Measured
    direction: Direction
    unit: str
    derived: tuple[DerivedRole, ...]
    covariates: Covariates


def first_protocol(table: Table, told: Told) -> FirstProtocol:
    """Guess a protocol for a table with one row an episode, but for what is told.

    Raises:
        BadInput: no column for the patient, the arm or the outcome, or nothing known at the start; all told at once.
    """
    looks = look_at(table)
    if strangers := list(_strangers(table, told)):
        raise BadInput(strangers)
    roles, scores = roles_of(table, looks, told.patient, told.arm), scores_of(looks)
    outcome = measured(scores, told.outcome)
    problems = list(_problems(table.source, roles, outcome, told, looks))
    if roles.patient is None or roles.arm is None or outcome is None or problems:
        raise BadInput(problems)
    taken = {guess.column for guess in (roles.patient, roles.arm, roles.start, roles.site) if guess}
    taken |= {outcome.column, *outcome.between}
    covariates = covariates_of([look for look in looks if look.name not in taken], scores, outcome)
    arms = named_arms(table.columns[roles.arm.column], cell_texts(table.columns[roles.patient.column]))
    if problems := list(_thin(table.source, roles.arm, arms, covariates)):
        raise BadInput(problems)
    return FirstProtocol(
        source=table.source,
        form=table.form,
        name=plain_name(Path(table.source).stem).replace("_", "-"),
        patient=roles.patient,
        arm=roles.arm,
        start=roles.start,
        site=roles.site,
        arms=arms,
        outcome=outcome,
        direction="higher_is_better" if told.better == "higher" else "lower_is_better",
        unit=f"{outcome.instrument.id} points" if outcome.instrument else "points",
        derived=_derived(outcome, looks),
        covariates=covariates,
    )


def _strangers(table: Table, told: Told) -> Iterator[Problem]:
    for name in (told.patient, told.arm, told.outcome):
        if name is not None and name not in table.columns:
            near = difflib.get_close_matches(name, table.columns, n=1)
            step = f"Did you mean {near[0]}?" if near else "Check the name."
            yield Problem(table.source, f"a column {name}, as told", "no such column", step)


def _problems(
    source: str, roles: Roles, outcome: Measured | None, told: Told, looks: Sequence[Look]
) -> Iterator[Problem]:
    """What has to be told."""
    if roles.patient is None:
        expected = "a column that says whose episode each row is"
        step = "Say which with --patient COLUMN; if each row is another patient and there is none, number the rows."
        yield Problem(source, expected, "none by its name", step)
    if roles.arm is None:
        expected = "a column with the therapy started, of 2 to 23 different values"
        yield Problem(source, expected, "none by its name or values", "Say which with --arm COLUMN.")
    if outcome is None:
        yield _no_outcome(source, looks)
    elif outcome.instrument is None and told.better is None:
        step = "Say which end of it is better with --better lower or --better higher."
        yield Problem(f"{source}, {outcome.column}", "the total of a known instrument", "another measure", step)


def _no_outcome(source: str, looks: Sequence[Look]) -> Problem:
    expected = "two columns with totals of one known instrument, at the start and later"
    items = dict.fromkeys(item.instrument.id for look in looks if (item := item_for(look.name)))
    if not items:
        return Problem(
            source, expected, "none by their names", "Say which column is the outcome with --outcome COLUMN."
        )
    step = (
        "Add columns with their totals, empty where an answer is missing, or name the outcome with --outcome COLUMN."
    )
    return Problem(source, expected, f"single items alone, of {', '.join(items)}", step)


def _thin(source: str, arm: Guess, arms: NamedArms, covariates: Covariates) -> Iterator[Problem]:
    if len(arms.names) < 2:
        step = "Say with --arm COLUMN where the therapy stands."
        yield Problem(
            f"{source}, {arm.column}", "two therapies that 11 patients or more started", str(len(arms.names)), step
        )
    if not covariates.modifiers:
        step = "Name a column that was known at the start so that it says so, for example age or phq9_week0."
        yield Problem(source, "a column that effects may vary with", "none by its name", step)


def _derived(outcome: Measured, looks: Sequence[Look]) -> tuple[DerivedRole, ...]:
    """What the instrument's rules make of the outcome; dropout where some have none."""
    instrument = outcome.instrument
    made: list[DerivedRole] = [
        role
        for role, figure in NEEDED.items()
        if instrument and getattr(instrument, figure) and (outcome.baseline or role in WITHOUT_BASELINE)
    ]
    lost = any(look.name == outcome.column and look.filled < look.rows for look in looks)
    return (*made, "dropout") if lost else tuple(made)
