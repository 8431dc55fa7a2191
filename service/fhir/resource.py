"""The FHIR R4 (4.0.1) resources that are read, thin: what is read of each, and the value sets of their statuses.

Full models take seventeen times as long to read; they are asked in the tests whether what we write is FHIR.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from service.fhir.datatype import CodeableConcept, Coding, Element, Period, Quantity, Reference, Whole, status_in
from service.fhir.moment import Days, Moment, days_of

TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"


CONDITION_STATUS = f"{TERMINOLOGY}/condition-clinical"
CONDITION_VERIFICATION = f"{TERMINOLOGY}/condition-ver-status"
ALLERGY_STATUS = f"{TERMINOLOGY}/allergyintolerance-clinical"
ALLERGY_VERIFICATION = f"{TERMINOLOGY}/allergyintolerance-verification"


def _only(system: str, known: str) -> AfterValidator:
    """For a status that is a concept of a terminology of HL7's: it has to be one of these codes."""
    codes = frozenset(known.split())
    return AfterValidator(lambda one: status_in(one, system, codes))


RequestStatus = Literal[
    "draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"
]  # fmt: skip


class Resource(Element):
    """Base of the resources.

    Attributes:
        id: as the record system calls it.
    """

    subject_field: ClassVar[str | None] = "subject"

    id: str | None = None

    def about(self) -> Reference | None:
        """Whom it is about."""
        found: Reference | None = getattr(self, self.subject_field) if self.subject_field else None
        return found


class Patient(Resource):
    """The patient."""

    subject_field: ClassVar[str | None] = None

    active: bool | None = None
    gender: Literal["male", "female", "other", "unknown"] | None = None
    birthDate: Moment | None = None
    deceasedBoolean: bool | None = None
    deceasedDateTime: Moment | None = None

    @property
    def is_dead(self) -> bool:
        """Whether a death is on record."""
        return bool(self.deceasedBoolean) or self.deceasedDateTime is not None


class Condition(Resource):
    """A diagnosis or problem."""

    clinicalStatus: Annotated[
        CodeableConcept | None,
        _only(CONDITION_STATUS, "active recurrence relapse inactive remission resolved"),
    ] = None
    verificationStatus: Annotated[
        CodeableConcept | None,
        _only(CONDITION_VERIFICATION, "unconfirmed provisional differential confirmed refuted entered-in-error"),
    ] = None
    code: CodeableConcept | None = None
    subject: Reference
    onsetDateTime: Moment | None = None
    recordedDate: Moment | None = None

    def began(self) -> Days | None:
        """When it began, else when it was recorded."""
        text = self.onsetDateTime or self.recordedDate
        return days_of(text) if text else None


class Component(Element):
    """A part of an observation."""

    code: CodeableConcept
    valueQuantity: Quantity | None = None
    valueInteger: Whole | None = None
    valueBoolean: bool | None = None
    valueString: str | None = None
    valueCodeableConcept: CodeableConcept | None = None
    dataAbsentReason: CodeableConcept | None = None


class Observation(Component, Resource):
    """A measurement or answer."""

    status: Literal[
        "registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown"
    ]  # fmt: skip
    subject: Reference | None = None
    effectiveDateTime: Moment | None = None
    effectiveInstant: Moment | None = None
    effectivePeriod: Period | None = None
    issued: Moment | None = None
    component: list[Component] = Field(default_factory=list)

    def measured(self) -> Days | None:
        """When."""
        period = self.effectivePeriod.start if self.effectivePeriod else None
        text = self.effectiveDateTime or self.effectiveInstant or period or self.issued
        return days_of(text) if text else None


class Answer(Element):
    """One answer of a questionnaire."""

    valueBoolean: bool | None = None
    valueDecimal: float | None = None
    valueInteger: Whole | None = None
    valueString: str | None = None
    valueCoding: Coding | None = None
    item: list[Item] = Field(default_factory=list)


class Item(Element):
    """A group or question of a questionnaire, with its answers."""

    linkId: str
    answer: list[Answer] = Field(default_factory=list)
    item: list[Item] = Field(default_factory=list)


class QuestionnaireResponse(Resource):
    """Answers to a questionnaire."""

    status: Literal["in-progress", "completed", "amended", "entered-in-error", "stopped"]
    subject: Reference | None = None
    authored: Moment | None = None
    item: list[Item] = Field(default_factory=list)


class Dispense(Element):
    """What is to be dispensed."""

    validityPeriod: Period | None = None


class MedicationRequest(Resource):
    """A prescription."""

    status: Literal[
        "active", "on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft", "unknown"
    ]  # fmt: skip
    intent: Literal[
        "proposal", "plan", "order", "original-order", "reflex-order", "filler-order", "instance-order", "option"
    ]  # fmt: skip
    doNotPerform: bool = False
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    subject: Reference
    authoredOn: Moment | None = None
    dispenseRequest: Dispense | None = None
    contained: list[dict[str, Any]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_medicine(self) -> MedicationRequest:
        if (self.medicationCodeableConcept is None) == (self.medicationReference is None):
            raise PydanticCustomError("medication", "either medicationCodeableConcept or medicationReference")
        return self

    def validity(self) -> Period:
        """From when until when it may be dispensed."""
        told = self.dispenseRequest.validityPeriod if self.dispenseRequest else None
        return told or Period()


class Medication(Resource):
    """What a prescription may refer to."""

    subject_field: ClassVar[str | None] = None

    code: CodeableConcept | None = None


class AllergyIntolerance(Resource):
    """An allergy or intolerance, or the statement that none is known."""

    subject_field: ClassVar[str | None] = "patient"

    clinicalStatus: Annotated[CodeableConcept | None, _only(ALLERGY_STATUS, "active inactive resolved")] = None
    verificationStatus: Annotated[
        CodeableConcept | None,
        _only(ALLERGY_VERIFICATION, "unconfirmed presumed confirmed refuted entered-in-error"),
    ] = None
    code: CodeableConcept | None = None
    patient: Reference
    recordedDate: Moment | None = None


class Performer(Element):
    """Who did a procedure."""

    actor: Reference


class Procedure(Resource):
    """Something that was done."""

    status: Literal[
        "preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "entered-in-error", "unknown"
    ]  # fmt: skip
    code: CodeableConcept | None = None
    subject: Reference
    performedDateTime: Moment | None = None
    performedPeriod: Period | None = None
    performer: list[Performer] = Field(default_factory=list)

    def done(self) -> Days | None:
        """When, of a stretch its first day."""
        text = self.performedDateTime or (self.performedPeriod.start if self.performedPeriod else None)
        return days_of(text) if text else None


class PlannedDetail(Element):
    """What a care plan plans."""

    code: CodeableConcept | None = None


class PlannedActivity(Element):
    """One activity of a care plan."""

    detail: PlannedDetail | None = None


class CarePlan(Resource):
    """A plan of care."""

    status: RequestStatus
    intent: Literal["proposal", "plan", "order", "option"]
    subject: Reference
    period: Period | None = None
    category: list[CodeableConcept] = Field(default_factory=list)
    activity: list[PlannedActivity] = Field(default_factory=list)


class Provision(Element):
    """What a consent permits or denies."""

    type: Literal["deny", "permit"] | None = None
    period: Period | None = None
    code: list[CodeableConcept] = Field(default_factory=list)
    provision: list[Provision] = Field(default_factory=list)


class Consent(Resource):
    """What a patient agreed to or declined."""

    subject_field: ClassVar[str | None] = "patient"

    status: Literal["draft", "proposed", "active", "rejected", "inactive", "entered-in-error"]
    scope: CodeableConcept
    category: list[CodeableConcept] = Field(min_length=1)
    patient: Reference | None = None
    dateTime: Moment | None = None
    policyRule: CodeableConcept | None = None
    provision: Provision | None = None


READ: Mapping[str, type[Resource]] = {
    one.__name__: one
    for one in (
        Patient, Condition, Observation, QuestionnaireResponse, MedicationRequest, Medication, AllergyIntolerance,
        Procedure, CarePlan, Consent,
    )
}  # fmt: skip
"""The resources that are read, by type."""
