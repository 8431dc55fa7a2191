"""What matters to a patient: weights that the patient and the clinician set together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from data_contracts.secondary_outcome import SecondaryOutcome

SMALLEST, LARGEST = 0.001, 1000.0
"""What a weight above 0 may be: beyond a millionfold of each other weights say no more than a 0 does."""

SYMPTOM_RELIEF: Final = "symptom_relief"
STAYING: Final = "staying_in_treatment"
TIME: Final = "time"
MEDICATION: Final = "medication"
NO_MEDICATION: Final = "no_medication"
TALKING: Final = "talking_therapy"
WEIGHTS = (SYMPTOM_RELIEF, STAYING, TIME, MEDICATION, NO_MEDICATION, TALKING)
"""Keys of the weights, but for those of side effects."""

SIDE_EFFECT: Final = "side_effects."
"""In front of a kind of side effect in a weight's key."""

SIDE_EFFECT_KINDS = (
    *("agitation", "constipation", "diarrhoea", "dizziness", "dry_mouth", "emotional_blunting", "headache"),
    *("insomnia", "nausea", "sedation", "sexual_problems", "sweating", "weight_gain"),
)
"""Kinds of side effects that can be weighed under any policy; a policy may know more."""

NOT_A_WEIGHT, NO_WEIGHT, OPPOSITES = "not_a_weight", "no_weight", "opposite_weights"
"""Types of the errors that are told here."""


def kinds_of_side_effects(outcomes: Iterable[SecondaryOutcome]) -> tuple[str, ...]:
    """The usual kinds and those that the outcomes of a policy know, by name."""
    told = {one.side_effect for one in outcomes if one.role == "side_effect" and one.side_effect}
    return tuple(sorted({*SIDE_EFFECT_KINDS, *told}))


def weight_text() -> str:
    """What a weight has to be, in words."""
    return f"0, or a number from {SMALLEST:g} to {LARGEST:g}"


def is_weight(value: float) -> bool:
    """Whether a number may be a weight."""
    return value == 0 or SMALLEST <= value <= LARGEST


def _checked(value: float) -> float:
    if not is_weight(value):
        raise PydanticCustomError(NOT_A_WEIGHT, "Input should be {expected}", {"expected": weight_text()})
    return value


Weight = Annotated[float, Field(strict=True), AfterValidator(_checked)]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]


class Preferences(BaseModel):
    """Weights for one patient; a key that is left out has no weight, null is an error. Only their ratios count.

    What one unit of weight on each is given for stands in docs/method.md.

    Attributes:
        symptom_relief: benefit on the study's primary outcome.
        staying_in_treatment: fewer who drop out.
        time: fewer hours spent with practitioners.
        medication, no_medication: that the therapy holds medication, or surely none; not both.
        talking_therapy: that the therapy holds a psychological treatment, guided self-help included.
        side_effects: fewer who have the side effect, by kind.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    symptom_relief: Weight = 0.0
    staying_in_treatment: Weight = 0.0
    time: Weight = 0.0
    medication: Weight = 0.0
    no_medication: Weight = 0.0
    talking_therapy: Weight = 0.0
    side_effects: dict[Kind, Weight] = Field(default_factory=dict, max_length=50)

    @property
    def weights(self) -> dict[str, float]:
        """The weights above 0 by key; a kind of side effect is ``side_effects.KIND``."""
        return {key: weight for key, weight in self._given() if weight > 0}

    def _given(self) -> Iterator[tuple[str, float]]:
        for key in WEIGHTS:
            yield key, getattr(self, key)
        yield from ((SIDE_EFFECT + kind, weight) for kind, weight in self.side_effects.items())

    @model_validator(mode="after")
    def _sound(self) -> Preferences:
        if not self.weights:
            raise PydanticCustomError(NO_WEIGHT, "Input should have at least one weight above 0")
        if self.medication and self.no_medication:
            raise PydanticCustomError(OPPOSITES, "Input should weigh medication or no_medication, not both")
        return self
