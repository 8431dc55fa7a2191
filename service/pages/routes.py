"""The routes of all pages."""

from __future__ import annotations

from fastapi import APIRouter

from service.pages import (
    routes_assets,
    routes_course,
    routes_home,
    routes_patient,
    routes_signing,
    routes_studies,
)

ROUTER = APIRouter(include_in_schema=False)
for one in (routes_home, routes_patient, routes_course, routes_signing, routes_studies, routes_assets):
    ROUTER.include_router(one.ROUTER)
