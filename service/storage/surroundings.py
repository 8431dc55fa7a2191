"""What an answer came from beside policy and profile, kept so that it can be computed again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from data_contracts.rule import RuleSet
from data_contracts.site_offer import SiteOffers
from service.contact import Contact
from service.version import VERSION


@dataclass(frozen=True)
class Surroundings:
    """Known by the hash of their content.

    Attributes:
        sha256: of the content.
        content: JSON with `version`, `rules`, `offers` and `contacts`; None where it has not been read.
    """

    sha256: str
    content: str | None


def surroundings_of(rules: RuleSet, offers: SiteOffers | None, contacts: Sequence[Contact]) -> Surroundings:
    """The surroundings of answers that are made by this version, by these rules, offers and contacts."""
    held = {
        "version": VERSION,
        "rules": rules.model_dump(mode="json"),
        "offers": offers.model_dump(mode="json") if offers else None,
        "contacts": [contact.model_dump(mode="json") for contact in contacts],
    }
    content = json.dumps(held, sort_keys=True, ensure_ascii=False)
    return Surroundings(hashlib.sha256(content.encode()).hexdigest(), content)
