"""How well held-out predictions tell who gains: curves over the share of patients that is treated first."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Curve(_Data):
    """Values over shares of patients, with a band that holds the whole curve at the study's confidence.

    Attributes:
        shares: of patients, those with the largest prediction first.
        values, lower, upper: outcome units, positive is better.
    """

    shares: tuple[float, ...]
    values: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]


class ArmTargeting(_Data):
    """One arm over the reference: what those gain who are predicted to gain most, more than everybody.

    Attributes:
        arm: the arm.
        patients: share of patients that it is about: those for whom it and the reference are supported.
        curve: targeting operator characteristic.
        autoc: area under it; 0 if predictions say nothing.
        standard_error, lower, upper: of the area.
    """

    arm: str
    patients: float
    curve: Curve
    autoc: float
    standard_error: float
    lower: float
    upper: float


class Targeting(_Data):
    """The targeting curves of a study.

    Attributes:
        arms: of every arm of whose effect some model predicts that it varies.
        qini: gain over the best single arm, per patient of all, when the advice is followed for this share of
            patients, the largest predicted advantage first; None where it differs for hardly anybody.
    """

    arms: tuple[ArmTargeting, ...] = ()
    qini: Curve | None = None
