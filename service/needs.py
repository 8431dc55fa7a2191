"""What a policy and the safety rules read of a patient, and what is wrong with a profile in that light."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from data_contracts.encoding import Feature
from data_contracts.errors import BadInput, Problem
from data_contracts.fact import UnreadableFact, read_fact
from data_contracts.manifest import PolicyManifest
from data_contracts.preferences import kinds_of_side_effects
from data_contracts.profile import PatientProfile
from data_contracts.rule import RuleSet
from engine.data_checks import SCORE, names_checked
from engine.fact_readings import acknowledged_in, acknowledgement_problems
from engine.weights import unknown_kinds

ITEM = re.compile(r"(?P<of>.*?[a-z].*?)[^a-z0-9]*(?:item|question|q)?[^a-z0-9]*0*(?P<number>[1-9][0-9]*)")
"""A name that ends with the number of an item."""


@dataclass(frozen=True)
class Needs:
    """The names that are read.

    Attributes:
        features: of the policy, effect modifiers among them.
        facts: of the safety rules.
        arms: of the study.
        side_effects: kinds of side effects that can be weighed.
        stood_in: facts that the policy's own features stand in for where they are not given.
        waiting: ids of the rules that wait for an acknowledgement.
        consent: facts that say whether the patient agreed to decision support.
    """

    features: tuple[Feature, ...]
    facts: tuple[str, ...]
    arms: tuple[str, ...]
    side_effects: tuple[str, ...] = ()
    stood_in: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    consent: tuple[str, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every name that is read, features first."""
        return tuple(dict.fromkeys((*(feature.name for feature in self.features), *self.facts)))

    @cached_property
    def known(self) -> frozenset[str]:
        """The same names, to look one up."""
        return frozenset(self.names)


def needs_of(manifest: PolicyManifest, rules: RuleSet) -> Needs:
    """What a policy and a set of rules read."""
    outcome, arms = manifest.outcome, tuple(arm.name for arm in manifest.arms)
    stood_in = (SCORE,) if outcome.baseline and "PHQ-9" in outcome.unit else ()
    effects = kinds_of_side_effects(manifest.secondary)
    return Needs(manifest.encoding.features, rules.facts, arms, effects, stood_in, rules.waiting, rules.consent)


def check_profile(profile: PatientProfile, needs: Needs) -> None:
    """Check what a schema cannot know.

    Raises:
        BadInput: text in a numeric feature, a safety fact out of its range, a misspelt fact, a day
            of what is no fact, an unknown arm, a weight on an unknown kind of side effect, an acknowledgement of no
            rule that waits for one.
    """
    if problems := list(_profile_problems(profile, needs)):
        raise BadInput(problems)


def misspelt_facts(given: Iterable[str], needs: Needs, after: str = "") -> Iterator[Problem]:
    """Unread names that differ from a safety fact's, or from it with what follows, by case or punctuation alone.

    Left alone, such a fact would count as unknown though somebody gave it, or as a no beside a yes in another
    spelling, and a crisis could go unseen; one whose day is misspelt would count as current. Of an item that is not
    given other ways to say that it is one are told too: `epds_q10`, `cssrs_item4`, `phq9_9`.
    """
    known = set(given)
    if not (unread := known - needs.known):
        return
    names = tuple([fact + after for fact in needs.facts])
    unread -= names_checked(known).union(names)
    letters, items = {_letters(name) for name in unread}, {_item(name) for name in unread}
    for name, spelt, item in _spellings(names):
        if spelt in letters or (name not in known and item in items):
            yield Problem(name, f"the name {name}, exactly so", "the name in another spelling", "Correct the name.")


def nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    """The next step for a name that is missing or not known."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {near[0]}?" if near else otherwise


def _profile_problems(profile: PatientProfile, needs: Needs) -> Iterator[Problem]:
    if not profile.patient_id.isprintable():
        yield Problem("patient_id", "printable characters", "a control character", "Correct the identifier.")
    given = (fact for fact in needs.facts if fact in profile.values)
    unread = {fact: problem for fact in given if (problem := _fact_problem(fact, profile))}
    for feature in needs.features:
        text = isinstance(profile.values.get(feature.name), str)
        if feature.kind == "numeric" and text and feature.name not in unread:
            step = "Give the number, or leave it out if it is not known."
            yield Problem(f"values.{feature.name}", "a number", "text", step)
    yield from unread.values()
    yield from misspelt_facts(profile.values, needs)
    if not set(profile.as_of) <= set(needs.facts):
        yield Problem("as_of", "names of safety facts", "another name", "Correct the name, or leave it out.")
    for name in sorted(set(profile.exclusions) - set(needs.arms)):
        step = nearest(name, needs.arms, f"Known arms: {', '.join(needs.arms)}.")
        yield Problem("exclusions", "arms of the policy", "an unknown arm", step)
    if profile.preferences:
        yield from unknown_kinds(needs.side_effects, profile.preferences.weights)
    yield from acknowledgement_problems({rule for rule, _ in acknowledged_in(profile)}, needs.waiting)


def _fact_problem(fact: str, profile: PatientProfile) -> Problem | None:
    try:
        read_fact(fact, profile.values.get(fact))
    except UnreadableFact as error:
        return error.problem
    return None


@lru_cache(maxsize=32)
def _spellings(names: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Names of facts with what other spellings of them have in common; kept, as policies and rules recur."""
    return tuple((name, _letters(name), _item(name)) for name in names)


def _item(name: str) -> str:
    """The letters, at the end of which an item of many stands in one way: `epds10` and `epds_q10` as epds_item10."""
    match = ITEM.fullmatch(name.casefold())
    return f"{_letters(match['of'])}#{match['number']}" if match else _letters(name)


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
