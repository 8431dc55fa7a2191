"""Who calls: one person or one system, named by an issuer that the deployment trusts. Never taken from a body."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Role = Literal["clinician", "analyst", "integrator", "auditor", "administrator"]
"""What somebody may be; `service.access.permissions` says what each may do."""

Purpose = Literal["treatment", "emergency", "operations"]
"""What is being done with the data: HL7's purposes of use TREAT, ETREAT and HOPERAT."""

Method = Literal["oidc", "signed_token", "local", "unknown"]
"""How the caller was known: a provider's keys by discovery, keys of the configuration, nobody asked, or not at all."""

NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_CONTROLS)]


class Principal(BaseModel):
    """The caller of one request.

    Attributes:
        subject: who, unique within the issuer.
        issuer: who says so; "local" on one's own machine.
        name: as people read it.
        roles: what they are; none of who is not known.
        organisation: whose patients they may have to do with; a patient's identifier belongs to one.
        licence: the registration that lets a clinician practise; without one nobody reviews or releases.
        purpose: what is being done; "emergency" while the glass is broken.
        method: how the caller was known.
        patient: the one patient that the issuer says this session is about (SMART's launch context), if it does.
        scope: what the token lets its holder do with FHIR resources; None where it says nothing of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: Line
    issuer: Line
    name: Line
    roles: frozenset[Role]
    organisation: Line
    licence: Line | None = None
    purpose: Purpose = "treatment"
    method: Method
    patient: Line | None = None
    scope: str | None = None

    def title(self) -> str:
        """What stands beside the name under a review: the licence, or that there is none."""
        return f"licence {self.licence}" if self.licence else "no licence on record"

    def role(self) -> str:
        """What somebody signs as: the licence, or without one what they are."""
        return self.title() if self.licence else ", ".join(sorted(self.roles))


LOCAL = Principal(
    subject="local",
    issuer="local",
    name="Local demonstration",
    roles=frozenset({"clinician", "administrator", "auditor", "integrator", "analyst"}),
    organisation="local",
    licence="none, local demonstration",
    method="local",
)
"""Whoever calls a service that runs for its own machine alone; nobody is asked who they are."""

UNKNOWN = Principal(
    subject="unknown", issuer="none", name="Somebody who is not known", roles=frozenset(), organisation="none",
    method="unknown",
)  # fmt: skip
"""Whoever called without a token, or with one that is not believed."""
