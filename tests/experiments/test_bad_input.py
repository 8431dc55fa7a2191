"""Bad input ends in exit code 3 with everything that is wrong, and leaves the disk as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

CANARY = "Zebedee-7731"
Frame = pd.DataFrame
Lab = Callable[..., Any]


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file under a folder with its bytes and its time of change."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def put(column: str, row: int, value: object) -> Callable[[Frame], Frame]:
    """A change that writes one value into one row (counted from 0) of one column."""

    def change(frame: Frame) -> Frame:
        changed = frame.astype({column: object})
        changed.loc[row, column] = value
        return changed

    return change


def same(frame: Frame) -> Frame:
    return frame


TABLES = [
    ("missing column", lambda f: f.drop(columns="x4"), "a column x4"),
    ("near miss", lambda f: f.rename(columns={"outcome": "outcom"}), "Did you mean outcom?"),
    ("unknown arm", put("therapy", 3, CANARY), "one of control, a, b; found something else in 1 row (row 5;"),
    ("reference absent", lambda f: f[f.therapy != "control"], "reference arm control; found 0"),
    ("one arm only", lambda f: f[f.therapy == "control"], "at least two arms"),
    ("text in numbers", put("x1", 3, CANARY), "x1: expected numbers; found text in 1 row (row 5;"),
    ("text in the outcome", put("outcome", 3, CANARY), "outcome: expected numbers; found text in 1 row (row 5;"),
    ("a patient twice", put("patient_id", 8, CANARY), "one row for each patient; found another of the same in 1 row"),
    ("constant column", lambda f: f.assign(x2=7731.7731), "x2: expected at least two different values"),
    ("no rows", lambda f: f.iloc[:0], "at least one row; found none"),
    ("duplicate header", lambda f: pd.concat([f, f[["x1"]]], axis=1), "used more than once: x1"),
]


@pytest.mark.parametrize("command", ["fit", "study"])
@pytest.mark.parametrize(("change", "said"), [case[1:] for case in TABLES], ids=[case[0] for case in TABLES])
def test_a_bad_table_changes_nothing_on_disk(
    command: str,
    change: Callable[[Frame], Frame],
    said: str,
    lab: Lab,
    records: Frame,
    protocol: dict[str, Any],
    new_study: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """Exit 3, the fault on standard error without a cell's content, and an older result untouched to the byte."""
    files = new_study(tmp_path / "in", change(records), protocol)
    out = tmp_path / "out"
    for name in ("policy/manifest.json", "gates.json", "report.html"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("an older result", encoding="utf-8")
    before = snapshot(out)
    ran = lab(command, files.protocol, "--data", files.data, "--out", out, home=tmp_path / "home")
    assert ran.code == 3
    assert ran.out == ""
    assert said in ran.err
    assert ran.err.startswith("The input cannot be used:\n") or "\nThe input cannot be used:\n" in ran.err
    assert CANARY not in ran.err
    assert "7731" not in ran.err
    assert "Traceback" not in ran.err
    assert snapshot(out) == before
    assert command == "study" or not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("recode", "said"),
    [
        (lambda text: text.encode("utf-16-le"), "expected UTF-8 text"),
        (lambda text: text.replace(CANARY, "Genève").encode("latin-1"), "expected UTF-8 text"),
        (lambda text: text.replace(",", ",;").encode(), "rows that fit commas and semicolons"),
        (lambda _text: b"PK\x03\x04", "an Excel workbook"),
        (lambda _text: b"", "nothing in its first line"),
        (lambda text: text.splitlines()[0].encode(), "at least one row"),
        (lambda text: text.replace("\n", ",\n", 4).replace(",\n", "\n", 1).encode(), "3 rows (row 2, 3, 4;"),
    ],
    ids=["UTF-16 without a mark", "latin-1", "two separators", "Excel", "empty", "header only", "ragged"],
)
def test_a_file_in_another_form_is_told_and_makes_no_folder(
    recode: Callable[[str], bytes], said: str, lab: Lab, study: Any, tmp_path: Path
) -> None:
    """Another encoding, a form that cannot be told, nothing: exit 3, and not even the folder for results is made."""
    data = tmp_path / "records.csv"
    data.write_bytes(recode(study.data.read_text(encoding="utf-8")))
    ran = lab("fit", study.protocol, "--data", data, "--out", tmp_path / "out", home=tmp_path / "home")
    assert ran.code == 3
    assert said in ran.err
    assert CANARY not in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["records.csv"]


PROTOCOLS = [
    (
        "unknown key",
        {"confouders": []},
        "confouders: expected a known key; found an unknown one. Did you mean confounders?",
    ),
    ("unknown key deeper", {"gates": {"min_equipose": 0.1}}, "gates.min_equipose"),
    ("unknown column", {"groups": ["ethnicity"]}, "a column ethnicity, which the protocol names"),
    ("leak", {"confounders": ["outcome"]}, "outcome, arm and patient_id cannot be covariates: outcome"),
    ("unknown instrument", {"instruments": {"x1": "PHQ-10"}}, "instruments.x1"),
]


@pytest.mark.parametrize(("change", "said"), [case[1:] for case in PROTOCOLS], ids=[case[0] for case in PROTOCOLS])
def test_a_bad_protocol_is_told(
    change: dict[str, Any],
    said: str,
    lab: Lab,
    records: Frame,
    protocol: dict[str, Any],
    new_study: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """Unknown keys at any depth, unknown columns and leaks: exit 3 with the key, nothing written."""
    files = new_study(tmp_path / "in", records, protocol | change)
    ran = lab("fit", files.protocol, "--data", files.data, "--out", tmp_path / "out", home=tmp_path / "home")
    assert ran.code == 3
    assert said in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["name: [", "- a list", "", "name: a\nname: b"])
def test_a_protocol_that_is_none(text: str, lab: Lab, study: Any, tmp_path: Path) -> None:
    """Broken YAML, a list, an empty file or a key given twice: exit 3, told by the file's name."""
    path = tmp_path / "protocol.yaml"
    path.write_text(text, encoding="utf-8")
    ran = lab("fit", path, "--data", study.data, "--out", tmp_path / "out", home=tmp_path / "home")
    assert ran.code == 3
    assert "protocol.yaml" in ran.err
    assert not (tmp_path / "out").exists()


def test_both_files_missing_are_told_together(lab: Lab, tmp_path: Path) -> None:
    """A wrong path for the protocol does not hide a wrong path for the table."""
    ran = lab("fit", tmp_path / "p.yaml", "--data", tmp_path / "t.csv", "--out", tmp_path / "o", home=tmp_path / "h")
    assert ran.code == 3
    assert "p.yaml" in ran.err
    assert "t.csv" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_bad_protocol_does_not_hide_a_bad_file(lab: Lab, study: Any, tmp_path: Path) -> None:
    """An unknown key and a table that two separators part come in one message."""
    path, data = tmp_path / "protocol.yaml", tmp_path / "records.csv"
    path.write_text(study.protocol.read_text(encoding="utf-8") + "fold: 3\n", encoding="utf-8")
    data.write_text(study.data.read_text(encoding="utf-8").replace(",", ",;"), encoding="utf-8")
    ran = lab("fit", path, "--data", data, "--out", tmp_path / "out", home=tmp_path / "home")
    assert "Did you mean folds?" in ran.err
    assert "semicolons" in ran.err


def test_many_faults_come_in_one_message(
    lab: Lab, records: Frame, protocol: dict[str, Any], new_study: Callable[..., Any], tmp_path: Path
) -> None:
    """A column missing, an arm misspelt, a patient twice and text in numbers are four lines of one refusal."""
    frame = put("x1", 30, CANARY)(put("therapy", 20, CANARY)(records.drop(columns="x6")))
    frame.loc[10, "patient_id"] = CANARY
    files = new_study(tmp_path / "in", frame, protocol)
    ran = lab("fit", files.protocol, "--data", files.data, "--out", tmp_path / "out", home=tmp_path / "home")
    lines = [line for line in ran.err.splitlines() if line.startswith("- ")]
    assert len(lines) == 4
    for place in ("a column x6", "row 12;", "row 22;", "row 32;"):
        assert place in ran.err
    assert CANARY not in ran.err


@pytest.mark.parametrize("command", ["fit", "study"])
def test_a_file_where_the_folder_should_be(command: str, lab: Lab, study: Any, tmp_path: Path) -> None:
    """Results cannot go into a file: exit 2 at once, before any fitting, and the file is left alone."""
    taken = tmp_path / "taken"
    taken.write_text("mine", encoding="utf-8")
    for out in (taken, taken / "below"):
        ran = lab(command, study.protocol, "--data", study.data, "--out", out, home=tmp_path / "home")
        assert ran.code == 2
        assert "--out expects a folder" in ran.err
        assert "fit:" not in ran.err
    assert taken.read_text(encoding="utf-8") == "mine"


def test_a_broken_signing_key_ends_the_run_without_a_result(
    lab: Lab, records: Frame, protocol: dict[str, Any], new_study: Callable[..., Any], tmp_path: Path
) -> None:
    """Without its key the lab writes nothing, says where the key lies and what to do."""
    study = new_study(tmp_path / "in", records.head(150), protocol)
    key = tmp_path / "home" / "keys" / "lab.pem"
    key.parent.mkdir(parents=True)
    key.write_text("not a key", encoding="utf-8")
    ran = lab("fit", study.protocol, "--data", study.data, "--out", tmp_path / "out", home=tmp_path / "home")
    assert ran.code == 2
    assert str(key) in ran.err
    assert not (tmp_path / "out").exists()
    assert key.read_text(encoding="utf-8") == "not a key"


@pytest.mark.parametrize("arguments", [["fit"], ["fit", "p.yaml"], ["nonsense"], [], ["promote", "a", "1"]])
def test_a_call_of_another_form_is_bad_usage(
    arguments: list[str], lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Missing arguments and unknown commands end with exit code 2."""
    with pytest.raises(SystemExit) as caught:
        lab(*arguments, home=tmp_path / "home")
    assert caught.value.code == 2


def test_the_canary_is_really_in_the_records(records: Frame) -> None:
    """The tests above would notice a leak: the canary stands in the table they read."""
    assert CANARY in json.dumps(records.to_dict("list"))
