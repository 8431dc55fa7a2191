"""What is told of the ranking by what matters to one patient."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import numpy as np

from data_contracts.interval import Interval
from data_contracts.kept import kept
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
from engine.preference_sensitivity import Crossing, Crossings, crossings
from engine.preference_sentences import LEFT_OUT, Comparison, preference_sentences, why_sentence
from engine.utility import TOLD
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
    weights = weights_for(policy.attribute_places, profile.preferences.weights, 1)
    used = tuple(sorted(policy.known_attributes.union(weights[0].nonzero()[0].tolist())))
    chosen = prefer(patients, decision, policy.attribute_table(used), weights.take(used, axis=1))
    return _Told(chosen, decision, weights[0].take(used).tolist()).ranking()


class _Told:
    """Puts one patient's ranking by utility into words and numbers; what is told in bulk comes from columns."""

    def __init__(self, chosen: Preference, decision: Decision, given: list[float]) -> None:
        self._chosen, self._decision, self._given = chosen, decision, given
        self._policy, worth = chosen.policy, chosen.utilities
        self._table, self._names = worth.table, chosen.policy.manifest.ranked_arms
        self._weights = worth.weights[0]
        self._shares = self._weights / (self._weights.sum() or 1.0)
        self._weighed = self._weights.nonzero()[0]
        self._offered = decision.offered[0, self._policy.ranked_at]
        self._ranks = chosen.ranking.of_one()
        self._ends = worth.values[TOLD, 0]
        self._amounts = self._ends * (self._shares / self._table.exchange)[:, None]

    def ranking(self) -> PreferenceRanking:
        policy, told = self._policy, self._chosen.told[0].tolist()
        order = [k for k in self._chosen.order[0].tolist() if told[k]]
        places = self._effect_places()
        comparison = Comparison(
            labels=policy.ranked_labels,
            attributes=self._table.labels,
            weighed=self._weighed.tolist(),
            amounts=self._amounts[0].T.tolist(),
            known=self._table.known_of,
            by_utility=order,
            by_effect=sorted(order, key=places.__getitem__),
        )
        attributes = self._attributes(bool(order))
        top = [k for k in order if self._ranks[k].in_top_set]
        held_back = bool(self._chosen.held_back[0] and not self._decision.refused[0])
        return PreferenceRanking(
            attributes=attributes,
            arms=self._arms(comparison, places),
            first=self._names[order[0]] if order else None,
            tied_with=tuple([self._names[k] for k in top if k != order[0]]),
            sentences=preference_sentences(comparison, attributes, top, held_back, policy.labels),
        )

    def _arms(self, comparison: Comparison, places: dict[int, int]) -> tuple[ArmPreference, ...]:
        if not comparison.by_utility:
            return ()
        chosen, names, by_utility = self._chosen, self._names, comparison.by_utility
        shown = self._decision.effect_shown[0, self._policy.ranked_at].tolist()
        utilities, parts = list(map(Interval, *chosen.interval[0].T.tolist())), self._parts()
        above, surely = chosen.dominates[0].T.tolist(), chosen.dominates_surely[0].T.tolist()
        return tuple(
            [
                ArmPreference(
                    arm=names[k],
                    label=comparison.labels[k],
                    utility=utilities[k] if shown[k] else None,
                    parts=parts[k] if shown[k] else (),
                    rank=self._ranks[k],
                    place=place,
                    effect_place=places[k],
                    dominated_by=_dominated_by(by_utility, names, above[k], surely[k]) if True in above[k] else (),
                    why=why_sentence(comparison, k),
                )
                for place, k in enumerate(by_utility, 1)
            ]
        )

    def _parts(self) -> list[tuple[Part, ...]]:
        """(K,) what each attribute with weight adds to each arm's utility."""
        columns = []
        ends, amounts = (of_all.take(self._weighed, axis=1).swapaxes(0, 1) for of_all in (self._ends, self._amounts))
        for at, value, amount in zip(self._weighed.tolist(), ends.tolist(), amounts.tolist(), strict=True):
            one = self._table.attributes[at]
            values = one.catalogue_values if one.outcome is None else map(Interval, *value)
            columns.append(map(Part, repeat(one.key), values, map(Interval, *amount), one.sources, one.verified))
        return list(zip(*columns, strict=True))

    def _attributes(self, ranked: bool) -> tuple[WeighedAttribute, ...]:
        """Everything with weight and, where there is a ranking, everything else that is known of an arm of it."""
        table, allowed = self._table, self._chosen.allowed[0]
        known = np.logical_or.reduce(table.known[self._offered], axis=0).tolist()
        read = np.logical_and.reduce(table.figures_read[allowed], axis=0).tolist()
        turns = self._crossings if ranked else [(None, None)] * len(known)
        columns = zip(table.attributes, self._given, self._shares.tolist(), known, read, turns, strict=True)
        return tuple([self._attribute(*one) for one in columns if one[1] > 0 or (ranked and one[3])])

    @kept
    def _crossings(self) -> Crossings:
        chosen = self._chosen
        order = self._policy.guideline.of_ranked[int(chosen.more_severe[0])]
        values = np.divide(self._ends[0].T, self._table.exchange, order="C")
        return crossings(values, self._weights, int(chosen.ranking.best[0]), chosen.allowed[0], order)

    def _attribute(
        self,
        attribute: Attribute,
        weight: float,
        share: float,
        known: bool,
        verified: bool,
        turns: tuple[Crossing | None, Crossing | None],
    ) -> WeighedAttribute:
        nothing = not attribute.is_known
        down, up = turns if known else (None, None)
        return WeighedAttribute(
            attribute=attribute.key,
            label=attribute.label,
            weight=weight,
            share=share,
            unit=None if nothing else attribute.unit,
            exchange=None if nothing else attribute.exchange,
            source=None if nothing else "catalogue" if attribute.outcome is None else "records",
            verified=verified,
            left_out=None if known or not self._offered.any() else LEFT_OUT,
            up=self._turn(up),
            down=self._turn(down),
        )

    def _effect_places(self) -> dict[int, int]:
        """Place by effect of each arm that may be ranked, as the answer tells them."""
        at, offered = self._policy.rank_of, self._decision.offered[0].tolist()
        told = [at[arm] for arm in self._decision.order[0].tolist() if offered[arm]]
        return {k: place for place, k in enumerate(told, 1)}

    def _turn(self, crossing: Crossing | None) -> Turn | None:
        return None if crossing is None else Turn(weight=crossing.weight, arm=self._names[crossing.arm])


def _dominated_by(
    by_utility: Sequence[int], names: Sequence[str], above: Sequence[bool], surely: Sequence[bool]
) -> tuple[Dominance, ...]:
    return tuple([Dominance(names[other], surely[other]) for other in by_utility if above[other]])
