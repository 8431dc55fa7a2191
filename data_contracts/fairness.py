"""How a study's results hold in each group of its patients."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Judged(_Data):
    """An estimate in one group, judged together with those of all groups.

    Attributes:
        estimate, standard_error: of the group, clustered.
        p: chance of an estimate as far from 0 in any of the groups if none truly differs from 0, 0-1.
    """

    estimate: float
    standard_error: float
    p: float


class ArmGap(_Data):
    """How far an arm's average effect in a group lies from what held-out advice predicts for its patients.

    Attributes:
        arm: the arm.
        gap: standard deviations of the outcome, positive where the group gains more than it is told.
    """

    arm: str
    gap: Judged


class GroupFairness(_Data):
    """One group of at least 100 patients.

    Attributes:
        column, level: which column of the protocol's ``groups``, and which of its levels, in words.
        patients: how many, to the nearest ten, as far as Table 1 tells it; shares are in hundredths (coarser of the
            largest group beside one that is not assessed), none of fewer than 11 patients.
        share: of all patients of the study.
        population: share of the level in the reference population, if the protocol names one.
        gaps: of each arm but the reference.
        coverage: share of observed outcomes that lie inside the range that is told; None under 100 observed.
        coverage_p: chance of a share as far from that of all patients in any of the groups if they all have the same,
            hundredths; None where there is no share.
        unsupported: mean share of arms that are not supported for a patient.
        no_arm: share of patients for whom no arm is supported.
        started: share that started another arm than the reference.
        gain: of the advice over what clinicians chose, outcome units; None where too few have a supported arm.
    """

    column: str
    level: str
    patients: int
    share: float
    population: float | None = None
    gaps: tuple[ArmGap, ...]
    coverage: float | None
    coverage_p: float | None = None
    unsupported: float
    no_arm: float
    started: float
    gain: Judged | None

    @property
    def name(self) -> str:
        """The group in words."""
        return f"{self.column} {self.level}"


class Fairness(_Data):
    """All groups of a study.

    Attributes:
        groups: of at least 100 patients.
        not_assessable: names of smaller ones, and of those in the reference population that have no patients here.
        overall_coverage, overall_unsupported, overall_started: the same figures of all patients.
    """

    groups: tuple[GroupFairness, ...]
    not_assessable: tuple[str, ...] = ()
    overall_coverage: float | None
    overall_unsupported: float
    overall_started: float
