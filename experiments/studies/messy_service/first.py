"""The protocol as it was before anybody had looked at the records: what they are refused with at first."""

from __future__ import annotations

from typing import Any

RANGE = {"measures": {"care hours": {"range": [0, 60]}}}
"""The one rule that was there from the start: what hours can be meant."""


def first_protocol(content: dict[str, Any]) -> dict[str, Any]:
    """The protocol with therapies by their names alone, without cleaning but for the range, and all sites in it."""
    trial = content["target_trial"]
    names = [name for name in trial["therapies"]["ssri"] if not name.startswith("N06")]
    sites = [criterion for criterion in trial["eligibility"] if criterion["field"] != "site"]
    return content | {
        "target_trial": trial | {"therapies": {"ssri": names}, "eligibility": sites, "cleaning": RANGE},
    }
