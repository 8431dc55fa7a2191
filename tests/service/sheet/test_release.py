"""Nobody sees a sheet before a named clinician has reviewed and released it; then it is the same bytes ever after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.__main__ import main
from service.app import create_app
from service.collaborators import Collaborators
from service.contact import Contact
from service.served_policy import ServedPolicy
from service.storage.store import Store

URL = "/v1/recommendations"
SIGNED = {"by": "Dr A. Mbeki", "role": "GP, licence 123", "note": None}
CRISIS = Contact(name="Crisis line", phone="+00 000 000", when="day and night")


class Service:
    """The service over HTTP, its clock and its contacts in the test's hands."""

    def __init__(self, served: ServedPolicy, store: Store) -> None:
        from fastapi.testclient import TestClient

        self.now = datetime.now(UTC)
        self._served, self._store, self._made = served, store, TestClient
        self.client = self._with(CRISIS)

    def move(self, contact: Contact) -> None:
        """Start again with other contacts."""
        self.client = self._with(contact)

    def _with(self, contact: Contact) -> Any:
        return self._made(create_app(Collaborators(lambda: self._served, self._store, (contact,), lambda: self.now)))

    def ask(self, profile: dict[str, Any], *actions: str) -> str:
        """A recommendation with what was done with it; its address."""
        where = str(self.client.post(URL, json=profile).headers["location"])
        for action in actions:
            self.client.post(f"{where}/{action}", json=SIGNED)
        return where


@pytest.fixture
def service(served: ServedPolicy, store: Store) -> Iterator[Service]:
    made = Service(served, store)
    with made.client:
        yield made


@pytest.mark.parametrize("actions", [(), ("review",), ("release",), ("release", "review")])
def test_not_before_review_and_release(service: Service, profile: dict[str, Any], actions: tuple[str, ...]) -> None:
    """In every state but released there is no sheet: a problem document says what has to be done, and shows no arm."""
    answer = service.client.get(f"{service.ask(profile, *actions)}/sheet")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert "/release" in answer.json()["detail"]
    assert "cbt" not in answer.text.lower()


def test_a_released_sheet(service: Service, profile: dict[str, Any]) -> None:
    """It comes as a page that no cache keeps and that may run nothing; the arms stand in the guideline's order."""
    answer = service.client.get(f"{service.ask(profile, 'review', 'release')}/sheet")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert answer.headers["x-content-type-options"] == "nosniff"
    # 17 points: the list for more severe depression, in which CBT stands before guided self-help.
    places = [answer.text.index(words) for words in ("(CBT)", "An online programme", "Hypnosis", "Usual care")]
    assert places == sorted(places)
    assert "The records cannot tell" in answer.text


def test_the_same_bytes_ever_after(service: Service, profile: dict[str, Any]) -> None:
    """What was released stays as it was, though the deployment's contacts change later."""
    where = service.ask(profile, "review", "release")
    first = service.client.get(f"{where}/sheet").content
    service.move(Contact(name="Other", phone="1", when="never"))
    assert service.client.get(f"{where}/sheet").content == first


@pytest.mark.parametrize(("days", "status"), [(7, 200), (8, 409)])
def test_an_old_sheet_is_not_given(service: Service, profile: dict[str, Any], days: int, status: int) -> None:
    """When the safety answers behind it are too old, nobody gets it any more, and is told to ask again."""
    where = service.ask(profile, "review", "release")
    service.now += timedelta(days=days)
    answer = service.client.get(f"{where}/sheet")
    assert answer.status_code == status
    assert status == 200 or "Ask again" in answer.json()["detail"]


def test_a_refused_answer_has_no_sheet(service: Service, profile: dict[str, Any]) -> None:
    """Whatever anybody signs, a refusal never becomes a page for the patient."""
    profile["values"]["cssrs_q4"] = "yes"
    where = service.ask(profile, "review", "release")
    assert service.client.get(f"{where}/sheet").status_code == 409


def test_nothing_to_choose_from(service: Service, profile: dict[str, Any]) -> None:
    """If every therapy is ruled out there is no sheet to release."""
    profile["exclusions"] = dict.fromkeys(("usual_care", "icbt", "cbt", "hypnosis"), "no")
    where = service.ask(profile, "review")
    answer = service.client.post(f"{where}/release", json=SIGNED)
    assert answer.status_code == 409
    assert "ruled out" in answer.json()["detail"]


def test_no_such_sheet(service: Service) -> None:
    """What does not exist has no sheet."""
    assert service.client.get(f"{URL}/00000000-0000-4000-8000-000000000000/sheet").status_code == 404


def test_command(service: Service, profile: dict[str, Any], tmp_path: Path, capsys: Any) -> None:
    """`equipoise sheet` writes the very page, exit 0; before the release it is refused, exit 5, and writes nothing."""
    out, where = tmp_path / "sheet.html", service.ask(profile, "review")
    name = where.rpartition("/")[2]
    assert main(["sheet", name, "--out", str(out)]) == 5
    assert not out.exists()
    assert "release" in capsys.readouterr().err
    service.client.post(f"{where}/release", json=SIGNED)
    assert main(["sheet", name, "--out", str(out)]) == 0
    assert out.read_bytes() == service.client.get(f"{where}/sheet").content
    assert main(["sheet", "nonsense", "--out", str(out)]) == 3
    assert main(["sheet", name, "--out", str(out / "x.html")]) == 2


def test_command_without_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Another database than the service's is told by the setting that names it."""
    monkeypatch.setenv("EQUIPOISE_DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    assert main(["sheet", "00000000-0000-4000-8000-000000000000", "--out", str(tmp_path / "x.html")]) == 5
    assert "EQUIPOISE_DATABASE_URL" in capsys.readouterr().err
