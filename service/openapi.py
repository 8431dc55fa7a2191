"""Completes the OpenAPI document with what FastAPI cannot see: the bodies that we parse and answer by hand."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from data_contracts.profile import PatientProfile
from data_contracts.study_request import StudyAsked, StudyClaim, StudyEnd, StudyProgress
from service.access.rights import KNOWN, RIGHTS
from service.break_glass import GlassBreak, GlassReview
from service.cds_hooks.feedback import Feedback
from service.cds_hooks.hook_request import HookRequest
from service.consent import Statement
from service.entity_tag import UNTAGGED
from service.event import Choice, FirstChoice, Signature
from service.harm import HarmReport
from service.model_stop import StopOrder
from service.operations.rate_limit import UNLIMITED
from service.problem_document import ProblemDocument, documented
from service.routes_care import Care
from service.storage.erasure import Erasure

SIGNED = (Signature, Choice, FirstChoice, Statement, Erasure, StopOrder, HarmReport)
STUDIED = (StudyAsked, StudyClaim, StudyEnd, StudyProgress)
MODELS = (PatientProfile, *SIGNED, *STUDIED, Care, GlassBreak, GlassReview, HookRequest, Feedback, ProblemDocument)
TEMPLATE = "#/components/schemas/{model}"

IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of what the caller has",
    "schema": {"type": "string"},
}


class EquipoiseAPI(FastAPI):
    """FastAPI, its OpenAPI document holding the bodies that are read by hand and the problem document too."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        document = super().openapi()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if ProblemDocument.__name__ not in schemas:
            _add_refusals(document["paths"])
            for model in MODELS:
                schemas.update(_schemas(model))
            for path, operations in document.get("paths", {}).items():
                for method, operation in operations.items():
                    _complete(path, method, operation)
        return document


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Add what middleware answers."""
    if path not in UNLIMITED:
        operation["responses"].update({str(status): told for status, told in documented(429).items()})
    if method == "get" and path not in UNTAGGED:
        operation["responses"]["304"] = {"description": "As named in If-None-Match: the caller has it already"}
        operation.setdefault("parameters", []).append(IF_NONE_MATCH)


def _add_refusals(paths: dict[str, Any]) -> None:
    """What every address answers to whom it is not for."""
    for path, operations in paths.items():
        for method, operation in operations.items():
            if RIGHTS.get(f"{method.upper()} {path}", KNOWN).by != "anybody":
                refusals = {str(status): answer for status, answer in documented(401, 403).items()}
                operation["responses"] = dict(sorted({**operation["responses"], **refusals}.items()))


def _schemas(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template=TEMPLATE)
    parts: dict[str, Any] = schema.pop("$defs", {})
    return {**parts, model.__name__: schema}
