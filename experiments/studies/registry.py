"""The table of studies: a new one joins it, and the command and the checks know it."""

from __future__ import annotations

from collections.abc import Mapping

from data_contracts.errors import BadUsage
from experiments.studies.antidepressant.records import FOLDER as ANTIDEPRESSANT
from experiments.studies.antidepressant.records import write_antidepressant
from experiments.studies.bcrp.records import FOLDER as BCRP
from experiments.studies.bcrp.records import write_bcrp
from experiments.studies.beat_the_blues.history import history_lines
from experiments.studies.beat_the_blues.records import write_beat_the_blues
from experiments.studies.example import Example
from experiments.studies.messy_service.first import first_protocol
from experiments.studies.messy_service.records import write_messy_service
from experiments.studies.nimh.records import FOLDER as NIMH
from experiments.studies.nimh.records import write_nimh

EXAMPLES: Mapping[str, Example] = {
    example.name: example
    for example in (
        Example(
            "beat-the-blues",
            "beat_the_blues",
            "a real trial of computerised CBT, half of its patients lost by month 8",
            write_beat_the_blues,
            beside=history_lines,
        ),
        Example(
            "messy-service",
            "messy_service",
            "survey respondents in a simulated service, seen through a messy record system; the truth is known",
            write_messy_service,
            first=first_protocol,
        ),
        Example(
            "antidepressant",
            "antidepressant",
            "a real trial of an antidepressant against placebo, a quarter of its patients lost",
            write_antidepressant,
            ANTIDEPRESSANT,
        ),
        Example("bcrp", "bcrp", "a real trial of two group programmes against standard care", write_bcrp, BCRP),
        Example("nimh", "nimh", "a real trial of an antipsychotic against placebo", write_nimh, NIMH),
    )
}


def example_named(name: str) -> Example:
    """The study of that name.

    Raises:
        BadUsage: there is none.
    """
    if name not in EXAMPLES:
        raise BadUsage(f"there is no study of that name; the studies are {', '.join(EXAMPLES)}")
    return EXAMPLES[name]
