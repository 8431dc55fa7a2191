"""A real service on a socket, a real worker, a real study: from the asking to the report."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from uuid import uuid4

import httpx
import pytest
import uvicorn
import yaml

from data_contracts.errors import BadUsage, NotAuthenticated, NotReady, Refused
from data_contracts.study_request import StudyRequest
from experiments.simulate import simulate_to
from experiments.worker import work as work_module
from experiments.worker.service_door import ServiceDoor, TokenFile, open_door
from experiments.worker.work import work
from service.app import create_app
from service.collaborators import Collaborators
from service.contact import Contact
from service.served_policy import ServedPolicy
from service.storage.store import Store

URL = "/v1/studies"
BYTES = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def address(served: ServedPolicy, store: Store) -> Iterator[str]:
    """Where the service listens."""
    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
    app = create_app(Collaborators(lambda: served, store, contacts))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", log_config=None, ws="none")
    )
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def client(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_registry: bytes
) -> Iterator[httpx.Client]:
    """An analyst, and a registry of the test's own for the worker's studies."""
    (tmp_path / "mlflow.db").write_bytes(empty_registry)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as found:
        yield found


def ask(client: httpx.Client, folder: Path, episodes: int = 300, draws: int = 20) -> str:
    """Ask for a study of simulated records, whose refuters draw so often."""
    simulate_to("null", episodes, 1, folder, "episodes")
    protocol = yaml.safe_load((folder / "protocol.yaml").read_text(encoding="utf-8"))
    protocol["refuters"] = {"draws": draws, "dowhy": False}
    study = client.post(URL, json={"protocol": yaml.safe_dump(protocol)}).json()["id"]
    table = (folder / "records.csv").read_bytes()
    sent = client.put(f"{URL}/{study}/table", params={"name": "records.csv"}, content=table, headers=BYTES)
    assert sent.json()["state"] == "waiting"
    return str(study)


def test_from_asking_to_the_report(client: httpx.Client, address: str, tmp_path: Path) -> None:
    """The worker does what waits, brings report, version and words, and leaves no record on its machine."""
    study = ask(client, tmp_path / "records")
    with open_door(address, None, "w") as door:
        assert work(door, tmp_path / "work", once=True) == 0
    ended = client.get(f"{URL}/{study}").json()
    assert (ended["state"], ended["share"], ended["worker"], ended["version"]) == ("done", 1.0, "w", "1")
    assert ended["exit_code"] in (0, 4)
    page = client.get(f"{URL}/{study}/report")
    assert ended["name"] in page.text
    assert list((tmp_path / "work").iterdir()) == []
    assert client.get(f"{URL}/{study}/files/table").status_code == 404


def test_states_come_while_they_change(client: httpx.Client, address: str, tmp_path: Path) -> None:
    """The first event is there at once, the next with the next change: nothing on the way waits for the end."""
    study = ask(client, tmp_path / "records")
    with client.stream("GET", f"{URL}/{study}/events") as stream:
        events = (line for line in stream.iter_lines() if line.startswith("data: "))
        assert '"state":"waiting"' in next(events)
        httpx.post(f"{address}{URL}/{study}/stop", trust_env=False, timeout=60)
        assert '"state":"cancelled"' in next(events)
    assert "etag" not in stream.headers


def test_a_study_that_cannot_be_done_says_why(client: httpx.Client, address: str, tmp_path: Path) -> None:
    """Records that break the protocol end the study as failed, with the study's own words and exit code 3."""
    study = ask(client, tmp_path / "records")
    simulate_to("null", 300, 1, tmp_path / "more", "episodes")
    protocol = (tmp_path / "more" / "protocol.yaml").read_text(encoding="utf-8")
    asked = client.post(URL, json={"protocol": protocol}).json()["id"]
    assert client.post(f"{URL}/{study}/stop").json()["state"] == "cancelled"
    client.put(f"{URL}/{asked}/table", params={"name": "a.csv"}, content=b"patient_id\nCANARY\n", headers=BYTES)
    with open_door(address, None, "w") as door:
        assert work(door, tmp_path / "work", once=True) == 0
    ended = client.get(f"{URL}/{asked}").json()
    assert (ended["state"], ended["exit_code"], ended["has_report"]) == ("failed", 3, False)
    assert "expected" in ended["message"]
    assert "CANARY" not in ended["message"]


@pytest.mark.slow
def test_stopped_and_taken_up_again(client: httpx.Client, address: str, tmp_path: Path) -> None:
    """A person stops a running study; taken up again, it goes on from its finished stages and is done."""
    study = ask(client, tmp_path / "records", 3000, draws=100)
    command = [sys.executable, "-m", "experiments", "worker", "--service", address, "--work", str(tmp_path / "work")]
    worker = subprocess.Popen([*command, "--once"])
    while (now := client.get(f"{URL}/{study}").json())["share"] < 0.5:
        assert now["state"] in ("waiting", "running")
        time.sleep(0.2)
    client.post(f"{URL}/{study}/stop")
    assert worker.wait(300) == 0
    stopped = client.get(f"{URL}/{study}").json()
    assert (stopped["state"], stopped["exit_code"]) == ("cancelled", 130)
    finished = list((tmp_path / "work" / study / "study" / "stages").glob("*.stage"))
    assert finished
    client.post(f"{URL}/{study}/resume")
    assert subprocess.run([*command, "--once"], check=False).returncode == 0
    assert client.get(f"{URL}/{study}").json()["state"] == "done"


def test_a_worker_says_what_is_wrong(tmp_path: Path) -> None:
    """No service, a token in the clear, a token that is no text: one clear error each, before any work."""
    with pytest.raises(NotReady, match="cannot be reached"), open_door("http://127.0.0.1:9", None, "w") as door:
        work(door, tmp_path, once=True)
    token = tmp_path / "token"
    token.write_text("abc")
    for address, file, told in (
        ("http://equipoise.example.org", token, "https"),
        ("https://equipoise.example.org", tmp_path / "none", "cannot be read"),
    ):
        with pytest.raises(BadUsage, match=told), open_door(address, file, "w"):
            pass


class Renewed:
    """A service that takes one token and then only the next, which lies in the file a little later."""

    def __init__(self, file: Path, request: StudyRequest) -> None:
        self.file, self.request, self.valid, self.calls = file, request, "first", list[tuple[str, int]]()

    def __call__(self, call: httpx.Request) -> httpx.Response:
        """Answer one call."""
        place = call.url.path.rpartition("/")[2]
        if len(self.calls) == 4:
            self.valid = "second"
        if len(self.calls) == 5:
            self.file.write_text("second\n")
        status = 200 if call.headers["authorization"] == f"Bearer {self.valid}" else 401
        self.calls.append((place, status))
        if status == 401:
            return httpx.Response(401, json={"detail": "The token is not accepted: it has ended."})
        if place == "claim" and self.calls.count(("claim", 200)) > 1:
            return httpx.Response(204)
        return httpx.Response(200, content=self.request.model_dump_json())


class Brief:
    """A study that takes a few looks, and writes its report."""

    step, share, message, version = "outcomes", 0.5, "", "1"

    def __init__(self, *where: Path) -> None:
        self._out, self._left = where[2], 5

    def wait(self, _: float) -> int | None:
        """Not before the fifth look."""
        self._left -= 1
        if self._left > 0:
            return None
        self._out.mkdir()
        (self._out / work_module.HTML).write_text("report")
        return 0


def test_a_token_is_renewed_while_a_study_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that ends in the middle of a study stops nothing: the next call carries what the file holds by then."""
    for name, value in (("StudyProcess", Brief), ("LOOK_SECONDS", 0.0)):
        monkeypatch.setattr(work_module, name, value)
    file = tmp_path / "token"
    file.write_text("first")
    asked = StudyRequest.model_validate({
        "id": str(uuid4()), "name": "s", "study_id": "a" * 64, "state": "running", "table": "records.csv",
        "asked_by": "A", "asked_at": "2026-03-01T09:30:00Z",
    })  # fmt: skip
    service = Renewed(file, asked)
    auth, transport = TokenFile(file), httpx.MockTransport(service)
    with httpx.Client(base_url="https://x", transport=transport, auth=auth) as client:
        assert work(ServiceDoor(client, "w"), tmp_path / "work", once=True) == 0
    assert service.calls == [
        *(("claim", 200), ("protocol", 200), ("table", 200), ("progress", 200)),
        *(("progress", 401), ("progress", 401), ("progress", 200), ("report", 200), ("end", 200), ("claim", 200)),
    ]


def test_a_token_that_is_gone_at_the_first_asking_ends_the_worker(tmp_path: Path) -> None:
    """Before any work a token that is not believed, or a file that was emptied, ends the worker with what to do."""
    file = tmp_path / "token"
    for held, answered in (("old", "it has ended"), ("", "is empty")):
        file.write_text(held)
        refusing = httpx.MockTransport(lambda _: httpx.Response(401, json={"detail": "Not accepted: it has ended."}))
        with (
            httpx.Client(base_url="https://x", transport=refusing, auth=TokenFile(file)) as client,
            pytest.raises(NotAuthenticated, match=answered),
        ):
            work(ServiceDoor(client, "w"), tmp_path, once=True)


def test_a_refused_worker_ends(tmp_path: Path) -> None:
    """A service that does not let the worker in ends it with exit code 5, and it says what to give."""
    refusing = httpx.MockTransport(lambda _: httpx.Response(403, content=json.dumps({"detail": "Not yours."})))
    with httpx.Client(base_url="http://x", transport=refusing) as client, pytest.raises(Refused, match="--token"):
        work(ServiceDoor(client, "w"), tmp_path, once=True)
