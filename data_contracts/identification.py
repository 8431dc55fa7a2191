"""What a causal graph says of a study: what is adjusted for, why that is enough, and what records say of the graph."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Implication(_Data):
    """One independence that the graph implies between two nodes that no arrow joins (a local Markov condition).

    Attributes:
        first, second, given: ``first`` is independent of ``second`` once its recorded direct causes are known.
        correlation: the largest partial correlation between columns of the two, in size; None if it was not tested.
        statistic, degrees, p_value: of the test; small p values speak against the graph, large ones not for it.
        untested: why it was not tested.
    """

    first: str
    second: str
    given: tuple[str, ...]
    correlation: float | None = None
    statistic: float | None = None
    degrees: int | None = None
    p_value: float | None = None
    untested: str | None = None


class Identification(_Data):
    """A study's graph and what follows from it.

    Attributes:
        dag, version, sha256: which graph, by its file's content.
        treatment, outcome: its nodes.
        adjusted: the covariates adjusted for, which block every back door.
        maximal: all that might be adjusted for: recorded causes of treatment or outcome, unchanged by treatment.
        unobserved: nodes that no record knows.
        flags: what is adjusted for without need, in sentences.
        implications: every one that the graph has among recorded nodes.
    """

    dag: str
    version: str
    sha256: str
    treatment: str
    outcome: str
    adjusted: tuple[str, ...]
    maximal: tuple[str, ...]
    unobserved: tuple[str, ...]
    flags: tuple[str, ...]
    implications: tuple[Implication, ...] = ()

    @property
    def tested(self) -> tuple[Implication, ...]:
        """The implications that could be tested."""
        return tuple(one for one in self.implications if one.p_value is not None)
