"""What a patient reads of where a therapy can be had and how long one waits for it."""

from __future__ import annotations

from data_contracts.availability import Availability


def wait_words(offer: Availability | None) -> str | None:
    """The site's offer in words with the day on which it was so; None where nothing is known.

    The note stays with the clinician, for whom it was written.
    """
    if offer is None:
        return None
    day = f"{offer.as_of.day} {offer.as_of:%B %Y}"
    if not offer.available:
        return f"not at {offer.site} (as of {day})"
    if offer.span is None:
        return f"on offer at {offer.site}; how long is not known (as of {day})"
    return f"{_weeks(offer.span)} at {offer.site} (as of {day})"


def _weeks(span: str) -> str:
    if span == "0":
        return "none"
    return f"about {span} week{'' if span == '1' else 's'}"
