"""A first protocol for a table is a protocol, is guessed without looking at results, and asks what no name tells."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.episode_checks import check_episodes
from data_contracts.errors import BadInput
from data_contracts.protocol import StudyProtocol
from data_contracts.protocol_file import parse_document, parse_yaml, read_protocol
from data_contracts.tables import read_table, table_from_frame
from estimators.worlds import simulate
from experiments.__main__ import main
from experiments.first_protocol.guess import Told, first_protocol
from experiments.first_protocol.text import protocol_text

NOTHING = Told()


def written(frame: pd.DataFrame, told: Told = NOTHING) -> str:
    """The text of the first protocol of a table."""
    return protocol_text(first_protocol(table_from_frame(frame, "records.csv"), told))


def protocol_of(text: str) -> StudyProtocol:
    """What the text says."""
    return parse_document(StudyProtocol, parse_yaml(text, "text"), "text")


def small(n: int = 120) -> pd.DataFrame:
    """A table with two arms, as somebody's own may look."""
    random = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "Patient ID": [f"canary-{at}" for at in range(n)],
            "Treatment": np.where(np.arange(n) % 2, "Waiting list", "guided CBT"),
            "age": random.integers(18, 80, n),
            "phq9_baseline": random.integers(10, 27, n),
            "phq9_week4": random.integers(0, 27, n),
            "phq9_week12": random.integers(0, 27, n),
            "sessions_attended": random.integers(0, 12, n),
            "notes": [f"secret-{at}" for at in range(n)],
            "mood": random.integers(0, 9, n),
        }
    )


def test_the_clinic_is_guessed_as_its_own_protocol_says() -> None:
    """Roles, arms, outcome and groups are the world's; what is adjusted for was known at the start, all of it."""
    world = simulate("clinic", 1500, 1)
    true, found = StudyProtocol.model_validate(world.protocol), protocol_of(written(world.records))
    for role in ("patient_id", "arm", "time", "site"):
        assert getattr(found.records, role) == getattr(true.records, role)
    assert (found.outcome.column, found.outcome.baseline) == (true.outcome.column, true.outcome.baseline)
    assert (found.arms.reference, {*found.arms.offered}) == (true.arms.reference, {*true.arms.offered})
    assert {*found.covariates} - {"ever_smoked"} == {*true.covariates}
    assert {*found.groups} == {*true.groups}


def test_a_study_takes_a_table_by_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes the file, tells what is undecided, and the table passes the study's checks by it."""
    small().to_csv(tmp_path / "own table.csv", index=False)
    out = tmp_path / "protocol.yaml"
    assert main(["protocol", str(tmp_path / "own table.csv"), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["undecided"], said["problems"]) == (["mood"], [])
    assert said["later"] == ["phq9_week4", "sessions_attended"]
    assert [*said["unusable"]] == ["notes"]
    protocol = read_protocol(out)
    assert (protocol.name, protocol.arms.names) == ("own-table", ("waiting_list", "guided_cbt"))
    assert {*protocol.covariates} == {"phq9_baseline", "age"}
    assert len(check_episodes(read_table(tmp_path / "own table.csv"), protocol).arm) == 120


def service_table(n: int = 120) -> pd.DataFrame:
    """Episodes as a German psychotherapy service keeps them: patients come again, days are written as there."""
    random = np.random.default_rng(6)
    days = pd.to_datetime("2023-01-09") + pd.to_timedelta(np.arange(n), unit="D")
    scores = {
        name: random.integers(0, 27, n) for name in ("PHQ-9 Anfang", "PHQ-9 Ende", "GAD-7 Anfang", "GAD-7 Rating")
    }
    return pd.DataFrame(
        {
            "Fall": np.arange(n),
            "Patientencode": [f"P{at // 2}" for at in range(n)],
            "Anmeldung, referral": (days - pd.Timedelta(9, "D")).strftime("%d.%m.%Y"),
            "Therapiebeginn": days.strftime("%d.%m.%Y"),
            "Therapieform": np.where(np.arange(n) % 2, "Gruppe", "Einzel"),
            "Alter": random.integers(18, 80, n),
            "Sitzungen": random.integers(1, 20, n),
            "PHQ9 item 9 (start)": random.integers(0, 4, n),
            **scores,
        }
    )


def test_a_service_s_own_table_is_understood() -> None:
    """The patient and not the case, the start and not the referral; what no word places in time is left out."""
    text = written(service_table())
    found = protocol_of(text)
    assert (found.records.patient_id, found.records.time) == ("Patientencode", "Therapiebeginn")
    assert (found.outcome.column, found.outcome.baseline) == ("PHQ-9 Ende", "PHQ-9 Anfang")
    assert {*found.covariates} == {"Alter", "PHQ-9 Anfang", "GAD-7 Anfang"}
    assert "#   - GAD-7 Rating\n" in text
    assert '"PHQ9 item 9 (start)": an item of the PHQ-9, whose total stands above' in text


def test_who_has_items_alone_is_asked_for_totals() -> None:
    """Nobody adds up questionnaires unasked: the message names the instrument whose totals are missing."""
    items = pd.DataFrame({f"phq9_item{at}": [0, 1, 2] * 40 for at in range(1, 10)})
    table = pd.concat([small()[["Patient ID", "Treatment", "age"]], items], axis=1)
    with pytest.raises(BadInput, match=r"single items alone, of PHQ-9\. Add columns with their totals"):
        written(table)


def test_what_columns_mean_is_asked_for() -> None:
    """Columns that no fact and no instrument has words for stand ready to be filled in, and empty they are refused."""
    text = written(simulate("clinic", 1500, 1).records)
    asked = re.findall(r"^#   (\w+): \{words: \}$", text, re.MULTILINE)
    assert {"prior_ssri", "wait_days", "bmi", "sex"} <= {*asked}
    assert not {"phq9_week0", "gad7", "age"} & {*asked}
    block = "meanings:\n" + "".join(f"  {name}: {{words: }}\n" for name in asked)
    with pytest.raises(BadInput, match=r"meanings\.bmi\.words"):
        protocol_of(f"{text}\n{block}")
    filled = block.replace("bmi: {words: }", "bmi: {words: body mass index, unit: kg/m²}")
    for name in asked:
        filled = filled.replace(f"  {name}: {{words: }}", f"  {name}: {{words: what {name} is}}")
    assert protocol_of(f"{text}\n{filled}").meanings["bmi"].unit == "kg/m²"


def test_no_result_is_looked_at() -> None:
    """With the outcomes of the rows exchanged, and so any effect gone, the same text is written."""
    table = small()
    other = table.assign(phq9_week12=table["phq9_week12"].sample(frac=1, random_state=1).to_numpy())
    assert written(table) == written(other)


def test_no_patients_value_is_written() -> None:
    """Of words only the names of arms that eleven rows hold are written; rarer ones are counted."""
    table = small().assign(Treatment=lambda frame: frame["Treatment"].where(frame.index > 4, "rare-secret"))
    text = written(table)
    assert "canary" not in text
    assert "secret" not in text
    assert "Values of Treatment of fewer than 11 patients each: 1 (5 in all)" in text


def test_all_that_has_to_be_told_is_asked_for_at_once() -> None:
    """Nothing is guessed from columns without meaning; the options that would tell are named together."""
    table = pd.DataFrame({"a": range(50), "b": [1, 2] * 25, "c": range(50)})
    with pytest.raises(BadInput) as caught:
        written(table)
    assert all(option in str(caught.value) for option in ("--patient", "--arm", "--outcome"))
    with pytest.raises(BadInput, match="Did you mean b"):
        written(table, Told(arm="bb"))
    told = Told(patient="a", arm="b", outcome="c")
    with pytest.raises(BadInput, match="--better"):
        written(table, told)


def test_what_is_told_wins_over_names() -> None:
    """A measure that is no known instrument's is the outcome when a person says so, with its better end."""
    found = protocol_of(written(small(), Told(outcome="mood", better="higher")))
    assert (found.outcome.column, found.outcome.baseline) == ("mood", None)
    assert found.outcome.direction == "higher_is_better"
    assert "phq9_week12" not in found.covariates


def test_a_file_that_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A protocol holds decisions: it is never written over."""
    small().to_csv(tmp_path / "records.csv", index=False)
    out = tmp_path / "protocol.yaml"
    out.write_text("mine", encoding="utf-8")
    assert main(["protocol", str(tmp_path / "records.csv"), "--out", str(out)]) == 2
    assert out.read_text(encoding="utf-8") == "mine"
    assert "exists already" in capsys.readouterr().err


NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30).filter(lambda name: name.strip())


@settings(max_examples=60)
@given(st.lists(NAMES, min_size=3, max_size=3, unique=True), st.lists(NAMES, min_size=2, max_size=2))
def test_hostile_names_stay_what_they_are(columns: list[str], arms: list[str]) -> None:
    """Whatever stands in a header or names an arm, what is written reads back as just that."""
    patient, arm, outcome = (f"{name.strip()}{at}" for at, name in enumerate(columns))
    spelt = [f"{name.strip()} x{at}" for at, name in enumerate(arms)]
    n = 60
    table = pd.DataFrame(
        {patient: range(n), arm: [spelt[at % 2] for at in range(n)], outcome: range(n), "age": range(20, 20 + n)}
    )
    found = protocol_of(written(table, Told(patient, arm, outcome, "lower")))
    assert (found.records.patient_id, found.records.arm, found.outcome.column) == (patient, arm, outcome)
    spellings = {spelling for several in found.arms.written.values() for spelling in several}
    assert {*spellings, *found.arms.names} >= {*spelt}
