"""Holds a caller to the scopes of their own token: who was lent less than their role has no more than that.

A token whose `scope` says nothing of FHIR resources is not held to any (`openid profile` is what logging in asks for).
One that does is: what is not granted is refused, whatever the role would allow. What the service gives is seen as
FHIR has it: an answer is a `GuidanceResponse`, which is read, asked for (create) and signed (update); consent is a
`Consent`; everything else takes a scope on `*`. A scope of one patient counts for the patient that the token names.
"""

from __future__ import annotations

from collections.abc import Mapping

from data_contracts.errors import NotPermitted
from data_contracts.smart_scope import parse_grant
from service.access.principal import Principal
from service.access.rights import KNOWN, Right

ANSWER, EVERYTHING = "GuidanceResponse", "*"
RESOURCES: Mapping[str, str] = {"POST /v1/consents": "Consent"}
"""By address, where it is about a patient and no answer."""


def check_scope(who: Principal, right: Right, address: str) -> bool:
    """Whether the caller may do this for the one patient alone whom their token names.

    Args:
        who: the caller.
        right: of the address.
        address: method and path as the route is written.

    Raises:
        NotPermitted: their token's scope does not reach it.
    """
    if who.scope is None or right is KNOWN or right.by != "person":
        return False
    grant, interaction = parse_grant(who.scope), _interaction(address, right)
    resource = EVERYTHING if right.about == "nothing" else RESOURCES.get(address, ANSWER)
    if grant.allows(resource, interaction, ("user", "system")):
        return False
    if right.about != "nothing" and who.patient is not None and grant.allows(resource, interaction):
        return True
    raise NotPermitted(f"The scope of your token does not reach this; it takes user/{resource}.{interaction}.")


def _interaction(address: str, right: Right) -> str:
    if address.startswith("GET "):
        return "r"
    return "c" if right.about == "patient" else "u"
