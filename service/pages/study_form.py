"""Reads the form by which an analyst sends a study: two files, held in memory alone, as a table is of patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from data_contracts.errors import BadInput, Problem
from service.pages.forgery import FIELD, check_form
from service.request_body import chunks_of, media_type
from service.studies.routes import LARGEST, MEBIBYTE

KIND = "multipart/form-data"
PROTOCOL, TABLE = "protocol", "table"
MOST = LARGEST + MEBIBYTE
"""Bytes of the whole form."""


@dataclass(frozen=True, repr=False)
class StudyForm:
    """What was sent.

    Attributes:
        protocol: YAML.
        name, table: of the table's file, and its bytes.
    """

    protocol: str
    name: str
    table: bytes


class _InMemory(MultiPartParser):
    """Never writes what it reads to a disk."""

    spool_max_size = MOST


async def _study_form(request: Request) -> StudyForm:
    """The two files of a form of ours.

    Raises:
        HTTPException: it is too long, or no such form.
        BadInput: a file is missing, or the protocol is not text in UTF-8.
        NotPermitted: it is not from a page of ours.
    """
    if media_type(request) != KIND:
        raise HTTPException(415, f"Send the form as {KIND}.")
    try:
        parts = chunks_of(request, MOST, f"A table has at most {LARGEST // MEBIBYTE} MiB.")
        form = await _InMemory(request.headers, parts, max_files=2, max_fields=4).parse()
    except MultiPartException:
        raise BadInput([Problem("the form", "two files", "something else", "Send the page's form.")]) from None
    try:
        token = form.get(FIELD, "")
        check_form(request, token if isinstance(token, str) else "")
        files = {name: one for name in (PROTOCOL, TABLE) if isinstance(one := form.get(name), UploadFile)}
        read = {name: await one.read() for name, one in files.items() if one.filename}
    finally:
        await form.close()
    missing = [Problem(name, "a file", "none", "Choose one.") for name in (PROTOCOL, TABLE) if name not in read]
    if missing:
        raise BadInput(missing)
    try:
        return StudyForm(read[PROTOCOL].decode("utf-8"), str(files[TABLE].filename), read[TABLE])
    except UnicodeDecodeError:
        step = "Save the file as UTF-8."
        raise BadInput([Problem(PROTOCOL, "text in UTF-8", "something else", step)]) from None


SentStudy = Annotated[StudyForm, Depends(_study_form)]
"""Annotate a route's argument with it to be handed a study's two files."""
