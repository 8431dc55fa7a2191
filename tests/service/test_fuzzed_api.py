"""The whole API against calls that schemathesis makes of its OpenAPI document, allowed ones and forbidden ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from service.access.rights import OPEN, RIGHTS
from service.app import create_app
from service.cds_hooks.catalogue import SERVICES
from service.collaborators import Collaborators
from service.served_policy import ServedPolicy
from service.storage.store import Store
from tests.service.studies.test_requests import asked, done, running

NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
"""No 5xx; no undocumented status, kind, header or shape; what the document forbids is not accepted."""
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
"""Allowed calls, and forbidden ones where there is a query or a body to break: any text is allowed in an address."""
TOO_LONG, ACCEPTED = 413, "Schema-violating request accepted"
"""What is too long to be read is refused as well; schemathesis does not count that as a refusal."""
LEAST, PARTS = 20_000, 8
"""Calls of the long run, which comes in parts: one that failed or was interrupted is run again alone."""
ENDLESS = "/events"
"""What has not ended is told of for ever: the first of what is known has."""


class Fuzzed:
    """What came of the calls.

    Attributes:
        statuses: how often each status of each operation came.
        found: what was wrong, once for each operation and status.
    """

    def __init__(self, app: Any, known: dict[str, tuple[str, ...]]) -> None:
        self._app, self._known = app, known
        load_all_checks()
        self._checks = [CHECKS.get_one(name) for name in NAMES]
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.found: dict[tuple[str, int, str], str] = {}

    def run(self, count: int, under: str = "/", part: int = 0, parts: int = 1) -> Fuzzed:
        """Make up to so many calls of each operation and mode, below an address; or of every n-th operation alone."""
        for operation in list(self._operations(under))[part::parts]:
            for mode in MODES if operation.query or operation.body else MODES[:1]:
                self._fuzz(operation, mode, count)
        return self

    def _operations(self, under: str) -> Iterator[Any]:
        self._app.openapi()  # made once, and not within the seconds that the loader waits
        document = schemathesis.openapi.from_asgi("/openapi.json", self._app)
        yield from (one.ok() for one in document.get_all_operations() if one.ok().path.startswith(under))

    def _fuzz(self, operation: Any, mode: GenerationMode, count: int) -> None:
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=operation.as_strategy(generation_mode=mode), which=st.integers(0, 5))
        def call(case: Any, which: int) -> None:
            for name, values in self._known.items():
                if name in (case.path_parameters or {}) and which < len(values):
                    case.path_parameters[name] = values[0 if operation.path.endswith(ENDLESS) else which]
            self._judge(case)

        call()

    def _judge(self, case: Any) -> None:
        answer = case.call()
        self.statuses[case.operation.label, answer.status_code] += 1
        try:
            case.validate_response(answer, checks=self._checks)
        except schemathesis.errors.FailureGroup as group:
            for failure in group.exceptions:
                if answer.status_code == TOO_LONG and failure.title == ACCEPTED:
                    continue
                key = (case.operation.label, answer.status_code, failure.title)
                self.found.setdefault(key, f"{failure.message} {case.as_curl_command()}")


@pytest.fixture
def fuzzed(client: Any, profile: dict[str, Any]) -> Fuzzed:
    """The service with answers, studies and broken glass in it, whose ids some calls hit."""
    answers = tuple(client.post("/v1/recommendations", json=profile).json()["id"] for _ in range(3))
    glass = client.post("/v1/break-glass", json={"patient_id": "P-1", "reason": "collapsed"}).json()["id"]
    known = {
        "recommendation_id": answers,
        "service_id": tuple(SERVICES),
        "study": (done(client), asked(client), running(client)),
        "glass_id": (glass,),
        "policy": ("tiny",) * 3,
        "model": ("champion",) * 3,
    }
    return Fuzzed(client.app, known)


def test_nothing_unforeseen(fuzzed: Fuzzed) -> None:
    """No answer of 5xx, no undocumented status, kind or shape, and nothing accepted that the document forbids."""
    fuzzed.run(5)
    assert fuzzed.found == {}
    assert {status for _, status in fuzzed.statuses} >= {200, 201, 404, 422}


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_unforeseen_in_many_calls(fuzzed: Fuzzed, part: int) -> None:
    """The same in 20,000 calls and more, an eighth of the operations at a time."""
    fuzzed.run(420, part=part, parts=PARTS)
    print(sum(fuzzed.statuses.values()), "calls", dict(fuzzed.statuses))
    assert fuzzed.found == {}
    assert sum(fuzzed.statuses.values()) >= LEAST / PARTS


def test_faults_are_found(served: ServedPolicy, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation that fails, one that answers what is not documented, and one that takes anything are each found."""
    app = create_app(Collaborators(lambda: served, store, ()))
    body = {"required": True, "content": {"application/json": {"schema": {"type": "object", "required": ["a"]}}}}

    async def fails() -> None:
        raise RuntimeError

    async def strange() -> Any:
        from fastapi import Response

        return Response(status_code=299)

    async def takes_anything() -> dict[str, str]:
        return {}

    for name, route in (("fails", fails), ("strange", strange), ("takes", takes_anything)):
        app.post(f"/planted/{name}", openapi_extra={"requestBody": body})(route)
        monkeypatch.setitem(RIGHTS, f"POST /planted/{name}", OPEN)  # type: ignore[misc]
    found = {(label, status) for label, status, _ in Fuzzed(app, {}).run(5, "/planted").found}
    assert {("POST /planted/fails", 500), ("POST /planted/strange", 299), ("POST /planted/takes", 200)} <= found
