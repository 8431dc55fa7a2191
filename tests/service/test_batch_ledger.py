"""`equipoise recommend` beside a service: its consents, its kill switch and its audit count for tables too."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from service.__main__ import main
from service.audit.actor import OPERATOR
from service.audit.entry import Entry
from service.audit.verify import verify
from service.consent import Purpose, Said, Statement
from service.model_stop import StopOrder
from service.storage.erasure import Erasure, erase
from service.storage.person import PatientName
from service.storage.store import Store
from service.utc import utc_now

WHO = {"by": "Dr A. Mbeki", "role": "GP"}
COLUMNS = "patient_id,phq9_week0,age,sex,phq9_item9,cssrs_q4,cssrs_q5,cssrs_q6_past_3_months"
VALUES = "17,41,f,0,no,no,no"
Recommend = Callable[..., tuple[int, dict[str, str]]]


@pytest.fixture
def recommend(policy_folder: Path, tmp_path: Path) -> Recommend:
    """Runs the command over patients with consents as the table tells; exit code, and each one's safety."""

    def run(told: dict[str, str], *more: str) -> tuple[int, dict[str, str]]:
        lines = [f"{one},{VALUES},{consent}" for one, consent in told.items()]
        patients, out = tmp_path / "patients.csv", tmp_path / "out.csv"
        patients.write_text("\n".join((f"{COLUMNS},decision_support_consent", *lines)) + "\n")
        out.unlink(missing_ok=True)
        code = main(
            ["recommend", "--policy", str(policy_folder), "--patients", str(patients), "--out", str(out), *more]
        )
        if not out.exists():
            return code, {}
        with out.open() as rows:
            return code, {
                row["patient_id"]: f"{row['safety']} {row['reason']}".strip() for row in csv.DictReader(rows)
            }

    return run


def say(store: Store, patient: str, answer: Said, purpose: Purpose = "decision_support") -> None:
    statement = Statement(patient_id=patient, purpose=purpose, answer=answer, **WHO)
    store.add_consent(statement, Entry("consent", OPERATOR, utc_now()))


def records(store: Store, *kinds: str) -> list[dict[str, Any]]:
    with store.reading() as connection:
        rows = connection.execute(text("SELECT content FROM audit ORDER BY seq")).scalars().all()
    return [one for one in map(json.loads, rows) if one["kind"] in kinds]


def test_without_a_database_the_table_counts(recommend: Recommend, capsys: Any, home: Path) -> None:
    """Where no service keeps a database the table's own consent stands, and standard error says what was not asked."""
    code, found = recommend({"P-1": "yes"})
    told = capsys.readouterr()
    assert (code, set(found)) == (0, {"P-1"})
    assert "no database is configured" in told.err
    assert "withdrawn" not in told.out
    assert not (home / "service.db").exists()
    assert recommend({"P-1": "yes"}, "--organisation", "St Example")[0] == 2


def test_the_ledger_goes_first(store: Store, recommend: Recommend, capsys: Any) -> None:
    """A withdrawal outweighs a table's yes; what was given fills a blank; a table's own no stays one."""
    say(store, "P-1", "withdrawn")
    say(store, "P-2", "given")
    say(store, "P-3", "given")
    say(store, "P-4", "withdrawn")
    say(store, "P-4", "given")
    say(store, "P-6", "withdrawn", "research")
    told = {"P-1": "yes", "P-2": "", "P-3": "no", "P-4": "yes", "P-5": "", "P-6": "yes"}
    code, found = recommend(told, "--json")
    assert code == 0
    assert json.loads(capsys.readouterr().out)["withdrawn"] == 1
    (alone,) = recommend({"P-1 ": "yes"})[1].values()  # the ledger knows no blank
    assert alone == found["P-1"] == found["P-3"]
    assert found["P-1"].startswith("refused")
    assert not {name for name in ("P-2", "P-4", "P-6") if "CONSENT" in found[name] or "refused" in found[name]}
    assert "CONSENT" in found["P-5"]


def test_who_was_erased_is_in_no_table(store: Store, recommend: Recommend, tmp_path: Path) -> None:
    """Whatever a table says: erasure withdraws, and only what is written down since counts."""
    for patient in ("P-1", "P-2"):
        say(store, patient, "given")
        erase(store, Erasure(patient_id=patient, **WHO), Entry("erasure", OPERATOR, utc_now()), tmp_path)
    say(store, "P-2", "given")
    _, found = recommend({"P-1": "yes", "P-2": "yes", "P-3": "yes"})
    assert [one.startswith("refused") for one in found.values()] == [True, False, False]


def test_consent_recorded_elsewhere_is_outweighed_too(
    store: Store, policy_folder: Path, tmp_path: Path, capsys: Any
) -> None:
    """That everybody consented, as --consent says, does not count for who has withdrawn since."""
    say(store, "P-1", "withdrawn")
    (tmp_path / "p.csv").write_text(f"{COLUMNS}\nP-1,{VALUES}\nP-2,{VALUES}\n")
    command = ["recommend", "--policy", str(policy_folder), "--patients", str(tmp_path / "p.csv")]
    assert main([*command, "--out", str(tmp_path / "o.csv"), "--consent", "paper", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["refused"], summary["ranked"], summary["withdrawn"]) == (1, 1, 1)


def test_each_patient_is_in_the_audit(store: Store, recommend: Recommend) -> None:
    """Every patient of a table has a record of their own, by their random id, and the chain verifies."""
    say(store, "P-1", "withdrawn")
    assert recommend({"P-1": "yes", "P-2": "yes"})[0] == 0
    refused, ranked = records(store, "refusal", "recommendation")
    assert (refused["kind"], refused["outcome"], ranked["kind"]) == ("refusal", "refused", "recommendation")
    assert refused["detail"]["batch"] == ranked["detail"]["batch"]
    assert (ranked["who"], ranked["detail"]["policy"]) == ("operator", "tiny")
    assert ranked["person"] == store.standing(PatientName("local", "P-2")).person is not None
    assert "P-2" not in json.dumps([refused, ranked])
    with store.reading() as connection, store.reading() as beside:
        assert verify(connection, beside, (), store.ring).findings == ()


def test_a_stopped_model_makes_no_table(store: Store, recommend: Recommend, monkeypatch: Any, capsys: Any) -> None:
    """While a model is out of service no table is made, even if it was stopped while that was going on."""
    order = StopOrder(by="K. Adler", role="safety officer", why="looked into")
    store.turn("tiny", "stopped", order, Entry("stop", OPERATOR, utc_now()))
    assert recommend({"P-1": "yes"}) == (5, {})
    assert "out of service" in capsys.readouterr().err
    (asked,) = records(store, "refusal")
    assert asked["detail"] == {"code": "MODEL_STOPPED", "policy": "tiny", "patients": 1}
    monkeypatch.setattr(Store, "stopped_at", lambda *_: None)
    assert recommend({"P-1": "yes"}) == (5, {})
    assert records(store, "recommendation") == []


def test_a_withdrawal_meanwhile(store: Store, recommend: Recommend, monkeypatch: Any, capsys: Any) -> None:
    """Who withdraws while a table is made is in none: nothing is written."""
    from service import batch

    decide = batch.decide

    def slow(*given: Any) -> Any:
        say(store, "P-1", "withdrawn")
        return decide(*given)

    monkeypatch.setattr(batch, "decide", slow)
    assert recommend({"P-1": "yes"}) == (5, {})
    assert "withdrew while it was made" in capsys.readouterr().err
    assert recommend({"P-9": "yes"})[0] == 0


@pytest.mark.parametrize("how", ["withdraws", "is erased"])
def test_meanwhile_in_a_long_table(
    store: Store, recommend: Recommend, monkeypatch: Any, tmp_path: Path, how: str
) -> None:
    """Nor who withdraws, or is erased, once their own record is written and the table is not."""
    from service import batch_ledger

    say(store, "P-1", "given")
    monkeypatch.setattr(batch_ledger, "TOGETHER", 1)
    remembering = batch_ledger._remembering

    def then(ledger: Any, policy: str, batch: str, safety: dict[str, str]) -> Any:
        if "P-2" in safety and how == "withdraws":
            say(store, "P-1", "withdrawn")
        elif "P-2" in safety:
            erase(store, Erasure(patient_id="P-1", **WHO), Entry("erasure", OPERATOR, utc_now()), tmp_path)
        return remembering(ledger, policy, batch, safety)

    monkeypatch.setattr(batch_ledger, "_remembering", then)
    assert recommend({"P-1": "yes", "P-2": "yes"}) == (5, {})


def test_whose_patients_they_are(store: Store, recommend: Recommend, capsys: Any) -> None:
    """Where a database knows several organisations, somebody says whose patients a table has."""
    for organisation in ("St Example", "Other Trust"):
        who = OPERATOR.principal.model_copy(update={"organisation": organisation})
        statement = Statement(patient_id="P-1", purpose="decision_support", answer="withdrawn", **WHO)
        actor = type(OPERATOR)(who, OPERATOR.address)
        store.add_consent(statement, Entry("consent", actor, utc_now()))
    assert recommend({"P-1": "yes"})[0] == 2
    assert "Other Trust, St Example" in capsys.readouterr().err
    assert recommend({"P-1": "yes"}, "--organisation", "nowhere")[0] == 2
    assert recommend({"P-1": "yes"}, "--organisation", "St Example")[1]["P-1"].startswith("refused")
    both = ["\u00e9", "e\u0301"]  # one letter, written in two ways
    assert recommend(dict.fromkeys(both, "yes"), "--organisation", "St Example") == (3, {})


def test_a_database_that_is_away(recommend: Recommend, monkeypatch: Any) -> None:
    """A configured database that cannot be asked is no reason to go on without it."""
    monkeypatch.setenv("EQUIPOISE_DATABASE_URL", "postgresql://127.0.0.1:1/nothing")
    assert recommend({"P-1": "yes"}) == (5, {})


def batch_of(run: Recommend, capsys: Any, told: dict[str, str], *more: str) -> str:
    """Makes a table; what the audit calls it."""
    capsys.readouterr()
    assert run(told, "--json", *more)[0] == 0
    return str(json.loads(capsys.readouterr().out)["batch"])


def test_a_table_is_made_again(
    store: Store, recommend: Recommend, policy_folder: Path, tmp_path: Path, capsys: Any
) -> None:
    """From the same input the same bytes come out, by the ledger of then; from another nothing is computed."""
    say(store, "P-1", "withdrawn")
    batch = batch_of(recommend, capsys, {"P-1": "yes", "P-2": "yes"})
    (told,) = records(store, "table")
    assert (told["detail"]["batch"], told["detail"]["patients"]) == (batch, 2)
    assert "P-1" not in json.dumps(told)
    say(store, "P-1", "given")
    say(store, "P-2", "withdrawn")
    patients = tmp_path / "patients.csv"
    again = ["audit", "replay", batch, "--policy", str(policy_folder), "--json", "--patients", str(patients)]
    assert main(again) == 0
    assert json.loads(capsys.readouterr().out)["same"] is True
    sound = patients.read_text()
    patients.write_text(sound.replace("17,41", "17,42", 1))
    assert main(again) == 3
    assert "asked about" in capsys.readouterr().err
    patients.write_text(sound)
    assert main([*again[:2], "0" * 8, *again[3:]]) == 3
    out = str(tmp_path / "out.parquet")  # the last --out counts
    again[2] = batch_of(recommend, capsys, {"P-1": "yes", "P-2": "yes"}, "--out", out)
    assert again[2] != batch
    assert main(again) == 0


def test_another_table_is_noticed(
    store: Store, recommend: Recommend, policy_folder: Path, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    """If the computation gives other bytes than were written then, that is told and is exit 5."""
    from service import batch_replay

    batch = batch_of(recommend, capsys, {"P-2": "yes"})
    decide = batch_replay.decide

    def other(*given: Any) -> Any:
        found = decide(*given)
        found.table["effect"] = found.table["effect"] + 1e-12
        return found

    monkeypatch.setattr(batch_replay, "decide", other)
    again = ["audit", "replay", batch, "--policy", str(policy_folder), "--patients", str(tmp_path / "patients.csv")]
    assert main(again) == 5
    assert "answered" in capsys.readouterr().err
