"""The hazard log keeps its promises: complete entries, risks by its own matrix, and tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOG = (ROOT / "docs" / "hazard_log.md").read_text(encoding="utf-8")
ROWS = ("cause", "effect", "before", "control", "proof", "after", "left")
SECTIONS = dict(re.findall(r"^### (H-\d\d) .*?\n(.*?)(?=^<a id|\Z)", LOG, re.M | re.S))


def rows(hazard: str) -> dict[str, str]:
    """The rows of a hazard's table."""
    return dict(re.findall(r"^\| (\w+) \| (.+) \|$", SECTIONS[hazard], re.M))


def matrix() -> dict[tuple[str, str], int]:
    """Risk by severity and likelihood, as the page has it."""
    head, _, *lines = re.findall(r"^\| (?:likelihood|very|high|medium|low|---).*$|^\|---.*$", LOG, re.M)[:7]
    severities = [cell.strip() for cell in head.strip("|").split("|")][1:]
    found = {}
    for line in lines:
        likelihood, *risks = [cell.strip() for cell in line.strip("|").split("|")]
        found |= {(severity, likelihood): int(risk) for severity, risk in zip(severities, risks, strict=True)}
    return found


def risk(told: str) -> int:
    """The risk that an entry states, which has to be the matrix's."""
    severity, likelihood, stated = re.fullmatch(r"([a-z]+), ([a-z ]+): (\d)", told).groups()
    assert matrix()[(severity, likelihood)] == int(stated)
    return int(stated)


@pytest.mark.parametrize("hazard", sorted(SECTIONS))
def test_every_entry_is_whole(hazard):
    """Each hazard has cause, effect, control, proof and what is left; risks are the matrix's and fall to 3 or less."""
    told = rows(hazard)
    assert tuple(told) == ROWS
    before, after = risk(told["before"]), risk(told["after"])
    assert after <= min(before, 3)
    severity = told["before"].partition(",")[0]
    assert told["after"].startswith(severity), "a control makes harm rarer; what it would be stays"


@pytest.mark.parametrize("hazard", sorted(SECTIONS))
def test_every_control_is_proved_by_a_test_that_exists(hazard):
    """Each test that an entry names is a test function of that file, and says what it proves."""
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", rows(hazard)["proof"])
    assert named
    assert len(named) == rows(hazard)["proof"].count("`") / 2
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        tests = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef)}
        assert name in tests, f"{path}::{name}"
        assert ast.get_docstring(tests[name])


def test_the_list_at_the_top_is_the_log():
    """The overview names every hazard in order with the risks of its entry."""
    listed = re.findall(r"^\| \[(H-\d\d)\]\(#h-\d\d\) .+ \| (\d) \| (\d) \|$", LOG, re.M)
    wanted = [(name, str(risk(rows(name)["before"])), str(risk(rows(name)["after"]))) for name in SECTIONS]
    assert listed == wanted
    assert [name for name, *_ in listed] == [f"H-{number:02}" for number in range(1, len(listed) + 1)]
