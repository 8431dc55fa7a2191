"""Checks a table against a protocol, all problems at once, and puts its episodes in a fixed order."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from data_contracts.cell_text import cell_texts
from data_contracts.censoring_checks import censoring_problems, course_measured, visits_stayed
from data_contracts.column_checks import covariate_problems
from data_contracts.derived_outcomes import derived_problems, with_derived
from data_contracts.effects import BoolArray
from data_contracts.episode import AttritionLine, Column, Episodes, FloatArray, IntArray
from data_contracts.errors import BadInput, Problem
from data_contracts.gate_marks import MINIMUM_EPISODES
from data_contracts.meaning_checks import meaning_problems
from data_contracts.outcome_checks import Started, outcome_problems, set_aside
from data_contracts.patient_count import MINIMUM_CELL, Count, Split, each_its_own
from data_contracts.patient_identifier import normal_identifier
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import Table
from data_contracts.therapy import mapping_problems


def check_episodes(table: Table, protocol: StudyProtocol) -> Episodes:
    """Turn a table with one row an episode into episodes that can be analysed.

    Episodes without an outcome stay (attrition says how many); arms with fewer than 30 episodes, or of fewer than 11
    patients, are set aside, and so are derived outcomes that too few patients tell of.

    Raises:
        BadInput: every problem found, with columns, counts and row numbers, never values.
    """
    table, unwritten = _with_arm_names(_with_categories(table, protocol), protocol)
    table = with_derived(table, protocol)
    problems = [*unwritten, *_column_problems(table, protocol), *_identity_problems(table, protocol)]
    started, counts = _started(table, protocol)
    problems += [*_arm_problems(table, protocol, started, counts), *_content_problems(table, protocol, started)]
    problems += [*censoring_problems(table, protocol), *meaning_problems(table, protocol)]
    problems += mapping_problems(protocol.arms.therapies)
    if problems:
        raise BadInput(problems)
    return _collect(table, protocol, started, counts)


def _with_categories(table: Table, protocol: StudyProtocol) -> Table:
    """The same table, with the columns that the protocol calls categorical as text even where they hold numbers."""
    named = [name for name in protocol.categorical if name in table.columns]
    texts = {
        name: np.array([text or None for text in cell_texts(table.columns[name])], dtype=object) for name in named
    }
    return replace(table, columns={**table.columns, **texts})


def _with_arm_names(table: Table, protocol: StudyProtocol) -> tuple[Table, list[Problem]]:
    """The same table with every arm by its name, and the spellings of the protocol that no row has."""
    names = {spelling: name for name, spellings in protocol.arms.written.items() for spelling in spellings}
    if not names or protocol.records.arm not in table.columns:
        return table, []
    texts = cell_texts(table.columns[protocol.records.arm])
    where, step = f"{table.source}, {protocol.records.arm}", "Correct arms.written, or take the spelling out."
    unmet = names.keys() - set(texts)
    expected = (f"a row that writes {name}, as arms.written says" for name in names if name in unmet)
    problems = [Problem(where, one, "none", step) for one in expected]
    arms = np.array([names.get(text, text) for text in texts], dtype=object)
    return replace(table, columns={**table.columns, protocol.records.arm: arms}), problems


def _column_problems(table: Table, protocol: StudyProtocol) -> Iterator[Problem]:
    present = list(table.columns)
    for name in _needed(protocol):
        if name in table.columns:
            continue
        near = difflib.get_close_matches(name, present, n=1)
        step = f"Did you mean {near[0]}?" if near else "Add the column, or take it out of the protocol."
        yield Problem(table.source, f"a column {name}, which the protocol names", "no such column", step)


def _needed(protocol: StudyProtocol) -> tuple[str, ...]:
    records = protocol.records
    keys = [records.patient_id, records.arm, records.time, records.site, records.cluster]
    outcomes = [outcome.column for outcome in (*protocol.recorded_outcomes, *protocol.control_outcomes)]
    block = protocol.censoring
    lost = [block.last_visit, *block.course] if block else []
    named = [*keys, *outcomes, *lost, *protocol.covariates, *protocol.groups]
    return tuple(dict.fromkeys(name for name in named if name))


def _identity_problems(table: Table, protocol: StudyProtocol) -> Iterator[Problem]:
    records = protocol.records
    for name in (records.patient_id, records.time, records.cluster):
        if name is None or name not in table.columns:
            continue
        if missing := table.rows.told(_absent(table.columns[name])):
            yield Problem(f"{table.source}, {name}", "a value in every row", f"none in {missing}", "Fill it.")
    if parted := table.rows.told(_elsewhere(table, protocol)):
        expected = f"the same {records.cluster} in all rows of a patient, whose episodes stay together"
        step = "Correct the cells, or take records.cluster out of the protocol."
        yield Problem(f"{table.source}, {records.cluster}", expected, f"another in {parted}", step)
    if again := table.rows.told(_repeated(table, protocol)):
        step = (
            "Drop the copies." if records.time else "Drop the copies, or name the start of treatment as records.time."
        )
        expected = "one row for each patient" + (" and start of treatment" if records.time else "")
        where = f"{table.source}, {' and '.join(_key_columns(protocol))}"
        yield Problem(where, expected, f"another of the same in {again}", step)


def _elsewhere(table: Table, protocol: StudyProtocol) -> BoolArray:
    """(n,) whose cluster is another than that of an earlier row of the patient: folds would part the two."""
    patient, cluster = protocol.records.patient_id, protocol.records.cluster
    other = np.zeros(table.n, dtype=np.bool_)
    if cluster is None or not {patient, cluster} <= table.columns.keys():
        return other
    first: dict[str, str] = {}
    for row, (whose, where) in enumerate(
        zip(cell_texts(table.columns[patient]), cell_texts(table.columns[cluster]), strict=True)
    ):
        if whose and where:
            other[row] = first.setdefault(whose, where) != where
    return other


def _repeated(table: Table, protocol: StudyProtocol) -> BoolArray:
    """(n,) whose patient (and start of treatment) stood in an earlier row."""
    names = _key_columns(protocol)
    again = np.zeros(table.n, dtype=np.bool_)
    if not all(name in table.columns for name in names):
        return again
    seen: set[tuple[str, ...]] = set()
    for row, key in enumerate(zip(*(cell_texts(table.columns[name]) for name in names), strict=True)):
        if key in seen and "" not in key:
            again[row] = True
        seen.add(key)
    return again


def _arm_problems(
    table: Table, protocol: StudyProtocol, started: Started, counts: Mapping[str, Count]
) -> Iterator[Problem]:
    if protocol.records.arm not in table.columns:
        return
    where = f"{table.source}, {protocol.records.arm}"
    known = np.isin(started.arms, protocol.arms.names)
    if strangers := table.rows.told(~known):
        step = "Correct the spelling, or name the arm in the protocol."
        yield Problem(where, f"one of {', '.join(protocol.arms.names)}", f"something else in {strangers}", step)
    reference = protocol.arms.reference
    if counts[reference].episodes < MINIMUM_EPISODES:
        expected, found = f"at least {MINIMUM_EPISODES} episodes of the reference arm {reference}", counts[reference]
        yield Problem(where, expected, str(found.episodes), "Choose another reference arm, or add records.")
    elif not _is_enough(counts[reference]):
        expected = f"episodes of the reference arm {reference} of at least {MINIMUM_CELL} patients"
        yield Problem(where, expected, "fewer patients", "Choose another reference arm, or add records.")
    if not any(_is_enough(counts[name]) for name in protocol.arms.offered):
        expected = f"at least two arms with {MINIMUM_EPISODES} episodes or more, of {MINIMUM_CELL} patients or more"
        yield Problem(where, expected, "no arm besides the reference", "Add records of another arm.")


def _content_problems(table: Table, protocol: StudyProtocol, started: Started) -> Iterator[Problem]:
    for outcome in (*protocol.recorded_outcomes, *protocol.control_outcomes):
        yield from outcome_problems(table, outcome, protocol, started)
    yield from derived_problems(protocol)
    for name in protocol.covariates:
        if name in table.columns:
            where = f"{table.source}, {name}"
            analysed, patient = started.analysed, started.patient
            yield from covariate_problems(
                table.columns[name], name, where, protocol, table.rows, analysed=analysed, patient=patient
            )


def _started(table: Table, protocol: StudyProtocol) -> tuple[Started, dict[str, Count]]:
    """What the rows are the start of, and how many of each arm; all rows count while the arms are in doubt."""
    patient, everything = _patients(table, protocol), np.ones(table.n, dtype=np.bool_)
    if protocol.records.arm not in table.columns:
        return Started(np.full(table.n, None), patient, everything), {}
    labels = np.array(cell_texts(table.columns[protocol.records.arm]), dtype=object)
    counts = {name: Count.of(patient[labels == name]) for name in protocol.arms.names}
    enough = [arm for arm, count in counts.items() if _is_enough(count)]
    return Started(labels, patient, np.isin(labels, enough) if enough else everything), counts


def _patients(table: Table, protocol: StudyProtocol) -> IntArray:
    """(n,) whose each row is; another patient's each while the patients themselves are in doubt."""
    if (name := protocol.records.patient_id) not in table.columns:
        return each_its_own(table.n)
    identifiers = np.array([normal_identifier(text) for text in cell_texts(table.columns[name])])
    return np.asarray(np.unique(identifiers, return_inverse=True)[1], dtype=np.int64)


def _is_enough(started: Count) -> bool:
    """Whether an arm is analysed: it has episodes enough to learn from, and patients enough to tell of."""
    return started.episodes >= MINIMUM_EPISODES and started.patients >= MINIMUM_CELL


def _collect(table: Table, protocol: StudyProtocol, started: Started, counts: Mapping[str, Count]) -> Episodes:
    arms = tuple(name for name, count in counts.items() if _is_enough(count))
    aside = set_aside(table, protocol, started)
    order = _fixed_order(table, protocol, started.analysed)
    labels, patient = started.arms[order], started.patient[order]
    names = [outcome.column for outcome in protocol.outcomes if outcome.column not in aside]
    names += protocol.negative_controls.outcomes
    # A zero has no sign: one database keeps that of -0.0, another does not.
    outcomes = {name: table.columns[name].astype(float)[order] + 0.0 for name in names}
    named, recorded = dict.fromkeys((*protocol.covariates, *protocol.groups)), protocol.recorded_outcomes
    episodes = Episodes(
        arms=arms,
        thin_arms={name: count for name, count in counts.items() if name not in arms},
        arm=np.array([arms.index(label) for label in labels], dtype=np.int64),
        cluster=_codes(table, protocol.records.cluster or protocol.records.patient_id, order),
        site=_codes(table, protocol.records.site, order),
        sites=_names(table, protocol.records.site, order),
        columns={name: table.columns[name][order] for name in named},
        outcomes=outcomes,
        attrition=_attrition(counts, arms, (labels, patient), {one.column: outcomes[one.column] for one in recorded}),
        fingerprint="",
        stayed=visits_stayed(table, protocol, order),
        course=course_measured(table, protocol, order),
        set_aside=aside,
        patient=patient,
    )
    return replace(episodes, fingerprint=_fingerprint(episodes, protocol))


def _attrition(
    counts: Mapping[str, Count],
    arms: tuple[str, ...],
    started: tuple[Column, IntArray],
    outcomes: Mapping[str, FloatArray],
) -> tuple[AttritionLine, ...]:
    """Steps from what was started, by label and patient, to what has each outcome."""
    labels, patient = started
    lines = [_line("Episodes started", counts)]
    if len(arms) < len(counts):
        of_few = any(count.episodes >= MINIMUM_EPISODES for name, count in counts.items() if name not in arms)
        asked = f"{MINIMUM_EPISODES} episodes" + (f" and {MINIMUM_CELL} patients" if of_few else "")
        step = f"In arms with at least {asked} (analysed)"
        lines.append(_line(step, {name: counts[name] for name in arms}))
    for column, values in outcomes.items():
        split = {name: Split.of(~np.isnan(values[labels == name]), patient[labels == name]) for name in arms}
        gone = {name: one.outside.patients for name, one in split.items()}
        lines.append(_line(f"With {column} observed", {name: one.inside for name, one in split.items()}, gone))
    return tuple(lines)


def _line(step: str, left: Mapping[str, Count], gone: Mapping[str, int] | None = None) -> AttritionLine:
    episodes = {name: count.episodes for name, count in left.items()}
    return AttritionLine(step, episodes, {name: count.patients for name, count in left.items()}, gone or {})


def _fixed_order(table: Table, protocol: StudyProtocol, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> IntArray:
    keys = list(zip(*(cell_texts(table.columns[name]) for name in _key_columns(protocol)), strict=True))
    return np.array(sorted(np.flatnonzero(kept), key=lambda row: keys[row]), dtype=np.int64)


def _key_columns(protocol: StudyProtocol) -> tuple[str, ...]:
    return tuple(filter(None, (protocol.records.patient_id, protocol.records.time)))


def _codes(table: Table, name: str | None, order: IntArray) -> IntArray:
    """Codes 0.. of a column's values in their sorted order; all zero if no column is named."""
    if name is None:
        return np.zeros(len(order), dtype=np.int64)
    values = np.array(cell_texts(table.columns[name]), dtype=object)[order]
    return np.asarray(np.unique(values.astype(str), return_inverse=True)[1], dtype=np.int64)


def _names(table: Table, name: str | None, order: IntArray) -> tuple[str, ...]:
    """What the codes of a column stand for; nothing if no column is named."""
    if name is None:
        return ()
    values = np.array(cell_texts(table.columns[name]), dtype=object)[order]
    return tuple(sorted(set(values.tolist())))


def _absent(column: Column) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([value == "" for value in cell_texts(column)])


def _fingerprint(episodes: Episodes, protocol: StudyProtocol) -> str:
    digest = hashlib.sha256()
    for name in sorted(episodes.columns):
        digest.update(name.encode() + b"\0" + "\n".join(cell_texts(episodes.columns[name])).encode())
    for name in sorted(episodes.outcomes):
        digest.update(name.encode() + b"\0" + episodes.outcomes[name].tobytes())
    for codes in (episodes.arm, episodes.cluster, episodes.site, episodes.stayed, episodes.course):
        digest.update(codes.tobytes() if codes is not None else b"")
    if protocol.records.cluster and episodes.patients < episodes.n:  # else the clusters say whose episodes are whose
        digest.update(episodes.patient.tobytes())
    digest.update(protocol.study_id.encode())
    return digest.hexdigest()
