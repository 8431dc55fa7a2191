"""Rows that have a counterpart in another table, or have none, in words that every database understands.

ibis writes semi and anti joins in a form that PostgreSQL refuses.
"""

from __future__ import annotations

import ibis

from experiments.cohort.event_source import Expression

_THERE = "equipoise_there"


def having(rows: Expression, others: Expression, *names: str) -> Expression:
    """The rows whose cells in the named columns occur together in another table."""
    return rows.join(others.select(*names).distinct(), list(names))


def lacking(rows: Expression, others: Expression, *names: str) -> Expression:
    """The rows whose cells in the named columns do not occur together in another table, those with empty ones too."""
    there = others.select(*names).distinct().mutate(**{_THERE: ibis.literal(1)})
    marked = rows.left_join(there, list(names))
    return marked.filter(marked[_THERE].isnull()).select(*rows.columns)
