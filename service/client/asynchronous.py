"""The client of asynchronous programs: as `service.client.synchronous`, awaited."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from data_contracts.profile import PatientProfile
from service.client import calls
from service.client.calls import Call, Id
from service.client.patience import Patience
from service.client.sending import Token, answer_of, request_of
from service.consent import ConsentStanding, Statement
from service.event import Choice, History, Signature
from service.record import RecommendationRecord

if TYPE_CHECKING:
    from types import TracebackType

    from service.basis import Basis

Answer = TypeVar("Answer")


class AsyncClient:
    """Calls the service.

    Every method raises ServiceProblem for a problem that the service tells, and httpx.TransportError if it cannot be
    reached. A busy service (429, 503), and a call of which nobody knows whether it arrived, is asked again as patience
    allows.

    Args:
        address: of the service, as https://equipoise.example.org.
        token: bearer token, or what makes one for each call.
        timeout: seconds for one attempt.
        patience: how often and how long a call is made again.
        transport: how requests travel, for tests and proxies.
    """

    def __init__(
        self,
        address: str,
        *,
        token: Token = None,
        timeout: float = 10.0,
        patience: Patience | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._token, self._patience = token, patience or Patience()
        self._http = httpx.AsyncClient(base_url=address, timeout=timeout, transport=transport)

    async def __aenter__(self) -> AsyncClient:
        """Open."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def recommend(self, profile: PatientProfile, key: str | None = None) -> RecommendationRecord:
        """Rank therapies for one patient, or hear why that cannot be done.

        Args:
            profile: what is known of the patient.
            key: of this call, to be made again later with it; drawn at random if none is given.
        """
        return await self._send(calls.recommend(profile, key))

    async def get(self, name: Id) -> RecommendationRecord:
        """An answer, as it was first given."""
        return await self._send(calls.get(name))

    async def history(self, name: Id) -> History:
        """Where an answer stands, and who did what when."""
        return await self._send(calls.history(name))

    async def review(self, name: Id, signed: Signature) -> History:
        """A named clinician has reviewed it."""
        return await self._send(calls.act(name, "review", signed))

    async def release(self, name: Id, signed: Signature) -> History:
        """A named clinician lets the patient see the sheet."""
        return await self._send(calls.act(name, "release", signed))

    async def decide(self, name: Id, chosen: Choice) -> History:
        """What was chosen, and why."""
        return await self._send(calls.act(name, "decision", chosen))

    async def basis(self, name: Id) -> Basis:
        """What an answer rests on."""
        return await self._send(calls.basis(name))

    async def sheet(self, name: Id) -> str:
        """The page for patient and clinician, once it is released, as HTML."""
        return await self._send(calls.sheet(name))

    async def fhir(self, name: Id) -> dict[str, Any]:
        """The answer as a FHIR R4 bundle."""
        return await self._send(calls.fhir(name))

    async def state_consent(self, statement: Statement) -> ConsentStanding:
        """Write what a patient said of a purpose into the ledger."""
        return await self._send(calls.state_consent(statement))

    async def _send(self, call: Call[Answer]) -> Answer:
        made = 0
        while True:
            made += 1
            outcome: httpx.Response | httpx.TransportError
            try:
                outcome = await self._http.send(request_of(self._http, call, self._token))
            except httpx.TransportError as error:
                outcome = error
            seconds = self._patience.wait(call, made, outcome)
            if seconds is not None:
                await asyncio.sleep(seconds)
            elif isinstance(outcome, httpx.TransportError):
                raise outcome
            else:
                return answer_of(call, outcome)
