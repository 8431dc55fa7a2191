"""Reads safety rules: a folder with `set.yaml` and the files of rules that it names; all problems told at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from data_contracts.arm_words import ArmWords
from data_contracts.errors import BadInput, Problem
from data_contracts.protocol_file import parse_document, read_yaml
from data_contracts.rule import Rule, RuleSet
from data_contracts.rule_group import Group


class _Set(ArmWords):
    version: int = Field(ge=1)
    files: tuple[str, ...] = Field(min_length=1)
    groups: dict[str, Group]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: tuple[dict[str, Any], ...] = Field(min_length=1)


@cache
def load_rules() -> RuleSet:
    """The rules that are part of this package; read once."""
    return read_rules(Path(__file__).parent / "rules")


def read_rules(folder: Path) -> RuleSet:
    """The rules of a folder.

    Raises:
        BadInput: an unknown key, an impossible trigger, an unknown group …; each problem names file, rule and key.
    """
    listed = parse_document(_Set, read_yaml(folder / "set.yaml"), where="set.yaml")
    problems: list[Problem] = []
    rules: dict[str, list[Rule]] = {name: [] for name in listed.files}
    for name in listed.files:
        for where, content in _entries(folder, name, problems):
            try:
                rules[name].append(parse_document(Rule, content, where))
            except BadInput as error:
                problems += error.problems
    if problems := [*problems, *_relations(rules, listed.groups)]:
        raise BadInput(problems)
    flat = tuple(rule for found in rules.values() for rule in found)
    words = {name: getattr(listed, name) for name in ArmWords.model_fields}
    return RuleSet(version=listed.version, groups=listed.groups, rules=flat, **words)


def _entries(folder: Path, name: str, problems: list[Problem]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rules of a file, not yet checked, each with its name for messages."""
    try:
        found = parse_document(_File, read_yaml(folder / name), where=name).rules
    except BadInput as error:
        problems += error.problems
        return
    for number, content in enumerate(found, start=1):
        yield f"{name}, rule {content.get('id', f'number {number}')}", content


def _relations(rules: Mapping[str, Sequence[Rule]], groups: Mapping[str, Group]) -> Iterator[Problem]:
    """What a rule alone cannot know: ids that stand twice, groups and rules that are not there."""
    by_id = {rule.id: rule for found in rules.values() for rule in found}
    counts = Counter(rule.id for found in rules.values() for rule in found)
    for name, found in rules.items():
        for rule in found:
            where = f"{name}, rule {rule.id}"
            if counts[rule.id] > 1:
                yield Problem(f"{where}, id", "an id that stands once", "it twice", "Rename or remove one.")
            if strange := sorted(set(rule.arms) - set(groups)):
                step = f"Known groups: {', '.join(groups)}."
                yield Problem(f"{where}, arms", "groups of set.yaml", ", ".join(strange), step)
            if rule.asked_by and not _asks_for(by_id.get(rule.asked_by), rule):
                expected = "a rule that asks for the same facts, of the same arms or of the patient"
                yield Problem(f"{where}, asked_by", expected, "another", "Name it, or say what follows on_unknown.")


def _asks_for(asking: Rule | None, rule: Rule) -> bool:
    """Whether one rule asks for every fact that another needs, wherever that one would fire."""
    if asking is None or not set(rule.facts) <= set(asking.facts) or not rule.needed <= asking.needed:
        return False
    if asking.on_unknown == "check" and asking.arms:
        return bool(rule.arms) and set(rule.arms) <= set(asking.arms)
    return asking.on_unknown != "nothing"
