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
    if offer.wait_weeks is None:
        return f"on offer at {offer.site}; how long is not known (as of {day})"
    return f"{_weeks(*offer.wait_weeks)} at {offer.site} (as of {day})"


def _weeks(shortest: float, longest: float) -> str:
    if longest == 0:
        return "none"
    span = f"{longest:g}" if shortest == longest else f"{shortest:g} to {longest:g}"
    return f"about {span} week{'' if span == '1' else 's'}"
