"""The service's configuration: read once from the environment into a frozen object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from limits import RateLimitItem
from pydantic import SecretStr

from data_contracts.errors import BadUsage
from data_contracts.places import home
from service.access.access_file import ACCESS
from service.cds_hooks.setting import CardSetting, read_card_setting
from service.contact import VARIABLE as CONTACTS
from service.operations.log import LEVELS
from service.operations.rate_limit import RATE_LIMIT, rate_limit
from service.operations.tracing import TRACES
from service.sessions.setting import Lifetimes, LoginSetting, read_lifetimes, read_login_setting
from service.smart.ehr import EHRS

DATABASE = "EQUIPOISE_DATABASE_URL"
SQLITE = "service.db"
"""The database in home, where none is named."""

POLICY = "EQUIPOISE_POLICY"
SITES = "EQUIPOISE_SITES"
HOST = "EQUIPOISE_HOST"
PORT = "EQUIPOISE_PORT"
AUDIT_ROOTS = "EQUIPOISE_AUDIT_ROOTS"
AUDIT_ROOT_SECONDS = "EQUIPOISE_AUDIT_ROOT_SECONDS"
FIRST_CHOICE = "EQUIPOISE_FIRST_CHOICE"
SAFETY_OFFICER = "EQUIPOISE_SAFETY_OFFICER"
RETENTION_DAYS = "EQUIPOISE_RETENTION_DAYS"
POLICY_SECONDS = "EQUIPOISE_POLICY_SECONDS"
DRAIN_SECONDS = "EQUIPOISE_DRAIN_SECONDS"
LOG_LEVEL = "EQUIPOISE_LOG_LEVEL"


@dataclass(frozen=True)
class Settings:
    """How one service runs.

    Attributes:
        database_url: SQLAlchemy address; its password is never shown.
        policy: DIR or NAME@champion, None if not given.
        contacts: file with the crisis contacts, None if not given.
        sites: file with what the sites offer, None if not given.
        host, port: where it listens; port 0 is any free one.
        audit_roots: folder for the signed roots of the audit, a place of its own.
        audit_root_seconds: how often a root is written while the audit grows.
        retention_days: how long answers are kept, None for ever.
        cards: how cards are shown in the record system.
        policy_seconds: how often a newer champion is looked for.
        drain_seconds: how long requests are still taken after SIGTERM.
        limit: how many calls a caller may make, None for any number.
        traces: address of the collector of traces, None for none.
        first_choice: whether rankings are withheld until the clinician's own choice is written down.
        safety_officer: who looks into harm, in words; None if nobody is named.
        access: file with the issuers of tokens that are believed, None if not given.
        log_level: the least that is logged: info (every request), warning or error.
        login: where people log in to the pages, None if nobody is to.
        ehrs: file of the record systems that may launch the pages, None if none may.
        lifetimes: how long their sessions last.
    """

    database_url: SecretStr
    policy: str | None
    contacts: Path | None
    sites: Path | None
    host: str
    port: int
    audit_roots: Path
    audit_root_seconds: float
    retention_days: int | None
    cards: CardSetting = field(default_factory=CardSetting)
    access: Path | None = None
    first_choice: bool = False
    safety_officer: str | None = None
    policy_seconds: int = 5
    drain_seconds: int = 2
    log_level: str = "info"
    limit: RateLimitItem | None = None
    traces: str | None = None
    login: LoginSetting | None = None
    ehrs: Path | None = None
    lifetimes: Lifetimes = field(default_factory=Lifetimes)


def read_settings(
    environment: Mapping[str, str], *, policy: str | None = None, host: str | None = None, port: int | None = None
) -> Settings:
    """Settings from environment variables; what is named on the command line goes first.

    Raises:
        BadUsage: a number is not one, or a setting of cards, limits or logging in is not of its form.
    """
    contacts, sites = environment.get(CONTACTS), environment.get(SITES)
    host = host or environment.get(HOST) or "127.0.0.1"
    port = _port(environment.get(PORT) or "8000") if port is None else _port(str(port))
    return Settings(
        database_url=SecretStr(environment.get(DATABASE) or f"sqlite:///{home() / SQLITE}"),
        policy=policy or environment.get(POLICY) or None,
        contacts=Path(contacts) if contacts else None,
        sites=Path(sites) if sites else None,
        host=host,
        port=port,
        audit_roots=Path(environment.get(AUDIT_ROOTS) or default_roots()),
        audit_root_seconds=_whole(environment.get(AUDIT_ROOT_SECONDS) or "60", AUDIT_ROOT_SECONDS),
        retention_days=_whole(days, RETENTION_DAYS) if (days := environment.get(RETENTION_DAYS)) else None,
        cards=read_card_setting(environment, host, port),
        first_choice=_first_choice(environment.get(FIRST_CHOICE) or "no"),
        safety_officer=environment.get(SAFETY_OFFICER) or None,
        access=Path(access) if (access := environment.get(ACCESS)) else None,
        policy_seconds=_whole(environment.get(POLICY_SECONDS) or "5", POLICY_SECONDS),
        drain_seconds=_whole(environment.get(DRAIN_SECONDS) or "2", DRAIN_SECONDS, least=0),
        log_level=_level(environment.get(LOG_LEVEL) or "info"),
        limit=rate_limit(environment.get(RATE_LIMIT) or None),
        traces=environment.get(TRACES) or None,
        login=read_login_setting(environment),
        ehrs=Path(ehrs) if (ehrs := environment.get(EHRS)) else None,
        lifetimes=read_lifetimes(environment),
    )


def default_roots() -> Path:
    """Where the audit's roots go if nothing else is said."""
    return home() / "audit-roots"


def _first_choice(text: str) -> bool:
    if text not in ("no", "asked"):
        raise BadUsage(
            f"{FIRST_CHOICE} is no, or asked to withhold rankings until the clinician's own choice is known."
        )
    return text == "asked"


def _whole(text: str, name: str, least: int = 1) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= 10**6:
        raise BadUsage(f"{name} is a whole number from {least} to 1000000.")
    return int(text)


def _level(text: str) -> str:
    if text not in LEVELS:
        raise BadUsage(f"{LOG_LEVEL} is one of {', '.join(LEVELS)}.")
    return text


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise BadUsage(f"The port (--port or {PORT}) is a whole number from 0 to 65535.")
    return int(text)
