"""The FHIR R4 resources that a study reads: where their days and codes are, and which count as having happened.

Source: HL7 FHIR R4 (4.0.1), recalled; value sets of status and intent as there. In DSTU2, STU3 and R5 some are called
otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data_contracts.target_trial import EventTableName


@dataclass(frozen=True)
class ResourceType:
    """One type of resource.

    Attributes:
        tables: event tables that it can be a row of.
        happened: statuses of what is on record as having happened.
        otherwise: its other statuses; such resources are left out and counted. Anything else is refused.
        status: path of the status; without one it counts as having happened.
        start: paths of the day, the first that is there counts.
        end: paths of the last day.
        codes: paths of codings.
        runs_on: whether, without an end, it is still running; otherwise it is of one day.
        patient: path of the reference to the patient.
        intents: where it has an intent, those of what was really ordered.
    """

    tables: tuple[EventTableName, ...]
    happened: frozenset[str]
    otherwise: frozenset[str]
    start: tuple[str, ...]
    end: tuple[str, ...] = ()
    codes: tuple[str, ...] = ("code.coding",)
    status: str = "status"
    runs_on: bool = False
    patient: str = "subject.reference"
    intents: frozenset[str] = frozenset()


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


ORDERED = _set("order original-order reflex-order filler-order instance-order")
ALL_INTENTS = ORDERED | _set("proposal plan directive option")

READ: Mapping[str, ResourceType] = {
    "Encounter": ResourceType(
        tables=("treatments", "events"),
        happened=_set("arrived triaged in-progress onleave finished"),
        otherwise=_set("planned cancelled entered-in-error unknown"),
        start=("period.start",),
        end=("period.end",),
        codes=("type.coding", "class", "serviceType.coding"),
    ),
    "EpisodeOfCare": ResourceType(
        tables=("events",),
        happened=_set("active onhold finished"),
        otherwise=_set("planned waitlist cancelled entered-in-error"),
        start=("period.start",),
        codes=("type.coding",),
        patient="patient.reference",
    ),
    "Condition": ResourceType(
        tables=("events",),
        happened=_set("confirmed"),
        otherwise=_set("unconfirmed provisional differential refuted entered-in-error"),
        status="verificationStatus.coding.code",
        # The onset is often before anybody knew of it: a covariate knows what was on record.
        start=("recordedDate", "onsetDateTime", "onsetPeriod.start"),
    ),
    "ServiceRequest": ResourceType(
        tables=("events",),
        happened=_set("active on-hold completed"),
        otherwise=_set("draft revoked entered-in-error unknown"),
        start=("authoredOn", "occurrenceDateTime", "occurrencePeriod.start"),
        intents=ORDERED,
    ),
    "Procedure": ResourceType(
        tables=("treatments", "events"),
        happened=_set("in-progress on-hold stopped completed"),
        otherwise=_set("preparation not-done entered-in-error unknown"),
        start=("performedDateTime", "performedPeriod.start"),
        end=("performedPeriod.end",),
    ),
    "CarePlan": ResourceType(
        tables=("treatments", "events"),
        happened=_set("active on-hold revoked completed"),
        otherwise=_set("draft entered-in-error unknown"),
        start=("period.start",),
        end=("period.end",),
        codes=("category.coding", "activity.detail.code.coding"),
        runs_on=True,
        intents=ORDERED | {"plan"},
    ),
    "MedicationRequest": ResourceType(
        tables=("treatments", "events"),
        happened=_set("active on-hold stopped completed"),
        otherwise=_set("draft cancelled entered-in-error unknown"),
        start=("dispenseRequest.validityPeriod.start", "authoredOn"),
        end=("dispenseRequest.validityPeriod.end",),
        codes=("medicationCodeableConcept.coding",),
        runs_on=True,
        intents=ORDERED,
    ),
    "Observation": ResourceType(
        tables=("patients", "measures", "events"),
        happened=_set("final amended corrected"),
        otherwise=_set("registered preliminary cancelled entered-in-error unknown"),
        start=("effectiveDateTime", "effectivePeriod.start", "effectiveInstant", "issued"),
    ),
    "QuestionnaireResponse": ResourceType(
        tables=("measures",),
        happened=_set("completed amended"),
        otherwise=_set("in-progress entered-in-error stopped"),
        start=("authored",),
        codes=(),
    ),
}

OTHER_TYPES = _set(
    """
    Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic
    Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CareTeam CatalogEntry ChargeItem
    ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest
    CompartmentDefinition Composition ConceptMap Consent Contract Coverage CoverageEligibilityRequest
    CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement
    DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Endpoint EnrollmentRequest
    EnrollmentResponse EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit
    FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy
    Immunization ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice
    Library Linkage List Location Measure MeasureReport Media MedicationAdministration MedicationDispense
    MedicationKnowledge MedicationStatement MedicinalProduct MedicinalProductAuthorization
    MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient
    MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged
    MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader
    MolecularSequence NamingSystem NutritionOrder ObservationDefinition OperationDefinition OperationOutcome
    Organization OrganizationAffiliation Parameters PaymentNotice PaymentReconciliation Person PlanDefinition
    Practitioner PractitionerRole Provenance Questionnaire RelatedPerson RequestGroup ResearchDefinition
    ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment RiskEvidenceSynthesis Schedule
    SearchParameter Slot Specimen SpecimenDefinition StructureDefinition StructureMap Subscription Substance
    SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial
    SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities TestReport TestScript ValueSet
    VerificationResult VisionPrescription
    """
)
"""R4's other types: they are left out and counted."""
