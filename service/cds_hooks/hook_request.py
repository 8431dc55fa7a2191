"""What a record system sends when a hook fires. What is not read is let pass, as CDS Hooks asks."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from data_contracts.smart_scope import Grant, parse_grant

HookName: TypeAlias = Literal["patient-view", "order-select", "order-sign"]
# FHIR allows no underscore in an id; a client in use makes such pseudonyms, and nothing hangs on it.
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-.]{1,64}$")]
User = Annotated[
    str, StringConstraints(pattern=r"^(Practitioner|PractitionerRole|Patient|RelatedPerson)/[A-Za-z0-9_\-.]{1,64}$")
]
# 3.0's ord-1. A draft that was named otherwise would be passed over without a word.
Selected = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,64}/[A-Za-z0-9_\-.]{1,64}$")]
Instance = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
CLINICIANS = ("Practitioner/", "PractitionerRole/")


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, str_max_length=100_000)


class FhirAuthorization(_Part):
    """Leave to read from the record system. It lasts for the call; nothing that is printed shows the token."""

    access_token: Annotated[SecretStr, WithJsonSchema({"type": "string", "minLength": 1})]
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str
    subject: str
    patient: str | None = None

    @field_validator("access_token")
    @classmethod
    def _one_line(cls, token: SecretStr) -> SecretStr:
        """What stands in a header (RFC 6750); anything else could be more than one."""
        if not re.fullmatch(r"[A-Za-z0-9\-._~+/]{1,20000}=*", token.get_secret_value()):
            raise PydanticCustomError("token", "Input should be a bearer token of RFC 6750")
        return token

    @model_validator(mode="after")
    def _patient_of_patient_scopes(self) -> FhirAuthorization:
        if self.patient is None and any(one.level == "patient" for one in self.grant.scopes):
            raise PydanticCustomError("patient", "Input should have patient, as the scope names patient/")
        return self

    @property
    def grant(self) -> Grant:
        """What the token lets its holder read."""
        return parse_grant(self.scope)


class Context(_Part):
    """What every hook says of its moment.

    Attributes:
        userId: who works in the record system.
        patientId: whom it is about.
        encounterId: in which encounter.
    """

    userId: User
    patientId: Id
    encounterId: Id | None = None

    @property
    def is_clinician(self) -> bool:
        """Whether the user is one to advise: nothing here is made for patients or their relatives."""
        return self.userId.startswith(CLINICIANS)


class OrderContext(Context):
    """What the order hooks say beyond that.

    Attributes:
        draftOrders: a bundle of orders that are not signed yet.
        selections: of order-select: which of them are new, as "Type/id".
    """

    draftOrders: dict[str, Any]
    selections: list[Selected] = Field(default_factory=list)

    @model_validator(mode="after")
    def _a_bundle(self) -> OrderContext:
        if self.draftOrders.get("resourceType") != "Bundle":
            raise PydanticCustomError("bundle", "Input should be with draftOrders as a FHIR bundle")
        return self


class SelectContext(OrderContext):
    """As the other order hook, and the selections have to be there."""

    selections: list[Selected]


CONTEXTS: dict[HookName, type[Context]] = {
    "patient-view": Context,
    "order-select": SelectContext,
    "order-sign": OrderContext,
}


class HookRequest(_Part):
    """A call of a service.

    Attributes:
        hook: which hook fired.
        hookInstance: of this one firing. CDS Hooks asks for a UUID and a client in use sends other text; nothing here
            hangs on its form, so any line is taken.
        context: by the hook.
        fhirServer, fhirAuthorization: where more could be read, and by what leave.
        prefetch: what was asked for beforehand, by key; null is the statement that there is no data.
    """

    hook: str
    hookInstance: Instance
    context: dict[str, Any]
    fhirServer: str | None = None
    fhirAuthorization: FhirAuthorization | None = None
    prefetch: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _server_with_leave(self) -> HookRequest:
        if self.fhirAuthorization is not None and self.fhirServer is None:
            raise PydanticCustomError("server", "Input should be with fhirServer beside fhirAuthorization")
        return self
