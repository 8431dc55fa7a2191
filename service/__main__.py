"""The command `equipoise`: parses arguments and holds nothing else.

pull: registry -> verify -> cache.
recommend: policy -> verify -> table -> ledger of consents and kill switch -> check -> decide -> audit -> write.
serve: contacts -> policy -> verify -> database -> listen.
sheet: database -> released? -> write.
check: safety rules -> examples -> clock.
keys, audit, backup, restore, retention, erase, withdrawn, cards, harms, decisions, stop, lift, stops,
sessions: see service.keeping.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

from data_contracts.errors import EquipoiseError
from service.examples import CommandParser
from service.keeping_arguments import KEEPING, add_commands

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Products for one patient are small: threads that wait for each other cost several times what they save."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Bad usage ends in argparse's own SystemExit(2)."""
    for name in THREADS:
        os.environ.setdefault(name, "1")  # numpy reads them once, when a command first imports it
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments)
    except EquipoiseError as error:
        print(f"{error.title}.\n{error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        print(_unforeseen(error), file=sys.stderr)
        return 1


def _unforeseen(error: Exception) -> str:
    """What nobody foresaw, by type and place: the message may hold a patient's value."""
    frames = traceback.extract_tb(error.__traceback__)
    places = "\n".join(f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    return f"Equipoise failed: {type(error).__name__}, at\n{places}\nPlease report this with the lines above."


def _run(arguments: argparse.Namespace) -> int:
    """Import the command's module only now, so that `--help` need not wait for it."""
    if arguments.command == "pull":
        from service.pull import pull

        return pull(arguments.reference, arguments.watch)
    if arguments.command == "recommend":
        from service.batch import recommend_table

        return recommend_table(
            arguments.policy,
            arguments.patients,
            arguments.out,
            as_json=arguments.json,
            consent=arguments.consent,
            sites=arguments.sites,
            organisation=arguments.organisation,
        )
    if arguments.command == "check":
        from service.check import check

        return check(arguments.rules, arguments.on or datetime.now(UTC).date())
    if arguments.command in KEEPING:
        from service.keeping import run

        return run(arguments)
    if arguments.command == "sheet":
        from service.sheet_release import write_sheet

        return write_sheet(arguments.recommendation, arguments.out)
    from service.serve import serve

    return serve(arguments.policy, arguments.host, arguments.port, local=arguments.local)


def _parser() -> argparse.ArgumentParser:
    about = "Ranked therapies for one patient, with uncertainty and reasons. It supports a clinician."
    parser = CommandParser("equipoise", description=about)
    parser.add_argument("--version", action="version", version=f"equipoise {version('equipoise')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    pull = commands.add_parser("pull", help="bring a model's champion and versions into the local cache, verified")
    pull.add_argument("reference", metavar="NAME[@champion]", help="NAME alone: its versions alone, for the pages")
    pull.add_argument("--watch", type=float, metavar="SECONDS", help="look again every so many seconds")
    recommend = commands.add_parser("recommend", help="recommendations for a table of patients")
    recommend.add_argument("--policy", required=True, metavar="DIR|NAME@champion", help="where the policy is")
    recommend.add_argument("--patients", required=True, type=Path, metavar="TABLE", help="CSV or Parquet to read")
    recommend.add_argument("--out", required=True, type=Path, metavar="TABLE", help="CSV or Parquet to write")
    recommend.add_argument("--consent", metavar="WHERE", help="where it is recorded that everybody here consented")
    recommend.add_argument("--organisation", metavar="NAME", help="whose patients, if the database knows several")
    recommend.add_argument("--sites", type=Path, metavar="FILE", help="what the sites offer, told beside the effects")
    recommend.add_argument("--json", action="store_true", help="print the summary as JSON")
    serve = commands.add_parser("serve", help="answer over HTTP")
    serve.add_argument("--policy", metavar="DIR|NAME@champion", help="default EQUIPOISE_POLICY")
    serve.add_argument("--host", help="default EQUIPOISE_HOST, else 127.0.0.1")
    serve.add_argument("--port", type=int, help="default EQUIPOISE_PORT, else 8000; 0 is any free one")
    serve.add_argument(
        "--local", action="store_true", help="ask nobody who they are; on this machine alone, for trials"
    )
    sheet = commands.add_parser("sheet", help="write the shared-decision sheet of a released recommendation")
    sheet.add_argument("recommendation", metavar="ID", help="of the recommendation, as the service gave it")
    sheet.add_argument("--out", required=True, type=Path, metavar="FILE", help="the page to write, for a browser")
    check = commands.add_parser("check", help="whether the safety rules hold and their sources are current")
    check.add_argument("--rules", type=Path, metavar="DIR", help="other rules than those of this package")
    check.add_argument("--on", type=date.fromisoformat, metavar="YYYY-MM-DD", help="as if on this day")
    add_commands(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
