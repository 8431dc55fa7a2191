"""The log: lines a machine reads, of known fields alone, whatever code or libraries hand it."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from service.__main__ import main
from service.operations.log import EVENTS, FIELDS, LOG, logging_to_stderr

URL = "/v1/recommendations"
CANARY = "Zebediah-Canary"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was logged."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.fixture(autouse=True)
def logging_all() -> Iterator[None]:
    """As while serving, at the default level."""
    with logging_to_stderr("info"):
        yield


def test_a_request_is_one_line(client: Any, profile: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """An answer is logged by its route's template with an id that stands in its header, and nothing of the patient."""
    answer = client.post(URL, json=profile, headers={"X-Request-ID": CANARY})
    (line,) = lines(capsys)
    assert line.pop("at").endswith("Z")
    assert float(line.pop("ms")) > 0
    assert UUID(line["request_id"])
    assert line == {
        "level": "info",
        "event": "request",
        "request_id": answer.headers["x-request-id"],
        "method": "POST",
        "route": URL,
        "status": 201,
    }


def test_no_address_is_logged(client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Of path and query only the template is told, and nothing of an address or method that is not known."""
    client.get(f"{URL}/{CANARY}?patient={CANARY}")
    client.get(f"/{CANARY}")
    client.request(CANARY, URL)
    routes = [(line["method"], line["route"], line["status"]) for line in lines(capsys)]
    assert routes[:2] == [("GET", f"{URL}/{{recommendation_id}}", 404), ("GET", "unmatched", 404)]
    assert routes[2][0] == "other"
    assert routes[2][2] == 405


def test_a_problem_is_found_in_the_log(client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A problem document's instance is the id under which the log has the request."""
    answer = client.post(URL, content=b"x", headers={"Content-Type": "application/json"})
    (line,) = lines(capsys)
    assert answer.json()["instance"] == f"urn:uuid:{line['request_id']}"
    assert answer.headers["x-request-id"] == line["request_id"]


@pytest.mark.parametrize(
    "told",
    [
        {"patient": CANARY},
        {"route": f"/x?y={CANARY} z"},
        {"status": CANARY},
        {"ms": CANARY},
        {"error": f"ValueError: {CANARY}"},
        {"place": CANARY},
        {"request_id": CANARY},
        {"route": ["/x", CANARY]},
        {"trace_id": CANARY},
        {"exc_info": ValueError(CANARY)},
    ],
    ids=lambda told: next(iter(told)),
)
def test_what_is_not_known_is_left_out(told: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """A field that is not listed, or not of its form, is left out and counted: code cannot log a value by mistake."""
    LOG.error("failed", **told)
    (line,) = lines(capsys)
    assert line.pop("left_out") == 1
    assert set(line) == {"at", "level", "event"}


def test_an_event_is_one_of_those_known(capsys: pytest.CaptureFixture[str]) -> None:
    """What happened is said by one of a few words, not in a sentence that may hold anything."""
    LOG.error(f"no answer for {CANARY}")
    (line,) = lines(capsys)
    assert "event" not in line
    assert line["left_out"] == 1
    assert all(re.fullmatch("[a-z]+", event) for event in EVENTS)
    assert "message" not in FIELDS


def test_libraries_warnings_and_the_uncaught_tell_their_place(capsys: pytest.CaptureFixture[str]) -> None:
    """While serving, nothing that a library logs, warns of or lets fall in a thread is told in its own words."""

    def fall() -> None:
        raise ValueError(CANARY)

    logging.getLogger("sqlalchemy.pool").error("lost %s", CANARY)
    try:
        fall()
    except ValueError:
        logging.getLogger("uvicorn.error").exception(CANARY)
    logging.getLogger("py.warnings").warning("%s", CANARY)
    thread = threading.Thread(target=fall)
    thread.start()
    thread.join()
    sys.excepthook(ValueError, ValueError(CANARY), None)
    told = capsys.readouterr().err
    assert CANARY not in told
    found = [(line["event"], line.get("logger"), line.get("error")) for line in map(json.loads, told.splitlines())]
    assert found == [
        ("library", "sqlalchemy.pool", None),
        ("library", "uvicorn.error", "ValueError"),
        ("library", "py.warnings", None),
        ("uncaught", None, "ValueError"),
        ("uncaught", None, "ValueError"),
    ]


def test_the_level(capsys: pytest.CaptureFixture[str]) -> None:
    """At level warning requests are not logged; failures are."""
    with logging_to_stderr("warning"):
        LOG.info("request")
        LOG.error("failed")
    assert [line["event"] for line in lines(capsys)] == ["failed"]


def test_a_command_that_fails_shows_no_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that meets what nobody foresaw ends in 1 with type and places, and not with the error's message."""

    def fail(*_: object) -> int:
        raise RuntimeError(CANARY)

    monkeypatch.setattr("service.check.check", fail)
    assert main(["check"]) == 1
    told = capsys.readouterr().err
    assert "RuntimeError" in told
    assert "test_log.py" in told
    assert CANARY not in told
