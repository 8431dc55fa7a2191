"""The repository checks its own promises: what README and docs say is what the code does."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from data_contracts.profile import PatientProfile
from data_contracts.protocol import StudyProtocol

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
PAGES += sorted((ROOT / "experiments" / "studies").rglob("*.md"))
PRODUCT = ["data_contracts", "engine", "estimators", "experiments", "service"]


def _blocks(language: str) -> list[tuple[str, str]]:
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.M | re.S)
    return [(page.name, block) for page in PAGES for block in fence.findall(page.read_text(encoding="utf-8"))]


def _commands() -> list[str]:
    lines = [line.split("#")[0].strip() for _, block in _blocks("bash") for line in block.splitlines()]
    return [line for line in lines if line]


@pytest.mark.parametrize("line", _commands())
def test_every_command_shown_is_one(line, capsys):
    """A command in a fenced block is a target of the Makefile, or is accepted by the parser it belongs to."""
    words = [word for word in shlex.split(line) if not re.fullmatch(r"[A-Z_]+=\S*", word)]
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.M)
        return
    from experiments.__main__ import _parser as lab
    from service.__main__ import _parser as service

    parser = {"equipoise-lab": lab, "equipoise": service}[words[0]]()
    assert parser.parse_args(words[1:]).command == words[1]


def _parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """A parser and all below it."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return [parser, *(each for action in below for one in action.choices.values() for each in _parsers(one))]


def test_every_command_shows_how_it_is_called():
    """The help of every command has an example of that command, and all its examples are accepted by the parsers."""
    from experiments.__main__ import _parser as lab
    from service.__main__ import _parser as service

    roots = {"equipoise-lab": lab(), "equipoise": service()}
    for parser in [one for root in roots.values() for one in _parsers(root)]:
        shown = re.findall(r"^  ((?:[A-Z_]+=\S+ )*(equipoise(?:-lab)?) [^#<\n]*)", parser.epilog or "", re.M)
        assert any(f"{parser.prog} " in f"{line.strip()} " for line, _ in shown), parser.prog
        for line, program in shown:
            words = shlex.split(line)
            roots[program].parse_args(words[words.index(program) + 1 :])


def test_every_setting_is_documented():
    """An environment variable that the product reads stands in docs/service.md."""
    read = set()
    for package in PRODUCT:
        for path in (ROOT / package).rglob("*.py"):
            read |= set(re.findall(r"\"(EQUIPOISE_[A-Z_]+|MLFLOW_TRACKING_URI)\"", path.read_text(encoding="utf-8")))
    documented = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    assert read
    assert [name for name in sorted(read) if name not in documented] == []


def test_profiles_shown_are_profiles():
    """A JSON example of a profile passes the schema."""
    for _, block in _blocks("json"):
        PatientProfile.model_validate_json(json.dumps(json.loads(block)))


def test_the_protocol_of_the_records_page_is_one():
    """The example of a target trial passes the schema and every check between its parts; so does that of one table."""
    shown = [yaml.safe_load(block) for page, block in _blocks("yaml") if page == "records.md"]
    whole, *parts = sorted(shown, key=len, reverse=True)
    assert StudyProtocol.model_validate(whole).target_trial is not None
    (table,) = (part for part in parts if "arms" in part)
    assert StudyProtocol.model_validate({**whole, **table, "target_trial": None}).arms.written
    for part in (part for part in parts if "target_trial" in part):
        StudyProtocol.model_validate({**whole, "target_trial": whole["target_trial"] | part["target_trial"]})


def test_pictures_are_small_and_used():
    """A picture has at most 150 kB, all together 1 MB; the page on the pages shows each, and says what is on it."""
    pictures = sorted((ROOT / "docs" / "pages").glob("*.png"))
    sizes = [path.stat().st_size for path in pictures]
    assert pictures
    assert max(sizes) <= 150_000
    assert sum(sizes) <= 1_000_000
    shown = re.findall(r"!\[([^\]]*)\]\(pages/([^)]+)\)", (ROOT / "docs" / "pages.md").read_text(encoding="utf-8"))
    assert sorted(name for _, name in shown) == [path.name for path in pictures]
    assert all(len(words) > 20 for words, _ in shown)


def test_every_link_leads_somewhere():
    """Relative links in README and docs point at files that exist."""
    broken = []
    for page in PAGES:
        for target in re.findall(r"\]\((?!http|#)([^)#]+)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert broken == []


def test_the_glossary_has_the_words_of_the_house():
    """Each central word has its entry."""
    glossary = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").lower()
    words = ["episode", "arm", "reference arm", "effect", "average effect", "score matrix", "overlap", "rank set"]
    assert [
        word for word in (*words, "top set", "abstain", "policy", "gate", "individualise") if word not in glossary
    ] == []


def test_every_dependency_has_its_reason():
    """Each line of a dependency list in pyproject.toml carries a comment, the plain development tools apart."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for name in ("dependencies = [", "lab = [", "postgres = [", "spark = [", "demo = [", "image = [", "bench = ["):
        block = text[text.index(name) + len(name) : text.index("\n]", text.index(name))]
        assert [line for line in block.splitlines() if line.strip() and "#" not in line] == []


def test_the_project_file_of_mlflow_has_the_entry_points():
    """`mlflow run` finds train, study and benchmark, and each command parses."""
    from experiments.__main__ import _parser

    points = yaml.safe_load((ROOT / "MLproject").read_text(encoding="utf-8"))["entry_points"]
    assert set(points) == {"train", "study", "benchmark"}
    for point in points.values():
        line = point["command"].format(protocol="p.yaml", data="d.csv", out="o", suite="serve")
        _parser().parse_args(shlex.split(line)[1:])


@pytest.mark.parametrize("pattern", [r"/work/", r"/root/", r"files\.pythonhosted|pypi\.org|index-url = "])
def test_no_file_names_this_machine_or_a_registry(pattern):
    """Nothing committed holds a path of a developer's machine or a package registry's address."""
    names = [*PRODUCT, "tests", "docs", ".ci"]
    files = [
        path for name in names for path in (ROOT / name).rglob("*") if path.suffix in {".py", ".md", ".yaml", ".sh"}
    ]
    files += [ROOT / name for name in ("README.md", "Makefile", "pyproject.toml", "requirements.lock")]
    found = [p.name for p in files if p != Path(__file__) and re.search(pattern, p.read_text(encoding="utf-8"))]
    assert found == []
