"""Reads a document from a request's body: bounded in size, strict in types, silent about values."""

from __future__ import annotations

import difflib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar, get_args

from fastapi import HTTPException, Request
from pydantic import BaseModel, ValidationError

from data_contracts.errors import BadInput, BadUsage, Problem
from data_contracts.preferences import NO_WEIGHT, OPPOSITES, SIDE_EFFECT_KINDS, Preferences, weight_text

Document = TypeVar("Document", bound=BaseModel)
MAX_BYTES = 256 * 1024
BODY = "the body"
UNPACKED = {"Accept-Encoding": "identity"}
VALUE = "a finite number, true or false, text, or null"


def body_of(model: type[Document]) -> Callable[[Request], Awaitable[Document]]:
    """A dependency that reads a document of this kind from a request's body.

    It raises:
        HTTPException: 413 for a body over 256 KiB, 415 for one that is not said to be JSON.
        BadUsage: the body is not JSON: unparseable, a key twice, NaN or Infinity.
        BadInput: the JSON is not such a document.
    """

    async def read(request: Request) -> Document:
        return parse_body(model, b"".join([chunk async for chunk in body_chunks(request, MAX_BYTES)]))

    return read


def body_chunks(request: Request, limit: int, *kinds: str) -> AsyncGenerator[bytes, None]:
    """A body as it comes, of at most so many bytes; raises what `body_of` raises for that.

    Args:
        request: whose body it is.
        limit: bytes.
        kinds: media types that it may be of, JSON if none is named.
    """
    _check_kind(request, *kinds)
    return chunks_of(request, limit, f"A body has at most {limit // 1024} KiB.")


def bytes_of(limit: int, *kinds: str) -> Callable[[Request], Awaitable[bytes]]:
    """A dependency that reads a body of at most so many bytes as it came; it raises what `body_of` raises for that.

    Args:
        limit: bytes.
        kinds: media types that it may be of, JSON if none is named.
    """

    async def read(request: Request) -> bytes:
        return b"".join([chunk async for chunk in body_chunks(request, limit, *kinds)])

    return read


def documented_body(model: type[BaseModel]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads such a document; `service.openapi` holds the schema."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def read_document(model: type[Document], content: Any, where: str) -> Document:
    """A document out of JSON that was read already.

    Raises:
        BadInput: it is not such a document; every problem names its place within `where`.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        items = error.errors(include_input=False, include_url=False)
        found = [_problem(model, item) for item in items]
        placed = [replace(one, where=f"{where}.{one.where}" if one.where != BODY else where) for one in found]
        raise BadInput(dict.fromkeys(placed)) from None


def parse_body(model: type[Document], body: bytes) -> Document:
    """Parse the bytes of a document.

    Raises:
        BadUsage, BadInput: as for `body_of`.
    """
    read_json(body)
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        items = error.errors(include_input=False, include_url=False)
        raise BadInput(dict.fromkeys(_problem(model, item) for item in items)) from None


def media_type(request: Request) -> str:
    """What a request says that its body is, without parameters, in lower case; empty if it does not say."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _check_kind(request: Request, *kinds: str) -> None:
    if media_type(request) not in (wanted := kinds or ("application/json",)):
        raise HTTPException(415, f"Send the body as {' or '.join(wanted)}.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "Send the body as it is: nothing that was packed is unpacked here.", UNPACKED)


async def chunks_of(request: Request, limit: int, told: str) -> AsyncGenerator[bytes, None]:
    """A body as it comes, until it is too long.

    Args:
        request: whose body it is.
        limit: bytes at most.
        told: how to say so.

    Raises:
        HTTPException: 413, it is longer.
    """
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise HTTPException(413, told, {"Connection": "close"})
        yield chunk


def read_json(body: bytes) -> Any:
    """The JSON of a body.

    Refused is what a lenient parser lets through: of a fact given twice, the last would win unseen.

    Raises:
        BadUsage: as for `body_of`.
    """
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except BadUsage:
        raise
    except (ValueError, RecursionError):
        raise BadUsage("The body is not JSON in UTF-8. Send one JSON object of the documented form.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadUsage("The body names a key twice in one object. Name each key once.")
    return found


def _no_constant(_: str) -> None:
    raise BadUsage("The body holds NaN or Infinity, which are not JSON. Use null for what is not known.")


def _problem(model: type[BaseModel], item: Any) -> Problem:
    """One schema error, told by the schema's own names; keys that the sender chose may be anything."""
    place = tuple(_known(model, item["loc"]))
    where = ".".join(place) or BODY
    if item["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(item["loc"][-1]), _names(model, place), n=1)
        step = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(_names(model, place))}."
        return Problem(where, "known keys only", "an unknown key", step)
    if item["type"] == "missing":
        return Problem(where, "a value", "none", "Add the key.")
    if place == ("values",) and len(item["loc"]) > 1:
        return Problem(where, VALUE, "something else", "Correct the value.")
    if place[:1] == ("preferences",):
        return _weight_problem(where, item)
    if item["type"] == "json_invalid":
        return Problem(where, "JSON", "something else", "Send one JSON object of the documented form.")
    _, _, wanted = str(item["msg"]).partition(" should ")  # "Input should be …", "String should have …"
    wanted = wanted.removeprefix("be ").replace("have ", "a value with ", 1)
    return Problem(where, wanted or "another value", "something else", "Correct the value.")


def _weight_problem(where: str, item: Any) -> Problem:
    """One error of the preferences."""
    if item["type"] == NO_WEIGHT:
        return Problem(where, "at least one weight above 0", "none", "Set one, or leave preferences out.")
    if item["type"] == OPPOSITES:
        return Problem(where, "a weight on medication or no_medication", "one on both", "Leave one of them out.")
    if item["loc"][-1] == "[key]":
        known = f"Known kinds: {', '.join(SIDE_EFFECT_KINDS)}."
        return Problem(where, "names of kinds of side effects", "something else", known)
    if item["loc"][-1] in ("preferences", "side_effects"):
        return Problem(where, "weights by name, as an object", "something else", "Correct it, or leave it out.")
    return Problem(where, weight_text(), "something else", "Correct the weight, or leave it out if it has none.")


def _known(model: type[BaseModel], location: tuple[int | str, ...]) -> Iterator[str]:
    """The leading parts of a place that are names of the schema."""
    place: tuple[str, ...] = ()
    for part in location:
        if isinstance(part, int):  # of a list, as the acknowledgements
            continue
        if part not in _names(model, place):
            return
        yield str(part)
        place += (str(part),)


def _names(model: type[BaseModel], place: tuple[str, ...]) -> list[str]:
    """The keys known at a place; none inside of what is no model."""
    for part in place:
        if model is Preferences and part == "side_effects":
            return sorted(SIDE_EFFECT_KINDS)
        inner = model.model_fields[part].annotation
        models = [one for one in (inner, *get_args(inner)) if isinstance(one, type) and issubclass(one, BaseModel)]
        if not models:
            return []
        model = models[0]
    return sorted(model.model_fields)
