"""Why advice was not followed, by code: the same list for who decides here and for cards in a record system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

OverrideCode = Literal[
    "patient-prefers-another",
    "tried-before",
    "not-available",
    "not-suitable",
    "under-way",
    "not-now",
    "disagree",
    "other",
]
SYSTEM = "urn:equipoise:override-reason"
IN_WORDS: OverrideCode = "other"
"""The code that says nothing without words."""

REASONS: Mapping[OverrideCode, str] = {
    "patient-prefers-another": "The patient prefers another therapy",
    "tried-before": "It was tried before",
    "not-available": "It cannot be had here, or not in time",
    "not-suitable": "Something that the record does not show speaks against it",
    "under-way": "A treatment is under way",
    "not-now": "Not the moment to choose a therapy",
    "disagree": "The advice seems wrong",
    "other": "Another reason, in words",
}
