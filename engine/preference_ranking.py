"""What is told of the ranking by what matters to one patient."""

from __future__ import annotations

import operator
from functools import cached_property

import numpy as np

from data_contracts.interval import Interval
from data_contracts.preference_ranking import (
    ArmPreference,
    Dominance,
    Part,
    PreferenceRanking,
    Turn,
    WeighedAttribute,
)
from data_contracts.profile import PatientProfile
from engine.attribute import Attribute
from engine.decision import Decision
from engine.patient import Patients
from engine.policy import Policy
from engine.preference import Preference, prefer
from engine.preference_sensitivity import Crossing, Lead
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
    """Puts one patient's ranking by utility into words and numbers; plain ones, since arms and attributes are few."""

    def __init__(self, chosen: Preference, decision: Decision, given: list[float]) -> None:
        self._chosen, self._decision, self._given = chosen, decision, given
        self._policy, worth = chosen.policy, chosen.utilities
        self._known = worth.attributes
        self._weights: list[float] = worth.weights[0].tolist()
        self._offered: list[bool] = decision.offered[0, self._policy.ranked_at].tolist()
        self._allowed: list[bool] = chosen.allowed[0].tolist()
        total = sum(self._weights) or 1.0
        self._shares = [weight / total for weight in self._weights]
        rate = np.array([share / one.exchange for share, one in zip(self._shares, self._known, strict=True)])
        margin = self._policy.z * worth.error[0]
        ends = np.stack([worth.least[0], worth.least[0] - margin, worth.most[0] + margin], axis=-1)
        self._values: list[list[list[float]]] = ends.tolist()
        self._amounts: list[list[list[float]]] = (ends * rate[:, None]).tolist()
        self._interval = chosen.interval[0].tolist()
        self._ranks = chosen.ranking.of_one()
        self._above, self._surely = chosen.dominates[0].T.tolist(), chosen.dominates_surely[0].T.tolist()
        self._weighed = [at for at, weight in enumerate(self._weights) if weight]

    def ranking(self) -> PreferenceRanking:
        told, policy = self._chosen.told[0].tolist(), self._policy
        order = [k for k in self._chosen.order[0].tolist() if told[k]]
        places = self._effect_places()
        comparison = Comparison(
            labels=[policy.labels[arm] for arm in policy.manifest.ranked_arms],
            attributes=[attribute.label for attribute in self._known],
            amounts=[[amount[0] for amount in arm] for arm in self._amounts],
            known=list(zip(*(attribute.known_of for attribute in self._known), strict=True)),
            by_utility=order,
            by_effect=sorted(order, key=places.__getitem__),
        )
        attributes = self._attributes(bool(order))
        top = [k for k in order if self._ranks[k].in_top_set]
        held_back = bool(self._chosen.held_back[0] and not self._decision.refused[0])
        return PreferenceRanking(
            attributes=attributes,
            arms=tuple(self._arm(k, place, places[k], comparison) for place, k in enumerate(order, 1)),
            first=self._name(order[0]) if order else None,
            tied_with=tuple(self._name(k) for k in top if k != order[0]),
            sentences=preference_sentences(comparison, attributes, top, held_back, policy.labels),
        )

    def _arm(self, k: int, place: int, effect_place: int, comparison: Comparison) -> ArmPreference:
        shown, above, surely = self._shown[k], self._above[k], self._surely[k]
        return ArmPreference(
            arm=self._name(k),
            label=comparison.labels[k],
            utility=Interval(*self._interval[k]) if shown else None,
            parts=tuple(self._part(k, at) for at in self._weighed) if shown else (),
            rank=self._ranks[k],
            place=place,
            effect_place=effect_place,
            dominated_by=tuple(
                Dominance(self._name(other), surely[other]) for other in comparison.by_utility if above[other]
            ),
            why=why_sentence(comparison, k),
        )

    @cached_property
    def _shown(self) -> list[bool]:
        """Ranked arms whose effects over the reference are shown."""
        return self._decision.effect_shown[0, self._policy.ranked_at].tolist()  # type: ignore[no-any-return]

    def _part(self, k: int, at: int) -> Part:
        attribute = self._known[at]
        value = Interval(*self._values[k][at]) if attribute.known_of[k] else None
        return Part(attribute.key, value, Interval(*self._amounts[k][at]), *attribute.sources[k])

    def _attributes(self, ranked: bool) -> tuple[WeighedAttribute, ...]:
        """Everything with weight and, where there is a ranking, everything else that is known of an arm of it."""
        found = []
        for at, attribute in enumerate(self._known):
            known = any(map(operator.and_, attribute.known_of, self._offered))
            if self._given[at] > 0 or (ranked and known):
                found.append(self._attribute(at, attribute, ranked, known))
        return tuple(found)

    @cached_property
    def _lead(self) -> Lead:
        values = [
            [least / one.exchange for (least, *_), one in zip(arm, self._known, strict=True)] for arm in self._values
        ]
        order = self._policy.guideline_order[int(self._chosen.more_severe[0])].tolist()
        return Lead.of(values, self._weights, int(self._chosen.ranking.best[0]), self._allowed, order)

    def _attribute(self, at: int, attribute: Attribute, ranked: bool, known: bool) -> WeighedAttribute:
        down, up = self._lead.crossings(at) if ranked and known else (None, None)
        nothing = not attribute.is_known
        return WeighedAttribute(
            attribute=attribute.key,
            label=attribute.label,
            weight=self._given[at],
            share=self._shares[at],
            unit=None if nothing else attribute.unit,
            exchange=None if nothing else attribute.exchange,
            source=None if nothing else "records" if attribute.served else "catalogue",
            verified=all(read for read, may in zip(attribute.figures_read, self._allowed, strict=True) if may),
            left_out=None if known or not any(self._offered) else LEFT_OUT,
            up=self._turn(up),
            down=self._turn(down),
        )

    def _effect_places(self) -> dict[int, int]:
        """Place by effect of each arm that may be ranked, as the answer tells them."""
        at = {arm: k for k, arm in enumerate(self._policy.ranked_at.tolist())}
        offered = self._decision.offered[0].tolist()
        told = [at[arm] for arm in self._decision.order[0].tolist() if offered[arm]]
        return {k: place for place, k in enumerate(told, 1)}

    def _turn(self, crossing: Crossing | None) -> Turn | None:
        return None if crossing is None else Turn(weight=crossing.weight, arm=self._name(crossing.arm))

    def _name(self, k: int) -> str:
        return self._policy.manifest.ranked_arms[k]
