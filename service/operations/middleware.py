"""What every request goes through before it comes to a route."""

from __future__ import annotations

from fastapi import FastAPI

from service.cds_hooks.cross_origin import CrossOrigin
from service.collaborators import Collaborators
from service.entity_tag import EntityTags
from service.operations.counting import Counting
from service.operations.last_answers import LastAnswers
from service.operations.rate_limit import RateLimit
from service.operations.request_log import RequestLog


def install_middleware(app: FastAPI, collaborators: Collaborators) -> None:
    """Add the middleware; the last that is added is the first that a request meets."""
    operations = collaborators.operations
    app.add_middleware(EntityTags)
    app.add_middleware(RateLimit, limit=operations.limit)
    app.add_middleware(CrossOrigin, origins=collaborators.cards.origins)
    app.add_middleware(LastAnswers, draining=operations.draining)
    app.add_middleware(Counting, metrics=operations.metrics, traces=operations.traces)
    app.add_middleware(RequestLog)
