"""Groups of arms that rules speak of: by tags of the therapy catalogue, and by the drug that an arm's name tells."""

from __future__ import annotations

from functools import cached_property

from pydantic import BaseModel, ConfigDict, model_validator

from data_contracts.therapy import Tag, tagged


class Group(BaseModel):
    """Arms that a rule speaks of together.

    Attributes:
        certain: tags of the therapies that belong to it whatever drug they are, unless a tag below says otherwise.
        possible: tags of those that may hold a member of it; they are flagged where a member would be removed.
        but: tags of those that do not belong to it.
        drugs: an arm whose name tells one of these belongs to it.
        without: an arm whose name tells one of these does not, whatever its therapy.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    certain: tuple[Tag, ...] = ()
    possible: tuple[Tag, ...] = ()
    but: tuple[Tag, ...] = ()
    drugs: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @cached_property
    def certain_keys(self) -> frozenset[str]:
        """Keys of the therapies that belong to it."""
        return _tagged(self.certain) - _tagged(self.possible) - _tagged(self.but)

    @cached_property
    def possible_keys(self) -> frozenset[str]:
        """Keys of the therapies that may hold a member of it."""
        return _tagged(self.possible) - _tagged(self.but)

    @model_validator(mode="after")
    def _holds_something(self) -> Group:
        if not self.certain_keys | self.possible_keys | set(self.drugs):
            raise ValueError("tags or drugs that leave a member")
        return self


def _tagged(tags: tuple[Tag, ...]) -> frozenset[str]:
    return frozenset(key for tag in tags for key in tagged(tag))
