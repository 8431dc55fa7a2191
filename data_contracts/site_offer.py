"""What a deployment's sites offer now and how long one waits: told beside the effects, never mixed into them."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from pydantic import Field, field_validator, model_validator

from data_contracts.availability import Availability
from data_contracts.figure import FrozenFact
from data_contracts.protocol_file import parse_document, read_yaml
from data_contracts.therapy import load_therapies

FORMAT = """\
- site: North clinic
  as_of: 2026-01-31
  therapies:
    CBT: {wait_weeks: [6, 10]}
    SSRI: {wait_weeks: [0, 1]}
    EMDR: {available: false, note: no trained therapist}"""


class Offer(FrozenFact):
    """One therapy at one site.

    Attributes:
        available: whether it can be had there.
        wait_weeks: shortest and longest wait to expect until the first session or prescription, in weeks; None where
            it is not known, and then nothing is assumed.
        note: a few words for the clinician.
    """

    available: bool = True
    wait_weeks: tuple[float, float] | None = None
    note: str | None = Field(default=None, min_length=1, max_length=200)

    @field_validator("wait_weeks")
    @classmethod
    def _in_order(cls, weeks: tuple[float, float] | None) -> tuple[float, float] | None:
        if weeks is not None and not 0 <= weeks[0] <= weeks[1] <= 520:
            raise ValueError("the shortest wait and then the longest, in weeks, from 0 to 520")
        return weeks

    @model_validator(mode="after")
    def _no_wait_for_nothing(self) -> Offer:
        if not self.available and self.wait_weeks is not None:
            raise ValueError("no wait_weeks where available is false")
        return self


class SiteOffer(FrozenFact):
    """What one site offers.

    Attributes:
        site: its name, as in the records.
        as_of: the day on which this was so; told with every wait.
        therapies: offers by key of the therapy catalogue. A therapy that is not listed is not known to be available.
    """

    site: str = Field(min_length=1, max_length=200)
    as_of: date
    therapies: dict[str, Offer] = Field(min_length=1)

    @field_validator("therapies")
    @classmethod
    def _known(cls, therapies: dict[str, Offer]) -> dict[str, Offer]:
        if strange := sorted(set(therapies) - set(load_therapies())):
            raise ValueError(f"keys of the therapy catalogue and not {', '.join(strange)}")
        return therapies


class SiteOffers(FrozenFact):
    """What all sites of a deployment offer.

    Attributes:
        sites: each site once.
    """

    sites: tuple[SiteOffer, ...]

    def at(self, site: str, therapy: str) -> Availability | None:
        """What a site says of a therapy by its key; None where it says nothing: unknown is not unavailable."""
        found = self._by_name.get(_plain(site))
        offer = found.therapies.get(therapy) if found else None
        if found is None or offer is None:
            return None
        return Availability(
            site=found.site,
            as_of=found.as_of,
            available=offer.available,
            wait_weeks=offer.wait_weeks,
            note=offer.note,
        )

    def lists(self, site: str) -> bool:
        """Whether anything is said of a site; spelling counts, capitals and punctuation do not."""
        return _plain(site) in self._by_name

    def near(self, site: str) -> str | None:
        """The site with the most similar name, as the file calls it; None where none is similar."""
        close = difflib.get_close_matches(_plain(site), self._by_name, n=1)
        return self._by_name[close[0]].site if close else None

    @cached_property
    def _by_name(self) -> Mapping[str, SiteOffer]:
        return MappingProxyType({_plain(one.site): one for one in self.sites})

    @model_validator(mode="after")
    def _once(self) -> SiteOffers:
        if not self.sites:
            raise ValueError("at least one site")
        counts = Counter(_plain(one.site) for one in self.sites)
        if twice := sorted(one.site for one in self.sites if counts[_plain(one.site)] > 1):
            raise ValueError(f"each site once, whatever the case and punctuation; these are alike: {', '.join(twice)}")
        return self


def read_site_offers(path: Path) -> SiteOffers:
    """A deployment's offers from a YAML list of the form of ``FORMAT``.

    Raises:
        BadInput: the file is missing, is not YAML, or breaks the form; every problem names the file and the key.
    """
    return parse_document(SiteOffers, {"sites": read_yaml(path)}, where=path.name)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()
