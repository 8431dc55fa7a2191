"""Reads the weights that were given, for the attributes of a policy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from data_contracts.episode import FloatArray
from data_contracts.errors import BadInput, Problem
from data_contracts.preferences import SIDE_EFFECT


def weights_for(place: Mapping[str, int], given: Mapping[str, FloatArray | float], n: int) -> FloatArray:
    """(n, M) weights of n patients, 0 where none was given.

    Args:
        place: by key, the place of each of the M attributes of a policy.
        given: by key, the weight or the (n,) weights.
        n: number of patients.

    Raises:
        BadInput: a weight on a kind of side effect that is none.
    """
    found = np.zeros((n, len(place)))
    for key, weight in given.items():
        if key in place:
            found[:, place[key]] = weight
        elif is_side_effect(key):
            kinds = [known.removeprefix(SIDE_EFFECT) for known in place if is_side_effect(known)]
            raise BadInput(list(unknown_kinds(kinds, given)))
    return found


def is_side_effect(key: str) -> bool:
    """Whether a key of ``Preferences.weights`` is of a kind of side effect."""
    return key.startswith(SIDE_EFFECT)


def unknown_kinds(kinds: Sequence[str], given: Iterable[str]) -> Iterator[Problem]:
    """What is weighed and is no known kind of side effect.

    Args:
        kinds: the known ones.
        given: keys of ``Preferences.weights``.
    """
    weighed = {key.removeprefix(SIDE_EFFECT) for key in given if is_side_effect(key)}
    for kind in sorted(weighed - set(kinds)):
        near = difflib.get_close_matches(kind, kinds, n=1)
        step = f"Did you mean {near[0]}?" if near else f"Known kinds: {', '.join(kinds)}."
        yield Problem("preferences.side_effects", "known kinds of side effects", "an unknown one", step)
