"""Discovery: assertions D1 to D5 of CDS Hooks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[4]

TOKEN = re.compile(r"\{\{(.*?)\}\}")
ALLOWED = {"patient", "code", "_sort", "_count", "date"}


def empties(part: Any) -> bool:
    """Whether null, "", [] or {} stands anywhere."""
    if part in (None, "", [], {}):
        return True
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return any(empties(one) for one in inner)


def test_d1_services_are_listed(ehr: Any) -> None:
    """D1: GET /cds-services answers 200 with an object whose services is a list."""
    answer = ehr.client.get("/cds-services")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert {one["hook"] for one in answer.json()["services"]} == {"patient-view", "order-select", "order-sign"}


def test_d2_each_has_what_it_needs(ehr: Any) -> None:
    """D2: each service has hook, description and id, and nothing is null or empty anywhere."""
    document = ehr.client.get("/cds-services").json()
    for one in document["services"]:
        assert {"hook", "description", "id", "title", "usageRequirements", "prefetch"} <= one.keys()
    assert not empties(document)


def test_d3_prefetch_templates_are_simple(ehr: Any) -> None:
    """D3: templates read or search by type, with primitives of the context and token, date, _count and _sort alone."""
    for one in ehr.client.get("/cds-services").json()["services"]:
        for template in one["prefetch"].values():
            assert set(TOKEN.findall(template)) == {"context.patientId"}
            kind, _, query = template.partition("?")
            assert re.fullmatch(r"[A-Z][A-Za-z]+(/\{\{context\.patientId\}\})?", kind)
            assert {pair.split("=")[0] for pair in query.split("&") if pair} <= ALLOWED


def test_d4_ids_are_addresses(ehr: Any) -> None:
    """D4: each id is the address of its service for its hook."""
    for one in ehr.client.get("/cds-services").json()["services"]:
        orders = {"context": ehr.drafts()} if one["hook"] != "patient-view" else {}
        answer = ehr.client.post(f"/cds-services/{one['id']}", json=ehr.request(one["hook"], **orders))
        assert answer.status_code == 200


def test_d5_versions_are_semantic(ehr: Any) -> None:
    """D5 (3.0): version and hookVersion are semantic versions."""
    for one in ehr.client.get("/cds-services").json()["services"]:
        assert all(re.fullmatch(r"\d+\.\d+\.\d+", one[name]) for name in ("version", "hookVersion"))


def test_what_is_required_is_told(ehr: Any) -> None:
    """Discovery says what fhirAuthorization is used for, which scopes that takes, and which keys an answer needs."""
    told = ehr.client.get("/cds-services").json()["services"][0]["usageRequirements"]
    assert "never kept" in told
    assert "patient/Patient.r patient/Observation.s patient/QuestionnaireResponse.s" in told
    assert all(key in told for key in ("patient", "observations", "questionnaires", "412"))


def test_the_call_shown_in_the_docs_gets_a_ranking(ehr: Any) -> None:
    """Who sends docs/patient-view.json with today's date is answered as for any patient whose key facts are known."""
    shown = (ROOT / "docs" / "patient-view.json").read_text(encoding="utf-8")
    request = json.loads(shown.replace("DAY", ehr.record.today.isoformat()))
    answer = ehr.client.post("/cds-services/equipoise-patient-view", json=request)
    assert answer.status_code == 200, answer.text
    (card,) = answer.json()["cards"]
    assert card["suggestions"]
