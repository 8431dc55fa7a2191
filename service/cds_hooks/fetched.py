"""Completes the prefetch of a call: what the record system did not send is read by the leave that it gave."""

from __future__ import annotations

from typing import Any

from service.cds_hooks.catalogue import PATIENT, prefetch_templates
from service.cds_hooks.hook_request import Context, HookRequest
from service.fhir.container import unpack
from service.fhir.fetching import FhirReads


def completed(request: HookRequest, context: Context, reads: FhirReads | None) -> dict[str, Any]:
    """The prefetch, with what could be fetched in the place of what was not sent.

    A key that is null was satisfied: there is no data. One that is absent, or holds an error alone, was not.

    Args:
        request: the call.
        context: whom it is about.
        reads: what fetches; None where the deployment lists no server.
    """
    leave, server = request.fhirAuthorization, request.fhirServer
    if reads is None or leave is None or server is None or leave.expires_in <= 0:
        return request.prefetch
    if leave.patient is not None and leave.patient != context.patientId:  # leave for somebody else is none
        return request.prefetch
    queries = {
        key: template.replace(PATIENT, context.patientId)
        for key, template in prefetch_templates().items()
        if key not in request.prefetch or _failed(request.prefetch[key])
    }
    return {**request.prefetch, **reads.fetch(server, leave.access_token, queries)} if queries else request.prefetch


def why_not(request: HookRequest, reads: FhirReads | None) -> str:
    """Why what was not sent could not be fetched either, for the caller."""
    if request.fhirAuthorization is None:
        return "Nothing was fetched, as no fhirAuthorization came with the call."
    if reads is None or not reads.knows(request.fhirServer or ""):
        return "Nothing was fetched, as this deployment does not list the fhirServer (EQUIPOISE_FHIR_SERVERS)."
    return "They could not be had from the fhirServer either, with the leave that came with the call."


def _failed(held: Any) -> bool:
    read = unpack(held, "")
    return read.failed and not read.raw
