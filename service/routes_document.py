"""Gives the OpenAPI document, to callers who are known."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

ROUTER = APIRouter()


@ROUTER.get("/openapi.json", include_in_schema=False)
def get_document(request: Request) -> dict[str, Any]:
    """What every address takes and gives."""
    document: dict[str, Any] = request.app.openapi()
    return document
