"""Destroys what opens a person's records. The audit's chain stays whole, and training leaves the person out."""

from __future__ import annotations

from dataclasses import replace

from data_contracts.errors import NotFound
from data_contracts.profile import ShortText
from service.audit.entry import Entry
from service.consent import KEEPS_OUT, Statement
from service.event import Signature
from service.storage.consents import add_statement
from service.storage.database import forget_pages
from service.storage.person import PatientName, erase_person, find_person
from service.storage.store import Store
from service.storage.transaction import Transaction


class Erasure(Signature):
    """A person's wish to be erased, as somebody writes it down.

    Attributes:
        patient_id: as in a profile.
    """

    patient_id: ShortText


def erase(store: Store, wish: Erasure, entry: Entry) -> str:
    """Destroy a patient's key, and withdraw them from what later policies are learned from; the person's id.

    Raises:
        NotFound: nothing is kept of such a patient.
    """
    name, ring = PatientName(entry.actor.principal.organisation, wish.patient_id), store.ring

    def work(transaction: Transaction) -> str:
        person = find_person(transaction.connection, ring, name)
        if person is None:
            raise NotFound("Nothing is kept of a patient of this identifier.")
        for purpose in KEEPS_OUT:
            statement = Statement(**wish.model_dump(), purpose=purpose, answer="withdrawn")
            add_statement(transaction, ring, statement, replace(entry, kind="consent"))
        erase_person(transaction.connection, person.id, entry.at)
        transaction.chain.append(replace(entry, kind="erasure", person=person.id))
        return person.id

    erased = store.write(work)
    forget_pages(store.engine)
    return erased
