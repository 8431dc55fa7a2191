"""Who acts, and from where: what every audit record names."""

from __future__ import annotations

from dataclasses import dataclass

from service.access.principal import LOCAL, Principal

OPERATOR_PRINCIPAL = Principal(
    subject="operator",
    issuer="local",
    name="Operator at the service's machine",
    roles=frozenset({"administrator"}),
    organisation="local",
    purpose="operations",
    method="local",
)


@dataclass(frozen=True)
class Actor:
    """One who acts; never a patient.

    Attributes:
        principal: who.
        address: the network address that the call came from.
    """

    principal: Principal
    address: str


LOCAL_ACTOR = Actor(LOCAL, "127.0.0.1")
"""Whoever calls a service that asks nobody who they are."""

OPERATOR = Actor(OPERATOR_PRINCIPAL, "127.0.0.1")
"""Whoever runs a command on the service's machine, and the service itself when it starts."""
