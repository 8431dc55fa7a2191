"""Destroys what opens a person's records. The audit's chain stays whole, and training leaves the person out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from data_contracts.errors import NotFound
from data_contracts.patient_identifier import PatientId
from service.audit.entry import Entry
from service.consent import KEEPS_OUT, Statement
from service.event import Signature
from service.storage.consents import add_statement
from service.storage.database import forget_pages
from service.storage.erased import note_erased
from service.storage.person import PatientName, erase_person, find_person
from service.storage.store import Store
from service.storage.transaction import Transaction


class Erasure(Signature):
    """A person's wish to be erased, as somebody writes it down.

    Attributes:
        patient_id: as in a profile.
    """

    patient_id: PatientId


def erase(store: Store, wish: Erasure, entry: Entry, roots: Path) -> str:
    """Destroy a patient's key, and withdraw them from what later policies are learned from; the person's id.

    Args:
        store: where it is kept.
        wish: whose, and who writes it down.
        entry: what to remember of it.
        roots: the audit's own place; it is noted there too, so that no backup brings the person back.

    Raises:
        NotFound: nothing is kept of such a patient.
        NotReady: it cannot be noted, and was not done.
    """
    name, ring = PatientName(entry.actor.principal.organisation, wish.patient_id), store.ring

    def work(transaction: Transaction) -> str:
        person = find_person(transaction.connection, ring, name)
        if person is None:
            raise NotFound("Nothing is kept of a patient of this identifier.")
        for purpose in KEEPS_OUT:
            statement = Statement(**wish.model_dump(), purpose=purpose, answer="withdrawn")
            add_statement(transaction, ring, statement, replace(entry, kind="consent"))
        note_erased(roots, person.id, entry.at, ring)
        erase_person(transaction.connection, person.id, entry.at)
        transaction.chain.append(replace(entry, kind="erasure", person=person.id))
        return person.id

    erased = store.write(work)
    forget_pages(store.engine)
    return erased
