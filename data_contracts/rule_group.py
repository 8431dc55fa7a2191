"""Groups of arms that rules speak of: by therapy of the catalogue, and by the drug that an arm's name tells."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, field_validator

from data_contracts.therapy import load_therapies


class Group(BaseModel):
    """Arms that a rule speaks of together.

    Attributes:
        certain: keys of the therapies that belong to it whatever drug they are.
        possible: keys of those that may hold a member of it; they are flagged where a member would be removed.
        drugs: an arm whose name tells one of these belongs to it.
        without: an arm whose name tells one of these does not, whatever its therapy.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    certain: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @field_validator("certain", "possible")
    @classmethod
    def _keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if strange := sorted(set(keys) - set(load_therapies())):
            raise ValueError(f"keys of the therapy catalogue and not {', '.join(strange)}")
        return keys
