"""Arguments of the commands for who keeps the service's records; `service.keeping` says what each does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from service.sessions.reason import WHYS

KEEPING = (
    "keys",
    "audit",
    "backup",
    "restore",
    "retention",
    "erase",
    "withdrawn",
    "cards",
    "harms",
    "decisions",
    "stop",
    "lift",
    "stops",
    "sessions",
)
"""The commands."""


def add_commands(commands: Any) -> None:
    """Add their parsers."""
    keys = commands.add_parser(
        "keys", help="the keys that records are sealed with: make, show, rotate and retire them"
    )
    doing = keys.add_subparsers(dest="action", required=True, metavar="ACTION")
    doing.add_parser("new", help="make a key ring").add_argument("file", type=Path, metavar="FILE")
    doing.add_parser("show", help="ids of the master keys, and the public key")
    doing.add_parser("rotate", help="take a new master key into use, while the service runs")
    doing.add_parser("add", help="a master key that is not used yet, for every replica to get it first")
    doing.add_parser("use", help="have a master key wrap from now on").add_argument("id", metavar="ID")
    doing.add_parser("rewrap", help="wrap what other master keys wrapped with the current one")
    doing.add_parser("retire", help="take a master key that wraps nothing out").add_argument("id", metavar="ID")
    audit = commands.add_parser("audit", help="the memory of who did what: verify, replay, export")
    doing = audit.add_subparsers(dest="action", required=True, metavar="ACTION")
    verify = doing.add_parser("verify", help="whether all is as it was written; where not")
    verify.add_argument("--json", action="store_true", help="print the result as JSON")
    replay = doing.add_parser("replay", help="compute a past answer again, bit for bit")
    replay.add_argument("recommendation", metavar="ID", help="of the recommendation, or of a table (its batch)")
    replay.add_argument("--patients", type=Path, metavar="TABLE", help="for a table: the one that was asked about")
    replay.add_argument("--policy", type=Path, metavar="DIR", help="its policy, if the cache has it no more")
    replay.add_argument("--json", action="store_true", help="print the result as JSON")
    export = doing.add_parser("export", help="FHIR AuditEvents (IHE BALP), one a line")
    export.add_argument("--out", required=True, type=Path, metavar="FILE")
    export.add_argument("--from", dest="first", type=int, default=1, metavar="RECORD", help="place of the first")
    backup = commands.add_parser("backup", help="all tables in one signed file, while the service runs")
    backup.add_argument("--out", required=True, type=Path, metavar="FILE")
    restore = commands.add_parser("restore", help="a backup into an empty database")
    restore.add_argument("file", type=Path, metavar="FILE")
    retention = commands.add_parser("retention", help="remove answers that are older than they are kept, now")
    retention.add_argument("--days", type=int, help="default EQUIPOISE_RETENTION_DAYS")
    erase = commands.add_parser("erase", help="destroy the key of a person who asks for it")
    erase.add_argument("--patient", required=True, metavar="ID", help="identifier; - reads it from standard input")
    erase.add_argument("--organisation", help="whose patient it is, where the database knows several")
    erase.add_argument("--by", required=True, help="who writes it down")
    erase.add_argument("--note", help="what is to be remembered, sealed and lost with the rest")
    withdrawn = commands.add_parser("withdrawn", help="the signed list of who is left out of later learning")
    withdrawn.add_argument("--out", required=True, type=Path, metavar="FILE")
    withdrawn.add_argument("--organisation", help="whose patients alone; without it all that the database knows")
    cards = commands.add_parser("cards", help="cards, shown or not, and what became of them, as a table")
    cards.add_argument("--out", required=True, type=Path, metavar="TABLE", help="CSV or Parquet to write")
    _add_switch(commands)
    _add_sessions(commands)


def _add_switch(commands: Any) -> None:
    """The kill switch, and what may be a reason to turn it."""
    stop = commands.add_parser("stop", help="take a model out of service on all replicas, at once")
    lift = commands.add_parser("lift", help="put a model that was taken out back into service")
    for command in (stop, lift):
        command.add_argument("policy", metavar="NAME", help="of the policy; equipoise stops lists them")
        command.add_argument("--by", required=True, help="who does it")
        command.add_argument("--why", required=True, help="the reason, without anything of a patient")
    commands.add_parser("stops", help="which models are in service, and who stopped or lifted them")
    harms = commands.add_parser("harms", help="reports of harm, as a table")
    harms.add_argument("--out", required=True, type=Path, metavar="TABLE", help="CSV or Parquet to write")
    decisions = commands.add_parser("decisions", help="advice beside first choices and decisions, as a table")
    decisions.add_argument("--out", required=True, type=Path, metavar="TABLE", help="CSV or Parquet to write")


def _add_sessions(commands: Any) -> None:
    """Who is signed in to the pages, and the end of it."""
    sessions = commands.add_parser("sessions", help="who is signed in; end one person's")
    doing = sessions.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = doing.add_parser("list", help="everybody who is signed in to the pages")
    end = doing.add_parser("end", help="end all sessions of one person on all replicas, at once")
    end.add_argument("account", metavar="ACCOUNT", help="as the provider names the person; list and audit tell it")
    end.add_argument("--issuer", metavar="URL", help="at which provider, where two have such an account")
    end.add_argument("--by", required=True, help="who does it")
    end.add_argument("--why", required=True, choices=WHYS, help="the reason, as the audit keeps it")
    for command in (listed, end):
        command.add_argument("--json", action="store_true", help="print the result as JSON")
