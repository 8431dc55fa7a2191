"""The commands of who keeps the service's records: keys, audit, backup, retention, erasure, the withdrawn."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping

from data_contracts.errors import BadUsage
from service.audit.actor import OPERATOR
from service.audit.entry import Entry
from service.console import tell
from service.settings import RETENTION_DAYS, Settings, read_settings
from service.storage.command_store import command_store
from service.storage.keys import make_ring, open_keys
from service.storage.store import Store
from service.utc import utc_now
from service.whose import operator_for

Command = Callable[[argparse.Namespace, Settings], int]


def run(arguments: argparse.Namespace) -> int:
    """Run one of them.

    Raises:
        EquipoiseError: as the command's own module says.
    """
    return COMMANDS[arguments.command](arguments, read_settings(os.environ))


def _keys(arguments: argparse.Namespace, _: Settings) -> int:
    if arguments.action == "new":
        ring = make_ring(arguments.file, utc_now())
        tell(f"Made {arguments.file}, with the master key {ring.current.id}. Keep a copy apart from the backups.")
    elif arguments.action == "show":
        ring = open_keys(os.environ, utc_now()).ring
        for place, master in enumerate(ring.masters):
            tell(f"{master.id} of {master.made:%Y-%m-%d %H:%M} UTC{'' if place else ', current'}")
        tell(ring.public_pem.decode().strip())
    else:
        with command_store() as store:
            tell(_changed(arguments, store))
    return 0


def _changed(arguments: argparse.Namespace, store: Store) -> str:
    """Change which master keys there are and what they wrap; what to tell of it."""
    from service.storage.rotation import add_spare, retire, rewrap, rotate, use

    now, copies = utc_now(), "Give every replica the file, then: equipoise keys"
    if arguments.action == "add":
        return f"Added the master key {add_spare(store, now)}. {copies} use ID"
    if arguments.action == "use":
        use(store, arguments.id)
        return f"The master key {arguments.id} wraps from now on. {copies} rewrap"
    if arguments.action == "retire":
        retire(store, arguments.id, now)
        return f"The master key {arguments.id} is out. What it wrapped, in old backups too, opens no more."
    done = (rotate if arguments.action == "rotate" else rewrap)(store, OPERATOR, now)
    return f"{done} persons' keys are wrapped by the current master key now."


def _audit(arguments: argparse.Namespace, settings: Settings) -> int:
    from service.audit.export import audit_export
    from service.audit.replay import audit_replay
    from service.audit.verify import audit_verify

    with command_store() as store:
        if arguments.action == "verify":
            return audit_verify(store, settings.audit_roots, as_json=arguments.json)
        if arguments.action == "replay" and arguments.patients is not None:
            from service.batch_replay import replay_table

            given = (arguments.recommendation, arguments.patients, arguments.policy)
            return replay_table(store, *given, as_json=arguments.json)
        if arguments.action == "replay":
            return audit_replay(store, arguments.recommendation, arguments.policy, as_json=arguments.json)
        return audit_export(store, arguments.out, arguments.first)


def _backup(arguments: argparse.Namespace, _: Settings) -> int:
    from service.storage.backup import backup

    with command_store() as store:
        return backup(store, arguments.out, utc_now())


def _restore(arguments: argparse.Namespace, settings: Settings) -> int:
    from service.storage.restore import restore

    with command_store(make=True) as store:
        return restore(store, arguments.file, settings.audit_roots, utc_now())


def _retention(arguments: argparse.Namespace, settings: Settings) -> int:
    from service.storage.retention import apply_retention

    days = arguments.days if arguments.days is not None else settings.retention_days
    if days is None or days < 1:
        raise BadUsage(f"For how many days are answers kept? Give --days, 1 or more, or set {RETENTION_DAYS}.")
    with command_store() as store:
        removed = apply_retention(store, days, OPERATOR, utc_now())
    tell(f"{removed} answers older than {days} days were removed.")
    return 0


def _erase(arguments: argparse.Namespace, settings: Settings) -> int:
    from service.storage.erasure import Erasure, erase

    patient = sys.stdin.readline().strip() if arguments.patient == "-" else arguments.patient
    wish = Erasure(patient_id=patient, by=arguments.by, role="administrator", note=arguments.note)
    with command_store() as store:
        with store.reading() as connection:
            actor = operator_for(connection, arguments.organisation)
        person = erase(store, wish, Entry("erasure", actor, utc_now()), settings.audit_roots)
    tell(f"Erased: person {person} of the audit. Copies of the database from before: see docs/service.md, erasure.")
    return 0


def _withdrawn(arguments: argparse.Namespace, _: Settings) -> int:
    from service.withdrawn import write_withdrawn

    with command_store() as store:
        return write_withdrawn(store, arguments.out, utc_now(), arguments.organisation)


def _cards(arguments: argparse.Namespace, _: Settings) -> int:
    from service.cds_hooks.card_table import write_cards

    with command_store() as store:
        return write_cards(store, arguments.out, utc_now())


def _harms(arguments: argparse.Namespace, _: Settings) -> int:
    from service.harm_table import write_harms

    with command_store() as store:
        return write_harms(store, arguments.out, utc_now())


def _decisions(arguments: argparse.Namespace, _: Settings) -> int:
    from service.decision_table import write_decisions

    with command_store() as store:
        return write_decisions(store, arguments.out, utc_now())


def _switch(arguments: argparse.Namespace, _: Settings) -> int:
    from service.stopping import tell_stops, turn_switch

    with command_store() as store:
        if arguments.command == "stops":
            return tell_stops(store)
        return turn_switch(store, arguments.command, arguments.policy, arguments.by, arguments.why)


def _sessions(arguments: argparse.Namespace, _: Settings) -> int:
    from service.signing_out import end_person, tell_sessions

    told, now = {"as_json": arguments.json}, utc_now()
    with command_store() as store:
        if arguments.action == "list":
            return tell_sessions(store, now, **told)
        return end_person(store, arguments.account, arguments.issuer, arguments.by, arguments.why, now, **told)


COMMANDS: Mapping[str, Command] = {
    "keys": _keys,
    "audit": _audit,
    "backup": _backup,
    "restore": _restore,
    "retention": _retention,
    "erase": _erase,
    "withdrawn": _withdrawn,
    "cards": _cards,
    "decisions": _decisions,
    "harms": _harms,
    "stop": _switch,
    "lift": _switch,
    "stops": _switch,
    "sessions": _sessions,
}
