"""The services that a record system can discover, and what each asks to have prefetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from data_contracts.fact_codes import load_fact_codes
from data_contracts.instrument import load_instruments
from data_contracts.record_words import CODE_SYSTEMS
from data_contracts.smart_scope import Grant, Query, Scope
from service.cds_hooks.hook_request import HookName
from service.version import VERSION

PATIENT = "{{context.patientId}}"
REQUIRED = ("patient", "observations", "questionnaires")
"""Prefetch keys without which nothing is ranked: who the patient is, and every place where item 9 may stand."""

USAGE = (
    "Read from prefetch. What is not sent is fetched with fhirAuthorization where the deployment lists fhirServer; "
    "the token is never kept. Its scope has to reach {scopes}; what it does not reach whole is not asked for. Without "
    "the keys {required} the answer is 412; what other keys would tell is unknown without them. For adults "
    "with depression or anxiety, for use by a clinician who decides; no randomised trial of this system exists."
)


@dataclass(frozen=True)
class CdsService:
    """One service.

    Attributes:
        id: last part of its address.
        hook: when it is called.
        title, description: for people.
    """

    id: str
    hook: HookName
    title: str
    description: str

    def told(self) -> dict[str, Any]:
        """As discovery tells it."""
        return {
            "id": self.id,
            "hook": self.hook,
            "title": self.title,
            "description": self.description,
            "usageRequirements": USAGE.format(scopes=scopes_asked(), required=", ".join(REQUIRED)),
            "prefetch": dict(prefetch_templates()),
            "version": VERSION,
            "hookVersion": "1.0.0",
        }


SERVICES: Mapping[str, CdsService] = MappingProxyType(
    {
        one.id: one
        for one in (
            CdsService(
                "equipoise-patient-view",
                "patient-view",
                "Therapies compared for this patient",
                "Ranks therapies for depression or anxiety with uncertainty and reasons, or says that the records "
                "cannot compare them for this patient. Safety comes first.",
            ),
            CdsService(
                "equipoise-order-select",
                "order-select",
                "What speaks for and against a selected therapy",
                "Speaks up if a safety rule or the records speak against the therapy that was just selected.",
            ),
            CdsService(
                "equipoise-order-sign",
                "order-sign",
                "What speaks for and against therapies to be signed",
                "Speaks up if a safety rule or the records speak against a therapy that is about to be ordered.",
            ),
        )
    }
)


def discovery() -> dict[str, Any]:
    """The answer of the discovery endpoint."""
    return {"services": [one.told() for one in SERVICES.values()]}


@cache
def prefetch_templates() -> Mapping[str, str]:
    """What is asked for, by key: reads and searches with token, date, _sort and _count alone."""
    templates = {
        "patient": f"Patient/{PATIENT}",
        "observations": f"Observation?patient={PATIENT}&code={','.join(_loinc_codes())}&_sort=-date&_count=200",
        "questionnaires": f"QuestionnaireResponse?patient={PATIENT}&_sort=-authored&_count=50",
        "conditions": f"Condition?patient={PATIENT}&_count=200",
        "medications": f"MedicationRequest?patient={PATIENT}&_sort=-authoredon&_count=200",
        "allergies": f"AllergyIntolerance?patient={PATIENT}&_count=100",
        "procedures": f"Procedure?patient={PATIENT}&_sort=-date&_count=100",
        "carePlans": f"CarePlan?patient={PATIENT}&_count=50",
        "consents": f"Consent?patient={PATIENT}&_count=50",
        "values": f"Observation?patient={PATIENT}&code=urn:equipoise:value|&_sort=-date&_count=200",
    }
    return MappingProxyType(templates)


def wanted(template: str) -> tuple[str, str, Query]:
    """What a template asks for: FHIR type, interaction, and what the resources are like, the patient left out."""
    path, _, search = template.partition("?")
    if not search:
        return path.partition("/")[0], "r", ()
    pairs = [part.partition("=") for part in search.split("&")]
    return (
        path,
        "s",
        tuple(
            (name, frozenset(held.split(",")))
            for name, _, held in pairs
            if name != "patient" and not name.startswith("_")
        ),
    )


def scopes_asked() -> str:
    """The scopes of SMART App Launch 2 that let everything be fetched that is asked for, in their shortest form."""
    asked = (wanted(template) for template in prefetch_templates().values())
    return str(Grant(tuple(Scope("patient", resource, interactions) for resource, interactions, _ in asked)))


def _loinc_codes() -> list[str]:
    """Totals and items of the instruments, and answers that are safety facts, as tokens."""
    codes = [
        code
        for one in load_instruments().values()
        if one.loinc is not None and one.items
        for code in (one.loinc.panel.code, one.loinc.total.code, *(str(item.loinc) for item in one.items))
    ]
    answers = [one for one in load_fact_codes().facts if one.found_in == "answer"]
    codes += [code.code for one in answers for code in one.codes]
    return [f"{CODE_SYSTEMS['LOINC']}|{code}" for code in codes]
