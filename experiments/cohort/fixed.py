"""What does not change in a patient, where records hold it as observations: one column of ``patients`` a word."""

from __future__ import annotations

from collections.abc import Sequence

import ibis

from experiments.cohort.event_source import Expression


def with_fixed(people: Expression, said: Expression, words: Sequence[str]) -> Expression:
    """Adds a column for each word; empty where nobody said anything, and where two observations differ.

    Args:
        people: one row a patient.
        said: rows with ``patient_id``, ``word``, ``value`` (a number) and ``text``, either of which may be empty.
        words: the columns to add.
    """
    if not words:
        return people
    told = said.mutate(told=as_text(said.text, said.value))
    lowest = {f"low_{i}": told.told.min(where=told.word == word) for i, word in enumerate(words)}
    highest = {f"high_{i}": told.told.max(where=told.word == word) for i, word in enumerate(words)}
    wide = told.group_by("patient_id").agg(**lowest, **highest)
    one = {
        word: ibis.ifelse(wide[f"low_{i}"] == wide[f"high_{i}"], wide[f"low_{i}"], None)
        for i, word in enumerate(words)
    }
    return people.left_join(wide.select("patient_id", **one), "patient_id").drop("patient_id_right")


def contradicted(said: Expression) -> Expression:
    """The observations of a word of which a patient has two that differ."""
    told = said.mutate(told=as_text(said.text, said.value))
    same = ibis.window(group_by=[told.patient_id, told.word])
    return told.mutate(low=told.told.min().over(same), high=told.told.max().over(same)).filter(
        ibis._.low != ibis._.high
    )


def as_text(text: Expression, number: Expression) -> Expression:
    """What an observation says, as text; whole numbers without a decimal point."""
    whole = number == number.floor().cast("float64")
    spelled = ibis.ifelse(whole, number.cast("int64").cast("string"), number.cast("string"))
    return ibis.coalesce(text.nullif(""), spelled)
