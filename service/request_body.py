"""Reads a patient profile from a request's body: bounded in size, strict in types, silent about values."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any

from fastapi import HTTPException, Request
from pydantic import BaseModel, ValidationError

from data_contracts.errors import BadInput, BadUsage, Problem
from data_contracts.profile import Acknowledgement, PatientProfile

MAX_BYTES = 256 * 1024
VALUE = "a finite number, true or false, text, or null"


async def read_profile(request: Request) -> PatientProfile:
    """The profile in a request's body.

    Raises:
        HTTPException: 413 for a body over 256 KiB, 415 for one that is not said to be JSON.
        BadUsage: the body is not JSON: unparseable, a key twice, NaN or Infinity.
        BadInput: the JSON is not a patient profile.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "Send the profile as application/json.")
    return parse_profile(await _bounded(request))


def parse_profile(body: bytes) -> PatientProfile:
    """Parse the bytes of a profile.

    Raises:
        BadUsage, BadInput: as for `read_profile`.
    """
    _check_json(body)
    try:
        return PatientProfile.model_validate_json(body, strict=True)
    except ValidationError as error:
        problems = dict.fromkeys(_problem(item) for item in error.errors(include_input=False, include_url=False))
        raise BadInput(problems) from None


async def _bounded(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise HTTPException(413, f"A profile has at most {MAX_BYTES // 1024} KiB.", {"Connection": "close"})
    return bytes(body)


def _check_json(body: bytes) -> None:
    """Refuse what a lenient parser lets through: of a fact given twice, the last would win unseen."""
    try:
        json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except BadUsage:
        raise
    except (ValueError, RecursionError):
        raise BadUsage("The body is not JSON in UTF-8. Send one patient profile as a JSON object.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadUsage("The body names a key twice in one object. Name each key once.")
    return found


def _no_constant(_: str) -> None:
    raise BadUsage("The body holds NaN or Infinity, which are not JSON. Use null for what is not known.")


def _problem(item: Any) -> Problem:
    """One schema error, told by the schema's own names; keys that the sender chose may be anything."""
    place = tuple(_known(item["loc"]))
    where = ".".join(place) or "the body"
    if item["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(item["loc"][-1]), _names(place), n=1)
        step = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(_names(place))}."
        return Problem(where, "known keys only", "an unknown key", step)
    if item["type"] == "missing":
        return Problem(where, "a value", "none", "Add the key.")
    if place == ("values",) and len(item["loc"]) > 1:
        return Problem(where, VALUE, "something else", "Correct the value.")
    if item["type"] == "json_invalid":
        return Problem(where, "JSON", "something else", "Send one patient profile as a JSON object.")
    message = str(item["msg"]).removeprefix("Input should ")
    return Problem(where, f"what can {message}", "something else", "Correct the value.")


def _known(location: tuple[int | str, ...]) -> Iterator[str]:
    """The leading parts of a place that are names of the schema."""
    names = _names(())
    for part in location:
        if part not in names:
            return
        yield str(part)
        names = _names((str(part),))


def _names(place: tuple[str, ...]) -> list[str]:
    models: dict[tuple[str, ...], type[BaseModel]] = {(): PatientProfile, ("acknowledgement",): Acknowledgement}
    return sorted(models[place].model_fields) if place in models else []
