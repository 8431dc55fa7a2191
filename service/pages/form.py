"""Reads what a page's form sends, once it is sure that the form is ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, HTTPException, Request

from data_contracts.errors import BadInput, Problem
from service.pages.forgery import FIELD, check_form
from service.request_body import chunks_of, media_type

KIND = "application/x-www-form-urlencoded"
MOST = 64 * 1024
FIELDS = 300


async def _form(request: Request) -> Mapping[str, str]:
    """The fields of a form by name; empty ones are left out.

    Raises:
        HTTPException: it is too long, or no form.
        BadInput: it is not text in UTF-8, or has too many fields.
        NotPermitted: it is not from a page of ours.
    """
    if media_type(request) != KIND:
        raise HTTPException(415, f"Send the form as {KIND}.")
    parts = chunks_of(request, MOST, f"A form has at most {MOST // 1024} KiB.")
    body = b"".join([chunk async for chunk in parts])
    try:
        given = dict(parse_qsl(body.decode("utf-8"), max_num_fields=FIELDS))
        if any("\0" in value for value in given.values()):
            raise ValueError
    except ValueError:
        raise BadInput([Problem("the form", "text in UTF-8", "something else", "Send the page's form.")]) from None
    check_form(request, given.pop(FIELD, ""))
    return {name: value.strip() for name, value in given.items() if value.strip()}


Form = Annotated[Mapping[str, str], Depends(_form)]
"""Annotate a route's argument with it to be handed the fields of a form of ours."""
