"""What is told of the ranking by what matters to one patient."""

from __future__ import annotations

from typing import Any

import numpy as np

from data_contracts.preference_ranking import PreferenceRanking, Turn, WeighedAttribute
from data_contracts.profile import PatientProfile
from engine.attribute import Attribute
from engine.decision import Decision
from engine.patient import Patients
from engine.policy import Policy
from engine.preference import Preference, prefer
from engine.preference_sensitivity import Crossing, crossings
from engine.preference_sentences import LEFT_OUT, Comparison, preference_sentences, why_sentence
from engine.weights import weights_for


def preference_ranking(
    profile: PatientProfile, policy: Policy, patients: Patients, decision: Decision
) -> PreferenceRanking | None:
    """The ranking by the weights of the one patient decided for; None if none were given.

    Raises:
        BadInput: a weight on a kind of side effect that is none.
    """
    if profile.preferences is None:
        return None
    given = {key: np.array([weight]) for key, weight in profile.preferences.weights.items()}
    weights = weights_for(policy.attributes, given, 1)
    used = [at for at, one in enumerate(policy.attributes) if one.is_known or weights[0, at] > 0]
    chosen = prefer(patients, decision, [policy.attributes[at] for at in used], weights[:, used])
    return _Told(chosen, decision, weights[0, used].tolist()).ranking()


class _Told:
    """Puts one patient's ranking by utility into words and numbers."""

    def __init__(self, chosen: Preference, decision: Decision, given: list[float]) -> None:
        self._chosen, self._decision, self._given = chosen, decision, given
        self._policy, self._worth = chosen.policy, chosen.utilities
        self._weights = self._worth.weights[0]
        self._offered = decision.offered[0, self._policy.ranked_at]
        total = float(self._weights.sum())
        self._shares = self._weights / total if total else self._weights
        exchange = np.array([attribute.exchange for attribute in self._worth.attributes])
        self._lowest, self._highest = (ends[0] / exchange for ends in (self._worth.least, self._worth.most))
        self._rate = (self._shares / exchange).tolist()
        self._ends = [ends[0].tolist() for ends in (self._worth.least, self._worth.most, self._worth.error)]
        self._interval = chosen.interval[0].tolist()
        self._ranks = chosen.ranking.of_one()
        self._above, self._surely = chosen.dominates[0].T.tolist(), chosen.dominates_surely[0].T.tolist()
        self._weighed = np.flatnonzero(self._weights).tolist()

    def ranking(self) -> PreferenceRanking:
        told, policy = self._chosen.told[0], self._policy
        order = [k for k in self._chosen.order[0].tolist() if told[k]]
        places = self._effect_places()
        comparison = Comparison(
            labels=[policy.labels[arm] for arm in policy.manifest.ranked_arms],
            attributes=[attribute.label for attribute in self._worth.attributes],
            amounts=self._lowest * self._shares,
            known=np.stack([attribute.known for attribute in self._worth.attributes], axis=1),
            by_utility=order,
            by_effect=sorted(order, key=places.__getitem__),
        )
        attributes = self._attributes(bool(order))
        top = [k for k in order if self._chosen.ranking.in_top_set[0, k]]
        held_back = bool(self._chosen.held_back[0] and not self._decision.refused[0])
        told_arms = [self._arm(k, place, places[k], comparison) for place, k in enumerate(order, 1)]
        return PreferenceRanking.model_validate(
            {
                "attributes": attributes,
                "arms": told_arms,
                "first": self._name(order[0]) if order else None,
                "tied_with": [self._name(k) for k in top if k != order[0]],
                "sentences": preference_sentences(comparison, attributes, top, held_back, self._names()),
            }
        )

    def _arm(self, k: int, place: int, effect_place: int, comparison: Comparison) -> dict[str, Any]:
        """One arm by the names of ``ArmPreference``; the whole is made and checked in one go."""
        shown = bool(self._decision.effect_shown[0, self._policy.ranked_at[k]])
        above, surely = self._above[k], self._surely[k]
        return {
            "arm": self._name(k),
            "label": comparison.labels[k],
            "utility": _interval(*self._interval[k]) if shown else None,
            "parts": [self._part(k, at) for at in self._weighed] if shown else [],
            "rank": self._ranks[k],
            "place": place,
            "effect_place": effect_place,
            "dominated_by": [
                {"arm": self._name(other), "beyond_doubt": surely[other]}
                for other in comparison.by_utility
                if above[other]
            ],
            "why": why_sentence(comparison, k),
        }

    def _part(self, k: int, at: int) -> dict[str, Any]:
        """One part by the names of ``Part``."""
        attribute, rate = self._worth.attributes[at], self._rate[at]
        least, most, error = (ends[k][at] for ends in self._ends)
        lower, upper = least - self._policy.z * error, most + self._policy.z * error
        known, figure = bool(attribute.known[k]), attribute.figures[k]
        return {
            "attribute": attribute.key,
            "value": _interval(least, lower, upper) if known else None,
            "amount": _interval(rate * least, rate * lower, rate * upper),
            "source": figure.source if figure else None,
            "verified": figure.verified if figure else known,
        }

    def _attributes(self, ranked: bool) -> tuple[WeighedAttribute, ...]:
        """Everything with weight and, where there is a ranking, everything else that is known of an arm of it."""
        found = []
        for at, attribute in enumerate(self._worth.attributes):
            known = bool((attribute.known & self._offered).any())
            if self._given[at] > 0 or (ranked and known):
                found.append(self._attribute(at, attribute, ranked, known))
        return tuple(found)

    def _attribute(self, at: int, attribute: Attribute, ranked: bool, known: bool) -> WeighedAttribute:
        down = up = None
        if ranked and known:
            order = self._policy.guideline_order[int(self._chosen.more_severe[0])]
            best, allowed = int(self._chosen.ranking.best[0]), self._chosen.allowed[0]
            down, up = crossings(self._lowest, self._weights, at, best, allowed, order)
        nothing = not attribute.known.any()
        figures = [figure for figure, may in zip(attribute.figures, self._chosen.allowed[0], strict=True) if may]
        return WeighedAttribute(
            attribute=attribute.key,
            label=attribute.label,
            weight=float(self._given[at]),
            share=float(self._shares[at]),
            unit=None if nothing else attribute.unit,
            exchange=None if nothing else attribute.exchange,
            source=None if nothing else "records" if attribute.served else "catalogue",
            verified=all(figure.verified for figure in figures if figure),
            left_out=None if known or not self._offered.any() else LEFT_OUT,
            up=self._turn(up),
            down=self._turn(down),
        )

    def _effect_places(self) -> dict[int, int]:
        """Place by effect of each arm that may be ranked, as the answer tells them."""
        at = {arm: k for k, arm in enumerate(self._policy.ranked_at.tolist())}
        offered = self._decision.offered[0]
        told = [at[arm] for arm in self._decision.order[0].tolist() if offered[arm]]
        return {k: place for place, k in enumerate(told, 1)}

    def _turn(self, crossing: Crossing | None) -> Turn | None:
        return None if crossing is None else Turn(weight=crossing.weight, arm=self._name(crossing.arm))

    def _name(self, k: int) -> str:
        return self._policy.manifest.ranked_arms[k]

    def _names(self) -> dict[str, str]:
        return {arm: self._policy.labels[arm] for arm in self._policy.manifest.ranked_arms}


def _interval(estimate: float, lower: float, upper: float) -> dict[str, float]:
    return {"estimate": estimate, "lower": lower, "upper": upper}
