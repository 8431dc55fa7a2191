"""Whose a session is, for who may end it: sealed by the key ring, so that the database alone tells nobody."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from service.access.principal import Principal
from service.storage.key_ring import KeyRing
from service.storage.schema import SESSIONS
from service.storage.sealed_field import Place, seal, unseal


class Account(BaseModel):
    """Somebody as their provider names them.

    Attributes:
        issuer, subject: which account, at which provider.
        name: as people read it.
        organisation: of this session.
        began: when it did, UTC.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str
    subject: str
    name: str
    organisation: str
    began: datetime


def sealed_account(who: Principal, began: datetime, session: str, ring: KeyRing) -> bytes:
    """The account of who logged in, as its row holds it.

    Args:
        who: logged in.
        began: when, UTC.
        session: the row's id.
        ring: that seals it.
    """
    account = Account(
        issuer=who.issuer, subject=who.subject, name=who.name, organisation=who.organisation, began=began
    )
    return seal(_secret(ring), account.model_dump_json().encode(), _place(session))


def opened_account(sealed: bytes, session: str, ring: KeyRing) -> Account:
    """The account of a row.

    Raises:
        Tampered: it was changed, or is another row's.
    """
    return Account.model_validate_json(unseal(_secret(ring), sealed, _place(session)))


def provider_session_of(issuer: str, sid: str, ring: KeyRing) -> str:
    """The keyed hash that a provider's session is looked up by."""
    return ring.keyed(f"session of {issuer}", sid)


def _secret(ring: KeyRing) -> bytes:
    return bytes.fromhex(ring.keyed("accounts of sessions", ""))


def _place(session: str) -> Place:
    return Place(SESSIONS.name, session, "account")
