"""`equipoise serve`: checks everything that serving needs, then answers until it is told to stop."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from data_contracts.errors import BadUsage
from data_contracts.site_offer import read_site_offers
from service.access.access_file import ACCESS, AccessFile, is_loopback, read_access
from service.access.authentication import LOCAL_CALLERS, callers_of
from service.app import create_app
from service.audit.actor import OPERATOR
from service.audit.entry import Entry
from service.audit.root_keeper import RootKeeper
from service.check import warn_of_expired
from service.collaborators import Collaborators
from service.console import tell, warn
from service.contact import read_contacts
from service.fhir.fetching import FhirReads
from service.operations.champion import Champion
from service.operations.drain import SECONDS_TO_FINISH, DrainingServer
from service.operations.log import logging_to_stderr
from service.operations.operations import Operations
from service.operations.own_hosts import OwnHosts
from service.operations.registry_note import read_note
from service.operations.tracing import traces_to
from service.policy_source import champion_name
from service.served_policy import ServedPolicy, check_reference, load_served
from service.sessions.login import login_of
from service.sessions.session_store import Sessions
from service.sessions.setting import ISSUER
from service.settings import POLICY, Settings, read_settings
from service.smart.ehr import read_ehrs
from service.storage.database import open_database
from service.storage.housekeeper import Housekeeper
from service.storage.keys import FILE, TEXT, Keys, open_keys
from service.storage.opening import ready_store
from service.storage.store import Store
from service.utc import utc_now

COLLECT = (10_000, 10, 10)
"""After how many new objects the garbage collector looks at the newest, and after how many looks at older ones."""

LOCAL_MODE = (
    "WARNING: LOCAL MODE. Nobody is asked who they are: every program and every user of this machine can ask for, "
    "read, sign and release anything here. For a trial with made-up patients; never for real ones."
)


def serve(policy: str | None, host: str | None, port: int | None, *, local: bool = False) -> int:
    """Configure, verify, open, listen; returns after SIGTERM or SIGINT, answers that have begun being finished.

    Raises:
        Refused: nobody to believe and not local, no contacts, or the policy does not verify, failed a gate or was not
            promoted.
        BadUsage, BadInput, NotFound, NotReady: a setting, the contacts, the policy's place or the database is wrong.
    """
    settings = read_settings(os.environ, policy=policy, host=host, port=port)
    access = read_whom_to_believe(settings, local=local)
    contacts = read_contacts(settings.contacts)
    offers = read_site_offers(settings.sites) if settings.sites else None
    reference = check_reference(settings.policy, POLICY)
    served = load_served(reference)
    keys = open_keys(os.environ, utc_now())
    store = open_store(settings, served, keys)
    listening = listen(settings)
    cards = settings.cards.listening_at(listening.getsockname()[1])
    login = login_of(settings.login, access, cards.base) if settings.login and access else None
    ehrs = read_ehrs(settings.ehrs, access, cards.base)
    asked = (*cards.servers, *ehrs)
    champion = Champion(reference, served, store, settings.policy_seconds, utc_now)
    name = champion_name(reference)
    traces = traces_to(settings.traces)
    operations = Operations(
        refused=champion.refused, registry=lambda: read_note(name), traces=traces, limit=settings.limit
    )
    given = Collaborators(
        champion.served,
        store,
        contacts,
        offers=offers,
        audit_roots=settings.audit_roots,
        cards=cards,
        first_choice=settings.first_choice,
        reads=FhirReads(asked) if asked else None,
        safety_officer=settings.safety_officer,
        operations=operations,
        callers=callers_of(access, store.engine, utc_now) if access else LOCAL_CALLERS,
        sessions=Sessions(store, settings.lifetimes, access.vouches_for) if access else None,
        login=login,
        ehrs=ehrs,
    )
    app = create_app(given)
    if access is None:
        app.add_middleware(OwnHosts)
        warn(LOCAL_MODE)
    warn_of_local_keys(keys)
    warn_of_expired(served.rules, utc_now().date())
    with (
        logging_to_stderr(settings.log_level),
        RootKeeper(store, settings.audit_roots, settings.audit_root_seconds, utc_now),
        Housekeeper(store, settings.retention_days, utc_now),
        champion,
    ):
        run(app, listening, served, lambda config: DrainingServer(config, operations.draining, settings.drain_seconds))
    traces.close()
    if given.reads is not None:
        given.reads.close()
    store.close()
    return 0


def read_whom_to_believe(settings: Settings, *, local: bool) -> AccessFile | None:
    """The access file; None in local mode, which asks nobody and therefore listens to its own machine alone.

    Raises:
        Refused: neither.
        BadUsage: local mode with an access file or a provider to log in at, or at an address that others can reach.
        BadInput: the file is not of the form.
    """
    if not local:
        return read_access(settings.access)
    problems = []
    if settings.access is not None:
        problems.append(f"--local asks nobody who they are, and {ACCESS} says whom to believe: leave one of them out.")
    if settings.login is not None:
        problems.append(f"--local asks nobody who they are, and {ISSUER} says where to log in: leave one of them out.")
    if not is_loopback(settings.host):
        problems.append(
            f"--local listens to its own machine alone and not on {settings.host}: leave out host, or --local."
        )
    if problems:
        raise BadUsage("\n".join(problems))
    return None


def open_store(settings: Settings, served: ServedPolicy, keys: Keys) -> Store:
    """The migrated store, holding the documents of the policy that is served.

    Raises:
        NotReady: the database cannot be used.
    """
    engine = open_database(settings.database_url)
    store = ready_store(engine, keys, utc_now())
    store.keep_policy(served.source.manifest_sha256, served.documents, Entry("policy", OPERATOR, utc_now()))
    return store


def listen(settings: Settings) -> socket.socket:
    """A listening socket at the settings' host and port.

    Raises:
        BadUsage: no such host, or the port is taken.
    """
    try:
        listening = socket.create_server((settings.host, settings.port), family=_family(settings.host), backlog=512)
    except OSError as error:
        text = f"Cannot listen on {settings.host}, port {settings.port}: {error.strerror}. Choose another with --port."
        raise BadUsage(text) from error
    # asyncio sets it, but not on sockets that are handed to it; without it an answer waits 40 ms for an ack.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def run(
    app: FastAPI, listening: socket.socket, served: ServedPolicy, server_of: Callable[[uvicorn.Config], uvicorn.Server]
) -> None:
    """Serve until a signal says stop."""
    host, port = listening.getsockname()[:2]
    manifest = served.policy.manifest
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    config = uvicorn.Config(
        app,
        log_config=None,  # its lines go where ours go
        access_log=False,  # an address may hold what a caller put there
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
    )
    settle_memory()
    tell(f"Equipoise serves {manifest.name} (study {manifest.study_id[:8]}…) on {address}")
    server_of(config).run(sockets=[listening])


def settle_memory() -> None:
    """Spare the garbage collector what was loaded: it stays for as long as the process does.

    An answer makes thousands of objects that go by themselves; looking for those that cannot is for every so often.
    It was a tenth of the time of answers.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)


def warn_of_local_keys(keys: Keys) -> None:
    """Say so if nobody configured keys: whoever takes the folder takes both the records and what opens them."""
    if keys.made_here:
        step = f"Fit for a trial, not for patients: set {FILE} or {TEXT} (`equipoise keys new FILE` makes one)."
        warn(f"WARNING: the keys that records are sealed with lie beside them, in {keys.path}. {step}")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
