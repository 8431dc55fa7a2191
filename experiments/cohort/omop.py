"""Reads an OMOP common data model 5.4 into event tables, by expressions that any database that ibis speaks to runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import ibis
import pyarrow as pa

from data_contracts.episode import LeftOut
from data_contracts.errors import BadInput, Problem, RowName
from data_contracts.event_tables import WHAT
from data_contracts.record_words import Meaning, meanings
from data_contracts.target_trial import TargetTrial
from experiments.cohort.cleaning import clean
from experiments.cohort.courses import joined
from experiments.cohort.event_source import FILE, ROW, EventSource, Expression, kept, kept_typed
from experiments.cohort.fixed import with_fixed
from experiments.cohort.joins import having, lacking
from experiments.cohort.omop_tables import CLINICAL, IS_CDM, CdmTable, needed_columns
from experiments.cohort.said import left_out, observed, of_table

NAMES = {"patients": "person", "treatments": "the clinical tables", "measures": "measurement and observation"}
NAMES |= {"events": "the clinical tables"}


def open_omop(connection: Any, tables: Mapping[str, Expression], trial: TargetTrial) -> EventSource:
    """Event tables of a CDM.

    Args:
        connection: the ibis backend.
        tables: the CDM's tables by their names in lower case, with their columns in lower case.
        trial: says what local concepts mean, and how prescriptions become courses.

    Raises:
        BadInput: tables or columns are missing; all are listed.
    """
    if problems := list(_column_problems(connection, tables)):
        raise BadInput(problems)
    meant = [meaning for meaning in meanings(trial) if meaning.system == "OMOP" and meaning.code.isdigit()]
    concepts, every = _concepts(connection, tables, meant), _every_row(tables)
    # A table of its own, as everything else asks it; without it the CDM would be read once for each question.
    rows = kept(connection, "coded", every.join(concepts, "concept").drop("concept"))
    fixed = rows.filter(rows.kind == "patients")
    words = sorted({one.word for one in meant if one.table == "patients" and not one.value})
    people = with_fixed(_people(tables, meant), fixed, words)
    people, rows, unseen = observed(people, rows)
    empty = rows.filter(rows.kind == "measures", rows.value.isnull())
    rows = rows.filter((rows.kind != "measures") | rows.value.notnull())
    typed = kept_typed(connection, {"patients": people} | {name: of_table(rows, name) for name in WHAT})
    desk = clean(connection, typed, trial.cleaning)
    return EventSource(
        connection,
        NAMES,
        desk.tables,
        joined(connection, desk.tables, trial.course_gap_days),
        lambda file: RowName("row", f"{file}_id"),
        (
            *_left_out(connection, tables, unseen),
            *left_out(connection, empty, "rows of measures without a number"),
            *desk.done,
        ),
        fixed=fixed,
        miscoded=_misplaced(every, concepts),
        problems=tuple(desk.problems),
    )


def _column_problems(connection: Any, tables: Mapping[str, Expression]) -> Iterator[Problem]:
    for name, columns in needed_columns().items():
        if name not in tables:
            if name in IS_CDM:
                yield Problem(name, "a table of the OMOP CDM 5.4", "no such table", "Name the schema that holds it.")
            continue
        schema = tables[name].schema()
        if missing := [column for column in columns if column not in schema]:
            step = "Bring the table to version 5.4 of the CDM."
            yield Problem(name, f"the columns {', '.join(missing)}", "no such columns", step)
        for column in columns:
            if column in schema and not _is_right(connection, tables[name], column):
                what = "date" if column.endswith("_date") else "number"
                step = f"Give it the type {what}."
                yield Problem(f"{name}, {column}", f"{what}s", "a column of another type", step)


def _is_right(connection: Any, table: Expression, column: str) -> bool:
    """Whether a date is a date and a number a number; a column that holds nothing may be of any type."""
    type_ = table.schema()[column]
    wrong = column.endswith("_date") and not type_.is_temporal()
    wrong |= column == "value_as_number" and not type_.is_numeric()
    return not (wrong and int(connection.to_pyarrow(table[column].count()).as_py()))


def _concepts(connection: Any, tables: Mapping[str, Expression], meant: Sequence[Meaning]) -> Expression:
    """One row a concept and what it means; where the database knows descendants, also of these.

    A prescription names a product and a protocol the substance: the vocabulary says which products hold it.
    """
    cells = [{"kind": one.table, "word": one.word, "concept": int(one.code)} for one in meant if one.value is None]
    types = {"kind": pa.string(), "word": pa.string(), "concept": pa.int64()}
    named = ibis.memtable(pa.Table.from_pylist(cells, pa.schema(types)))
    if "concept_ancestor" in tables:
        ancestor = tables["concept_ancestor"].select(
            above=ibis._.ancestor_concept_id.cast("int64"), below=ibis._.descendant_concept_id.cast("int64")
        )
        below = named.join(ancestor, named.concept == ancestor.above)
        below = below.select("kind", "word", concept=below.below)
        named = named.union(below, distinct=True)
    return kept(connection, "meant", named)


def _every_row(tables: Mapping[str, Expression]) -> Expression:
    """All rows of all clinical tables."""
    parts = [_rows(name, tables[name], table) for name, table in CLINICAL.items() if name in tables]
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _misplaced(every: Expression, concepts: Expression) -> Expression:
    """Rows that mean a word by the concept of their source's code, and by their standard concept none."""
    others = lacking(every, concepts, "concept")
    return having(others, concepts.select(source_concept=concepts.concept), "source_concept")


def _rows(name: str, table: Expression, cdm: CdmTable) -> Expression:
    there = table.columns
    start = table[cdm.start].cast("date")
    end = table[cdm.end].cast("date") if cdm.end in there else start
    number = table.value_as_number.cast("float64") if cdm.has_value else ibis.null("float64")
    text = table.value_as_string.cast("string") if "value_as_string" in there else ibis.null("string")
    source = table[cdm.source_concept] if cdm.source_concept in there else ibis.null("int64")
    unit = table.unit_concept_id.cast("int64") if "unit_concept_id" in there else ibis.null("int64")
    return table.select(
        **{FILE: ibis.literal(name), ROW: table[f"{name}_id"].cast("int64")},
        patient_id=table.person_id.cast("string"),
        concept=table[cdm.concept].cast("int64"),
        source_concept=source.cast("int64"),
        date=start,
        # Sessions are often recorded by their day alone.
        end_date=ibis.coalesce(end, start),
        value=number,
        text=text,
        unit=unit.nullif(0).cast("string"),
    )


def _people(tables: Mapping[str, Expression], meant: Sequence[Meaning]) -> Expression:
    """One row a person: birth, death, since when observed, and what does not change."""
    person = tables["person"]
    fixed = person.mutate(
        **{FILE: ibis.literal("person"), ROW: person.person_id.cast("int64")},
        patient_id=person.person_id.cast("string"),
        birth_date=_birth(person),
        sex=_sex(person, meant),
    )
    people = fixed.left_join(_observed_from(tables["observation_period"]), "patient_id").drop("patient_id_right")
    if "death" in tables:
        death = tables["death"]
        died = death.group_by(patient_id=death.person_id.cast("string")).agg(death_date=death.death_date.min())
        died = died.mutate(death_date=died.death_date.cast("date"))
        people = people.left_join(died, "patient_id").drop("patient_id_right")
    if "care_site" in tables and "care_site_id" in person.columns:
        place = tables["care_site"]
        named = place.select(place_id=place.care_site_id.cast("string"), site=place.care_site_name.cast("string"))
        people = people.left_join(named, people.care_site_id.cast("string") == named.place_id).drop("place_id")
    return people


def _birth(person: Expression) -> Expression:
    """The day of birth; where month or day are not told, the first: a person then counts as older, as OHDSI does.

    Empty where year, month and day are no date.
    """
    month = person.month_of_birth if "month_of_birth" in person.columns else ibis.null("int64")
    day = person.day_of_birth if "day_of_birth" in person.columns else ibis.null("int64")
    year, month, day = (part.cast("int32") for part in (person.year_of_birth, month.fill_null(1), day.fill_null(1)))
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    length = ibis.cases((month == 2, ibis.ifelse(leap, 29, 28)), (month.isin([4, 6, 9, 11]), 30), else_=31)
    real = year.between(1, 9999) & month.between(1, 12) & (day >= 1) & (day <= length)
    # A date of parts that are none is an error in every database: none is ever made.
    return ibis.ifelse(
        real, ibis.date(*(ibis.ifelse(real, part, 1) for part in (year, month, day))), ibis.null("date")
    )


def _observed_from(periods: Expression) -> Expression:
    """The first day of the last stretch of observation: what came before a gap is as unknown as before it all."""
    day = periods.select(
        patient_id=periods.person_id.cast("string"),
        start=periods.observation_period_start_date.cast("date"),
        end=periods.observation_period_end_date.cast("date"),
    )
    earlier = ibis.window(group_by=day.patient_id, order_by=day.start, preceding=(None, 1))
    stretched = day.mutate(ended=day.end.max().over(earlier))
    begins = stretched.ended.isnull() | (stretched.start.delta(stretched.ended, unit="day") > 1)
    return stretched.group_by("patient_id").agg(observed_from=stretched.start.max(where=begins))


def _sex(person: Expression, meant: Sequence[Meaning]) -> Expression:
    """What the person's own concept of sex means; empty where it is none of the known."""
    branches = [
        (person.gender_concept_id == int(one.code), one.value) for one in meant if one.word == "sex" and one.value
    ]
    return ibis.cases(*branches)


def _left_out(connection: Any, tables: Mapping[str, Expression], unseen: Expression) -> Iterator[LeftOut]:
    yield from left_out(connection, unseen, "persons without an observation period, with all that they have")
    for name, cdm in CLINICAL.items():
        if name in tables:
            unmapped = tables[name].filter(tables[name][cdm.concept] == 0)
            yield from left_out(connection, unmapped, f"rows of {name} whose code has no standard concept")
