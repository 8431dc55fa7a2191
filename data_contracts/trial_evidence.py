"""Trial evidence: published pooled effects of therapies over one comparator, typed as facts with their source."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field, model_validator

from data_contracts.errors import BadInput, Problem
from data_contracts.figure import FrozenFact
from data_contracts.protocol_file import parse_document, read_yaml

Comparator = Literal["care_as_usual", "placebo", "waiting_list"]
TrialOutcome = Literal["symptoms", "response", "dropout"]
Scale = Literal["hedges_g", "log_odds_ratio"]

LOG_ODDS_IN_SD = math.sqrt(3) / math.pi
"""A log odds ratio as a standardised mean difference: the logistic distribution's standard deviation is π/√3.

Hasselblad and Hedges (1995, Psychol Bull 117:167); Chinn (2000, Stat Med 19:3127).
"""

FOLDER = Path(__file__).parent / "evidence"


class TrialEntry(FrozenFact):
    """One therapy's pooled effect over the table's comparator.

    Attributes:
        therapy: key in the therapy catalogue.
        pooled: which treatments of the trials were pooled, in words, where they are not exactly the therapy.
        estimate: on the table's scale; above 0 the therapy is better (of dropout: more dropped out).
        standard_error: of the estimate, differences between trials included.
        trials: how many trials hold the therapy.
    """

    therapy: str
    pooled: str = ""
    estimate: float
    standard_error: float = Field(gt=0)
    trials: int = Field(ge=1)


class Correlation(FrozenFact):
    """How far two therapies' estimates go together; pairs that are not named do not."""

    therapies: tuple[str, str]
    value: float = Field(ge=-1, le=1)


class EvidenceTable(FrozenFact):
    """One file of ``data_contracts/evidence``: the pooled effects of one body of trials.

    Attributes:
        name: how protocols call it; the file's name.
        version: raised with every change.
        title: what it is, in words that fit into "from 19 trials of …".
        population: who took part.
        measures: what the trials' patients were treated for, as instruments say it.
        outcome: what was measured.
        scale: of estimates, errors and ``tau``.
        comparator: what every therapy is compared with.
        tau: standard deviation of true effects between trials, common to all therapies.
        source: the trials' source.
        how: how the figures were made.
        verified: whether they were recomputed from the source or read in it.
        entries: one a therapy.
        correlations: of estimates, where trials or comparators are shared.
    """

    name: str = Field(pattern=r"^[a-z][a-z_]{0,59}$")
    version: int = Field(ge=1)
    title: str = Field(min_length=1)
    population: str = Field(min_length=1)
    measures: Literal["depression", "anxiety"]
    outcome: TrialOutcome
    scale: Scale
    comparator: Comparator
    tau: float = Field(ge=0)
    source: str = Field(min_length=1)
    how: str = Field(min_length=1)
    verified: bool
    entries: tuple[TrialEntry, ...] = Field(min_length=1)
    correlations: tuple[Correlation, ...] = ()

    @property
    def in_sd(self) -> float:
        """What an estimate is multiplied by to stand in standard deviations of the outcome."""
        return 1.0 if self.scale == "hedges_g" else LOG_ODDS_IN_SD

    def entry(self, therapy: str | None) -> TrialEntry | None:
        """The therapy's entry, if it has one."""
        return next((entry for entry in self.entries if entry.therapy == therapy), None)

    def covariance(self, one: str, other: str) -> float:
        """Covariance of two therapies' estimates on the table's scale; a variance if they are the same.

        Raises:
            KeyError: a therapy without an entry.
        """
        errors = {entry.therapy: entry.standard_error for entry in self.entries}
        if one == other:
            return errors[one] ** 2
        found = (pair.value for pair in self.correlations if set(pair.therapies) == {one, other})
        return next(found, 0.0) * errors[one] * errors[other]

    @model_validator(mode="after")
    def _consistent(self) -> EvidenceTable:
        counts = Counter(entry.therapy for entry in self.entries)
        pairs = Counter(frozenset(pair.therapies) for pair in self.correlations)
        told = (
            ("each therapy has one entry; several", sorted(name for name, count in counts.items() if count > 1)),
            ("a correlation is of two entries; not so", sorted({*(n for p in pairs for n in p)} - set(counts))),
            (
                "two therapies are correlated once; not so",
                [" and ".join(sorted(p)) for p, c in pairs.items() if c > 1],
            ),
            (
                "a therapy is not correlated with itself",
                sorted(name for pair in pairs if len(pair) == 1 for name in pair),
            ),
        )
        if problems := [f"{what}: {', '.join(names)}" for what, names in told if names]:
            raise ValueError("; ".join(problems))
        return self


@cache
def load_evidence() -> Mapping[str, EvidenceTable]:
    """The tables that are part of this package, by name; read once."""
    return MappingProxyType(read_evidence(FOLDER))


def tables_named(names: Iterable[str]) -> tuple[EvidenceTable, ...]:
    """The shipped tables of these names, in their order.

    Raises:
        BadInput: a name is not one of them.
    """
    known = load_evidence()
    if strange := [name for name in names if name not in known]:
        step = f"Known: {', '.join(known)}."
        expected = "names of evidence tables"
        raise BadInput([Problem("protocol, trial_evidence.tables", expected, f"{len(strange)} unknown", step)])
    return tuple(known[name] for name in names)


def read_evidence(folder: Path) -> dict[str, EvidenceTable]:
    """The tables of a folder by name, in the files' alphabetical order.

    Raises:
        BadInput: a file breaks the schema or has another name than its table; each problem names file, entry and key.
    """
    problems: list[Problem] = []
    found: dict[str, EvidenceTable] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            table = _read_table(path)
        except BadInput as error:
            problems += error.problems
            continue
        if table.name != path.stem:
            problems.append(Problem(f"{path.name}, name", "the file's own name", "another", "Rename one of them."))
        found[table.name] = table
    if problems:
        raise BadInput(problems)
    return found


def _read_table(path: Path) -> EvidenceTable:
    """One file's table; an entry is named in messages by its therapy, as a reader looks for it."""
    content = read_yaml(path)
    try:
        return parse_document(EvidenceTable, content, where=path.name)
    except BadInput as error:
        raise BadInput(
            [replace(problem, where=_named(problem.where, content)) for problem in error.problems]
        ) from error


def _named(where: str, content: Any) -> str:
    found = re.search(r"entries\.([0-9]+)", where)
    try:
        therapy = content["entries"][int(found[1])]["therapy"] if found else None
    except (KeyError, TypeError, IndexError):
        therapy = None
    return where if found is None or therapy is None else where.replace(found[0], f"entry {therapy}")
