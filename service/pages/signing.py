"""Who signs with a page's form: whoever is signed in; in local mode, which asks nobody, whom the form names."""

from __future__ import annotations

from collections.abc import Mapping

from service.access.principal import Principal
from service.event import Choice, FirstChoice, Signature
from service.request_body import read_document

NONE_OF_THESE = "-"
"""Stands for no arm in the form of a decision."""


def signature_in(form: Mapping[str, str], who: Principal) -> Signature:
    """Who signs.

    Raises:
        BadInput: a name or role is missing or not of the form.
    """
    return read_document(Signature, signed_fields(form, who, "note"), "the form")


def choice_in(form: Mapping[str, str], who: Principal) -> Choice:
    """Who decides what, and why.

    Raises:
        BadInput: something is missing or not of the form.
    """
    content = _with_arm(signed_fields(form, who, "note", "arm", "reason", "override_code", "override_reason"))
    return read_document(Choice, content, "the form")


def first_choice_in(form: Mapping[str, str], who: Principal) -> FirstChoice:
    """What somebody would choose before the ranking is shown.

    Raises:
        BadInput: something is missing or not of the form.
    """
    return read_document(FirstChoice, _with_arm(signed_fields(form, who, "note", "arm", "reason")), "the form")


def _with_arm(content: dict[str, str | None]) -> dict[str, str | None]:
    if content.get("arm") == NONE_OF_THESE:
        content["arm"] = None
    return content


def signed_fields(form: Mapping[str, str], who: Principal, *names: str) -> dict[str, str | None]:
    """The fields of a form that somebody signs, by and role among them.

    Args:
        form: as it was sent.
        who: who sends it; in local mode the form says.
        names: of the other fields; what was not sent is left out.
    """
    content: dict[str, str | None] = {name: form[name] for name in ("by", "role", *names) if name in form}
    return content if who.method == "local" else content | {"by": who.name, "role": who.role()}
