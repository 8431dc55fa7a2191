"""The service as a worker sees it: over HTTP alone, with a token of its own."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from data_contracts.errors import BadUsage, NotAuthenticated, NotReady, Refused, WrongState
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
            NotAuthenticated: the token is not believed: it has ended, or never was.
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
            kind = NotAuthenticated if answer.status_code == 401 else Refused
            raise kind(f"{told} The file of --token has to hold a valid token of an analyst.")
        if answer.status_code >= 500 or answer.status_code == 429:
            raise NotReady(told)
        raise BadUsage(f"The service answered {answer.status_code}: {told}")


class TokenFile(httpx.Auth):
    """The token that a file holds now: whoever renews it writes the file anew, and the next call carries it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Give a call the token."""
        try:
            request.headers["Authorization"] = f"Bearer {self.read()}"
        except BadUsage as error:
            raise NotAuthenticated(str(error)) from None
        yield request

    def read(self) -> str:
        """The token.

        Raises:
            BadUsage: the file cannot be read, or holds none.
        """
        try:
            held = self._path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadUsage(f"{self._path} cannot be read as a token ({type(error).__name__}).") from None
        if not held:
            raise BadUsage(f"{self._path} is empty, and should hold a token.")
        return held


@contextmanager
def open_door(address: str, token: Path | None, worker: str) -> Iterator[ServiceDoor]:
    """A connection to the service at an address such as http://127.0.0.1:8000.

    Args:
        address: where it listens.
        token: a file with a token, read anew for every call; None for a service that asks nobody.
        worker: the worker's name.

    Raises:
        BadUsage: the token's file cannot be read, or a token would travel in the clear.
    """
    auth = None if token is None else TokenFile(token)
    if auth is not None:
        if not address.startswith("https://") and "//127.0.0.1" not in address and "//localhost" not in address:
            raise BadUsage(f"{address}: a token travels over https:// alone.")
        auth.read()
    with httpx.Client(base_url=address, auth=auth, timeout=SECONDS) as client:
        yield ServiceDoor(client, worker)


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
