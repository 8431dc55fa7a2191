"""A causal graph as a file of its own: what is held to cause what, so that what is adjusted for can be argued about.

```yaml
name: depression first line
version: 3
treatment: therapy
outcome: phq9_week12
unobserved: [social_support]
edges:
  phq9_week0: [therapy, phq9_week12]
  social_support: phq9_week12
  therapy: phq9_week12
```
A node is a column of the records, or stands under ``unobserved``. The node of the treatment holds all arms.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from data_contracts.protocol_block import Block, Column, one_is_a_list


def _whole_number_is_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Version = Annotated[
    str, BeforeValidator(_whole_number_is_text), StringConstraints(strip_whitespace=True, min_length=1, max_length=40)
]
"""A whole number or text; 1.10 without quotes would be read as 1.1, and is refused."""

Causes = Annotated[tuple[Column, ...], BeforeValidator(one_is_a_list)]


class DagReference(Block):
    """Which graph a study rests on.

    Attributes:
        file: its file, from the protocol's folder.
        version: the version that the file has to have.
    """

    file: str = Field(min_length=1, max_length=300)
    version: Version


class Dag(Block):
    """A directed acyclic graph with one treatment and one outcome.

    Attributes:
        name, version: which graph this is.
        treatment, outcome: nodes, the columns of arm and primary outcome.
        unobserved: nodes that no record knows.
        edges: cause -> what it causes directly.
    """

    name: str = Field(min_length=1, max_length=120)
    version: Version
    treatment: Column
    outcome: Column
    unobserved: tuple[Column, ...] = ()
    edges: dict[Column, Causes] = Field(min_length=1)

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """All nodes, sorted."""
        return tuple(sorted({*self.edges, *(effect for effects in self.edges.values() for effect in effects)}))

    @cached_property
    def observed(self) -> frozenset[str]:
        """Nodes that are columns."""
        return frozenset(self.nodes) - frozenset(self.unobserved)

    @cached_property
    def parents(self) -> Mapping[str, frozenset[str]]:
        """Direct causes of each node."""
        return {
            node: frozenset(cause for cause, effects in self.edges.items() if node in effects) for node in self.nodes
        }

    @model_validator(mode="after")
    def _acyclic(self) -> Dag:
        """Everything that is wrong with the graph, at once."""
        strangers = sorted({self.treatment, self.outcome, *self.unobserved} - set(self.nodes))
        hidden = sorted({self.treatment, self.outcome} & set(self.unobserved))
        twice = sorted(cause for cause, effects in self.edges.items() if len(set(effects)) < len(effects))
        told = (
            ("in no edge", strangers),
            ("treatment and outcome cannot be unobserved", hidden),
            ("the same effect twice under", twice),
            ("a cycle, which no graph of causes has", self._cycle()),
        )
        problems = [f"{what}: {', '.join(names)}" for what, names in told if names]
        if self.treatment == self.outcome:
            problems.append("treatment and outcome are two nodes")
        elif not problems and self.outcome in self._causes(self.treatment):
            problems.append("the outcome causes the treatment")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _causes(self, node: str) -> set[str]:
        """Direct and indirect causes of a node of a graph without cycles."""
        found: set[str] = set()
        waiting = {node}
        while waiting := {parent for child in waiting for parent in self.parents[child]} - found:
            found |= waiting
        return found

    def _cycle(self) -> list[str]:
        try:
            TopologicalSorter(self.parents).prepare()
        except CycleError as error:
            return list(error.args[1])
        return []
