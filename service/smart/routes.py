"""Tells clients of SMART who gives tokens for this service."""

from __future__ import annotations

from fastapi import APIRouter

from data_contracts.errors import NotFound
from service.collaborators import Given
from service.problem_document import documented
from service.smart.configuration import SmartConfiguration, configuration

ADDRESS = "/.well-known/smart-configuration"
ROUTER = APIRouter(tags=["smart"])
NOBODY = (
    "No authorization server gives tokens for this service to whoever asks: either nobody is asked who they are "
    "(--local), or its access file names systems that sign their own tokens (docs/service.md, Who may call)."
)


@ROUTER.get(
    ADDRESS,
    response_model_exclude_none=True,
    responses=documented(404, 500, 503),
    summary="Where tokens for this service are given, and which scopes in them are honoured (SMART App Launch 2.2)",
)
def get_configuration(given: Given) -> SmartConfiguration:
    """What the provider at which people log in says of itself, and what the service honours."""
    if given.login is None:
        raise NotFound(NOBODY)
    return configuration(given.login.provider())
