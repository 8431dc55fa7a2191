"""The source attributes that US certification asks to be told of a predictive intervention, as data."""

from __future__ import annotations

from functools import cache

from pydantic import BaseModel, ConfigDict

from data_contracts.shipped import read_shipped


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceAttribute(_Data):
    """One attribute.

    Attributes:
        id: by which it is asked for.
        paragraph: of the rule, within its (B).
        name: in the rule's words.
        may_be_unavailable: whether the rule lets it be said that there is no information.
    """

    id: str
    paragraph: str
    name: str
    may_be_unavailable: bool = False


class AttributeCategory(_Data):
    """Attributes that the rule puts together."""

    id: str
    name: str
    attributes: tuple[SourceAttribute, ...]


class Variable(_Data):
    """One of the variables whose use the rule asks about, and names by which a column is taken for it."""

    id: str
    name: str
    columns: tuple[str, ...]


class SourceAttributes(_Data):
    """All of them.

    Attributes:
        rule: which rule asks for them.
        source, verified: where its text is, and whether that was read.
        categories: in the rule's order.
        variables: whose use as input and whose representativeness it asks about.
    """

    rule: str
    source: str
    verified: bool
    categories: tuple[AttributeCategory, ...]
    variables: tuple[Variable, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all attributes, in the rule's order."""
        return tuple(one.id for category in self.categories for one in category.attributes)


@cache
def load_source_attributes() -> SourceAttributes:
    """The attributes that are part of this package."""
    return SourceAttributes.model_validate(read_shipped("source_attributes.yaml"))
