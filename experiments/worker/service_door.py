"""The service as a worker sees it: over HTTP alone, with a token of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from data_contracts.errors import BadUsage, NotReady, Refused, WrongState
from data_contracts.study_request import StudyClaim, StudyEnd, StudyProgress, StudyRequest

SECONDS = 30.0
BYTES = {"Content-Type": "application/octet-stream"}
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class ServiceDoor:
    """One worker's connection to one service.

    Attributes:
        client: speaks to it.
        worker: the worker's name.
    """

    client: httpx.Client
    worker: str

    def claim(self) -> StudyRequest | None:
        """The next study to do; None if none waits."""
        answer = self._ask("POST", "claim", StudyClaim(worker=self.worker))
        return None if answer.status_code == 204 else StudyRequest.model_validate_json(answer.content)

    def file(self, request: StudyRequest, kind: str) -> bytes:
        """The request's protocol or table."""
        return self._ask("GET", f"{request.id}/files/{kind}").content

    def tell(self, request: StudyRequest, step: str, share: float) -> bool:
        """Tell how far it is, and hear whether it shall stop.

        Raises:
            WrongState: the study is not this worker's any more.
        """
        told = StudyProgress(worker=self.worker, step=step[:200], share=share)
        answer = self._ask("POST", f"{request.id}/progress", told)
        return StudyRequest.model_validate_json(answer.content).stopping

    def send_report(self, request: StudyRequest, page: bytes) -> None:
        """Bring the report."""
        place = f"{request.id}/report"
        self._checked("PUT", place, content=page, headers=BYTES, params={"worker": self.worker})

    def end(self, request: StudyRequest, exit_code: int, message: str, version: str | None) -> None:
        """Tell how it ended."""
        self._ask("POST", f"{request.id}/end", StudyEnd(
            worker=self.worker, exit_code=exit_code, message=message, version=version
        ))  # fmt: skip

    def _ask(self, method: str, place: str, body: StudyClaim | None = None) -> httpx.Response:
        content = None if body is None else body.model_dump_json()
        return self._checked(method, place, content=content, headers=JSON if body else {})

    def _checked(self, method: str, place: str, **request: Any) -> httpx.Response:
        """An answer that is none of an error.

        Raises:
            NotReady: the service cannot be reached, or is not fit for use.
            WrongState: the study is in another state.
            Refused: the service does not let this worker.
            BadUsage: it answered something else.
        """
        try:
            answer = self.client.request(method, f"/v1/studies/{place}", **request)
        except httpx.TransportError as error:
            where = f"{self.client.base_url} cannot be reached ({type(error).__name__})"
            raise NotReady(f"{where}. Is the service running there?") from None
        if answer.is_success:
            return answer
        told = _detail(answer)
        if answer.status_code in (404, 409):
            raise WrongState(told)
        if answer.status_code in (401, 403):
            raise Refused(f"{told} Give a file with a valid token of an analyst: --token FILE.")
        if answer.status_code >= 500 or answer.status_code == 429:
            raise NotReady(told)
        raise BadUsage(f"The service answered {answer.status_code}: {told}")


@contextmanager
def open_door(address: str, token: Path | None, worker: str) -> Iterator[ServiceDoor]:
    """A connection to the service at an address such as http://127.0.0.1:8000.

    Raises:
        BadUsage: the token's file cannot be read, or a token would travel in the clear.
    """
    headers = {}
    if token is not None:
        if not address.startswith("https://") and "//127.0.0.1" not in address and "//localhost" not in address:
            raise BadUsage(f"{address}: a token travels over https:// alone.")
        try:
            headers["Authorization"] = f"Bearer {token.read_text(encoding='ascii').strip()}"
        except (OSError, UnicodeDecodeError) as error:
            raise BadUsage(f"{token} cannot be read as a token ({type(error).__name__}).") from None
    with httpx.Client(base_url=address, headers=headers, timeout=SECONDS) as client:
        yield ServiceDoor(client, worker)


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
