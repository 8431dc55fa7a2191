"""The catalogue of therapies: names for clinicians and patients, codes, cautions, and the guideline's order."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_contracts.code import Code
from data_contracts.errors import BadInput, Problem
from data_contracts.figure import Figure
from data_contracts.protocol_file import parse_document
from data_contracts.shipped import read_shipped
from data_contracts.therapy_time import TherapyTime

Kind = Literal["talking", "medication", "combined", "self_help", "activity", "waiting", "other"]
Level = Literal["less_severe", "more_severe"]
Tag = Literal[
    "waiting", "psychological", "self_help", "physical", "medication", "combined", "service",
    "individual", "group", "couple", "digital",
    "trauma_focused", "may_be_trauma_focused", "anxiety_only", "relapse_prevention", "augmentation",
    "antidepressant", "ssri", "snri", "nassa_or_sari", "ndri", "tca", "serotonergic",
]  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Position(_Part):
    """Where the guideline lists a therapy, 1 first; None where it does not list it."""

    less_severe: int | None = Field(default=None, ge=1)
    more_severe: int | None = Field(default=None, ge=1)


class Therapy(_Part):
    """One therapy.

    Attributes:
        key: how it is called in protocols and policies, for example "GSH_ICBT".
        name: what a clinician reads.
        plain_name: what a patient reads.
        kind: what sort of therapy it is.
        tags: what it is, for rules and pages that speak of many therapies at once.
        delivery: how it is given.
        codes: what record systems call it.
        usual_length: how long it usually takes, where that can be said.
        asks: what it asks of a patient, in the patient's words.
        time: the same in numbers, with the hours spent with practitioners.
        review: when progress is usually looked at, where that can be said.
        cautions: what to think of before starting it.
        guideline: its places in the guideline's two lists.
        aliases: names of arms that mean it, in lower case with underscores.
    """

    key: str = Field(pattern=r"^[A-Z][A-Z_]{0,19}$")
    name: str = Field(min_length=1)
    plain_name: str = Field(min_length=1)
    kind: Kind
    tags: tuple[Tag, ...] = Field(min_length=1)
    delivery: Figure[str]
    codes: tuple[Code, ...] = ()
    usual_length: Figure[str] | None = None
    asks: Figure[str] | None = None
    time: TherapyTime = TherapyTime()
    review: Figure[str] | None = None
    cautions: tuple[Figure[str], ...] = ()
    guideline: Position = Position()
    aliases: tuple[str, ...] = ()


class GuidelineList(_Part):
    """One list of the guideline, with its order as a whole checked or not.

    Attributes:
        title: which list it is.
        entries: the treatments in its order, in its words.
        source: where the order stands.
        verified: whether that source was read.
    """

    title: str = Field(min_length=1)
    entries: tuple[str, ...] = Field(min_length=1)
    source: str = Field(min_length=1)
    verified: bool


class Catalogue(_Part):
    """The file `therapies.yaml`.

    Attributes:
        version: raised whenever a therapy comes, goes or changes.
        guidelines: the guideline's lists, by severity of the depression.
        therapies: every therapy.
    """

    version: int = Field(ge=1)
    guidelines: dict[Level, GuidelineList]
    therapies: tuple[Therapy, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_once(self) -> Catalogue:
        names = [_plain(name) for therapy in self.therapies for name in {therapy.key.lower(), *therapy.aliases}]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"each key and alias means one therapy; used twice: {', '.join(twice)}")
        return self


@cache
def load_catalogue() -> Catalogue:
    """The whole catalogue, read once from the package."""
    return parse_document(Catalogue, read_shipped("therapies.yaml"), where="therapies.yaml")


@cache
def load_therapies() -> Mapping[str, Therapy]:
    """All therapies by key, read once from the package."""
    return MappingProxyType({therapy.key: therapy for therapy in load_catalogue().therapies})


def therapy_for(arm: str, mapping: Mapping[str, str]) -> Therapy | None:
    """The therapy that an arm's name means, or None if its name does not say.

    Args:
        arm: the arm's name in a protocol or record; case and punctuation do not matter.
        mapping: arm name -> key or alias, the protocol's `arms.therapies`; it wins over the name itself.

    Raises:
        BadInput: the mapping names a therapy that the catalogue does not hold.
    """
    mapped = {_plain(name): key for name, key in mapping.items()}.get(_plain(arm))
    if mapped is None:
        return _by_name().get(_plain(arm))
    if therapy := _by_name().get(_plain(mapped)):
        return therapy
    near = difflib.get_close_matches(mapped.upper(), load_therapies(), n=1)
    step = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(load_therapies())}."
    raise BadInput([Problem(f"arms.therapies, {arm}", "a key of the therapy catalogue", "an unknown one", step)])


def therapies_in(name: str) -> Mapping[str, Therapy]:
    """By the alias or key that tells it, each therapy that a longer name speaks of: "cbt_plus_ipt" of two."""
    whole = f"_{_plain(name)}_"
    found = {told: therapy for told, therapy in _by_name().items() if f"_{told}_" in whole}
    return {told: one for told, one in found.items() if not _is_part(told, found, whole)}


def _is_part(told: str, found: Mapping[str, Therapy], whole: str) -> bool:
    """Whether a name stands in the whole as part of a longer one alone, as "guided_self_help" does before "_book"."""
    longer = [other for other in found if other != told and f"_{told}_" in f"_{other}_"]
    for other in sorted(longer, key=len, reverse=True):
        if found[other].kind != "combined":
            whole = whole.replace(f"_{other}_", "__")
    return f"_{told}_" not in whole


def mapping_problems(mapping: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with a protocol's `arms.therapies`: each key that the catalogue does not hold."""
    for arm in mapping:
        try:
            therapy_for(arm, mapping)
        except BadInput as error:
            yield from error.problems


def tagged(tag: Tag) -> tuple[str, ...]:
    """Keys of the therapies that carry a tag, in the catalogue's order."""
    return tuple(key for key, therapy in load_therapies().items() if tag in therapy.tags)


def guideline_position(therapy: Therapy, severity: Level) -> int | None:
    """The therapy's place in the guideline's list for that severity, 1 first; None if it is not listed.

    Two therapies may share a place (both forms of guided self-help do).
    """
    return therapy.guideline.less_severe if severity == "less_severe" else therapy.guideline.more_severe


@cache
def _by_name() -> Mapping[str, Therapy]:
    therapies = load_therapies().values()
    named = {_plain(alias): therapy for therapy in therapies for alias in therapy.aliases}
    return MappingProxyType(named | {_plain(therapy.key): therapy for therapy in therapies})


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
