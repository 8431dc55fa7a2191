"""Whether the records agree with what the protocol says that their columns mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from data_contracts.column_words import column_label
from data_contracts.errors import Problem
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import Table


def meaning_problems(table: Table, protocol: StudyProtocol) -> Iterator[Problem]:
    """Columns of a yes or no with another value, and a column that reads like one of which nothing is said."""
    for name, meaning in protocol.meanings.items():
        column = table.columns.get(name)
        if not meaning.answer or column is None:
            continue
        where, expected = f"{table.source}, {name}", "1 for yes, 0 for no, or nothing, as meanings say"
        step = "Correct the cells, or take answer out of the column's meaning."
        if column.dtype == object:
            yield Problem(where, expected, "text", step)
        elif others := table.rows.told(~np.isin(column, (0.0, 1.0)) & ~np.isnan(column)):
            yield Problem(where, expected, f"another value in {others}", step)
    named = [*dict.fromkeys((*protocol.covariates, *protocol.groups))]
    labels = {name: column_label(name, protocol.meanings).casefold() for name in named}
    told = Counter(labels.values())
    if alike := [name for name in named if told[labels[name]] > 1] if protocol.meanings else []:
        step = "Give one of them other words."
        yield Problem("protocol, meanings", "words that no two columns share", ", ".join(alike), step)
