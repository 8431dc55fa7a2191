"""Who signs: whom the caller's token names, and not whom a body claims to be."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

from service.audit.actor import Actor

Signed = TypeVar("Signed", bound=BaseModel)


def signed_by(signature: Signed, actor: Actor) -> Signed:
    """The signature (what has `by` and `role`) under name and licence of who calls.

    The body's `by` and `role` count in local mode, where nobody is asked, and for a record system, which passes on
    who its user is.
    """
    who = actor.principal
    if who.method == "local" or "integrator" in who.roles:
        return signature
    return signature.model_copy(update={"by": who.name, "role": who.role()})
