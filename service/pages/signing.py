"""Who signs with a page's form."""

from __future__ import annotations

from collections.abc import Mapping

from service.event import Choice, FirstChoice, Signature
from service.request_body import read_document

NONE_OF_THESE = "-"
"""Stands for no arm in the form of a decision."""


def signature_in(form: Mapping[str, str]) -> Signature:
    """Who signs.

    Raises:
        BadInput: a name or role is missing or not of the form.
    """
    return read_document(Signature, _of(form, "by", "role", "note"), "the form")


def choice_in(form: Mapping[str, str]) -> Choice:
    """Who decides what, and why.

    Raises:
        BadInput: something is missing or not of the form.
    """
    content = _with_arm(_of(form, "by", "role", "note", "arm", "reason", "override_code", "override_reason"))
    return read_document(Choice, content, "the form")


def first_choice_in(form: Mapping[str, str]) -> FirstChoice:
    """What somebody would choose before the ranking is shown.

    Raises:
        BadInput: something is missing or not of the form.
    """
    return read_document(FirstChoice, _with_arm(_of(form, "by", "role", "note", "arm", "reason")), "the form")


def _with_arm(content: dict[str, str | None]) -> dict[str, str | None]:
    if content.get("arm") == NONE_OF_THESE:
        content["arm"] = None
    return content


def _of(form: Mapping[str, str], *names: str) -> dict[str, str | None]:
    return {name: form[name] for name in names if name in form}
