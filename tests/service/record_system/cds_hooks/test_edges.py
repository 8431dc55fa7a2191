"""The edges of the CDS services: browsers of other origins, settings, and calls that are broken anywhere."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_contracts.errors import BadUsage
from service.cds_hooks.setting import CardSetting, read_card_setting

BROKEN = runpy.run_path(str(Path(__file__).parents[1] / "fhir" / "test_mutations.py"))
ORIGIN = "https://ehr.example.org"
ASKED = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
ALLOWED = "access-control-allow-origin"


def test_j8_listed_origins_may_call(make_client: Callable[..., Any]) -> None:
    """J8: a listed origin passes the preflight and is named in answers; any other is not, nor is any other address."""
    client = make_client(origins=(ORIGIN,))
    preflight = client.options("/cds-services/equipoise-patient-view", headers=ASKED)
    assert preflight.status_code == 200
    assert preflight.headers[ALLOWED] == ORIGIN
    assert client.get("/cds-services", headers={"Origin": ORIGIN}).headers[ALLOWED] == ORIGIN
    assert ALLOWED not in client.get("/cds-services", headers={"Origin": "https://evil.example"}).headers
    assert client.options("/cds-services", headers={**ASKED, "Origin": "https://evil.example"}).status_code == 400
    assert ALLOWED not in client.get("/healthz", headers={"Origin": ORIGIN}).headers


def test_j8_by_default_no_origin_may(ehr: Any) -> None:
    """J8: without a list there is no CORS."""
    assert ehr.client.options("/cds-services", headers=ASKED).status_code == 405
    assert ALLOWED not in ehr.client.get("/cds-services", headers={"Origin": ORIGIN}).headers


def test_setting() -> None:
    """Cards are shown by default; links lead to where the service listens, or to the address that is set."""
    assert read_card_setting({}, "127.0.0.1", 8000) == CardSetting()
    given = {
        "EQUIPOISE_CARDS": "shadow", "EQUIPOISE_CARD_QUIET_DAYS": "0", "EQUIPOISE_CDS_ORIGINS": f"{ORIGIN}, http://a:1",
        "EQUIPOISE_PUBLIC_URL": "https://equipoise.example.org/service/",
    }  # fmt: skip
    wanted = CardSetting("https://equipoise.example.org/service", "shadow", 0, (ORIGIN, "http://a:1"))
    assert read_card_setting(given, "::1", 1) == wanted
    assert read_card_setting({}, "::1", 0).listening_at(4711).base == "http://[::1]:4711"
    assert wanted.listening_at(4711) == wanted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EQUIPOISE_CARDS", "on"),
        ("EQUIPOISE_CARD_QUIET_DAYS", "-1"),
        ("EQUIPOISE_CARD_QUIET_DAYS", "366"),
        ("EQUIPOISE_CDS_ORIGINS", "*"),
        ("EQUIPOISE_CDS_ORIGINS", "https://ehr.example.org/path"),
        ("EQUIPOISE_PUBLIC_URL", "equipoise.example.org"),
    ],
)
def test_a_setting_that_is_none(name: str, value: str) -> None:
    """A setting that cannot be meant is refused by its name."""
    with pytest.raises(BadUsage, match=name):
        read_card_setting({name: value}, "127.0.0.1", 8000)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(changes=BROKEN["CHANGES"], hook=st.sampled_from(["patient-view", "order-select", "order-sign"]))
def test_broken_calls(ehr: Any, changes: list[Any], hook: str) -> None:
    """Whatever is changed in a call, the answer is cards or a problem document that the interface documents."""
    orders = {"context": ehr.drafts(ehr.therapy("304891004"), ehr.record.medicine("36437"))}
    request = BROKEN["changed"](ehr.request(hook, **({} if hook == "patient-view" else orders)), changes)
    answer = ehr.client.post(
        f"/cds-services/equipoise-{hook}", content=json.dumps(request), headers={"Content-Type": "application/json"}
    )
    documented = ehr.client.get("/openapi.json").json()["paths"]["/cds-services/{service_id}"]["post"]["responses"]
    assert str(answer.status_code) in documented
    assert answer.status_code < 500
    assert ("cards" in answer.json()) == (answer.status_code == 200)


OTHERS = ["conditions", "medications", "allergies", "carePlans", "consents", "values"]


def is_json(body: str) -> bool:
    """Whether it holds no bare NaN or Infinity, which Python writes and JSON does not know."""
    bare: list[str] = []
    json.loads(body, parse_constant=bare.append)
    return not bare


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(changes=BROKEN["CHANGES"], keys=st.sets(st.sampled_from(OTHERS), min_size=1))
def test_nothing_silences_item_9(ehr: Any, changes: list[Any], keys: set[str]) -> None:
    """Whatever else is broken, missing or strange in the prefetch, a positive item 9 is told: no 4xx, no silence."""
    whole = BROKEN["whole"](ehr.record)
    held = [entry for entry in whole["entry"] if entry["resource"]["resourceType"] not in ("Procedure", "Patient")]
    broken = BROKEN["changed"]({**whole, "entry": held[2:]}, changes)
    body = json.dumps(ehr.request(prefetch={**ehr.phq9(1), **dict.fromkeys(keys, broken)}))
    answer = ehr.client.post(
        "/cds-services/equipoise-patient-view", content=body, headers={"Content-Type": "application/json"}
    )
    if not is_json(body):
        assert answer.status_code == 400
    else:
        assert answer.status_code == 200, answer.text
        assert answer.json()["cards"][0]["source"]["topic"]["code"] in ("safety-first", "crisis")
