"""Episodes: one patient, one start of treatment, what was known then, one therapy, the outcome later."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from data_contracts.patient_count import Count, count_patients, each_its_own
from data_contracts.protocol import Outcome

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
AnOutcome = TypeVar("AnOutcome", bound=Outcome)
Column: TypeAlias = NDArray[Any]
"""float64 with NaN for missing, or objects: text with None for missing."""


@dataclass(frozen=True)
class AttritionLine:
    """How many episodes were left after one step of choosing them.

    Attributes:
        step: what the step asked for.
        by_arm: episodes left, by arm name.
        patients: those whose they are, by arm name; where it is not told, each episode is another patient's.
        patients_gone: of each arm that is analysed those whose episodes are gone by this step, all or some of them; as
            for ``patients``.
    """

    step: str
    by_arm: Mapping[str, int]
    patients: Mapping[str, int] = field(default_factory=dict)
    patients_gone: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Episodes left over all arms."""
        return sum(self.by_arm.values())

    def left(self, arm: str) -> Count:
        """What is left of an arm."""
        return Count(self.by_arm[arm], self.patients.get(arm, self.by_arm[arm]))

    def gone(self, arm: str, started: int) -> Count:
        """What is gone of an arm of which so many episodes were started."""
        lost = started - self.by_arm[arm]
        return Count(lost, self.patients_gone.get(arm, lost))


@dataclass(frozen=True)
class LeftOut:
    """Records that are no part of a study by a rule that the documentation states, and how many they are.

    Attributes:
        what: the rule, as the analyst reads it.
        count: records; never 0.
        done: what was done with them: records that a protocol has cleaned may also have been kept, but changed.
    """

    what: str
    count: int
    done: str = "Left out"


@dataclass(frozen=True)
class Episodes:
    """The episodes of a study, checked and in an order that does not depend on the file's.

    Attributes:
        arms: the K arms that have enough episodes to be analysed, the reference first.
        thin_arms: arms offered but not analysed, as they have too few episodes or patients, with what they have.
        arm: (n,) codes, positions in ``arms``.
        cluster: (n,) codes of patients (or of the source that rows share).
        site: (n,) codes of sites, all zero if the protocol names none.
        columns: the covariates and groups by name, each (n,).
        outcomes: by column name, each (n,) with NaN where it was not observed.
        attrition: how the n episodes were arrived at, and how many outcomes were observed.
        fingerprint: sha256 of the analysed content, the same for any order of rows and columns.
        stayed: (n,) number of visits up to which the patient was seen; None where the protocol names no visits.
        course: (n, visits - 1) what was measured at each visit but the last, NaN where it was not; None where the
            protocol names no course.
        set_aside: derived outcomes that are not learned from, as too few episodes tell of them, each with the reason.
        apart: arms with enough episodes that are not analysed, as by the design they cannot be compared with the
            reference; with what they have.
        chosen: how the patients of a target trial were chosen from event tables; empty for a table of episodes.
        left_out: records that are no part of the study by a rule of their source, counted.
        left_therapy: of a per-protocol study, how many left the started therapy too early for the primary outcome to
            count; for the analyst alone: with it, and who was observed, small numbers lost could be told.
        withdrawn_by: sha256 of the list of withdrawn patients that was honoured; None if there was none.
        form: in what form the table of episodes was written, as it is told; empty for a plain one.
        patient: (n,) codes of patients; where it is not given, each episode is another patient's.
    """

    arms: tuple[str, ...]
    thin_arms: Mapping[str, Count]
    arm: IntArray
    cluster: IntArray
    site: IntArray
    columns: Mapping[str, Column]
    outcomes: Mapping[str, FloatArray]
    attrition: tuple[AttritionLine, ...]
    fingerprint: str
    stayed: IntArray | None = None
    course: FloatArray | None = None
    set_aside: Mapping[str, str] = field(default_factory=dict)
    chosen: tuple[AttritionLine, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    apart: Mapping[str, Count] = field(default_factory=dict)
    sites: tuple[str, ...] = ()
    left_therapy: int = 0
    withdrawn_by: str | None = None
    form: str = ""
    patient: IntArray = field(default_factory=lambda: each_its_own(0))

    def __post_init__(self) -> None:
        if not len(self.patient):
            object.__setattr__(self, "patient", each_its_own(len(self.arm)))

    @property
    def n(self) -> int:
        """Number of episodes."""
        return len(self.arm)

    @property
    def counts(self) -> dict[str, int]:
        """Episodes started, by analysed arm."""
        found = np.bincount(self.arm, minlength=len(self.arms))
        return {name: int(count) for name, count in zip(self.arms, found, strict=True)}

    @property
    def patients(self) -> int:
        """How many patients there are."""
        return count_patients(self.patient)

    @property
    def by_arm(self) -> dict[str, Count]:
        """What was started, by analysed arm."""
        return {name: Count.of(self.patient[self.arm == k]) for k, name in enumerate(self.arms)}

    def without(self, arms: Collection[str]) -> Episodes:
        """The episodes of all other arms; those of ``arms``, of which the reference is none, are ``apart``."""
        names = tuple(name for name in self.arms if name not in arms)
        rows = np.isin(self.arm, [self.arms.index(name) for name in names])
        code = np.cumsum([name in names for name in self.arms]) - 1
        return replace(
            self,
            arms=names,
            arm=code[self.arm[rows]],
            cluster=np.unique(self.cluster[rows], return_inverse=True)[1],
            patient=self.patient[rows],
            site=np.unique(self.site[rows], return_inverse=True)[1],
            sites=tuple(self.sites[code] for code in np.unique(self.site[rows]).tolist()) if self.sites else (),
            columns={name: column[rows] for name, column in self.columns.items()},
            outcomes={name: values[rows] for name, values in self.outcomes.items()},
            stayed=None if self.stayed is None else self.stayed[rows],
            course=None if self.course is None else self.course[rows],
            apart={**self.apart, **{name: self.by_arm[name] for name in arms}},
        )

    def kept(self, outcomes: Iterable[AnOutcome]) -> tuple[AnOutcome, ...]:
        """Those of a protocol's outcomes that are learned from, in their order: all but what was set aside."""
        return tuple(outcome for outcome in outcomes if outcome.column not in self.set_aside)
