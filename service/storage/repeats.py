"""Idempotency keys: which answer a caller's key led to, so that the same call made again gets it again.

Kept as long as the answer, in the answer's own transaction; all replicas of a database share them. Key and body stand
here as keyed hashes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select

from service.storage.schema import IDEMPOTENCY_KEYS as TABLE
from service.storage.transaction import Transaction


@dataclass(frozen=True)
class Claim:
    """A call that may be made again.

    Attributes:
        key: hash of the key and of whose it is.
        body: hash of what was sent with it.
        about: organisation and identifier of the patient.
    """

    key: str
    body: str
    about: tuple[str, str]


class Claimed(Exception):  # no fault: the answer is there
    """Another call with the key was faster; nothing of this one was kept."""


def find_claim(connection: Connection, key: str) -> tuple[str, UUID] | None:
    """What was sent with a key before, as its hash, and the id of its answer; None if the key is new."""
    row = connection.execute(select(TABLE).where(TABLE.c.key == key)).mappings().one_or_none()
    return None if row is None else (row["body"], UUID(row["recommendation_id"]))


def keep_claim(claim: Claim, recommendation_id: UUID) -> Callable[[Transaction, object], None]:
    """What keeps, in the answer's transaction, that a key led to it.

    It raises:
        Claimed: the key led to another answer meanwhile.
    """

    def work(transaction: Transaction, _: object) -> None:
        if find_claim(transaction.connection, claim.key) is not None:
            raise Claimed
        values = {"key": claim.key, "body": claim.body, "recommendation_id": str(recommendation_id)}
        transaction.connection.execute(TABLE.insert(), values)

    return work
