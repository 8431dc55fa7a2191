"""The routes of all pages."""

from __future__ import annotations

from fastapi import APIRouter

from service.pages import (
    routes_assets,
    routes_course,
    routes_emergency,
    routes_home,
    routes_login,
    routes_models,
    routes_patient,
    routes_signing,
    routes_studies,
)
from service.pages.oversight import routes as oversight
from service.pages.oversight import routes_audit, routes_consents, routes_glass, routes_sessions

ROUTER = APIRouter(include_in_schema=False)
PATIENT = (routes_home, routes_emergency, routes_patient, routes_course, routes_signing)
OVERSIGHT = (oversight, routes_audit, routes_glass, routes_sessions, routes_consents)
for one in (*PATIENT, routes_studies, routes_models, *OVERSIGHT, routes_login, routes_assets):
    ROUTER.include_router(one.ROUTER)
