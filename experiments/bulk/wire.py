"""Calls to another system: with time limits, without redirects, and with its faults as errors of ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from data_contracts.errors import Unreachable

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
LONGEST_ANSWER = 16 * 1024 * 1024
"""Bytes of a document; files of records are streamed and have no limit but the disk's."""

TRIES, FIRST_PAUSE, LONGEST_PAUSE = 5, 2.0, 300.0
BUSY = frozenset({429, 502, 503, 504})
"""Statuses that may be others soon."""


@dataclass(frozen=True)
class Answer:
    """An answer that was read whole.

    Attributes:
        status: its status.
        headers: by name, whatever its case.
        content: its body, cut after ``LONGEST_ANSWER`` bytes.
    """

    status: int
    headers: httpx.Headers
    content: bytes

    def json(self) -> dict[str, Any]:
        """The JSON object of its body; empty if it is none."""
        try:
            held = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        return held if isinstance(held, dict) else {}


class Wire:
    """One connection pool to a server.

    Args:
        sleep: waits so many seconds.
        clock: seconds since 1970.
        transport: what httpx sends by; None is the network.
    """

    def __init__(
        self,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.sleep, self.clock = sleep, clock
        self._client = httpx.Client(timeout=TIMEOUT, follow_redirects=False, transport=transport)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, method: str, address: str, **more: Any) -> Answer:
        """Send a call, and again while the server is busy or cannot be reached; a refusal is an answer.

        Raises:
            Unreachable: it was so for all tries.
        """
        for attempt in range(TRIES):
            try:
                answer = self._read(method, address, **more)
                if answer.status not in BUSY:
                    return answer
                told = f"It said {answer.status} {TRIES} times."
                wait = self.pause(answer, attempt)
            except httpx.HTTPError as error:
                told, wait = f"{type(error).__name__}, {TRIES} times.", FIRST_PAUSE * 2**attempt
            if attempt < TRIES - 1:
                self.sleep(wait)
        raise Unreachable(f"The server {httpx.URL(address).host} cannot be used now. {told} Try again later.")

    def _read(self, method: str, address: str, **more: Any) -> Answer:
        body = bytearray()
        with self._client.stream(method, address, **more) as answer:
            for chunk in answer.iter_bytes():
                body += chunk[: LONGEST_ANSWER - len(body)]
                if len(body) >= LONGEST_ANSWER:
                    break
            return Answer(answer.status_code, answer.headers, bytes(body))

    def pause(self, answer: Answer, attempt: int) -> float:
        """Seconds to wait, as the server asks by Retry-After (seconds, or a date), or longer each time."""
        asked = answer.headers.get("retry-after", "").strip()
        if asked.isdecimal():
            wait = float(asked)
        else:
            try:
                wait = parsedate_to_datetime(asked).timestamp() - self.clock()
            except ValueError:
                wait = FIRST_PAUSE * 2.0 ** min(attempt, 10)
        return min(max(wait, 1.0), LONGEST_PAUSE)

    @contextmanager
    def stream(self, address: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """An answer that is read as it comes.

        Raises:
            Unreachable: it broke off.
        """
        try:
            with self._client.stream("GET", address, headers=headers) as answer:
                yield answer
        except httpx.HTTPError as error:
            step = "Run the same command again: what is whole is not fetched twice."
            raise Unreachable(f"A file broke off ({type(error).__name__}). {step}") from None
