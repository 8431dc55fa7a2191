"""How many of 100 people, by therapy: one gain beside one loss, in the same form, so that neither looks larger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data_contracts.manifest import PolicyManifest
from data_contracts.recommendation import Recommendation
from data_contracts.secondary_outcome import Role, SecondaryOutcome
from service.pages.icons import Hundred, people
from service.sheet import GAIN, LOSS


@dataclass(frozen=True)
class Row:
    """One therapy.

    Attributes:
        label: in words.
        counts: one for each column; None where nothing is counted.
    """

    label: str
    counts: tuple[Hundred | None, ...]


@dataclass(frozen=True)
class Counted:
    """The table of people.

    Attributes:
        columns: the outcomes that are drawn.
        rows: the therapies that may be offered, in the answer's order.
    """

    columns: tuple[SecondaryOutcome, ...]
    rows: tuple[Row, ...]


def counted_of(answer: Recommendation, manifest: PolicyManifest) -> Counted | None:
    """The same outcomes as on the patient's sheet, by the answer's order; None where nothing is counted."""
    told = {one.outcome for arm in answer.arms if arm.status == "offered" for one in arm.outcomes if one.of_hundred}
    columns = tuple(one for roles in (GAIN, LOSS) if (one := _first(roles, told, manifest)) is not None)
    if not columns:
        return None
    rows = []
    for arm in answer.arms:
        if arm.status == "offered":
            counts = {one.outcome: people(one.of_hundred) for one in arm.outcomes if one.of_hundred}
            rows.append(Row(arm.label, tuple(counts.get(column.name) for column in columns)))
    return Counted(columns, tuple(rows))


def _first(roles: Sequence[Role], told: set[str], manifest: PolicyManifest) -> SecondaryOutcome | None:
    by_role = {one.role: one for one in manifest.secondary if one.name in told}
    return next((by_role[role] for role in roles if role in by_role), None)
