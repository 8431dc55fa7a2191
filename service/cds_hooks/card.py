"""Cards as they are answered: the shapes and rules of CDS Hooks 2.0.1, with 3.0's invariants.

There is no place for systemActions in these shapes: nothing is ever applied without a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(min_length=1)]
LONGEST_SUMMARY = 139
"""Characters: fewer than 140."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Coding(_Part):
    """A code with the words for it."""

    code: Text
    system: Text
    display: Text


class Source(_Part):
    """Where the guidance comes from."""

    label: Text
    url: Text | None = None
    topic: Coding


class Action(_Part):
    """A draft that the client makes if its user takes the suggestion; the service only ever creates."""

    type: Literal["create"]
    description: Text
    resource: dict[str, Any]


class Suggestion(_Part):
    """One option."""

    label: Text
    uuid: Text
    isRecommended: Literal[True] | None = None
    actions: tuple[Action, ...] | None = None

    @model_validator(mode="after")
    def _no_empty_list(self) -> Suggestion:
        if self.actions == ():
            raise ValueError("no actions rather than an empty list")
        return self


class Link(_Part):
    """Where to read on."""

    label: Text
    url: Text
    type: Literal["absolute", "smart"] = "absolute"
    appContext: Text | None = None

    @model_validator(mode="after")
    def _context_of_apps(self) -> Link:
        if self.appContext is not None and self.type != "smart":
            raise ValueError("appContext with links of the type smart alone")
        return self


class Card(_Part):
    """One card."""

    uuid: Text
    summary: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_SUMMARY)]
    detail: Text
    indicator: Literal["info", "warning", "critical"]
    source: Source
    suggestions: tuple[Suggestion, ...] | None = None
    selectionBehavior: Literal["at-most-one"] | None = None
    overrideReasons: tuple[Coding, ...] | None = None
    links: tuple[Link, ...] | None = None

    @model_validator(mode="after")
    def _suggestions_with_behaviour(self) -> Card:
        if () in (self.suggestions, self.overrideReasons, self.links):
            raise ValueError("nothing rather than an empty list")
        if (self.suggestions is None) != (self.selectionBehavior is None):
            raise ValueError("selectionBehavior with suggestions, and only with them")
        if sum(bool(one.isRecommended) for one in self.suggestions or ()) > 1:
            raise ValueError("at most one recommended suggestion")
        return self

    def told(self) -> str:
        """As JSON, without what is not there."""
        return self.model_dump_json(exclude_none=True)


def shortened(text: str, most: int = LONGEST_SUMMARY) -> str:
    """A text of at most so many characters, cut at a word and marked so."""
    plain = " ".join(text.split())
    if len(plain) <= most:
        return plain
    return plain[:most].rsplit(" ", 1)[0][: most - 1].rstrip(" ,;.") + "…"


def summary_with(before: str, names: Sequence[str], after: str = "") -> str:
    """A summary around a list in brackets: as many names as there is room for, and how many more there are.

    What stands around the list stays whole, so that a long list never hides what it is about.

    Args:
        before: what is said, short enough to leave room for the first name.
        names: the most important first.
        after: what follows the list.
    """
    told = [f"{before} ({_some(names, shown)}){after}" for shown in range(len(names), 0, -1)]
    return next((text for text in told if len(text) <= LONGEST_SUMMARY), shortened(f"{before}{after}"))


def _some(names: Sequence[str], shown: int) -> str:
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more else "")
