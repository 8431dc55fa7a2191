"""A service with a clock that a test turns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.app import create_app
from service.collaborators import Collaborators
from service.contact import Contact
from service.served_policy import ServedPolicy
from service.storage.store import Store


class Clock:
    """A clock that a test turns."""

    now = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        """What it shows."""
        return self.now

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(served: ServedPolicy, store: Store, clock: Clock) -> Any:
    from fastapi.testclient import TestClient

    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
    return TestClient(create_app(Collaborators(lambda: served, store, contacts, clock)))
