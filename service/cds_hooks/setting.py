"""How a deployment shows cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from data_contracts.errors import BadUsage
from service.access.access_file import secure_url

ADDRESS = "EQUIPOISE_PUBLIC_URL"
CARDS = "EQUIPOISE_CARDS"
QUIET = "EQUIPOISE_CARD_QUIET_DAYS"
ORIGINS = "EQUIPOISE_CDS_ORIGINS"
SERVERS = "EQUIPOISE_FHIR_SERVERS"
LONGEST_QUIET = 365
ANY_PORT = ":0"


@dataclass(frozen=True)
class CardSetting:
    """What is shown, and where links lead.

    Attributes:
        base: the service's address as users and clients reach it, without a slash at its end.
        mode: "shown", or "shadow": cards are made and kept and not shown, but for those on safety.
        quiet_days: for how long the same user is not told the same of the same patient again; 0 is always told.
        origins: web origins that may call from a browser.
        servers: FHIR servers that may be asked for what was not prefetched.
    """

    base: str = "http://127.0.0.1:8000"
    mode: Literal["shown", "shadow"] = "shown"
    quiet_days: int = 7
    origins: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()

    def listening_at(self, port: int) -> CardSetting:
        """The setting once the port is known, where it was left to the system (0)."""
        return replace(self, base=f"{self.base[:-1]}{port}") if self.base.endswith(ANY_PORT) else self


def read_card_setting(environment: Mapping[str, str], host: str, port: int) -> CardSetting:
    """The setting from environment variables.

    Raises:
        BadUsage: one of them is not of its form.
    """
    here = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    mode = environment.get(CARDS) or "shown"
    if mode not in ("shown", "shadow"):
        raise BadUsage(f"{CARDS} is shown, or shadow to make and keep cards without showing them.")
    days = environment.get(QUIET) or "7"
    if not days.isascii() or not days.isdigit() or int(days) > LONGEST_QUIET:
        raise BadUsage(f"{QUIET} is a number of days from 0 to {LONGEST_QUIET}.")
    origins, servers = _listed(environment, ORIGINS), _listed(environment, SERVERS)
    if wrong := [one for one in origins if not _is_origin(one)]:
        raise BadUsage(
            f"{ORIGINS} is a list of origins as https://ehr.example.org, with commas; {len(wrong)} are not."
        )
    if wrong := [one for one in servers if not _is_server(one)]:
        raise BadUsage(
            f"{SERVERS} is a list of FHIR servers as https://ehr.example.org/fhir, with commas; {len(wrong)} are not."
        )
    base = (environment.get(ADDRESS) or here).rstrip("/")
    if not _is_address(base):
        raise BadUsage(f"{ADDRESS} is the address of the service as its users reach it, as https://host/path.")
    asked = tuple(one.rstrip("/") for one in servers)
    return CardSetting(base, "shadow" if mode == "shadow" else "shown", int(days), origins, asked)


def _listed(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in (environment.get(name) or "").split(",") if one.strip())


def _is_server(text: str) -> bool:
    try:
        return bool(secure_url(text))
    except ValueError:
        return False


def _is_origin(text: str) -> bool:
    parts = urlsplit(text)
    return _is_address(text) and not parts.path


def _is_address(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment
