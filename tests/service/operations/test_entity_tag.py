"""ETag and If-None-Match."""

from __future__ import annotations

from typing import Any

import pytest

URL = "/v1/recommendations"


@pytest.fixture
def where(client: Any, profile: dict[str, Any]) -> str:
    """The address of an answer."""
    return str(client.post(URL, json=profile).headers["location"])


@pytest.mark.parametrize("part", ["", "/history", "/basis", "/fhir"])
def test_not_sent_again(client: Any, where: str, part: str) -> None:
    """Who has it already gets 304 without a body, and the same tag; strong or weak, alone or in a list."""
    first = client.get(where + part)
    tag = first.headers["etag"]
    for named in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get(where + part, headers={"If-None-Match": named})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == "no-store"
    assert client.get(where + part, headers={"If-None-Match": '"other"'}).content == first.content


def test_changes_with_the_content(client: Any, where: str) -> None:
    """A review changes the tag of the history and not that of the answer."""
    answer, history = (client.get(where + part).headers["etag"] for part in ("", "/history"))
    client.post(f"{where}/review", json={"by": "Dr A", "role": "GP", "note": None})
    assert client.get(where, headers={"If-None-Match": answer}).status_code == 304
    assert client.get(f"{where}/history", headers={"If-None-Match": history}).status_code == 200


def test_errors_and_health_have_none(client: Any) -> None:
    """Problems and health are told anew each time, star or not."""
    for path, status in (("/readyz", 200), ("/healthz", 200), ("/nowhere", 404), (f"{URL}/x", 404)):
        answer = client.get(path, headers={"If-None-Match": "*"})
        assert (answer.status_code, "etag" in answer.headers) == (status, False)


def test_discovery(client: Any) -> None:
    """What rarely changes, as discovery and the OpenAPI document, need not be sent twice."""
    for path in ("/cds-services", "/openapi.json"):
        tag = client.get(path).headers["etag"]
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
