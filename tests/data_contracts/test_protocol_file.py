"""A protocol file is read whole, or every problem in it is told at once, each with its key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from data_contracts.errors import BadInput
from data_contracts.protocol_file import read_protocol


def refused(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        read_protocol(path)
    return str(caught.value)


@pytest.fixture
def path(content: dict[str, Any], tmp_path: Path) -> Path:
    """A file with a valid protocol."""
    found = tmp_path / "protocol.yaml"
    found.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return found


def test_a_valid_file_is_read(path: Path) -> None:
    """What the file says is what the protocol holds; a byte order mark makes no difference."""
    protocol = read_protocol(path)
    assert protocol.name == "small"
    path.write_text("\ufeff" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert read_protocol(path) == protocol


UNKNOWN = [
    (
        "at the top",
        {"effect_modifier": ["age"]},
        "effect_modifier: expected a known key",
        "Did you mean effect_modifiers?",
    ),
    (
        "in a block",
        {"arms": {"reference": "a", "offered": ["b"], "referense": 1}},
        "arms.referense",
        "mean reference?",
    ),
    ("in the marks", {"gates": {"max_sdm": 0.2}}, "gates.max_sdm", "Did you mean max_smd?"),
    (
        "in a list",
        {"secondary_outcomes": [{"column": "z", "direction": "lower_is_better", "unit": "p", "colum": "z"}]},
        "secondary_outcomes.0.colum",
        "Did you mean column?",
    ),
    ("with nothing near", {"qqq": 1}, "qqq: expected a known key", "Known here: arms, "),
]


@pytest.mark.parametrize(
    ("change", "where", "step"), [case[1:] for case in UNKNOWN], ids=[case[0] for case in UNKNOWN]
)
def test_an_unknown_key_is_told_with_the_nearest_one(
    change: dict[str, Any], where: str, step: str, content: dict[str, Any], path: Path
) -> None:
    """A misspelt key, at whatever depth, is an error that names the key probably meant."""
    path.write_text(yaml.safe_dump(content | change), encoding="utf-8")
    message = refused(path)
    assert f"protocol.yaml, {where}" in message
    assert step in message


def test_all_problems_come_at_once(content: dict[str, Any], path: Path) -> None:
    """Two unknown keys, a missing one, a wrong type and a number out of range are five lines."""
    broken = content | {"confidnce": 0.9, "folds": "five", "confidence": 2, "gates": {"x": 1}}
    del broken["outcome"]
    path.write_text(yaml.safe_dump(broken), encoding="utf-8")
    message = refused(path)
    for key in ("confidnce", "folds", "confidence", "gates.x", "outcome"):
        assert f"protocol.yaml, {key}" in message
    assert message.count("\n") == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [unclosed\nrecords: {", "a syntax error in line"),
        ("name: small\n\trecords: x\n", "a syntax error in line 2"),
        ("a: b: c\n", "a syntax error in line 1"),
        ("- a\n- b\n", "valid dictionary"),
        ("just words\n", "valid dictionary"),
        ("", "valid dictionary"),
        ("!!python/object/apply:os.getcwd []\n", "expected YAML"),
        ("name: a\nname: b\n", "a key given twice in line 2"),
        ("arms:\n  reference: a\n  reference: b\n", "a key given twice in line 3"),
        ("a: \x00\n", "a syntax error"),
    ],
)
def test_what_is_not_a_protocol_at_all(text: str, said: str, tmp_path: Path) -> None:
    """Broken YAML is told with its line, a list or a word as not a mapping, a key given twice as such."""
    path = tmp_path / "protocol.yaml"
    path.write_text(text, encoding="utf-8")
    message = refused(path)
    assert "protocol.yaml" in message
    assert said in message
    assert message.count("\n") == 0


def test_a_merge_key_is_not_a_key_given_twice(content: dict[str, Any], path: Path) -> None:
    """YAML's own way of sharing a block stays allowed, its values overridden by the block's own."""
    second = "secondary_outcomes:\n- {<<: *o, column: gad7_week12, baseline: gad7, unit: GAD-7 points}\n"
    first = "outcome: &o {column: y, baseline: y0, direction: lower_is_better, unit: points}\n"
    rest = {key: value for key, value in content.items() if key != "outcome"} | {"confounders": ["sex"]}
    path.write_text(first + second + yaml.safe_dump(rest), encoding="utf-8")
    assert read_protocol(path).secondary_outcomes[0].direction == "lower_is_better"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_told(encoding: str, tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused with the byte where it shows."""
    path = tmp_path / "protocol.yaml"
    path.write_bytes("name: Zürich\n".encode(encoding))
    assert "expected UTF-8 text; found another encoding at byte" in refused(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A path where nothing is, or a folder, is named."""
    assert "no readable file" in refused(tmp_path / "absent.yaml")
    assert "no readable file" in refused(tmp_path)


def test_problems_have_exit_code_three(tmp_path: Path) -> None:
    """A bad protocol is bad input."""
    with pytest.raises(BadInput) as caught:
        read_protocol(tmp_path / "absent.yaml")
    assert caught.value.exit_code == 3


def test_a_name_that_cannot_be_an_arms_says_what_to_do(path: Path, content: dict[str, Any]) -> None:
    """Who writes an arm as the records do learns what a name is, and where the records' own spelling goes."""
    offered = {"arms": {**content["arms"], "offered": ["gCBT"]}}
    path.write_text(yaml.safe_dump({**content, **offered}), encoding="utf-8")
    told = refused(path)
    assert "arms.offered.0: expected a name of small letters" in told
    assert "arms.written says how the records write it" in told


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"ect": "ECT"}, "written names arms that are not compared: ect"),
        ({"cbt": "ssri"}, "each spelling is of one arm; given twice: ssri"),
        ({"cbt": "Talk", "ssri": ["Pill", "Talk"]}, "each spelling is of one arm; given twice: Talk"),
    ],
)
def test_spellings_of_two_arms_are_refused(
    path: Path, content: dict[str, Any], written: dict[str, Any], said: str
) -> None:
    """No row may be read as one of two arms."""
    path.write_text(yaml.safe_dump({**content, "arms": {**content["arms"], "written": written}}), encoding="utf-8")
    assert said in refused(path)
