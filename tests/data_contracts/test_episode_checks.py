"""Episodes: a table is taken whole or refused with everything that is wrong with it, never with a patient's value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_contracts.episode import Episodes
from data_contracts.errors import BadInput
from data_contracts.patient_count import Count
from data_contracts.tables import table_from_frame

CANARY = "Zebedee-7731"
Frame = pd.DataFrame
Check = Callable[..., Episodes]
Refusal = Callable[..., str]


def put(column: str, row: int, value: object) -> Callable[[Frame], Frame]:
    """A change that writes one value into one row (counted from 0) of one column."""

    def change(frame: Frame) -> Frame:
        changed = frame.astype({column: object})
        changed.loc[row, column] = value
        return changed

    return change


BAD = [
    ("missing column", lambda f: f.drop(columns="gad7"), ["a column gad7", "no such column"]),
    ("near miss", lambda f: f.rename(columns={"gad7": "gad_7"}), ["a column gad7", "Did you mean gad_7?"]),
    ("unknown arm", put("therapy", 4, CANARY), ["t.csv, therapy", "usual_care, cbt, ssri", "1 row (row 6;"]),
    ("misspelt arm", put("therapy", 4, "CBT"), ["t.csv, therapy", "1 row (row 6;", "Correct the spelling"]),
    ("no arm", put("therapy", 0, None), ["t.csv, therapy", "1 row (row 2;"]),
    ("reference absent", lambda f: f[f.therapy != "usual_care"], ["reference arm usual_care", "found 0"]),
    ("reference thin", lambda f: f.drop(f[f.therapy == "usual_care"].index[29:]), ["reference arm", "found 29"]),
    ("one arm only", lambda f: f[f.therapy == "usual_care"], ["at least two arms", "no arm besides the reference"]),
    ("score too high", put("phq9_week12", 7, 28), ["PHQ-9 scores from 0 to 27", "1 row (row 9;"]),
    ("score too low", put("phq9_week0", 7, -1), ["t.csv, phq9_week0", "PHQ-9 scores from 0 to 27", "1 row (row 9;"]),
    ("covariate's score", put("gad7", 7, 22), ["t.csv, gad7", "GAD-7 scores from 0 to 21", "1 row (row 9;"]),
    ("endless number", put("age", 7, float("inf")), ["t.csv, age", "finite numbers", "1 row (row 9;"]),
    ("text in numbers", put("age", 118, CANARY), ["t.csv, age", "expected numbers", "1 row (row 120;"]),
    ("text in an outcome", put("phq9_week12", 0, CANARY), ["t.csv, phq9_week12", "expected numbers", "1 row (row 2;"]),
    ("text as a score", lambda f: f.assign(gad7=CANARY), ["t.csv, gad7", "expected numbers", "120 rows"]),
    ("decimal comma", put("age", 3, "45,5"), ["t.csv, age", "expected numbers", "1 row (row 5;"]),
    ("underscored number", put("age", 3, "4_5"), ["t.csv, age", "expected numbers", "1 row (row 5;"]),
    ("patient twice", put("pid", 9, "P003"), ["t.csv, pid", "one row for each patient", "1 row (row 11;"]),
    ("no patient", put("pid", 9, None), ["t.csv, pid", "a value in every row", "1 row (row 11;"]),
    ("constant number", lambda f: f.assign(age=44.0), ["t.csv, age", "two different values", "one value in all rows"]),
    ("constant category", lambda f: f.assign(sex=CANARY), ["t.csv, sex", "two different values"]),
    ("empty covariate", lambda f: f.assign(age=np.nan), ["t.csv, age", "no value at all"]),
    ("free text", lambda f: f.assign(sex=[f"{CANARY}{i}" for i in range(120)]), ["t.csv, sex", "at most 30", "120"]),
    ("no outcome at all", lambda f: f.assign(phq9_week12=np.nan), ["t.csv, phq9_week12", "none in any row"]),
    ("nobody followed in an arm", lambda f: f.assign(phq9_week12=f.phq9_week12.where(f.therapy != "cbt")), ["in cbt"]),
]


@pytest.mark.parametrize(("change", "said"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_each_fault_is_named_with_its_place(
    change: Callable[[Frame], Frame], said: list[str], records: Frame, refusal: Refusal
) -> None:
    """One fault gives one problem that says where and what is expected, and never quotes a cell."""
    message = refusal(change(records))
    for part in said:
        assert part in message
    assert message.count("\n") == 0, message
    assert CANARY not in message
    assert "Zebedee" not in message


def test_all_problems_come_at_once(records: Frame, refusal: Refusal) -> None:
    """A table with a missing column and five other faults is refused once, with six problems."""
    frame = records.drop(columns="gad7").astype({"age": object, "phq9_week12": object})
    frame.loc[0, "therapy"] = CANARY
    frame.loc[5, "pid"] = frame.loc[4, "pid"]
    frame.loc[6, "pid"] = None
    frame.loc[7, "age"] = CANARY
    frame.loc[8, "phq9_week12"] = 99
    message = refusal(frame)
    for place in ("a column gad7", "row 2;", "row 7;", "row 8;", "row 9;", "row 10;"):
        assert place in message
    assert message.count("\n") == 5
    assert CANARY not in message


@pytest.mark.parametrize("column", ["pid", "therapy", "phq9_week12", "phq9_week0", "sex"])
def test_a_missing_column_hides_no_other_fault(column: str, records: Frame, refusal: Refusal) -> None:
    """Whichever column is absent, a score out of range elsewhere is told in the same message."""
    frame = records.drop(columns=column)
    frame.loc[3, "gad7"] = 40
    message = refusal(frame)
    assert f"a column {column}" in message
    assert "1 row (row 5;" in message


def test_groups_sites_and_times_must_exist_too(records: Frame, refusal: Refusal) -> None:
    """Every column that the protocol names anywhere is looked for."""
    keys = {"patient_id": "pid", "arm": "therapy", "time": "started", "site": "clinic", "cluster": "ward"}
    second = {"column": "left_early", "direction": "lower_is_better", "unit": "share"}
    message = refusal(records, records=keys, groups=["ethnicity"], secondary_outcomes=[second])
    for name in ("started", "clinic", "ward", "ethnicity", "left_early"):
        assert f"a column {name}" in message


def test_many_rows_are_counted_and_ten_are_named(records: Frame, refusal: Refusal) -> None:
    """A fault in forty rows is told with the first ten row numbers and the count, not with forty numbers."""
    message = refusal(records.replace({"therapy": {"cbt": "CBT"}}))
    assert "40 rows (row 3, 6, 9, 12, 15, 18, 21, 24, 27, 30 and 30 more; the header is row 1)" in message


def test_an_arm_may_be_written_otherwise(
    records: Frame, check: Check, refusal: Refusal, content: dict[str, Any]
) -> None:
    """Spellings that the protocol names give the episodes of the names themselves; one that no row has is a slip."""
    frame = records.replace({"therapy": {"cbt": "gCBT", "usual_care": "Care as usual"}})
    written = {"cbt": ["gCBT"], "usual_care": "Care as usual"}
    ours, same = check(frame, arms={**content["arms"], "written": written}), check(records)
    assert ours.counts == same.counts
    assert np.array_equal(ours.arm, same.arm)
    written["ssri"] = "Sertralin"
    told = refusal(frame, arms={**content["arms"], "written": written})
    assert "t.csv, therapy: expected a row that writes Sertralin, as arms.written says; found none" in told


def test_unknown_therapies_are_told_before_anything_is_learned(
    records: Frame, refusal: Refusal, content: dict[str, Any]
) -> None:
    """Each key that the catalogue does not hold is told with the table's own problems, not minutes into a study."""
    therapies = {"cbt": "KVT", "ssri": "SSRIX"}
    told = refusal(records.drop(columns="gad7"), arms={**content["arms"], "therapies": therapies})
    assert "arms.therapies, cbt: expected a key of the therapy catalogue" in told
    assert (
        "arms.therapies, ssri: expected a key of the therapy catalogue; found an unknown one. Did you mean SSRI?"
        in told
    )
    assert "a column gad7" in told


class TestPatientAndTime:
    """With a start of treatment named, a patient may come again, but not at the same time."""

    keys = {"patient_id": "pid", "arm": "therapy", "time": "started"}  # noqa: RUF012 - read only

    def test_again_at_another_time_is_another_episode(self, records: Frame, check: Check) -> None:
        """Two episodes of one patient are kept, and share a cluster."""
        frame = records.assign(started=[f"2024-01-{1 + i % 28:02d}" for i in range(120)])
        frame.loc[5, "pid"] = frame.loc[4, "pid"]
        episodes = check(frame, records=self.keys)
        assert episodes.n == 120
        assert len(np.unique(episodes.cluster)) == 119

    def test_a_patient_with_two_sources_is_a_fault(self, records: Frame, check: Check, refusal: Refusal) -> None:
        """Folds keep sources whole; a patient of two would be in two, and teach their own prediction."""
        keys = {**self.keys, "cluster": "ward"}
        frame = records.assign(started=[f"2024-01-{1 + i % 28:02d}" for i in range(120)])
        frame["ward"] = [f"w{i // 2 % 10}" for i in range(120)]
        frame.loc[5, "pid"] = frame.loc[4, "pid"]
        assert check(frame, records=keys).n == 120
        frame.loc[5, "ward"] = "w9"
        message = refusal(frame, records=keys)
        assert "ward: expected the same ward in all rows of a patient" in message
        assert "another in 1 row (row 7;" in message

    def test_again_at_the_same_time_is_a_fault(self, records: Frame, refusal: Refusal) -> None:
        """The copy is named by its row, and the message says what makes a row unique."""
        frame = records.assign(started="2024-01-01")
        frame.loc[5, "pid"] = frame.loc[4, "pid"]
        message = refusal(frame, records=self.keys)
        assert "one row for each patient and start of treatment" in message
        assert "row 7;" in message

    def test_an_empty_time_is_a_fault_of_its_own(self, records: Frame, refusal: Refusal) -> None:
        """Rows without a start are told as such, not as copies of each other."""
        frame = records.assign(started="2024-01-01").astype({"started": object, "pid": object})
        frame.loc[[4, 5], "started"] = None
        frame.loc[5, "pid"] = frame.loc[4, "pid"]
        message = refusal(frame, records=self.keys)
        assert "2 rows (row 6, 7;" in message
        assert "one row for each patient" not in message


def test_a_lost_outcome_is_an_attrition_line(records: Frame, check: Check) -> None:
    """Episodes without an outcome stay in the study, and attrition counts them by arm."""
    frame = records.copy()
    frame.loc[[0, 3, 1], "phq9_week12"] = np.nan
    episodes = check(frame)
    assert episodes.n == 120
    assert [line.step for line in episodes.attrition] == ["Episodes started", "With phq9_week12 observed"]
    assert episodes.attrition[0].by_arm == {"usual_care": 40, "cbt": 40, "ssri": 40}
    assert episodes.attrition[1].by_arm == {"usual_care": 38, "cbt": 39, "ssri": 40}
    assert episodes.attrition[1].total == 117


@pytest.mark.parametrize(("kept", "analysed"), [(30, True), (29, False), (1, False), (0, False)])
def test_a_thin_arm_is_set_aside_and_said_so(kept: int, analysed: bool, records: Frame, check: Check) -> None:
    """Under 30 episodes, or none, an arm is left out of the analysis and counted; at 30 it is in."""
    frame = records.drop(records[records.therapy == "ssri"].index[kept:])
    episodes = check(frame)
    assert ("ssri" in episodes.arms) == analysed
    assert dict(episodes.thin_arms) == ({} if analysed else {"ssri": Count(kept, kept)})
    assert episodes.n == 80 + (kept if analysed else 0)
    assert episodes.attrition[0].by_arm["ssri"] == kept
    steps = [line.step for line in episodes.attrition]
    assert ("In arms with at least 30 episodes (analysed)" in steps) == (not analysed)
    assert set(episodes.attrition[-1].by_arm) == set(episodes.arms)


def test_a_thin_arms_rows_do_not_save_a_covariate(records: Frame, refusal: Refusal) -> None:
    """A column that varies only in an arm which is set aside is constant where it counts."""
    frame = records.drop(records[records.therapy == "ssri"].index[20:])
    frame = frame.assign(age=np.where(frame.therapy == "ssri", frame.age, 44.0))
    assert "one value in all rows" in refusal(frame)
    assert "no value at all" in refusal(frame.assign(age=frame.age.where(frame.therapy == "ssri")))


@pytest.mark.parametrize(("rare", "taken"), [(10, False), (11, True)])
@pytest.mark.parametrize("kind", ["category", "number", "mostly missing"])
def test_too_few_of_a_second_value_is_refused(
    rare: int, taken: bool, kind: str, records: Frame, check: Check, refusal: Refusal
) -> None:
    """Ten patients who differ are too few to adjust for and could be told apart in a policy; eleven are taken."""
    some = np.arange(120) < rare
    column = {
        "category": ("sex", np.where(some, "intersex", "female")),
        "number": ("age", some.astype(float)),
        "mostly missing": ("age", np.where(np.arange(120) < rare + 1, np.arange(120.0), np.nan)),
    }[kind]
    frame = records.assign(**dict([column]))
    if taken:
        assert check(frame).n == 120
    else:
        assert "at least 11 patients with a second value; found fewer" in refusal(frame)


@pytest.mark.parametrize(("seen", "taken"), [(10, False), (11, True)])
def test_an_arm_needs_eleven_outcomes(seen: int, taken: bool, records: Frame, check: Check, refusal: Refusal) -> None:
    """An arm that many started but whose outcomes are still to come is named, before any fitting fails on it."""
    late = records[records.therapy == "cbt"].index[seen:]
    frame = records.assign(phq9_week12=records.phq9_week12.mask(records.index.isin(late)))
    if taken:
        assert check(frame).n == 120
    else:
        assert "observed outcomes of 11 patients" in refusal(frame)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_order_of_rows_and_columns_is_nothing(data: st.DataObject, records: Frame, check: Check) -> None:
    """Whatever order a file has, the same episodes come out, in the same order and with one fingerprint."""
    rows = data.draw(st.permutations(range(len(records))))
    columns = data.draw(st.permutations(list(records.columns)))
    frame = records.assign(site=[f"s{i % 3}" for i in range(120)])
    keys = {"patient_id": "pid", "arm": "therapy", "site": "site"}
    one, other = check(frame, records=keys), check(frame.iloc[rows][[*columns, "site"]], records=keys)
    assert one.fingerprint == other.fingerprint
    for name in ("arm", "cluster", "site"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in one.columns:
        pd.testing.assert_series_equal(pd.Series(one.columns[name]), pd.Series(other.columns[name]))
    assert list(one.columns) == list(other.columns)


@pytest.mark.parametrize(
    ("column", "value"),
    [("phq9_week0", 11), ("phq9_week12", 3), ("age", 44.25), ("sex", "male"), ("sex", None), ("therapy", "cbt")],
)
def test_any_analysed_cell_is_in_the_fingerprint(column: str, value: object, records: Frame, check: Check) -> None:
    """A change of one cell that the analysis reads is another data set."""
    frame = records.astype({"sex": object})
    frame.loc[0, ["phq9_week0", "phq9_week12", "age", "sex"]] = [20, 9, 50.5, "female"]
    changed = frame.copy()
    changed.loc[0, column] = value
    assert check(frame).fingerprint != check(changed).fingerprint


def test_a_zero_has_no_sign(records: Frame, check: Check) -> None:
    """Databases differ in whether they keep the sign of -0.0: the same score is the same data set."""
    found = [
        check(records.assign(phq9_week12=records.phq9_week12.mask(records.index == 0, zero))) for zero in (0.0, -0.0)
    ]
    assert found[0].fingerprint == found[1].fingerprint
    assert not np.signbit(found[1].outcomes["phq9_week12"]).any()


def test_a_column_that_no_study_reads_is_not_in_the_fingerprint(records: Frame, check: Check) -> None:
    """Another extra column makes no other study."""
    assert check(records).fingerprint == check(records.assign(note="x")).fingerprint


def test_identifiers_are_not_kept(records: Frame, check: Check) -> None:
    """Episodes hold codes for patients; renaming every patient in the same order changes nothing."""
    episodes = check(records)
    assert "P003" not in repr(episodes)
    assert check(records.assign(pid=records.pid.str.replace("P", "Q"))).fingerprint == episodes.fingerprint


def test_numbers_declared_categorical_are_categories(records: Frame, check: Check) -> None:
    """Region codes 1 to 4 that the protocol calls categorical are names, not quantities; empty stays missing."""
    codes = [float(1 + i % 4) for i in range(120)]
    frame = records.assign(region=codes)
    frame.loc[0, "region"] = np.nan
    episodes = check(frame, confounders=["gad7", "region"], categorical=["region"])
    assert episodes.columns["region"].dtype == object
    assert set(episodes.columns["region"]) == {"1", "2", "3", "4", None}


def test_an_arm_may_be_named_by_a_number(records: Frame, check: Check) -> None:
    """Arms coded 0, 1, 2 in the table are the arms "0", "1", "2" of the protocol."""
    frame = records.replace({"therapy": {"usual_care": 0, "cbt": 1, "ssri": 2}}).infer_objects()
    episodes = check(frame, arms={"reference": "0", "offered": ["1", "2"]})
    assert episodes.counts == {"0": 40, "1": 40, "2": 40}


def test_the_reference_has_code_zero(records: Frame, check: Check) -> None:
    """Codes follow the protocol's order, whatever stands first in the table."""
    episodes = check(records, arms={"reference": "ssri", "offered": ["cbt", "usual_care"]})
    assert episodes.arms == ("ssri", "cbt", "usual_care")
    np.testing.assert_array_equal(episodes.arm, np.tile([2, 1, 0], 40))


def test_a_frame_without_rows_is_refused() -> None:
    """An empty table is refused before any column of it is looked at."""
    with pytest.raises(BadInput, match="at least one row"):
        table_from_frame(pd.DataFrame({"pid": []}))


def test_the_same_fault_is_told_the_same_way(records: Frame, refusal: Refusal) -> None:
    """A message depends on where the fault is, never on what the cell holds."""
    texts: list[Any] = [CANARY, "x" * 500, "-- ; drop table"]
    assert len({refusal(put("therapy", 4, text)(records)) for text in texts}) == 1
    assert len({refusal(put("phq9_week12", 4, score)(records)) for score in (28, 1e6, -3)}) == 1


def of_one(records: Frame, rows: np.ndarray) -> Frame:
    """The records with some rows as one patient's, each with a start of its own."""
    frame = records.assign(start=[f"2024-{1 + row % 12:02d}-{1 + row // 12:02d}" for row in range(len(records))])
    return frame.assign(pid=frame.pid.mask(rows, "P-one"))


TIMED = {"records": {"patient_id": "pid", "arm": "therapy", "time": "start"}}


def test_an_arm_of_few_patients_is_thin(records: Frame, check: Check, refusal: Refusal) -> None:
    """Forty episodes of ten patients are no arm that can be told of: it is set aside, and refused as the reference."""
    arm = np.flatnonzero(records.therapy == "ssri")
    frame = of_one(records, np.isin(np.arange(len(records)), arm[:31]))
    episodes = check(frame, **TIMED)
    assert dict(episodes.thin_arms) == {"ssri": Count(40, 10)}
    assert episodes.attrition[1].step == "In arms with at least 30 episodes and 11 patients (analysed)"
    turned = frame.assign(therapy=frame.therapy.replace({"ssri": "usual_care", "usual_care": "ssri"}))
    assert "reference arm usual_care of at least 11 patients" in refusal(turned, **TIMED)


def test_what_one_patient_has_in_many_episodes_is_nearly_constant(records: Frame, refusal: Refusal) -> None:
    """A level, or an answer, that one patient alone has is refused, in however many episodes."""
    rows = np.arange(len(records)) % 6 == 0
    frame = of_one(records, rows).assign(sex=np.where(rows, "intersex", "female"))
    assert "at least 11 patients with a second value; found fewer" in refusal(frame, **TIMED)
