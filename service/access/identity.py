"""Makes the principal of a verified token: who it is, and as what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from data_contracts.errors import NotAuthenticated, NotPermitted
from data_contracts.smart_scope import parse_grant
from service.access.access_file import TrustedIssuer
from service.access.principal import Line, Principal, Role
from service.access.token import VerifiedToken

ROLES = frozenset(get_args(Role))
TEXT = TypeAdapter(Line)


def principal_of(issuer: TrustedIssuer, held: Mapping[str, Any]) -> Principal:
    """The principal that a verified token names, a bearer's or one that a login ends with.

    Args:
        issuer: whose token it is.
        held: all that it says.

    Raises:
        NotAuthenticated: it claims a role or an organisation that its issuer may not give, or a clinician has no name.
        NotPermitted: it gives no role of ours.
    """
    subject = _text(held, "sub") or issuer.issuer
    roles = _roles(held.get(issuer.claims.roles))
    if not roles <= issuer.roles:
        raise _refused("a role that its issuer may not give")
    if not roles:
        raise NotPermitted(f"The token names no role of {', '.join(sorted(ROLES))} ({issuer.claims.roles}).")
    name = _text(held, issuer.claims.name)
    if name is None and "clinician" in roles:
        raise _refused(f"a clinician without a name ({issuer.claims.name})")
    return Principal(
        subject=subject,
        issuer=issuer.issuer,
        name=name or subject,
        roles=frozenset(roles),
        organisation=_organisation(held, issuer),
        licence=_text(held, issuer.claims.licence),
        method="signed_token" if issuer.keys else "oidc",
        patient=_text(held, issuer.claims.patient),
        scope=_scope(held.get("scope")),
    )


def system_of(token: VerifiedToken) -> Principal:
    """The record system that a token of CDS Hooks names; it speaks for its issuer, whose roles have to allow it.

    Raises:
        NotPermitted: its issuer may not call as a record system.
        NotAuthenticated: its tenant is none of the issuer's organisations, or not told where there are several.
    """
    issuer, name = token.issuer, token.claims.iss
    if "integrator" not in issuer.roles:
        raise NotPermitted("The token's issuer may not call as a record system; the access file gives it other roles.")
    return Principal(
        subject=name,
        issuer=name,
        name=name,
        roles=frozenset({"integrator"}),
        organisation=_among(_text(token.held, "tenant"), issuer),
        method="signed_token" if issuer.keys else "oidc",
    )


def _scope(given: Any) -> str | None:
    """The scopes on FHIR resources that a token names (RFC 9068), as they are written; None if it names none."""
    listed = given.split() if isinstance(given, str) else given
    if listed is None:
        return None
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise _refused("scopes that are not a text with blanks between them")
    text = " ".join(listed)
    return text if parse_grant(text).is_clinical else None


def _roles(given: Any) -> frozenset[Role]:
    """Our roles among those that a token lists; those of other programs mean nothing here."""
    listed = [given] if isinstance(given, str) else given
    if listed is None:
        return frozenset()
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise _refused("roles that are not a list of names")
    return frozenset(role for role in ROLES if role in listed)


def _organisation(held: Mapping[str, Any], issuer: TrustedIssuer) -> str:
    return _among(_text(held, issuer.claims.organisation), issuer)


def _among(given: str | None, issuer: TrustedIssuer) -> str:
    if given is None and len(issuer.organisations) == 1:
        return issuer.organisations[0]
    if given not in issuer.organisations:
        raise _refused("no organisation, or one that its issuer may not speak for")
    return str(given)


def _text(held: Mapping[str, Any], name: str) -> str | None:
    if held.get(name) is None:
        return None
    try:
        return TEXT.validate_python(held[name], strict=True)
    except ValidationError:
        raise _refused(f"a claim that is no line of text ({name})") from None


def _refused(what: str) -> NotAuthenticated:
    return NotAuthenticated(f"The token is not accepted: it has {what}.")
