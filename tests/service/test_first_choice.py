"""Pre-commit mode: the ranking is withheld until a clinician's own first choice is written down; agreement is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from service.app import create_app
from service.audit.replay import replay
from service.audit.verify import verify
from service.collaborators import Collaborators
from service.contact import Contact
from service.served_policy import ServedPolicy
from service.storage.store import Store

URL = "/v1/recommendations"
SIGNED = {"by": "Dr A. Mbeki", "role": "GP, licence 123", "note": None}
FIRST = SIGNED | {"arm": "usual_care", "reason": "canary-first"}
CHOICE = SIGNED | {"arm": "cbt", "reason": "Her wish."}
SHOWING = ("effect", "rank", "average", "recommended", "utility", "because", "guideline")


@pytest.fixture
def client(served: ServedPolicy, store: Store) -> Iterator[Any]:
    """A client of a service in pre-commit mode."""
    from fastapi.testclient import TestClient

    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
    with TestClient(create_app(Collaborators(lambda: served, store, contacts, first_choice=True))) as made:
        yield made


@pytest.fixture
def where(client: Any, profile: dict[str, Any]) -> str:
    return str(client.post(URL, json=profile).headers["location"])


def test_nothing_is_shown_before(client: Any, profile: dict[str, Any]) -> None:
    """Neither the answer nor anything made of it tells a rank or an effect, and nothing of it can be signed."""
    made = client.post(URL, json=profile)
    where = made.headers["location"]
    assert (made.status_code, made.json()["withheld"]) == (201, "first_choice")
    for told in (made.text, client.get(where).text, client.get(f"{where}/history").text):
        assert not [word for word in SHOWING if f'"{word}' in told]
    assert client.get(where).content == made.content
    for part in ("basis", "fhir", "sheet"):
        assert client.get(f"{where}/{part}").status_code == 409
    for action, body in (("review", SIGNED), ("release", SIGNED), ("decision", CHOICE)):
        refused = client.post(f"{where}/{action}", json=body)
        assert refused.status_code == 409
        assert "first-choice" in refused.json()["detail"]
    labels = [one["label"] for one in made.json()["arms"]]
    assert labels == sorted(labels)


def test_shown_after(client: Any, store: Store, where: str, policy_folder: Path) -> None:
    """The choice once written down, the whole answer is given; it is sealed, audited, and replays bit for bit."""
    history = client.post(f"{where}/first-choice", json=FIRST).json()
    assert history["agreement"] == {"first": "overrides", "kept": None, "decided": None}
    whole = client.get(where)
    assert whole.json()["recommendation"]["recommended"] == "cbt"
    row = store.get(whole.json()["id"])
    assert row.response == whole.content
    assert replay(store, row, policy_folder).same
    with store.reading() as connection, store.reading() as beside:
        assert verify(connection, beside, (), store.ring).findings == ()
        records = connection.execute(text("SELECT content FROM audit ORDER BY seq")).scalars().all()
        kept = connection.execute(text("SELECT * FROM events")).all()
    kinds = [json.loads(one)["kind"] for one in records]
    assert kinds[1:4] == ["recommendation", "withhold", "first_choice"]
    assert "canary" not in str(records) + str(kept)


@pytest.mark.parametrize(
    ("first", "then", "agreement"),
    [
        ("cbt", CHOICE, {"first": "follows", "kept": True, "decided": "follows"}),
        ("icbt", CHOICE, {"first": "follows", "kept": False, "decided": "follows"}),
        ("usual_care", CHOICE, {"first": "overrides", "kept": False, "decided": "follows"}),
        (
            None,
            CHOICE | {"arm": None, "override_code": "not-now"},
            {"first": "overrides", "kept": True, "decided": "overrides"},
        ),
    ],
)
def test_agreement(
    client: Any, where: str, first: str | None, then: dict[str, Any], agreement: dict[str, Any]
) -> None:
    """How the first choice stands to the advice, and whether it was kept to, is told with the decision."""
    client.post(f"{where}/first-choice", json=FIRST | {"arm": first})
    client.post(f"{where}/review", json=SIGNED)
    assert client.post(f"{where}/decision", json=then).json()["agreement"] == agreement


def test_once_and_first(client: Any, served: ServedPolicy, store: Store, where: str, profile: dict[str, Any]) -> None:
    """Said again it changes nothing, another is refused; an answer that was shown at once takes none."""
    from fastapi.testclient import TestClient

    assert client.post(f"{where}/first-choice", json=FIRST | {"arm": "magic"}).status_code == 422
    one = client.post(f"{where}/first-choice", json=FIRST)
    assert client.post(f"{where}/first-choice", json=FIRST).json() == one.json()
    assert client.post(f"{where}/first-choice", json=FIRST | {"arm": "cbt"}).status_code == 409
    open_client = TestClient(create_app(Collaborators(lambda: served, store, ())))
    shown = open_client.post(URL, json=profile)
    assert "recommendation" in shown.json()
    late = open_client.post(f"{shown.headers['location']}/first-choice", json=FIRST)
    assert (late.status_code, "not withheld" in late.json()["detail"]) == (409, True)
    assert client.get(shown.headers["location"]).content == shown.content


def test_safety_waits_for_nobody(client: Any, profile: dict[str, Any]) -> None:
    """A refusal is shown at once, with contacts; where an assessment is awaited, what it asks for is shown too."""
    crisis = client.post(URL, json=profile | {"values": profile["values"] | {"cssrs_q4": "yes"}}).json()
    assert (crisis["recommendation"]["safety"]["level"], len(crisis["contacts"])) == ("refused", 1)
    waits = client.post(URL, json=profile | {"values": profile["values"] | {"phq9_item9": 2.0}}).json()
    safety = waits.get("safety") or waits["recommendation"]["safety"]
    assert safety["waiting"] == ["SI-01"]


def test_a_stopped_model_stays_hidden(client: Any, where: str) -> None:
    """A first choice does not open the ranking of a model that was taken out meanwhile."""
    order = {"by": "K. Adler", "role": "officer", "why": "test"}
    client.post("/v1/models/tiny/stop", json=order)
    assert client.post(f"{where}/first-choice", json=FIRST).status_code == 503
    assert client.get(where).json()["withheld"] == "first_choice"
    client.post("/v1/models/tiny/lift", json=order)
    assert client.post(f"{where}/first-choice", json=FIRST).status_code == 200


def test_on_the_page(client: Any, where: str) -> None:
    """The patient's page asks for the choice, shows no figure before, and the ranking after."""
    import re

    address = where.removeprefix("/v1")
    before = client.get(address).text
    assert "What would you choose?" in before
    assert 'class="interval"' not in before
    found = re.search(r'name="([^"]+)" value="([^"]+)">', before[before.index("first-choice") :])
    assert found is not None
    form = {found[1]: found[2], "arm": "-", "by": "Dr A. Mbeki", "role": "GP"}
    assert client.post(f"{address}/first-choice", data=form, follow_redirects=False).status_code == 303
    assert 'class="interval"' in client.get(address).text


def test_agreement_over_all(client: Any, profile: dict[str, Any], tmp_path: Path, capsys: Any) -> None:
    """`equipoise decisions` counts who followed, who overrode and why, and what became of first choices."""
    import csv

    from service.__main__ import main

    ways = [("cbt", CHOICE), ("usual_care", CHOICE), ("cbt", CHOICE | {"arm": None, "override_code": "not-now"})]
    for first, then in ways:
        where = client.post(URL, json=profile).headers["location"]
        client.post(f"{where}/first-choice", json=FIRST | {"arm": first})
        client.post(f"{where}/review", json=SIGNED)
        assert client.post(f"{where}/decision", json=then).status_code == 200
    client.post(URL, json=profile)
    out = tmp_path / "decisions.csv"
    assert main(["decisions", "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "3 of 4 answers were decided on: 2 as advised, 1 against it (not-now 1), 0 where" in told
    assert "3 had a first choice: 2 of them in the top set. Of 3 decided since, 1 kept to it, 1 moved to the" in told
    assert "advice and 1 away from it" in told
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["first_arm"] for row in rows] == ["cbt", "usual_care", "cbt", ""]
