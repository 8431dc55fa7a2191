"""The analyst's command, `equipoise-lab`: this file parses arguments and holds nothing else."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from socket import gethostname
from typing import Any

from data_contracts.errors import EquipoiseError
from data_contracts.places import home
from experiments.cohort.place import place_of

EXAMPLES = """\
examples:
  equipoise-lab demo
  equipoise-lab example beat-the-blues --out btb
  equipoise-lab simulate --world clinic --n 4000 --seed 1 --out clinic
  equipoise-lab protocol records.csv --out protocol.yaml
  equipoise-lab fit clinic/protocol.yaml --data clinic/records.csv --out clinic-fit
  equipoise-lab study clinic/protocol.yaml --data clinic/records.csv --out clinic-study
  equipoise-lab promote clinic 1 --by "A. Analyst" --why "gates passed; reviewed the report"
  equipoise-lab promotions clinic
  equipoise-lab card clinic@champion --out clinic.html

exit codes: 0 done, 2 bad usage, 3 bad input, 4 a gate failed (results are written, marked), 5 refused
"""

DEMO = """\
examples:
  equipoise-lab demo
  equipoise-lab demo --out demo-output

Takes about two minutes. At a terminal the service it starts stays until you press Enter.
"""

SIMULATE = """\
examples:
  equipoise-lab simulate --world clinic --n 4000 --seed 1 --out clinic
  equipoise-lab simulate --world clinic --n 4000 --seed 1 --shape events --out clinic     # or omop, or ndjson

truth.csv holds each patient's true effects; no study reads it. A name that no world has lists them all.
"""

FIT = """\
examples:
  equipoise-lab fit clinic/protocol.yaml --data clinic/records.csv --out clinic-fit
  equipoise-lab fit clinic/protocol.yaml --data clinic/records.csv --out clinic-fit --withdrawn withdrawn.txt --json

Writes policy/ and gates.json: no attacks, no report, no registry. Ends with 4 if a gate failed.
"""

PROMOTE = """\
examples:
  equipoise-lab promote clinic 1 --by "A. Analyst" --why "gates passed; reviewed the report"
  equipoise-lab promote clinic 2 --by "B. Second" --why "looked at why it was waived" --accept-waiver negative_controls

Ends with 4, and moves nothing, where a gate failed, or was waived and nobody but who waived it accepts that.
"""

BENCHMARK = """\
examples:
  equipoise-lab benchmark worlds --out build --quick
  equipoise-lab benchmark worlds --worlds clinic,equal --n 500,1000 --draws 20 --jobs 2 --out build
  equipoise-lab benchmark acic2016 --data acic --draws 10 --out build

What each suite compares, and what came, stands in docs/benchmarks.md.
"""

PROTOCOL = """\
examples:
  equipoise-lab protocol records.csv --out protocol.yaml
  equipoise-lab protocol records.csv --out protocol.yaml --arm pathway --outcome wsas_end --better lower

Guesses who is who among the columns of a table with one row an episode, by their names and shapes alone, and writes a
protocol with the reason beside each guess. What no name tells is left for you: above all, which columns were known
before the therapy was chosen. It looks at no outcome by arm, and writes over no file.
"""

STUDY = """\
examples:
  equipoise-lab study clinic/protocol.yaml --data clinic/records.csv --out study
  equipoise-lab study clinic/protocol.yaml --data clinic/records --out study             # event tables, or FHIR
  equipoise-lab study clinic/protocol.yaml --data clinic/records.duckdb --out study      # or an OMOP CDM
  equipoise-lab study clinic/protocol.yaml --data "postgres://host/clinic?schema=cdm" --out study
  equipoise-lab study clinic/protocol.yaml --data "spark://host:7077?schema=cdm" --out study   # or spark:///folder

Writes report.html, report.json, gates.json and policy/, and registers the policy as the challenger. Ends with 4 if a
gate failed. Stopped on the way, it goes on where it was when the same command is run again.
"""

EXAMPLE = """\
examples:
  equipoise-lab example beat-the-blues --out btb              # a real trial, half of its patients lost
  equipoise-lab example messy-service --out messy             # a simulated service behind messy records
  equipoise-lab example antidepressant --data ../shared/data --out antidepressant

Makes the study's records, runs it and writes what a study writes, and results.md beside it. What was asked, what came
and what was learned of each stands in experiments/studies/README.md.
"""

CARD = """\
examples:
  equipoise-lab card clinic@champion
  equipoise-lab card clinic 3 --out clinic.html       # or .md, or .json
  equipoise-lab card clinic@challenger --json

Reads the registry alone: the signed policy's card, its run and the record of its aliases. Tells where they disagree.
"""

WORKER = """\
examples:
  equipoise-lab worker --service http://127.0.0.1:8000
  equipoise-lab worker --service https://equipoise.example.org --token token.jwt --withdrawn withdrawn.txt

Takes one study after another; each runs as `equipoise-lab study` does, tracked in MLflow. Stopped or killed, a study
goes on where it was when the request is taken up again on this machine. The file of --token is read for every call, so
that a token which ends is renewed by writing the file anew. Ends on Ctrl-C.
"""

EXPORT = """\
examples:
  equipoise-lab export https://record-system.example.org/fhir --client client.yaml --out records
  equipoise-lab export https://record-system.example.org/fhir --client client.yaml --group cohort-7 --out records
  equipoise-lab study protocol.yaml --data records --out study

client.yaml says how this lab is registered there (SMART Backend Services; ES384 or RS384):
  client_id: equipoise-lab
  key: lab-key.json        # the private key as JSON Web Key, beside this file; only its public half is registered
  scope: system/*.rs

One that broke off goes on where it was when it is run again. When all is here the server is asked to delete its copy.
"""

SHADOW = """\
examples:
  equipoise cards --out cards.csv                                             # on the service's side
  equipoise-lab shadow protocol.yaml --data records.csv --cards cards.csv --out shadow

The records are those since the advice: what was chosen, and how it went. The public key of the service lies among the
trusted services. Nothing is told while too few were advised, or too few of them got what was advised; then it says how
many it takes. Ends with 4 if the records' design does not hold.
"""

PROMOTIONS = """\
examples:
  equipoise-lab promotions clinic
  equipoise-lab promotions clinic --json
"""

INTERRUPTED = 130
AGAIN = "Make room or mend it, and run the same command again: a study goes on where it stopped."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(argv)
    from experiments import commands

    try:
        return commands.run(options)
    except EquipoiseError as error:
        print(f"{error.title}:\n{error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Interrupted. A study goes on where it stopped if the same command is run again.", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(f"The machine could not go on:\n{error.strerror or error}{where}. {AGAIN}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="equipoise-lab",
        description="Studies of what each therapy does for whom, from records of outcomes.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"equipoise-lab {version('equipoise')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = _command(commands, "demo", "the whole way on a real trial and on a synthetic clinic", DEMO)
    demo.add_argument("--out", type=Path, default=Path("demo-output"), help="folder for everything (demo-output)")

    simulate = _command(commands, "simulate", "records with known truth from a simulated world", SIMULATE)
    simulate.add_argument("--world", required=True, help="name of the world, for example clinic")
    simulate.add_argument("--n", type=int, required=True, help="episodes")
    simulate.add_argument("--seed", type=int, default=0, help="another seed is another draw (0)")
    simulate.add_argument("--out", type=Path, required=True, help="folder for the records, protocol.yaml, truth.csv")
    simulate.add_argument(
        "--shape",
        choices=("episodes", "events", "omop", "ndjson"),
        default="episodes",
        help="the form of the records, of the same draw: one table (episodes), or as record systems keep them",
    )

    _add_protocol(commands)
    for name, text in (
        ("fit", "learn a policy and judge what fitting itself can judge"),
        ("study", "the whole study: policy, gates, report; tracked in MLflow"),
    ):
        command = _command(commands, name, text, STUDY if name == "study" else FIT)
        command.add_argument("protocol", type=Path, help="the study protocol (YAML)")
        command.add_argument(
            "--data",
            type=place_of,
            required=True,
            help="table of episodes; of event tables or FHIR a folder, of a database its file or address",
        )
        command.add_argument("--out", type=Path, required=True, help="folder for the results")
        command.add_argument(
            "--withdrawn",
            type=Path,
            metavar="FILE",
            help="signed list of patients who withdrew: left out",
        )
        command.add_argument("--json", action="store_true", help="print a summary for machines")

    example = _command(commands, "example", "one of the studies that come with the repository, made and run", EXAMPLE)
    example.add_argument("name", help="of the study")
    example.add_argument("--out", type=Path, required=True, help="folder for its records and results")
    example.add_argument("--data", type=Path, help="folder with trial data, for a study that reads such")
    example.add_argument("--json", action="store_true", help="print a summary for machines")

    _add_export(commands)
    _add_shadow(commands)
    promote = _command(commands, "promote", "make a registered policy the champion, signed", PROMOTE)
    promote.add_argument("name", help="the policy: the protocol's name")
    promote.add_argument("version", help="the number that the study told")
    promote.add_argument("--by", required=True, help="who promotes")
    promote.add_argument("--why", required=True, help="their reason")
    promote.add_argument(
        "--accept-waiver", action="append", default=[], metavar="GATE", help="a waived gate that they let go as well"
    )

    promotions = _command(commands, "promotions", "who moved which alias of a policy, when and why", PROMOTIONS)
    promotions.add_argument("name", help="the policy: the protocol's name")
    promotions.add_argument("--json", action="store_true", help="one JSON list for machines")

    card = _command(commands, "card", "the model card of a registered policy, from the registry alone", CARD)
    card.add_argument("name", help="the policy and an alias (clinic@champion), or its name alone with a version")
    card.add_argument("version", nargs="?", help="the number that the study told")
    card.add_argument("--json", action="store_true", help="JSON: the policy's card and the registry's record")
    card.add_argument("--out", type=Path, help="file to write: .html, .md or .json (else Markdown is printed)")

    _add_worker(commands)
    _add_benchmark(commands)
    return parser


def _add_protocol(commands: Any) -> None:
    protocol = _command(commands, "protocol", "a first protocol for your own table, to be corrected", PROTOCOL)
    protocol.add_argument("table", type=Path, help="one row an episode (CSV or Parquet)")
    protocol.add_argument("--out", type=Path, required=True, metavar="FILE", help="the protocol to write (YAML)")
    protocol.add_argument("--patient", metavar="COLUMN", help="whose episode it is, where its name does not say so")
    protocol.add_argument("--arm", metavar="COLUMN", help="the therapy started, where its name does not say so")
    protocol.add_argument("--outcome", metavar="COLUMN", help="the primary outcome (else the last known total)")
    protocol.add_argument("--better", choices=("lower", "higher"), help="which end of the outcome is better")
    protocol.add_argument("--json", action="store_true", help="print a summary for machines")


def _add_worker(commands: Any) -> None:
    worker = _command(commands, "worker", "does the studies that people ask a service for", WORKER)
    worker.add_argument("--service", required=True, metavar="URL", help="where the service listens")
    worker.add_argument("--token", type=Path, metavar="FILE", help="a token of an analyst (not for a local service)")
    worker.add_argument("--work", type=Path, default=home() / "worker", help="folder for studies on the way")
    worker.add_argument("--name", default=gethostname(), help="the worker's, unique (this machine's name)")
    worker.add_argument(
        "--withdrawn", type=Path, metavar="FILE", help="signed list of patients who withdrew: left out"
    )
    worker.add_argument("--once", action="store_true", help="end when nothing waits")


def _add_benchmark(commands: Any) -> None:
    benchmark = _command(commands, "benchmark", "side by side with peers on the same data, same run", BENCHMARK)
    benchmark.add_argument(
        "suite",
        choices=(
            *("worlds", "contrasts", "ihdp", "acic2016", "cost", "serve", "scores", "evidence"),
            *("attack", "refutation", "cohort"),
        ),
    )
    benchmark.add_argument("--out", type=Path, required=True, help="folder for the results: JSON, Markdown, SVG")
    benchmark.add_argument("--quick", action="store_true", help="few draws: a look, not a verdict")
    benchmark.add_argument("--draws", type=int, help="draws (ihdp: replications; acic2016: sets; serve: calls)")
    benchmark.add_argument(
        "--n",
        type=_whole_numbers,
        default=(),
        help="episodes (worlds, cost: with commas between several; cohort: rows)",
    )
    benchmark.add_argument("--worlds", default="", help="worlds, contrasts: names with commas between them (all)")
    benchmark.add_argument("--data", type=Path, help="ihdp and acic2016: folder with the data sets")
    benchmark.add_argument(
        "--jobs", type=int, default=1, help="processes at the same time (1); not for cost, serve, cohort"
    )
    benchmark.add_argument("--peers", choices=("all", "fast", "none"), default="fast", help="forests are slow (fast)")


def _add_export(commands: Any) -> None:
    export = _command(
        commands, "export", "records of a FHIR server's patients ($export), as a study reads them", EXPORT
    )
    export.add_argument("server", metavar="SERVER", help="base address of the FHIR server")
    export.add_argument("--out", type=Path, required=True, help="folder for the records: empty, or of a broken export")
    export.add_argument("--client", type=Path, metavar="FILE", help="how this lab is registered there (else no token)")
    export.add_argument("--group", metavar="ID", help="of a Group there (else all patients)")
    export.add_argument("--types", default="", help="FHIR types with commas between them (what a study may read)")
    export.add_argument("--files-at", metavar="ORIGIN", help="another host of the server's, which gets the token too")
    export.add_argument("--cancel", action="store_true", help="give back an export that was begun, and end")


def _add_shadow(commands: Any) -> None:
    shadow = _command(commands, "shadow", "what a service's advice in shadow mode would have been worth", SHADOW)
    shadow.add_argument("protocol", type=Path, help="of the records since the advice (YAML)")
    shadow.add_argument("--data", type=place_of, required=True, help="those records, as `study` reads them")
    shadow.add_argument("--cards", type=Path, required=True, metavar="TABLE", help="the service's log, with signature")
    shadow.add_argument("--out", type=Path, required=True, help="folder for the result")
    shadow.add_argument("--withdrawn", type=Path, metavar="FILE", help="signed list of who withdrew: left out")
    shadow.add_argument("--json", action="store_true", help="print the result for machines")


def _command(commands: Any, name: str, text: str, examples: str) -> argparse.ArgumentParser:
    """A command that tells what it is for, and examples, when asked for help."""
    layout = argparse.RawDescriptionHelpFormatter
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=examples, formatter_class=layout
    )
    return parser


def _whole_numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    sys.exit(main())
