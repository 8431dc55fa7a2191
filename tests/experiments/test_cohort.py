"""Episodes from event tables: what the builder may see, and the same episodes counted by hand."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from data_contracts.episode import Episodes
from data_contracts.episode_checks import check_episodes
from data_contracts.errors import BadInput
from data_contracts.protocol import StudyProtocol
from experiments.cohort.build import build_cohort
from experiments.cohort.event_files import duckdb_in_memory
from experiments.cohort.place import Place
from experiments.records_writer import write_duckdb
from experiments.simulate import Shape, simulate_to
from experiments.study_records import read_study

RANDOM = runpy.run_path(str(Path(__file__).with_name("random_records.py")))
TODAY, CONTENT, PROTOCOL, Tables = (RANDOM[name] for name in ("TODAY", "CONTENT", "PROTOCOL", "Tables"))
random_tables, whole, write = RANDOM["random_tables"], RANDOM["whole"], RANDOM["write"]
build, frame = RANDOM["build"], RANDOM["frame"]


def one_by_one(tables: Tables) -> tuple[pd.DataFrame, list[int]]:
    """The cohort of ``CONTENT`` by a loop over patients and their records, and how many are left after each step."""
    rows, left = [], [0] * 6
    kind = {"usual_care": "usual_care", "cbt": "cbt", "N06AB06": "ssri", "N06AB04": "ssri"}
    arms = {("usual_care",): "usual_care", ("cbt",): "cbt", ("ssri",): "ssri", ("cbt", "ssri"): "both"}
    far = pd.Timestamp("2200-01-01")
    for patient in tables["patients"].itertuples():
        mine = {name: table[table["patient_id"] == patient.patient_id] for name, table in tables.items()}
        courses = [
            (row.start_date, far if pd.isna(row.end_date) else row.end_date, kind[row.therapy])
            for row in mine["treatments"].itertuples()
            if row.therapy in kind
        ]
        clean, known = {}, {}
        enrolled = [s for s, _, _ in courses if pd.Timestamp("2020-06-01") <= s <= pd.Timestamp("2021-06-30")]
        for start in enrolled:
            first = start - pd.Timedelta(days=90)
            clean[start] = not any(s < start and e >= first for s, e, _ in courses)
            known[start] = patient.observed_from <= first
        if not enrolled:
            continue
        good = [start for start in enrolled if clean[start] and known[start]]
        zero = min(good or enrolled)
        began = {k for s, _, k in courses if 0 <= (s - zero).days <= 10}
        arm = arms.get(tuple(sorted(began)))
        scores = [
            ((row.date - zero).days, row.value) for row in mine["measures"].itertuples() if row.measure == "PHQ-9"
        ]
        seen = [((row.date - zero).days, row.event) for row in mine["events"].itertuples()]
        birth, covered = patient.birth_date, (patient.observed_from - zero).days
        now = max((score for score in scores if -60 <= score[0] <= 0), default=(0, np.nan))[1]
        visits = sum(-200 <= d <= 0 and what != "crisis" for d, what in seen)
        crisis = any(-400 <= d <= -10 and what == "crisis" for d, what in seen)
        drug = any(-500 <= (s - zero).days <= -1 and k == "ssri" for s, _, k in courses)
        referred = [d for d, what in seen if what == "referral" and -300 <= d <= 0]
        after = [score for score in scores if 28 <= score[0] <= 84]
        gad = [
            (d, row.value) for row in mine["measures"].itertuples()
            if row.measure == "GAD-7" and 30 <= (d := (row.date - zero).days) <= 90
        ]  # fmt: skip
        hurt = any(-420 <= d <= -1 and what == "crisis" for d, what in seen)
        age = zero.year - birth.year - ((zero.month, zero.day) < (birth.month, birth.day))
        conditions = [True, clean[zero], known[zero], arm is not None, age >= 18, now >= 5]
        for step in range(6):
            left[step] += all(conditions[: step + 1])
        if not all(conditions):
            continue
        rows.append(
            {
                "pid": patient.patient_id,
                "therapy": arm,
                "start": zero.strftime("%Y-%m-%d"),
                "site": patient.site,
                "age": age,
                "now": now,
                "visits": visits if covered <= -200 else np.nan,
                "waited": -max(referred) if referred else np.nan,
                "crisis_before": 1 if crisis else (0 if covered <= -400 else np.nan),
                "drug_before": 1 if drug else (0 if covered <= -500 else np.nan),
                "later": min(after, key=lambda s: (abs(s[0] - 56), -s[0]))[1] if after else np.nan,
                "contact_later": int(any(11 <= d <= 60 and what == "contact" for d, what in seen)),
                "turns": sum(20 <= d <= 90 and what != "contact" for d, what in seen),
                "gad7_later": max(gad, default=(0, np.nan))[1],
                "ssri_later": int(any(12 <= (s - zero).days <= 300 and k == "ssri" for s, _, k in courses)),
                "crisis_earlier": 1 if hurt else (0 if covered <= -420 else np.nan),
            }
        )
    return pd.DataFrame(rows).sort_values("pid", ignore_index=True), left


@pytest.mark.parametrize("seed", range(3))
def test_a_loop_over_patients_finds_the_same_episodes(seed: int, tmp_path: Path) -> None:
    """The database and a plain loop agree on every cell and on how many are left after every step."""
    tables = random_tables(seed)
    built, (expected, left) = build(tmp_path, tables), one_by_one(tables)
    assert len(expected) > 10
    pd.testing.assert_frame_equal(frame(built)[list(expected.columns)], expected, check_dtype=False)
    assert [line.total for line in built.chosen] == left


def shaken(tables: Tables, cohort: pd.DataFrame, seed: int) -> Tables:
    """The same records up to time zero; of what lies after it some lost, the rest with other values and dates."""
    rng = np.random.default_rng(seed)
    zero = cohort.set_index("pid")["start"].astype("datetime64[s]")
    changed = dict(tables)
    for name, day in (("measures", "date"), ("events", "date"), ("treatments", "start_date")):
        table = tables[name].copy()
        # A therapy started within the grace is part of the arm; everything else after time zero may change.
        grace = 10 if name == "treatments" else 0
        late = table[day] > table["patient_id"].map(zero) + pd.Timedelta(days=grace)
        table.loc[late, day] += pd.Timedelta(days=400)
        if name == "measures":
            table.loc[late, "value"] = rng.integers(0, 22, int(late.sum()))
        if name == "treatments":
            table.loc[late, "end_date"] = pd.NaT
        changed[name] = whole(name, table[~late | (rng.random(len(table)) < 0.5)])
    return changed


@pytest.mark.parametrize("seed", range(2))
def test_nothing_after_time_zero_changes_what_was_known(seed: int, tmp_path: Path) -> None:
    """With other records after time zero the same patients start the same arms with the same covariates."""
    tables = random_tables(seed)
    before = frame(build(tmp_path / "a", tables))
    after = frame(build(tmp_path / "b", shaken(tables, before, seed)))
    after = after[after["pid"].isin(before["pid"])].reset_index(drop=True)
    late = {"later", "contact_later", "turns", "gad7_later", "ssri_later"}
    known = [name for name in before.columns if name not in late]
    pd.testing.assert_frame_equal(before[known], after[known], check_dtype=False)
    assert not before["later"].equals(after["later"])


def test_order_and_shape_of_the_files_change_nothing(tmp_path: Path) -> None:
    """Rows in another order, and Parquet with dates as such, give the same episodes and attrition."""
    tables = random_tables(9)
    first = build(tmp_path / "a", tables)
    mixed = {name: table.sample(frac=1, random_state=2) for name, table in tables.items()}
    second = build(tmp_path / "b", mixed)
    pd.testing.assert_frame_equal(frame(first), frame(second))
    assert first.chosen == second.chosen
    (tmp_path / "c").mkdir()
    for name, table in tables.items():
        table.to_parquet(tmp_path / "c" / f"{name}.parquet")
    assert PROTOCOL.target_trial is not None
    third = build_cohort(tmp_path / "c", PROTOCOL, PROTOCOL.target_trial, TODAY)
    pd.testing.assert_frame_equal(frame(first), frame(third))


@pytest.mark.parametrize("store", ["duckdb", "postgres"])
def test_a_database_gives_the_episodes_of_the_files(
    store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The same tables in DuckDB and in PostgreSQL: the same cells, attrition, last visits and who left."""
    tables = random_tables(6)
    levels = np.array(["5", "x", " 7.5 ", "1e1", "", None], dtype=object)
    tables["patients"]["level"] = np.resize(levels, len(tables["patients"]))
    trial = CONTENT["target_trial"]
    level = {"covariates": trial["covariates"] | {"level": {"table": "patients"}}}
    level["eligibility"] = [*trial["eligibility"], {"field": "level", "op": ">=", "value": 6}]
    level["estimand"] = "per_protocol"
    seen = {"censoring": {"last_visit": "seen", "visits": [2, 5, 8]}}
    protocol = StudyProtocol.model_validate(CONTENT | seen | {"target_trial": trial | level})
    files = build(tmp_path / "files", tables, protocol)
    place: Place = tmp_path / "tables.duckdb"
    if store == "duckdb":
        write_duckdb(tables, tmp_path / "tables.duckdb")
    else:
        place = request.getfixturevalue("postgres").load(tables)
    assert protocol.target_trial is not None
    other = build_cohort(place, protocol, protocol.target_trial, TODAY)
    pd.testing.assert_frame_equal(frame(files), frame(other))
    assert files.chosen == other.chosen
    assert 0 < files.table.n < files.chosen[-2].total


def test_prevalent_users_are_left_out_and_counted(tmp_path: Path) -> None:
    """A patient in treatment when the washout begins, or with a shorter record, never enters, and a step says why."""
    tables = random_tables(3)
    cohort = frame(build(tmp_path / "a", tables))
    one, other = cohort["pid"].iloc[0], cohort["pid"].iloc[1]
    zero = cohort.set_index("pid")["start"].astype("datetime64[s]")
    begun = {"patient_id": one, "therapy": "N06AB04", "start_date": pd.Timestamp("2019-02-01"), "end_date": pd.NaT}
    mine = tables["treatments"]["patient_id"] == one
    only = tables["treatments"][~mine | (tables["treatments"]["start_date"] >= zero[one])]
    late = tables["patients"].copy()
    late.loc[late["patient_id"] == other, "observed_from"] = zero[other] - pd.Timedelta(days=89)
    started = tables["treatments"]["patient_id"] == other
    gone = started & (tables["treatments"]["start_date"] > zero[other] + pd.Timedelta(days=10))
    treatments = pd.concat([only[~gone.reindex(only.index)], pd.DataFrame([begun])])
    built = build(tmp_path / "b", tables | {"treatments": whole("treatments", treatments), "patients": late})
    assert {one, other} & set(frame(built)["pid"]) == set()
    assert built.chosen[1].step.startswith("New users")
    assert built.chosen[1].total < built.chosen[0].total
    assert built.chosen[2].total < built.chosen[1].total


def test_what_is_started_later_does_not_make_the_arm(tmp_path: Path) -> None:
    """Planted immortal time: those who live to start a second therapy after the grace stay in the first one's arm."""
    tables = random_tables(4)
    before = frame(build(tmp_path / "a", tables))
    alone = before[before["therapy"] == "cbt"]
    zero = alone["start"].astype("datetime64[s]")
    added = pd.DataFrame({"patient_id": alone["pid"], "therapy": "N06AB06", "start_date": zero})
    added["start_date"] += pd.Timedelta(days=11)
    added["end_date"] = added["start_date"]
    treatments = whole("treatments", pd.concat([added, tables["treatments"]]))
    after = frame(build(tmp_path / "b", tables | {"treatments": treatments}))
    kept = after.set_index("pid").loc[alone["pid"], "therapy"]
    assert len(alone) > 3
    assert set(kept) == {"cbt"}


def test_unknown_is_not_never(tmp_path: Path) -> None:
    """Where the record does not reach back over the window, 'never had it' is not claimed."""
    tables = random_tables(5)
    cohort = frame(build(tmp_path, tables)).set_index("pid")
    zero = cohort["start"].astype("datetime64[s]")
    observed = tables["patients"].set_index("patient_id").loc[cohort.index, "observed_from"]
    short = (zero - observed).dt.days < 500
    assert (short & cohort["drug_before"].isna()).any()
    assert not (cohort["drug_before"][short] == 0).any()


def test_nobody_left_says_at_which_step(tmp_path: Path) -> None:
    """An eligibility that nobody meets is told as such."""
    trial = CONTENT["target_trial"] | {"eligibility": [{"field": "age", "op": ">=", "value": 130}]}
    with pytest.raises(BadInput, match="nobody after the step 'Eligible: age >= 130'"):
        build(tmp_path, random_tables(1), StudyProtocol.model_validate(CONTENT | {"target_trial": trial}))


@pytest.mark.parametrize(("store", "called"), [("csv", "patients.csv row"), ("duckdb", "patients row")])
def test_what_is_wrong_with_an_episode_is_told_by_its_patients_row(store: str, called: str, tmp_path: Path) -> None:
    """Checks of the cohort name the rows of the source: of the file, or of the table in the order of its key."""
    tables = random_tables(2, 900)
    patients = tables["patients"].sample(frac=1, random_state=1, ignore_index=True)
    patients["site"] = patients["site"].where(patients.index % 2 == 0)
    tables["patients"] = patients
    protocol = StudyProtocol.model_validate(CONTENT | {"records": CONTENT["records"] | {"cluster": "site"}})
    assert protocol.target_trial is not None
    place: Place = write(tmp_path, tables)
    if store == "duckdb":
        place = tmp_path / "tables.duckdb"
        write_duckdb(tables, tmp_path / "tables.duckdb")
    built = build_cohort(place, protocol, protocol.target_trial, TODAY)
    with pytest.raises(BadInput) as told:
        check_episodes(built.table, protocol)
    problem = next(problem for problem in told.value.problems if problem.where.endswith(", site"))
    ids = frame(built).query("site.isna()")["pid"]
    in_order = patients if store == "csv" else patients.sort_values("patient_id", ignore_index=True)
    first = 2 if store == "csv" else 1
    rows = sorted(in_order.index[in_order["patient_id"].isin(ids)] + first)
    assert len(rows) > 10
    assert f"none in {len(rows)} episodes ({called} {', '.join(map(str, rows[:10]))} and" in problem.found


def test_names_without_a_record_are_all_told(tmp_path: Path) -> None:
    """A therapy, a measure, an event and a column of patients that nobody has are problems, not noughts."""
    trial = CONTENT["target_trial"]
    covariates = trial["covariates"] | {
        "site": {"table": "patients", "of": "clinic"},
        "waited": trial["covariates"]["waited"] | {"of": "referal"},
        "now": trial["covariates"]["now"] | {"of": "PHQ9"},
    }
    changed = trial | {"covariates": covariates, "therapies": {"ssri": ["N06AB99"]}}
    with pytest.raises(BadInput) as told:
        build(tmp_path, random_tables(1), StudyProtocol.model_validate(CONTENT | {"target_trial": changed}))
    text = str(told.value)
    for key in ("therapies.ssri", "covariates.site", "covariates.waited", "covariates.now", "covariates.drug_before"):
        assert f"target_trial.{key}:" in text


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Episodes:
    """The clinic's table with one row an episode."""
    out = tmp_path_factory.mktemp("wide")
    simulate_to("clinic", 1200, 4, out)
    return read_study(out / "protocol.yaml", out / "records.csv")[1]


@pytest.mark.parametrize(("shape", "name"), [("events", "records"), ("omop", "records.duckdb"), ("ndjson", "records")])
def test_every_shape_of_one_truth_gives_the_episodes_of_its_table(
    shape: Shape, name: str, wide: Episodes, tmp_path: Path
) -> None:
    """Event tables, a CDM and FHIR are the same study: arms, patients, sites, covariates, outcomes, cell by cell."""
    simulate_to("clinic", 1200, 4, tmp_path, shape)
    _, long = read_study(tmp_path / "protocol.yaml", tmp_path / name)
    assert (wide.arms, wide.thin_arms, wide.attrition) == (long.arms, long.thin_arms, long.attrition)
    for one, other in ((wide.arm, long.arm), (wide.cluster, long.cluster), (wide.site, long.site)):
        np.testing.assert_array_equal(one, other)
    for found, same in ((wide.columns, long.columns), (wide.outcomes, long.outcomes)):
        assert list(found) == list(same)
        for column, values in found.items():
            np.testing.assert_array_equal(values, same[column], err_msg=column)
    falls = [a.total - b.total for a, b in zip(long.chosen, long.chosen[1:], strict=False)]
    assert falls == [24] * 5, "each step of choosing has the same bystanders to leave out"
    assert long.chosen[-1].total == wide.n
    assert long.left_out == ()


CONTROLS = {
    "episodes_earlier": {
        "table": "events", "of": "depressive_episode", "take": "count", "from_day": -3650, "to_day": -90,
    },
    "gad7_between": {"table": "measures", "of": "GAD-7", "from_day": 15, "to_day": 200},
    "cbt_later": {"table": "treatments", "of": "cbt", "from_day": 15, "to_day": 200},
}  # fmt: skip


def test_negative_controls_are_the_same_in_every_shape(tmp_path: Path) -> None:
    """Events, measures and treatments in a window: a CDM and FHIR give what event tables give, cell by cell."""
    found = {}
    shapes: tuple[tuple[Shape, str], ...] = (("events", "records"), ("omop", "records.duckdb"), ("ndjson", "records"))
    for shape, name in shapes:
        simulate_to("clinic", 600, 4, tmp_path / shape, shape)
        path = tmp_path / shape / "protocol.yaml"
        protocol = yaml.safe_load(path.read_text(encoding="utf-8"))
        protocol["target_trial"]["controls"] = CONTROLS
        protocol["negative_controls"] = {"outcomes": list(CONTROLS)}
        path.write_text(yaml.safe_dump(protocol), encoding="utf-8")
        found[shape] = read_study(path, tmp_path / shape / name)[1].outcomes
    for column in CONTROLS:
        values = found["events"][column]
        assert len(np.unique(values[~np.isnan(values)])) > 1
        for shape in ("omop", "ndjson"):
            np.testing.assert_array_equal(values, found[shape][column], err_msg=f"{shape} {column}")


def test_the_database_draws_no_bar_on_the_output() -> None:
    """Of statements that take seconds DuckDB would draw one, into what a command prints for machines."""
    connection = duckdb_in_memory()
    ((drawn,),) = connection.raw_sql("SELECT current_setting('enable_progress_bar')").fetchall()
    connection.disconnect()
    assert drawn is False
