"""`equipoise recommend`: what it writes, and every problem of a table told at once."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from data_contracts.profile import PatientProfile
from data_contracts.recommendation import Reason
from data_contracts.site_offer import FORMAT
from engine.recommend import recommend
from service.__main__ import main
from service.served_policy import ServedPolicy

COLUMNS = (  # noqa: SIM905 - as the design writes them
    "patient_id,arm,status,reason,effect,effect_lower,effect_upper,average_effect,average_lower,average_upper,"
    "individualised,rank_lower,rank_upper,in_top_set,recommended,safety,expected_outcome,outcome_lower,outcome_upper,"
    "patient_flags,patient_asks,safety_flags,check_first,data_queries,available,wait_weeks_lower,wait_weeks_upper,offer_as_of"
).split(",")
HEADER = (
    "patient_id,phq9_week0,age,sex,phq9_item9,cssrs_q4,cssrs_q5,cssrs_q6_past_3_months,decision_support_consent,"
    "excluded_arms,note"
)
ROWS = (
    "007,17,41,f,0,no,no,no,yes,,x",
    "P-2,22.5,30,m,1,no,no,no,yes,,x",
    "P-3,17,41,f,0,yes,no,no,yes,,x",
    "P-4,,41,f,0,no,no,no,yes,,x",
    "P-5,17,41,f,,,,,yes,cbt; icbt,x",
    "P-6,17,99,f,0,no,no,no,yes,,x",
)


def table(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "patients.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def run(policy: Path, patients: Path, out: Path, *more: str) -> int:
    return main(["recommend", "--policy", str(policy), "--patients", str(patients), "--out", str(out), *more])


def test_batch_table(policy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One row a patient and arm in the columns of the design, the ids as they came, and an honest summary."""
    out = tmp_path / "out.csv"
    assert run(policy_folder, table(tmp_path, *ROWS), out, "--json") == 0
    with out.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == COLUMNS
    assert [row["patient_id"] for row in rows[::4]] == ["007", "P-2", "P-3", "P-4", "P-5", "P-6"]
    assert {row["arm"] for row in rows[:4]} == {"usual_care", "icbt", "cbt", "hypnosis"}
    assert [row["arm"] for row in rows if row["recommended"] == "True"] == ["cbt", "usual_care"]
    told = capsys.readouterr()
    summary = json.loads(told.out)
    counts = {name: summary[name] for name in ("patients", "ranked", "awaiting_assessment", "refused", "abstained")}
    abstained = {"MISSING_KEY": 1, "OUT_OF_POPULATION": 1}
    assert counts == {"patients": 6, "ranked": 2, "awaiting_assessment": 1, "refused": 1, "abstained": abstained}
    assert summary["unread_columns"] == ["note"]
    assert "Recommending: 6 of 6" in told.err


def test_batch_agrees_with_python(
    policy_folder: Path, served: ServedPolicy, tmp_path: Path, values: dict[str, Any]
) -> None:
    """The table's numbers are those of a call in Python, to the last digit, in the same order of arms."""
    out = tmp_path / "out.csv"
    assert run(policy_folder, table(tmp_path, "P-1,17,41,f,0,no,no,no,yes,,x"), out) == 0
    answer = recommend(PatientProfile(patient_id="P-1", values=values), served.policy, served.rules)
    with out.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["arm"] for row in rows] == [advice.arm for advice in answer.arms]
    for row, advice in zip(rows, answer.arms, strict=True):
        assert (row["status"], row["reason"]) == (advice.status, advice.reason or "")
        assert (row["safety"], row["recommended"]) == (answer.safety.level, str(advice.recommended))
        for columns, told in (
            (("effect", "effect_lower", "effect_upper"), advice.effect),
            (("average_effect", "average_lower", "average_upper"), advice.average),
            (("expected_outcome", "outcome_lower", "outcome_upper"), advice.expected_outcome),
        ):
            wanted = (told.estimate, told.lower, told.upper) if told else ("", "", "")
            assert tuple(row[name] and float(row[name]) for name in columns) == wanted
        ranks = (advice.rank.lower, advice.rank.upper, advice.rank.in_top_set) if advice.rank else ("", "", "")
        assert (row["rank_lower"], row["rank_upper"], row["in_top_set"]) == tuple(map(str, ranks))


def test_abstentions_are_counted_by_the_reason_of_most_arms(
    policy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two arms excluded beside one that the patient's missing score speaks against and a thin one: EXCLUDED."""
    rows = ("P-1,,41,f,0,no,no,no,yes,cbt;icbt,x", "P-2,,41,f,0,no,no,no,yes,,x")
    assert run(policy_folder, table(tmp_path, *rows), tmp_path / "out.csv", "--json") == 0
    assert json.loads(capsys.readouterr().out)["abstained"] == {"EXCLUDED": 1, "MISSING_KEY": 1}


def test_parquet_and_column_order(policy_folder: Path, tmp_path: Path) -> None:
    """Parquet in and out, columns in another order: the same recommendations."""
    import pandas as pd

    out, again = tmp_path / "out.csv", tmp_path / "out.parquet"
    assert run(policy_folder, table(tmp_path, *ROWS), out) == 0
    frame = pd.read_csv(tmp_path / "patients.csv", dtype={"patient_id": str})
    frame[list(reversed(frame.columns))].to_parquet(tmp_path / "patients.parquet")
    assert run(policy_folder, tmp_path / "patients.parquet", again) == 0
    found = pd.read_parquet(again)
    assert list(found.columns) == COLUMNS
    assert found.to_csv(index=False, lineterminator="\n") == out.read_text(encoding="utf-8")


@pytest.mark.parametrize("ids", [("007", "7"), ("12345678901234567891", "12345678901234567892"), ("1", "2")])
def test_ids_that_look_like_numbers(policy_folder: Path, tmp_path: Path, ids: tuple[str, str]) -> None:
    """Leading zeros and long ids come back as they went in: an answer must find its patient again."""
    out = tmp_path / "out.csv"
    assert run(policy_folder, table(tmp_path, *(f"{name},17,41,f,0,no,no,no,yes,,x" for name in ids)), out) == 0
    with out.open(encoding="utf-8") as lines:
        assert [row["patient_id"] for row in csv.DictReader(lines)][::4] == list(ids)


def test_excluded_arm_is_not_ranked(policy_folder: Path, tmp_path: Path) -> None:
    """An arm of the column excluded_arms has the reason EXCLUDED and no rank."""
    out = tmp_path / "out.csv"
    run(policy_folder, table(tmp_path, ROWS[4]), out)
    with out.open(encoding="utf-8") as lines:
        reasons = {row["arm"]: row["reason"] for row in csv.DictReader(lines)}
    assert reasons["cbt"] == reasons["icbt"] == Reason.EXCLUDED


BAD: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "missing column with a near miss": (HEADER.replace("phq9_week0", "phq9_wk0"), ROWS, ("phq9_week0", "phq9_wk0?")),
    "no patient_id": (HEADER.replace("patient_id", "pid"), ROWS, ("a column patient_id",)),
    "duplicate patient": (HEADER, (*ROWS, ROWS[1]), ("each patient once", "row 3, 8")),
    "missing id": (HEADER, (*ROWS, ",17,41,f,0,no,no,no,yes,,x"), ("an identifier", "row 8")),
    "text in a numeric feature": (HEADER, (*ROWS, "P-9,SECRET,41,f,0,no,no,no,yes,,x"), ("phq9_week0", "row 8")),
    "infinite number": (HEADER, (*ROWS, "P-9,inf,41,f,0,no,no,no,yes,,x"), ("finite", "row 8")),
    "fact out of range": (HEADER, (*ROWS, "P-9,17,41,f,7777,no,no,no,yes,,x"), ("0 to 3", "row 8")),
    "unreadable answer": (HEADER, (*ROWS, "P-9,17,41,f,0,SECRET,no,no,yes,,x"), ("cssrs_q4", "yes, no or unknown")),
    "unknown arm": (HEADER, (*ROWS, "P-9,17,41,f,0,no,no,no,yes,SECRET,x"), ("excluded_arms", "usual_care", "row 8")),
    "fact in another spelling": (HEADER.replace("cssrs_q4", "CSSRS_Q4"), ROWS, ("cssrs_q4", "spelling")),
    "id too long": (HEADER, (*ROWS, "SECRET" * 40 + ",17,41,f,0,no,no,no,yes,,x"), ("at most 200", "row 8")),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_table(case: str, policy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table with a problem ends in exit 3, tells column and rows but no value, and writes nothing."""
    header, rows, told = BAD[case]
    out = tmp_path / "out.csv"
    out.write_text("kept")
    assert run(policy_folder, table(tmp_path, *rows, header=header), out) == 3
    message = capsys.readouterr().err
    for part in told:
        assert part in message
    assert "SECRET" not in message
    assert "7777" not in message
    assert out.read_text() == "kept"


def test_all_problems_at_once(policy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Problems of columns, ids, values and arms are listed together."""
    rows = ("P-1,SECRET,41,f,9,perhaps,no,no,yes,nothing,x", "P-1,17,41,f,0,no,no,no,yes,,x")
    patients = table(tmp_path, *rows, header=HEADER.replace("sex", "gender"))
    assert run(policy_folder, patients, tmp_path / "out.csv") == 3
    assert capsys.readouterr().err.count("\n- ") == 6
    assert (
        run(
            policy_folder, table(tmp_path, *rows, header=HEADER.replace("patient_id", "Patient")), tmp_path / "out.csv"
        )
        == 3
    )
    assert "Rename the column with the patients' identifiers. Did you mean Patient?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content", [b"", b"patient_id;age,sex\n1;2,3\n", b"patient_id,age\n", b"patient_id\n\xff\xfe\n"]
)
def test_tables_that_are_none(policy_folder: Path, tmp_path: Path, content: bytes) -> None:
    """An empty file, one that two separators part, no rows or another encoding ends in exit 3."""
    (tmp_path / "patients.csv").write_bytes(content)
    assert run(policy_folder, tmp_path / "patients.csv", tmp_path / "out.csv") == 3


@pytest.mark.parametrize("out", ["out.xlsx", "out", "patients.csv"])
def test_bad_out(policy_folder: Path, tmp_path: Path, out: str) -> None:
    """An ending that names no format, or the patients' own file, is bad usage."""
    patients = table(tmp_path, *ROWS)
    before = patients.read_bytes()
    assert run(policy_folder, patients, tmp_path / out) == 2
    assert patients.read_bytes() == before


def test_failed_gates_warn(
    lab: Any,
    write_folder: Callable[[Mapping[str, bytes]], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A folder whose gates failed still works in batch, with a warning on standard error."""
    folder = write_folder(lab.policy(gate="failed"))
    assert run(folder, table(tmp_path, *ROWS), tmp_path / "out.csv") == 0
    told = capsys.readouterr()
    assert "gates of this policy failed (equipoise)" in told.err
    assert "6 patients by tiny" in told.out


def test_waived_gates_warn_with_who_and_why(
    lab: Any,
    write_folder: Callable[[Mapping[str, bytes]], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A waiver is never silent: whoever decides by such a policy reads who let which gate go, and why."""
    folder = write_folder(lab.policy(gate="waived"))
    assert run(folder, table(tmp_path, *ROWS), tmp_path / "out.csv") == 0
    assert "the gate equipoise did not hold; waived by W. Aiver: tiny" in capsys.readouterr().err


def test_facts_without_a_column_are_unknown(policy_folder: Path, tmp_path: Path, capsys: Any) -> None:
    """A table without safety facts is answered, every patient to be assessed first, and the summary says so."""
    patients = table(tmp_path, "P-1,17,41,f", header="patient_id,phq9_week0,age,sex")
    assert run(policy_folder, patients, tmp_path / "out.csv") == 0
    facts = "cssrs_q4, cssrs_q5, cssrs_q6_past_3_months, phq9_item9, epds_item10 and 51 more"
    assert f"Unknown for everybody, as the table has no such column: {facts}" in capsys.readouterr().out
    with (tmp_path / "out.csv").open(encoding="utf-8") as lines:
        assert {row["safety"] for row in csv.DictReader(lines)} == {"assess_first"}


def test_what_rules_say_of_a_patient_stands_in_the_table(policy_folder: Path, tmp_path: Path) -> None:
    """An item 9 of 0 is never just "none", and what is asked for is named: nobody reads another place for it."""
    header = "patient_id,phq9_week0,age,sex,phq9_item9,audit_c,decision_support_consent"
    rows = ("P-1,17,41,f,0,9,yes", "P-2,17,41,f,,0,yes")
    assert run(policy_folder, table(tmp_path, *rows, header=header), tmp_path / "out.csv") == 0
    with (tmp_path / "out.csv").open(encoding="utf-8") as lines:
        told = {
            row["patient_id"]: (row["safety"], row["patient_flags"], row["patient_asks"])
            for row in csv.DictReader(lines)
        }
    assert told["P-1"][:2] == ("none", "SI-02; SUD-01")
    assert told["P-2"][0] == "assess_first"
    assert told["P-2"][2].startswith("phq9_item9")


def test_an_old_answer_is_unknown_in_a_table(policy_folder: Path, tmp_path: Path) -> None:
    """Item 9 of long ago has to be asked again, one without a day counts as current, and days are checked."""
    header = "patient_id,phq9_week0,age,sex,phq9_item9,phq9_item9_as_of"
    rows = ("P-1,17,41,f,0,2001-02-03", "P-2,17,41,f,0,")
    assert run(policy_folder, table(tmp_path, *rows, header=header), tmp_path / "out.csv") == 0
    with (tmp_path / "out.csv").open(encoding="utf-8") as lines:
        levels = {row["patient_id"]: row["safety"] for row in csv.DictReader(lines)}
    assert levels == {"P-1": "assess_first", "P-2": "none"}
    assert run(policy_folder, table(tmp_path, "P-1,17,41,f,0,2001-02-30", header=header), tmp_path / "out.csv") == 3


@pytest.mark.parametrize("spelt", ["PHQ9_item9_as_of", "phq9_item9 as of", "phq9_item9_asof"])
def test_the_day_of_an_answer_in_another_spelling_is_an_error(
    policy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], spelt: str
) -> None:
    """A day that nobody reads would make an answer of long ago count as one of today."""
    old = table(tmp_path, "P-1,17,41,f,0,2001-02-03", header=f"patient_id,phq9_week0,age,sex,phq9_item9,{spelt}")
    assert run(policy_folder, old, tmp_path / "out.csv") == 3
    assert "phq9_item9_as_of, exactly so" in capsys.readouterr().err


WEIGHTS = ("prefer_symptom_relief", "prefer_time", "prefer_side_effects.nausea")


def test_weights_in_the_table_add_a_second_ranking(
    policy_folder: Path, served: ServedPolicy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With columns of weights each patient is ranked by utility too, as alone; a row without weights is not."""
    out, header = tmp_path / "out.csv", ",".join((HEADER, *WEIGHTS))
    patients = table(tmp_path, f"{ROWS[0]},1,2,0", f"{ROWS[1]},,,", header=header)
    assert run(policy_folder, patients, out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["unread_columns"] == ["note"]
    with out.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    values = {"phq9_week0": 17.0, "age": 41.0, "sex": "f", "phq9_item9": 0.0, "cssrs_q4": "no", "cssrs_q5": "no"}
    values["decision_support_consent"] = "yes"
    content = {"patient_id": "007", "values": values | {"cssrs_q6_past_3_months": "no"}}
    alone = recommend(
        PatientProfile.model_validate(content | {"preferences": {"symptom_relief": 1.0, "time": 2.0}}),
        served.policy,
        served.rules,
    )
    assert alone.preference is not None
    found = {
        row["arm"]: (int(row["utility_rank_lower"]), int(row["utility_rank_upper"]))
        for row in rows[:4]
        if row["utility_rank_lower"]
    }
    assert found == {one.arm: (one.rank.lower, one.rank.upper) for one in alone.preference.arms}
    assert [row["arm"] for row in rows if row["first_by_utility"] == "True"] == [alone.preference.first]
    assert {row["utility"] for row in rows[4:]} == {""}


def test_wrong_weights_of_a_table_are_told_at_once(
    policy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Negative, missing and all-zero weights and a column of no weight: by column and row, and never a value."""
    header = ",".join((HEADER, *WEIGHTS, "prefer_tiem"))
    rows = (
        f"{ROWS[0]},-17.5,1,0,1",
        f"{ROWS[1]},1,,0,1",
        f"{ROWS[2]},0,0,0,1",
        f"{ROWS[3]},much,1,0,1",
        f"{ROWS[4]},,,,",
    )
    assert run(policy_folder, table(tmp_path, *rows, header=header), tmp_path / "out.csv") == 3
    told = capsys.readouterr().err
    assert "17.5" not in told
    assert "much" not in told
    assert "Did you mean prefer_time?" in told
    assert "prefer_symptom_relief: expected 0, or a number from 0.001 to 1000; found something else in 2 rows" in told
    assert "prefer_time: expected a weight in rows that have others; found none in 1 row (row 3;" in told
    assert "a weight above 0; found none in 1 row (row 4;" in told


def test_consent_of_a_whole_table(policy_folder: Path, tmp_path: Path, capsys: Any) -> None:
    """Without it nobody has a rank; where it is recorded can be told once, and not beside a column of its own."""
    patients = table(tmp_path, "P-1,17,41,f,0", header="patient_id,phq9_week0,age,sex,phq9_item9")
    assert run(policy_folder, patients, tmp_path / "out.csv", "--json") == 0
    assert json.loads(capsys.readouterr().out)["abstained"] == {"CONSENT": 1}
    assert run(policy_folder, patients, tmp_path / "out.csv", "--json", "--consent", "forms of ward 3") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ranked"], told["consent"]) == (1, "forms of ward 3")
    assert run(policy_folder, table(tmp_path, *ROWS), tmp_path / "out.csv", "--consent", "forms") == 2


def test_acknowledgements_in_a_table(policy_folder: Path, tmp_path: Path, capsys: Any) -> None:
    """A column names who did what a rule waits for, row by row; a column of another rule is an error."""
    header = f"{HEADER},SI-01_acknowledged_by,DET-01_acknowledged_by"
    rows = [f"{name},22.5,30,m,1,no,no,no,yes,,x,{by}" for name, by in (("A", "Dr E,"), ("B", ",Dr E"), ("C", ","))]
    assert run(policy_folder, table(tmp_path, *rows, header=header), tmp_path / "out.csv") == 0
    with (tmp_path / "out.csv").open(encoding="utf-8") as lines:
        assert {row["patient_id"] for row in csv.DictReader(lines) if row["rank_lower"]} == {"A"}
    header = f"{HEADER},SI-03_acknowledged_by"
    assert run(policy_folder, table(tmp_path, f"{rows[0]}", header=header), tmp_path / "out.csv") == 3
    strange = "A,22.5,30,m,1,no,no,no,yes,,x,Dr E"
    assert run(policy_folder, table(tmp_path, strange, header=header), tmp_path / "out.csv") == 3
    assert "rules that wait for one (SI-01, DET-01)" in capsys.readouterr().err
    flags = [row.replace("Dr E", "0") for row in rows]
    header = f"{HEADER},SI-01_acknowledged_by,DET-01_acknowledged_by"
    assert run(policy_folder, table(tmp_path, *flags, header=header), tmp_path / "out.csv") == 3
    assert (
        "SI-01_acknowledged_by: expected names of people; found something else in 1 row (row 2"
        in capsys.readouterr().err
    )


def test_contradictions_in_a_table(policy_folder: Path, tmp_path: Path, capsys: Any) -> None:
    """Items beside a total, and an age that nobody has: ids of the queries in the last column, row by row."""
    header = f"{HEADER},phq9_item1,phq9_q9"
    plain = "no,no,no,yes,,x"
    rows = (
        f"A,17,41,f,0,{plain},3,0",
        f"B,26,41,f,0,{plain},0,0",
        f"C,17,130,f,0,{plain},,1",
        f"D,17,41,f,0,{plain},,",
    )
    assert run(policy_folder, table(tmp_path, *rows, header=header), tmp_path / "out.csv", "--json") == 0
    assert json.loads(capsys.readouterr().out)["unread_columns"] == ["note"]
    with (tmp_path / "out.csv").open(encoding="utf-8") as lines:
        told = {row["patient_id"]: (row["data_queries"], row["safety"]) for row in csv.DictReader(lines)}
    assert told == {
        "A": ("", "none"),
        "B": ("DATA-TOTAL", "assess_first"),
        "C": ("DATA-AGE; DATA-TWICE", "assess_first"),
        "D": ("", "none"),
    }


def test_what_a_site_offers_stands_beside(policy_folder: Path, tmp_path: Path, capsys: Any) -> None:
    """A file of offers fills the last columns and changes no other; a fault in it is told before anything else."""
    offers = tmp_path / "sites.yaml"
    offers.write_text(FORMAT, encoding="utf-8")
    patients = table(tmp_path, "A,17,41,f,0,no,no,no,yes,,x,North clinic", header=f"{HEADER},site")
    rows = []
    for more in ((), ("--sites", str(offers))):
        assert run(policy_folder, patients, tmp_path / "out.csv", *more) == 0
        with (tmp_path / "out.csv").open(encoding="utf-8") as lines:
            rows.append(list(csv.DictReader(lines)))
    told = {row["arm"]: [row.pop(name) for name in COLUMNS[-4:]] for row in rows[1]}
    assert told["cbt"] == ["yes", "6.0", "10.0", "2026-01-31"]
    assert [[row.pop(name) for name in COLUMNS[-4:]] for row in rows[0]] == [[""] * 4] * 4
    assert rows[0] == rows[1]
    offers.write_text(FORMAT.replace("wait_weeks: [6", "wait_week: [6"), encoding="utf-8")
    assert run(policy_folder, patients, tmp_path / "out.csv", "--sites", str(offers)) == 3
    assert "sites.yaml" in capsys.readouterr().err
