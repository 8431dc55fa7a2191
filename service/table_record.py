"""What the audit remembers of a table that `equipoise recommend` made: enough to make it again from the same input.

Neither the table that was asked about nor the one that was answered is kept: both stay with who has them. The record
holds keyed hashes of their bytes, so that a table shown later is proven to be the one, or not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from data_contracts.episode import Column
from data_contracts.site_offer import SiteOffers
from service.served_policy import ServedPolicy
from service.storage.key_ring import KeyRing
from service.storage.surroundings import Surroundings, surroundings_of


@dataclass(frozen=True)
class TableRecord:
    """One table.

    Attributes:
        policy, manifest_sha256: which policy answered.
        surroundings: rules, offers and version.
        day: on which it was asked.
        asked: keyed hash of the bytes of the table of patients.
        answered, outcomes: keyed hashes of the bytes that were written; outcomes is empty if the policy has none.
        ending: of the files that were written.
        consent_elsewhere: whether it was said that everybody's consent is recorded elsewhere.
    """

    policy: str
    manifest_sha256: str
    surroundings: Surroundings
    day: date
    asked: str
    answered: str
    outcomes: str
    ending: str
    consent_elsewhere: bool

    def detail(self, position: int, patients: int) -> Mapping[str, str | int]:
        """What the audit's record says.

        Args:
            position: of the newest statement of consent that counted.
            patients: how many were asked about.
        """
        told: dict[str, str | int] = {"policy": self.policy, "manifest_sha256": self.manifest_sha256}
        told |= {"surroundings": self.surroundings.sha256, "day": self.day.isoformat(), "ending": self.ending}
        told |= {"asked": self.asked, "answered": self.answered, "outcomes": self.outcomes}
        return told | {"consents": position, "patients": patients, "consent_elsewhere": int(self.consent_elsewhere)}


@dataclass(frozen=True)
class Asked:
    """By what a table was asked for.

    Attributes:
        served: policy and rules.
        offers: what the sites offer, if that was told.
        day: on which it was asked.
        consent_elsewhere: whether it was said that everybody's consent is recorded elsewhere.
    """

    served: ServedPolicy
    offers: SiteOffers | None
    day: date
    consent_elsewhere: bool

    def record(self, ring: KeyRing, patients: bytes, written: Written) -> TableRecord:
        """What is remembered of the table.

        Args:
            ring: that keys the hashes.
            patients: the file that was asked about.
            written: what came of it.
        """
        return TableRecord(
            policy=self.served.policy.manifest.name,
            manifest_sha256=self.served.source.manifest_sha256,
            surroundings=surroundings_of(self.served.rules, self.offers, ()),
            day=self.day,
            asked=table_hash(ring, patients),
            answered=table_hash(ring, written.answered),
            outcomes=table_hash(ring, written.outcomes),
            ending=written.ending,
            consent_elsewhere=self.consent_elsewhere,
        )


@dataclass(frozen=True)
class Written:
    """The files that a table is written to, as bytes.

    Attributes:
        answered: the recommendations.
        outcomes: the table of the other outcomes; None if the policy has none.
        ending: of their names.
    """

    answered: bytes
    outcomes: bytes | None
    ending: str

    @staticmethod
    def of(table: Mapping[str, Column], outcomes: Mapping[str, Column], ending: str) -> Written:
        """The files of two tables, of which the second may be empty."""
        from data_contracts.tables import table_bytes  # pandas

        return Written(table_bytes(table, ending), table_bytes(outcomes, ending) if outcomes else None, ending)


def table_hash(ring: KeyRing, content: bytes | None) -> str:
    """The keyed hash of a file's bytes, so that nobody finds a small table by trying; empty for no file."""
    return "" if content is None else ring.keyed("a table of patients", hashlib.sha256(content).hexdigest())
