"""`equipoise-lab protocol`: writes a first protocol, and tells what in it needs a person."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from data_contracts.episode_checks import check_episodes
from data_contracts.errors import BadInput, BadUsage
from data_contracts.protocol_file import read_protocol
from data_contracts.tables import Table, read_table
from data_contracts.whole_file import write_whole
from experiments.first_protocol.guess import FirstProtocol, Told, first_protocol
from experiments.first_protocol.text import protocol_text

SHOWN = 12
"""Undecided columns that are told; all of them stand in the file."""


def write_first_protocol(options: Namespace) -> str:
    """Write the file that ``options.out`` names, and give what is to be said of it.

    Raises:
        BadUsage: the file exists already, or its folder does not.
        BadInput: the table cannot be read, or leaves open what a protocol needs.
    """
    out: Path = options.out
    if out.exists():
        raise BadUsage(f"{out} exists already and may hold somebody's decisions: choose another --out")
    if not out.parent.is_dir():
        raise BadUsage(f"--out expects a file in a folder that exists; {out.parent} does not")
    table = read_table(options.table)
    told = Told(patient=options.patient, arm=options.arm, outcome=options.outcome, better=options.better)
    first = first_protocol(table, told)
    write_whole(out, protocol_text(first).encode())
    problems = _problems(table, out)
    return json.dumps(_data(first, out, problems)) if options.json else "\n".join(_said(first, options, problems))


def _problems(table: Table, out: Path) -> list[str]:
    """What the study would refuse, by the same checks."""
    try:
        check_episodes(table, read_protocol(out))
    except BadInput as error:
        return [str(problem) for problem in error.problems]
    return []


def _data(first: FirstProtocol, out: Path, problems: list[str]) -> dict[str, object]:
    return {
        "protocol": str(out),
        "read_as": first.form,
        "arms": first.arms.names,
        "outcome": first.outcome.column,
        "undecided": first.covariates.undecided,
        "later": (*first.outcome.between, *first.covariates.later),
        "unusable": first.covariates.unusable,
        "problems": problems,
    }


def _said(first: FirstProtocol, options: Namespace, problems: list[str]) -> Iterator[str]:
    outcome, sorts, arms = first.outcome, first.covariates, first.arms
    since = f", from {outcome.baseline} at the start" if outcome.baseline else ""
    known = len(sorts.modifiers) + len(sorts.confounders)
    yield f"Wrote {options.out}: a guess by names and shapes, to be read line by line."
    if first.form:
        yield f"  read as    {first.form}"
    yield f"  arm        {first.arm.column}: {', '.join(arms.names[1:])} against {arms.names[0]}"
    yield f"  outcome    {outcome.column} in {first.unit}{since}"
    yield f"  adjusted   for {known} column{'s' if known != 1 else ''} known at the start"
    if sorts.undecided:
        more = f" and {len(sorts.undecided) - SHOWN} more" if len(sorts.undecided) > SHOWN else ""
        yield f"  undecided  {', '.join(sorts.undecided[:SHOWN])}{more}"
        yield "             were they known before the therapy was chosen? Then put them among the confounders"
    if problems:
        yield "Before a study can run:"
        yield from (f"- {problem}" for problem in problems)
    yield "Then:"
    yield f"  equipoise-lab study {options.out} --data {options.table} --out study"
