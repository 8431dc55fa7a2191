"""/metrics: what is counted, and that nothing of a patient or a caller becomes a label."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

URL = "/v1/recommendations"


def figures(client: Any) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by name and labels."""
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def requests(client: Any, method: str, route: str, status: str) -> float:
    """How many requests of a kind were counted."""
    labels = (("method", method), ("route", route), ("status", status))
    return figures(client).get(("equipoise_requests_total", labels), 0.0)


def test_counts_by_template(client: Any, profile: dict[str, Any]) -> None:
    """Requests are counted by the template of their address, by method and status, and timed."""
    where = client.post(URL, json=profile).headers["location"]
    for _ in range(3):
        client.get(where)
    client.get(f"{URL}/none")
    template = f"{URL}/{{recommendation_id}}"
    assert requests(client, "POST", URL, "201") == 1
    assert requests(client, "GET", template, "200") == 3
    assert requests(client, "GET", template, "404") == 1
    timed = ("equipoise_request_seconds_count", (("method", "GET"), ("route", template)))
    assert figures(client)[timed] == 4


def test_kinds_of_answers(client: Any, profile: dict[str, Any]) -> None:
    """Answers are counted as ranked, waiting and refused."""
    client.post(URL, json=profile)
    for fact, value in (("phq9_item9", 2.0), ("cssrs_q4", "yes")):
        client.post(URL, json={**profile, "values": {**profile["values"], fact: value}})
    found = figures(client)
    for kind in ("ranked", "waiting", "refused"):
        assert found[("equipoise_answers_total", (("kind", kind),))] == 1


def test_parts_policy_and_clock(client: Any, served: Any) -> None:
    """The parts of /readyz, the policy's hash and the days until a rule's review can be alarmed on."""
    found = figures(client)
    assert found[("equipoise_part_state", (("part", "database"),))] == 0
    digest = served.source.manifest_sha256
    assert found[("equipoise_policy", (("manifest_sha256", digest), ("name", "tiny")))] == 1
    assert ("equipoise_rules_review_days", ()) in found


def test_no_patient_and_no_caller(client: Any, profile: dict[str, Any]) -> None:
    """Identifiers, ids of answers, queries, odd methods and addresses that are none of ours stand in no figure."""
    canary = "Zebediah-Canary"
    where = client.post(URL, json={**profile, "patient_id": canary}).headers["location"]
    client.get(f"{where}?{canary}")
    client.get(f"/{canary}/{canary}")
    client.request(f"X{canary}", URL)
    client.post(f"/cds-services/{canary}", json={})
    text = client.get("/metrics").text
    assert canary not in text
    assert where.rpartition("/")[2] not in text
    assert 'route="unmatched"' in text
    assert 'method="other"' in text


def test_works_without_a_database(client: Any, store: Any) -> None:
    """A database that is gone is a figure, not an error of /metrics."""
    store.problem = lambda: "The database cannot be read."
    assert figures(client)[("equipoise_part_state", (("part", "database"),))] == 2
