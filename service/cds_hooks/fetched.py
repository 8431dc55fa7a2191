"""Completes the prefetch of a call: what the record system did not send is read by the leave that it gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from data_contracts.smart_scope import Grant
from service.cds_hooks.catalogue import PATIENT, prefetch_templates, wanted
from service.cds_hooks.hook_request import Context, HookRequest
from service.fhir.container import unpack
from service.fhir.fetching import FhirReads


def completed(request: HookRequest, context: Context, reads: FhirReads | None) -> dict[str, Any]:
    """The prefetch, with what could be fetched in the place of what was not sent.

    A key that is null was satisfied: there is no data. One that is absent, or holds an error alone, was not. What the
    leave's scopes do not allow whole is not asked for: a server that leaves out what they do not reach would make of
    an answer that nobody may see one that nobody gave.

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
    lacking = [key for key in prefetch_templates() if key not in request.prefetch or _failed(request.prefetch[key])]
    queries = {
        key: prefetch_templates()[key].replace(PATIENT, context.patientId)
        for key in lacking
        if is_allowed(leave.grant, prefetch_templates()[key])
    }
    return {**request.prefetch, **reads.fetch(server, leave.access_token, queries)} if queries else request.prefetch


def is_allowed(grant: Grant, template: str) -> bool:
    """Whether a grant lets its holder have all that a prefetch template asks for."""
    resource, interaction, query = wanted(template)
    return grant.allows(resource, interaction, query=query)


def why_not(request: HookRequest, reads: FhirReads | None, missing: Sequence[str]) -> str:
    """Why what was not sent could not be fetched either, for the caller.

    Args:
        request: the call.
        reads: what fetches.
        missing: prefetch keys.
    """
    if request.fhirAuthorization is None:
        return "Nothing was fetched, as no fhirAuthorization came with the call."
    if reads is None or not reads.knows(request.fhirServer or ""):
        return "Nothing was fetched, as this deployment does not list the fhirServer (EQUIPOISE_FHIR_SERVERS)."
    return unreached(request.fhirAuthorization.grant, missing)


def unreached(grant: Grant, missing: Sequence[str]) -> str:
    """Why what is missing could not be had by a leave: its scope does not reach it, or the server did not give it."""
    templates = prefetch_templates()
    short = [templates[key] for key in missing if not is_allowed(grant, templates[key])]
    if short:
        scopes = " ".join(dict.fromkeys(f"patient/{resource}.{one}" for resource, one, _ in map(wanted, short)))
        return f"They were not asked for at the fhirServer: the leave's scope does not reach all of it ({scopes})."
    return "They could not be had from the fhirServer either, with the leave that came with the call."


def _failed(held: Any) -> bool:
    read = unpack(held, "")
    return read.failed and not read.raw
