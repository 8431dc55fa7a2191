"""Gives out scripts and styles."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Response

from service.pages.asset import ADDRESS, load_assets

ROUTER = APIRouter(prefix=ADDRESS.rstrip("/"), include_in_schema=False)
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


@ROUTER.get("/{digest}/{name}")
def get_asset(digest: str, name: str) -> Response:
    """One asset, if that is its hash."""
    found = load_assets().get(name)
    if found is None or found.sha256[:16] != digest:
        raise HTTPException(404)
    return Response(found.content, 200, FOR_EVER, media_type=found.kind)
