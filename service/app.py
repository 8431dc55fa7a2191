"""Wires the HTTP service together."""

from __future__ import annotations

from fastapi import Depends, FastAPI

from service import (
    routes_basis,
    routes_break_glass,
    routes_care,
    routes_consent,
    routes_document,
    routes_harm,
    routes_health,
    routes_models,
    routes_recommendations,
    routes_release,
    routes_sheet,
    routes_source_attributes,
)
from service.admission import admit
from service.cds_hooks import routes as routes_cds
from service.cds_hooks import routes_acknowledgement
from service.collaborators import Collaborators
from service.error_handling import install_error_handling
from service.fhir import routes as routes_fhir
from service.openapi import EquipoiseAPI
from service.operations.middleware import install_middleware
from service.pages import routes as routes_pages
from service.sessions import routes_back_channel
from service.smart import routes as routes_smart
from service.smart import routes_launch
from service.studies import routes as routes_studies
from service.studies import routes_worker
from service.version import VERSION

DESCRIPTION = (
    "Ranked therapies for one patient with uncertainty and reasons, or the plain statement that the records cannot "
    "tell them apart. Supports a clinician's decision, never makes it. Every error is a problem document (RFC 9457)."
)


def create_app(collaborators: Collaborators) -> FastAPI:
    """The service as an ASGI app over its collaborators.

    Every address asks who calls, as its row among the rights says. The interactive documentation pages are off: they
    load scripts from elsewhere.
    """
    app = EquipoiseAPI(
        title="Equipoise",
        version=VERSION,
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        dependencies=[Depends(admit)],
    )
    app.state.collaborators = collaborators
    install_error_handling(app)
    for answering in (routes_recommendations.MAKING, routes_cds.ANSWERING):
        app.include_router(answering)
    for routes in (routes_recommendations, routes_release, routes_sheet, routes_basis, routes_consent, routes_health):
        app.include_router(routes.ROUTER)
    for routes in (routes_models, routes_source_attributes, routes_harm, routes_care, routes_break_glass):
        app.include_router(routes.ROUTER)
    for routes in (routes_cds, routes_acknowledgement, routes_fhir, routes_smart):
        app.include_router(routes.ROUTER)
    for routes in (routes_studies, routes_worker, routes_document):
        app.include_router(routes.ROUTER)
    app.include_router(routes_pages.ROUTER)
    app.include_router(routes_launch.ROUTER)
    app.include_router(routes_back_channel.ROUTER)
    install_middleware(app, collaborators)
    return app
