"""A small client of the service for programs: typed, patient with a busy service, and never answered twice.

It needs httpx, pydantic and the data contracts; nothing of the server is imported.
"""

from service.client.asynchronous import AsyncClient
from service.client.problem import ServiceProblem
from service.client.synchronous import Client

__all__ = ["AsyncClient", "Client", "ServiceProblem"]
