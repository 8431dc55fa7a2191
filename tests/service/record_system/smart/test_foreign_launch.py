"""A launch in a real browser, by an authorization server and a FHIR server that are not ours (`make test-clients`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[4]
NODE = ROOT / ".venv-clients" / "node"
CHROMIUM = Path("/usr/bin/chromium")
EHR = Path(__file__).with_name("ehr.mjs")
GMC = "https://fhir.hl7.org.uk/Id/gmc-number"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not ((NODE / "node_modules").exists() and (ROOT / ".venv-clients/bin/sekmet").exists() and CHROMIUM.exists()),
        reason="needs .venv-clients with oidc-provider (make test-clients), and Chromium",
    ),
]


def fill(base: str, record: Any) -> None:
    """Put a patient's record and a clinician on a FHIR server, as of yesterday."""
    day = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    kept = [
        record.patient(birthDate=date(datetime.now(UTC).year - 41, 1, 1).isoformat()),
        record.observation("44261-6", 17, effectiveDateTime=day),
        record.observation("44260-8", 0, effectiveDateTime=day),
        *(record.observation(code, False, effectiveDateTime=day) for code in ("93249-1", "93250-9", "93269-9")),
        record.consent(dateTime=day),
    ]
    name, licence = {"family": "Mbeki", "given": ["Ama"]}, {"system": GMC, "value": "1234567"}
    kept.append({"resourceType": "Practitioner", "id": "7", "name": [name], "identifier": [licence]})
    for number, held in enumerate(kept):
        held.setdefault("id", f"r-{number}")
        answer = httpx.put(f"{base}/{held['resourceType']}/{held['id']}", json=held, timeout=30)
        assert answer.is_success, answer.text


@pytest.fixture
def launched(
    start_fhir_server: Callable[..., str],
    held_port: Callable[[], int],
    record: Any,
    policy_folder: Path,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[str, str]]:
    """The service that a record system may launch, and the record system's `iss`; all are processes of their own."""
    ehr, here = (f"http://127.0.0.1:{held_port()}" for _ in range(2))
    base = start_fhir_server()
    fill(base, record)
    issuer = {"issuer": ehr, "roles": ["clinician"], "organisations": ["St Example"], "single_use": False}
    (tmp_path / "access.yaml").write_text(json.dumps({"audience": here, "issuers": [issuer]}))
    entry = {"iss": f"{ehr}/fhir", "issuer": ehr, "client_id": "equipoise", "secret": "secret", "licence": GMC}
    (tmp_path / "ehrs.yaml").write_text(json.dumps({"ehrs": [entry]}))
    (tmp_path / "secret").write_text("made-up-for-a-test")
    (tmp_path / "contacts.yaml").write_text('- {name: Crisis line, phone: "+00 000 000", when: day and night}\n')
    for name in ("access", "ehrs", "contacts"):
        monkeypatch.setenv(f"EQUIPOISE_{name.upper()}", str(tmp_path / f"{name}.yaml"))
    monkeypatch.setenv("EQUIPOISE_PUBLIC_URL", here)
    port = here.rpartition(":")[2]
    commands = {
        ehr: ["node", str(EHR), ehr.rpartition(":")[2], base, f"{here}/launch/callback"],
        here: [sys.executable, "-m", "service", "serve", "--policy", str(policy_folder), "--port", port],
    }
    with ExitStack() as running:
        for address, command in commands.items():
            quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
            folder = NODE if command[0] == "node" else tmp_path
            place = {**os.environ, "PYTHONPATH": str(ROOT)}
            process = running.enter_context(subprocess.Popen(command, cwd=folder, env=place, **quiet))  # type: ignore[call-overload]
            running.callback(process.terminate)
            assert process.stdout.readline(), address
        yield here, f"{ehr}/fhir"


def test_in_a_real_browser(launched: tuple[str, str]) -> None:
    """Launched by the record system, logged in there, the browser shows the page of the patient who is open.

    The authorization server is `oidc-provider`, whose code flow, PKCE, ID token and client secret are its own; the
    records come from `sekmet-fhir`, by the very token.
    """
    from playwright.sync_api import sync_playwright

    here, iss = launched
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{here}/launch?iss={iss}&launch=launch-1")
        page.get_by_role("button").click()
        if page.url.startswith(iss.removesuffix("/fhir")):
            page.get_by_role("button").click()
        page.wait_for_url(f"{here}/recommendations/*")
        text = page.content()
        assert "Ama Mbeki" in text
        assert "P-1" in text
        cookies = {one["name"]: one for one in page.context.cookies(here)}
        assert cookies["__Host-equipoise_session"]["httpOnly"]
        again = page.goto(f"{here}/launch?iss=https://evil.example.org/fhir&launch=launch-1")
        assert again is not None
        assert again.status == 403
        browser.close()
