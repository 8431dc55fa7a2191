"""From the record system to the sheet in the patient's hand, in a real browser: a launch, and a card's link."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import uvicorn

ISS = "https://ehr.example.org/fhir"
LOGIN = "https://ehr.example.org/auth"


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A port that is the service's own."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def here(listening: socket.socket) -> str:
    """Where the browser reaches the service."""
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def login(ehr: Any, here: str) -> Iterator[str]:
    """The record system's authorization server: somebody is logged in there, so that it leads straight back."""

    class Authorizing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ehr.out = {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}
            self.send_response(302)
            back = urlencode({"code": "c-1", "state": ehr.out["state"], "iss": LOGIN})
            self.send_header("Location", f"{here}/launch/callback?{back}")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Authorizing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    ehr.authorize = f"http://127.0.0.1:{server.server_port}/authorize"
    yield ehr.authorize
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def service(login: str, launchable: Any, listening: socket.socket, here: str) -> Iterator[str]:
    """The service, listening."""
    server = uvicorn.Server(uvicorn.Config(launchable, log_level="error", log_config=None, lifespan="off"))
    running = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    running.start()
    while not server.started:
        time.sleep(0.01)
    yield here
    server.should_exit = True
    running.join(60)


def decide_and_release(tab: Any) -> None:
    """Weigh, read, decide and release, as the clinician who is signed in."""
    tab.get_by_label("Feeling better").fill("3")
    tab.wait_for_selector(".places")
    tab.get_by_role("button", name="I have read it").click()
    tab.wait_for_selector("[name=arm]")
    tab.locator("[name=arm]").first.check()
    tab.locator("#reason").fill("we chose it together")
    tab.get_by_role("button", name="Write the decision down").click()
    tab.wait_for_selector("text=we chose it together")
    tab.get_by_role("button", name="Release the sheet").click()
    tab.wait_for_selector("text=Open the sheet to print")


def printed_sheet(tab: Any) -> tuple[str, bytes]:
    """The sheet's text, and what a printer gets."""
    with tab.context.expect_page() as opened:
        tab.get_by_role("link", name="Open the sheet to print").click()
    sheet = opened.value
    sheet.wait_for_load_state()
    return sheet.inner_text("body"), sheet.pdf(prefer_css_page_size=True, print_background=True)


@pytest.mark.parametrize("way", ["launch", "card"])
def test_from_the_record_system_to_the_printed_sheet(
    chromium: Any, service: str, ehr: Any, launchable: Any, ask_card: Callable[..., Any], way: str
) -> None:
    """Launched by itself or by a card's link: the page, weights, reading, decision, release, and one printed side.

    Nobody is asked who they are again, and nothing is asked of any other origin.
    """
    context = chromium.new_context(viewport={"width": 820, "height": 1180})
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    tab, leads = context.new_page(), f"{service}/launch"
    if way == "card":
        link = ask_card(service)
        leads, ehr.told = link["url"], {"appContext": link["appContext"]}
        ehr.asked.clear()
    tab.goto(f"{leads}?{urlencode({'iss': ISS, 'launch': 'xyz'})}")
    assert tab.url.startswith(f"{service}/recommendations/")
    if way == "card":
        assert tab.url.endswith(ehr.told["appContext"])
        assert ehr.asked == ["Practitioner/7"]
    assert tab.locator("[name=by]").count() == 0
    decide_and_release(tab)
    text, sheet = printed_sheet(tab)
    assert "Ama Mbeki" in text
    assert not re.search(r"\brank", text, re.IGNORECASE)
    assert len(re.findall(rb"/Type\s*/Page[^s]", sheet)) == 1
    elsewhere = {url for url in asked if not url.startswith((f"{service}/", ehr.authorize))}
    assert elsewhere == set()
    context.close()


@pytest.fixture
def ask_card(launchable: Any, ehr: Any) -> Callable[[str], Any]:
    """Ask for the patient's card as the record system does; its smart link."""
    from fastapi.testclient import TestClient

    def ask(base: str) -> Any:
        prefetch = {"patient": "Patient/P-1", "questionnaires": "QuestionnaireResponse", "consents": "Consent"}
        call = {
            "hook": "patient-view",
            "hookInstance": "i",
            "fhirServer": ISS,
            "context": {"userId": "Practitioner/7", "patientId": "P-1"},
            "prefetch": {"observations": None, **{key: ehr.held[where] for key, where in prefetch.items()}},
        }
        answer = TestClient(launchable, base_url=base).post("/cds-services/equipoise-patient-view", json=call)
        (card,) = answer.json()["cards"]
        (link,) = [one for one in card["links"] if one["type"] == "smart"]
        return link

    return ask
