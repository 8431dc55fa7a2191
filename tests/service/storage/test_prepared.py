"""Statements that go straight to a driver: the same rows and errors, and looks that outlive a lost connection."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from data_contracts.errors import NotReady
from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.consent import Statement
from service.model_stop import StopOrder
from service.storage.looker import Looker
from service.storage.moment import before
from service.storage.person import PatientName
from service.storage.prepared import Prepared
from service.storage.schema import PERSONS
from service.storage.store import Store
from service.utc import utc_now

NAME = PatientName("local", "P-1")
UNTOLD = "Rumpelstiltskin"


def person(organisation: str, at: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("patient", "identifier", "key_id", "wrapped_key"))
    return {**empty, "id": str(uuid4()), "organisation": organisation, "identifier": b"\0sealed", "erased_at": at}


def test_same_rows(any_store: Store) -> None:
    """What goes in straight comes out as SQLAlchemy has it, and straight too: texts, bytes, times and nothing."""
    insert, query = Prepared(PERSONS.insert().inline()), select(PERSONS).order_by(PERSONS.c.organisation).limit(2)
    given = (person("a", utc_now()), person("b", None), person("c", utc_now() - timedelta(days=9)))
    any_store.write(lambda transaction: insert.run(transaction.connection, *given))
    with any_store.looking() as connection:
        plain = [tuple(row) for row in connection.execute(query)]
        straight = Prepared(query).rows(connection)
    assert [tuple(row) for row in straight] == plain
    assert [row.identifier for row in straight] == [b"\0sealed"] * 2
    assert (straight[0].erased_at is None, straight[1].erased_at) == (False, None)


def test_errors_tell_no_value(any_store: Store) -> None:
    """A driver's error comes as SQLAlchemy's, and its text holds nothing of what was to be written."""
    insert, one = Prepared(PERSONS.insert().inline()), person(UNTOLD, None)

    def twice(transaction: Any) -> None:
        insert.run(transaction.connection, one)
        with pytest.raises(IntegrityError) as caught:
            insert.run(transaction.connection, one)
        assert UNTOLD not in str(caught.value)
        raise caught.value

    with pytest.raises(NotReady, match="IntegrityError"):
        any_store.write(twice)
    with any_store.looking() as connection:
        assert connection.execute(select(func.count()).select_from(PERSONS)).scalar_one() == 0


def test_one_look(any_store: Store) -> None:
    """What is looked at before an answer is what ledger and switch say apart, for who is known and who is not."""
    assert any_store.before(NAME, "tiny").standing == any_store.standing(NAME)
    order = StopOrder(by="K. Adler", role="safety officer", why="looked into")
    entry = Entry("stop", LOCAL_ACTOR, utc_now())
    any_store.keep_policy("d" * 64, {"manifest.json": b'{"name": "tiny"}'}, Entry("policy", LOCAL_ACTOR, utc_now()))
    for purpose, answer in (("research", "withdrawn"), ("decision_support", "given"), ("research", "given")):
        given = {"patient_id": "P-1", "purpose": purpose, "answer": answer, "by": "A. Nurse", "role": "nurse"}
        statement = Statement.model_validate(given)
        any_store.add_consent(statement, Entry("consent", LOCAL_ACTOR, utc_now()))
    assert any_store.before(NAME, "tiny").standing == any_store.standing(NAME)
    assert any_store.before(NAME, "tiny").stopped_at is None
    any_store.turn("tiny", "stopped", order, entry)
    assert any_store.before(NAME, "tiny").stopped_at == any_store.stopped_at("tiny") == entry.at
    assert any_store.before(NAME, "other").stopped_at is None
    any_store.turn("tiny", "lifted", order, entry)
    assert any_store.before(NAME, "tiny").stopped_at is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_lost_while_nobody_looked(any_store: Store) -> None:
    """A kept connection that the server cut is replaced, and the look is made all the same."""
    looker = Looker(any_store.engine)

    def backend(connection: Any) -> int:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())

    first = looker.look(backend)
    assert looker.look(backend) == first
    with any_store.looking() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": first})
    found = looker.look(lambda connection: before(connection, any_store.ring, NAME, "tiny"))
    assert found.standing.person is None
    assert looker.look(backend) != first
    looker.close()
