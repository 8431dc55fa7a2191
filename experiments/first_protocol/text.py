"""Writes a first protocol as YAML, with the reason beside every guess and a question where there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import yaml

from data_contracts.column_words import column_label
from experiments.first_protocol.guess import FirstProtocol

ONE_LINE = 1_000_000
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_ .-]*(?<! )")
WORDS_OF_YAML = ("y", "n", "yes", "no", "on", "off", "true", "false", "null", "none")

HEAD = """\
# A first protocol for {source}, guessed from the names and shapes of its columns; no outcome was looked at by arm.
# What is guessed is yours to decide: read every line before the study is run. Its hash is the study's id, so decide
# before you see results. What each key means, and what else there is: docs/records.md and docs/method.md.
"""
UNKNOWN = """\
  # The catalogue of therapies (data_contracts/therapies.yaml) knows none of these names. Safety rules, codes and the
  # guideline find a therapy by its key, for example SSRI, CBT or GSH_ICBT:
  # therapies:
"""
UNDECIDED = """\
# Known before the therapy was chosen, and perhaps a reason for it? Then it belongs among the confounders. What came
# later must not stand there: to adjust for it hides effects, or makes them up. Nothing in these names tells:
"""
LATER = "# Left out, as they seem to be measured after the therapy was chosen, or made from what was:\n"
MEANINGS = """\
# Clinicians read no column names. Say in words what these hold, with a unit where a number needs one, and answer: true
# where 1 is a yes and 0 a no, for example {words: body mass index, unit: kg/m²}:
# meanings:
"""
REST = """\
# What a first look cannot tell, and a good study often says:
# negative_controls: {outcomes: [a column that no therapy can have changed]}   # shows bias that is left
# secondary_outcomes: side effects, burden, function                          # told beside the primary outcome
# censoring: {last_visit: COLUMN, visits: [4, 8, 12]}                         # when patients were lost
"""


def protocol_text(first: FirstProtocol) -> str:
    """The protocol as YAML that a study can be run by."""
    parts = [
        HEAD.format(source=_word(first.source)),
        f"name: {first.name}\n",
        "".join(_records(first)),
        "".join(_arms(first)),
        "".join(_outcome(first)),
        "".join(_covariates(first)),
        "".join(_meanings(first)),
        REST,
    ]
    return "\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"


def _records(first: FirstProtocol) -> Iterator[str]:
    yield "records:\n"
    roles = (("patient_id", first.patient), ("arm", first.arm), ("time", first.start), ("site", first.site))
    for key, guess in roles:
        if guess is not None:
            yield f"  {key}: {_word(guess.column)}  # {guess.why}\n"


def _arms(first: FirstProtocol) -> Iterator[str]:
    arms = first.arms
    yield f"arms:\n  reference: {_word(arms.names[0])}  # what the others are compared with: {arms.why}\n"
    yield f"  offered:{_listed(arms.names[1:], 2)}"
    if arms.written:
        yield "  written:  # how the table writes them\n"
        yield from (f"    {_word(name)}: {_word(value)}\n" for name, value in arms.written.items())
    if arms.unknown:
        yield UNKNOWN
        yield from (f"  #   {_word(name)}: KEY\n" for name in arms.unknown)
    if arms.rare:
        told = f"Values of {_word(first.arm.column)} of fewer than 11 patients each: {arms.rare}"
        yield f"  # {told} ({arms.rare_rows} in all):\n  # correct their spelling, or take the rows out.\n"


def _outcome(first: FirstProtocol) -> Iterator[str]:
    outcome = first.outcome
    yield f"outcome:\n  column: {_word(outcome.column)}  # {outcome.why}\n"
    if outcome.baseline:
        yield f"  baseline: {_word(outcome.baseline)}  # the same at the start\n"
    else:
        yield "  # baseline: the same measure at the start, if there is one\n"
    yield f"  direction: {first.direction}\n  unit: {_word(first.unit)}\n"
    yield "  # mcid: the smallest difference that matters to patients, in that unit\n"
    if first.derived:
        yield f"derived_outcomes:  # made from the outcome by its instrument's rules{_listed(first.derived, 0)}"


def _covariates(first: FirstProtocol) -> Iterator[str]:
    sorts = first.covariates
    yield f"effect_modifiers:  # known at the start; effects may vary with them{_listed(sorts.modifiers, 0)}"
    if sorts.confounders:
        yield f"confounders:  # known at the start, and perhaps a reason for the choice{_listed(sorts.confounders, 0)}"
    if sorts.categorical:
        yield f"categorical:  # numbers that are codes{_listed(sorts.categorical, 0)}"
    if sorts.groups:
        yield f"groups:  # by which it is judged whether all are served alike{_listed(sorts.groups, 0)}"
    if sorts.undecided:
        yield UNDECIDED + _commented(map(_word, sorts.undecided))
    if sorts.later or first.outcome.between:
        yield LATER + _commented(map(_word, dict.fromkeys((*first.outcome.between, *sorts.later))))
    if sorts.unusable:
        yield "# Left out:\n" + _commented(f"{_word(name)}: {why}" for name, why in sorts.unusable.items())


def _meanings(first: FirstProtocol) -> Iterator[str]:
    """What nothing shipped has words for, to be filled in: as it stands, without words, it is refused."""
    sorts = first.covariates
    names = dict.fromkeys((*sorts.modifiers, *sorts.confounders, *sorts.groups))
    if unsaid := [name for name in names if column_label(name, {}) == name.replace("_", " ")]:
        yield MEANINGS
        yield from (f"#   {_word(name)}: {{words: }}\n" for name in unsaid)


def _listed(names: Iterable[str], depth: int) -> str:
    return "\n" + "".join(f"{' ' * depth}- {_word(name)}\n" for name in names)


def _commented(lines: Iterable[str]) -> str:
    return "".join(f"#   - {line}\n" for line in lines)


def _word(text: str) -> str:
    """A text as YAML has it in one line."""
    if PLAIN.fullmatch(text) and text.lower() not in WORDS_OF_YAML:
        return text
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=ONE_LINE).rstrip("\n")
