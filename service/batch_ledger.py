"""What the service's database says for a table of patients: consents, the kill switch; and what its audit remembers.

`equipoise recommend` asks it where there is one, as an answer over HTTP does. Without one the table's own consent
stands, and that is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from sqlalchemy import Connection

from data_contracts.errors import BadUsage, ModelStopped, WrongState
from data_contracts.places import home
from data_contracts.withdrawn import listed_as
from service.audit.actor import Actor
from service.audit.entry import Entry
from service.consent import Said, spoken
from service.console import warn
from service.model_stop import check_in_service
from service.needs import Needs
from service.patient_table import AS_OF, cell_value
from service.settings import DATABASE, SQLITE
from service.storage import stops
from service.storage.answers import keep_surroundings
from service.storage.command_store import command_store
from service.storage.consents import listed_since, newest_statements
from service.storage.person import PatientName, find_or_make_person
from service.storage.store import Store
from service.storage.transaction import Transaction
from service.table_record import TableRecord
from service.utc import utc_now
from service.whose import operator_for

if TYPE_CHECKING:
    from data_contracts.tables import Table

TOGETHER = 500
"""How many patients are written down in one transaction: others wait for its lock."""

NOT_ASKED = (
    f"NOTE: no database is configured ({DATABASE}): the consent that the table or --consent tells stands; neither "
    "withdrawals nor the kill switch were asked for, and no audit remembers this table."
)


@dataclass(frozen=True)
class Ledger:
    """What was asked for one table.

    Attributes:
        store: the service's database.
        actor: the operator, in the organisation whose patients they are.
        said: of decision support, as `newest_statements` has it: given or withdrawn, and when.
        position: of the newest statement of all.
    """

    store: Store
    actor: Actor
    said: Mapping[str, tuple[Said, datetime]]
    position: int

    def answers(self, ids: Sequence[str]) -> list[tuple[Said, datetime] | None]:
        """What the ledger says of each patient, who was erased having withdrawn; None of whom it never heard."""
        organisation, ring, salt = self.actor.principal.organisation, self.store.ring, self.store.ring.list_salt
        return [self.said.get(ring.pseudonym(organisation, one)) or self.said.get(listed_as(salt, one)) for one in ids]


@contextmanager
def asked_ledger(environment: Mapping[str, str], organisation: str | None) -> Iterator[Ledger | None]:
    """The ledger of the configured database; None, with a word on standard error, if there is none.

    Args:
        environment: of the process.
        organisation: whose patients they are; None: of the only one that the database knows.

    Raises:
        NotReady: the database cannot be read.
        BadUsage: it knows several organisations and none is named, or another is.
    """
    if not environment.get(DATABASE) and not (home() / SQLITE).exists():
        if organisation is not None:
            raise BadUsage(
                f"--organisation says whose patients a database knows, and none is configured ({DATABASE})."
            )
        warn(NOT_ASKED)
        yield None
        return
    with command_store() as store:
        with store.reading() as connection:
            actor = operator_for(connection, organisation)
            said, position = newest_statements(connection, "decision_support", actor.principal.organisation)
        yield Ledger(store, actor, said, position)


def with_ledger(table: Table, needs: Needs, ids: Sequence[str], ledger: Ledger) -> tuple[Table, int]:
    """The table with what the ledger says: a withdrawal outweighs it, what was given counts where it is silent.

    Args:
        table: one row a patient.
        needs: which facts tell of consent.
        ids: of its rows.
        ledger: what was asked.

    Returns:
        The table, and how many of its patients have withdrawn.
    """
    answers = ledger.answers(ids)
    columns = dict(table.columns)
    for fact in needs.consent:
        cells, days = _cells(columns, fact, table.n), _cells(columns, fact + AS_OF, table.n)
        for row, answer in enumerate(answers):
            if answer is not None and (answer[0] == "withdrawn" or not spoken(fact, cell_value(cells[row]))):
                cells[row] = "no" if answer[0] == "withdrawn" else "yes"
                days[row] = answer[1].date().isoformat()
        if any(answers):
            columns |= {fact: cells, fact + AS_OF: days}
    return replace(table, columns=columns), sum(answer is not None and answer[0] == "withdrawn" for answer in answers)


def check_switch(ledger: Ledger, policy: str, patients: int) -> None:
    """Refuse a table if the model is out of service; that somebody asked is remembered.

    Raises:
        ModelStopped: it is.
    """
    try:
        check_in_service(policy, ledger.store.stopped_at(policy))
    except ModelStopped:
        detail: dict[str, str | int] = {"code": "MODEL_STOPPED", "policy": policy, "patients": patients}
        ledger.store.note(Entry("refusal", ledger.actor, utc_now(), "refused", detail=detail))
        raise


def remember(ledger: Ledger, table: TableRecord, safety: Mapping[str, str]) -> str:
    """Write an audit record for each patient, and one of the table, before it is given to anybody.

    Args:
        ledger: what was asked.
        table: what is remembered of it.
        safety: of each patient's identifier, the level of safety that the answer has.

    Returns:
        What the records call the table.

    Raises:
        ModelStopped, WrongState: the model was stopped, or one of the patients withdrew, since the ledger was asked.
        NotReady: the database did not keep it.
    """
    batch, patients = str(uuid4()), iter(safety.items())
    while some := dict(islice(patients, TOGETHER)):
        ledger.store.write(_remembering(ledger, table.policy, batch, some))
    listed = {listed_as(ledger.store.ring.list_salt, one) for one in safety}
    told = {"batch": batch, **table.detail(ledger.position, len(safety))}

    def close(transaction: Transaction) -> None:
        check_in_service(table.policy, stops.stopped_at(transaction.connection, table.policy))
        _check_still(transaction.connection, listed, ledger.position)
        keep_surroundings(transaction.connection, table.surroundings)
        transaction.chain.append(Entry("table", ledger.actor, utc_now(), detail=told))

    ledger.store.write(close)
    return batch


def _check_still(connection: Connection, listed: Set[str], position: int) -> None:
    """Refuse a table one of whose patients withdrew, or was erased, after a position of the ledger.

    Who was erased is known by what the list of withdrawn patients calls them, alone.

    Raises:
        WrongState: one of them did.
    """
    if not listed.isdisjoint(listed_since(connection, "decision_support", position)):
        raise WrongState("A patient of the table withdrew while it was made. Nothing was written: run it again.")


def _remembering(ledger: Ledger, policy: str, batch: str, safety: Mapping[str, str]) -> Any:
    def work(transaction: Transaction) -> None:
        connection, ring, actor, now = transaction.connection, ledger.store.ring, ledger.actor, utc_now()
        organisation = actor.principal.organisation
        check_in_service(policy, stops.stopped_at(connection, policy))
        _check_still(connection, {listed_as(ring.list_salt, one) for one in safety}, ledger.position)
        for one, level in safety.items():
            person = find_or_make_person(connection, ring, PatientName(organisation, one))
            refused = level == "refused"
            entry = Entry("refusal" if refused else "recommendation", actor, now, "refused" if refused else "success")
            transaction.chain.append(replace(entry, person=person.id, detail={"policy": policy, "batch": batch}))

    return work


def _cells(columns: Mapping[str, Any], name: str, rows: int) -> Any:
    return columns[name].astype(object) if name in columns else np.full(rows, None, dtype=object)
