"""Outcomes beside the primary one as named arrays of a policy artifact, stacked by outcome, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from data_contracts.effects import ServedEffects
from data_contracts.episode import FloatArray
from data_contracts.secondary_outcome import SecondaryOutcome
from data_contracts.secondary_served import SecondaryServed, ServedLevel

SECONDARY_ARRAYS = (
    *("secondary_coefficients", "secondary_root", "secondary_individualised"),
    *("secondary_average_effects", "secondary_average_covariance"),
)
"""Of every outcome, in the manifest's order; there are none where a policy has no such outcome."""

LEVEL_ARRAYS = ("level_coefficients", "level_root", "level_weights")
"""Of every yes-or-no outcome, in the same order; there are none where there is no such outcome."""


def array_names(outcomes: Sequence[SecondaryOutcome]) -> tuple[str, ...]:
    """Names of the arrays that a policy with these outcomes has."""
    levels = any(outcome.kind == "yes_no" for outcome in outcomes)
    return (SECONDARY_ARRAYS if outcomes else ()) + (LEVEL_ARRAYS if levels else ())


def secondary_arrays(served: Sequence[SecondaryServed]) -> dict[str, FloatArray]:
    """The arrays by name, all of them numbers; roots of fewer rows than the longest end in zeros."""
    if not served:
        return {}
    found = {
        "secondary_coefficients": np.stack([one.effects.coefficients for one in served]),
        "secondary_root": _stacked([one.effects.root for one in served]),
        "secondary_individualised": np.stack([one.effects.individualised.astype(np.float64) for one in served]),
        "secondary_average_effects": np.stack([one.average_effects for one in served]),
        "secondary_average_covariance": np.stack([one.average_covariance for one in served]),
    }
    levels = [one.level for one in served if one.level is not None]
    if levels:
        found["level_coefficients"] = np.stack([level.coefficients for level in levels])
        found["level_root"] = _stacked([level.root for level in levels])
        found["level_weights"] = np.stack([level.weights for level in levels])
    return found


def secondary_problems(
    arrays: Mapping[str, FloatArray], outcomes: Sequence[SecondaryOutcome], arms: int, terms: int
) -> list[str]:
    """Names of the arrays that do not fit these outcomes, K arms and P terms, or hold what is no number."""
    o, k, p, y = len(outcomes), arms, 1 + terms, sum(outcome.kind == "yes_no" for outcome in outcomes)
    shapes: dict[str, tuple[int, ...]] = {
        "secondary_coefficients": (o, k, p),
        "secondary_root": (o, -1, k, p),
        "secondary_individualised": (o, k),
        "secondary_average_effects": (o, k),
        "secondary_average_covariance": (o, k, k),
        "level_coefficients": (y, p),
        "level_root": (y, -1, p),
        "level_weights": (y, k),
    }
    names = array_names(outcomes)
    return [name for name in names if not _fits(arrays[name], shapes[name]) or not np.isfinite(arrays[name]).all()]


def secondary_from(
    arrays: Mapping[str, FloatArray], outcomes: Sequence[SecondaryOutcome]
) -> tuple[SecondaryServed, ...]:
    """What ``secondary_arrays`` wrote, once ``secondary_problems`` has found nothing wrong with it."""
    found = []
    level = 0
    for i, outcome in enumerate(outcomes):
        effects = ServedEffects(
            coefficients=arrays["secondary_coefficients"][i],
            root=arrays["secondary_root"][i],
            individualised=arrays["secondary_individualised"][i].astype(np.bool_),
        )
        averages = arrays["secondary_average_effects"][i], arrays["secondary_average_covariance"][i]
        of_level = None
        if outcome.kind == "yes_no":
            of_level = ServedLevel(*(arrays[name][level] for name in LEVEL_ARRAYS))
            level += 1
        found.append(SecondaryServed(outcome, effects, *averages, level=of_level))
    return tuple(found)


def _stacked(roots: Sequence[FloatArray]) -> FloatArray:
    found = np.zeros((len(roots), max(len(root) for root in roots), *roots[0].shape[1:]))
    for i, root in enumerate(roots):
        found[i, : len(root)] = root
    return found


def _fits(array: FloatArray, shape: tuple[int, ...]) -> bool:
    return array.ndim == len(shape) and all(
        asked in (-1, found) for asked, found in zip(shape, array.shape, strict=True)
    )
