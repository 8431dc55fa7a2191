"""Support as plain arrays of a policy artifact, and what may be wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import numpy as np

from data_contracts.episode import FloatArray, IntArray
from data_contracts.support import CELLS, SIDES, Support

SUPPORT_ARRAYS = tuple(f"support_{field.name}" for field in fields(Support))
"""Names of the arrays: those of the attributes of ``Support``."""


def support_arrays(support: Support) -> dict[str, FloatArray]:
    """The arrays by name, all of them numbers."""
    attributes = (field.name for field in fields(Support))
    return {f"support_{name}": np.asarray(getattr(support, name), dtype=np.float64) for name in attributes}


def support_from(arrays: Mapping[str, FloatArray]) -> Support:
    """What ``support_arrays`` wrote; what is wrong with it is for ``support_problems`` to say."""
    return Support(
        logits=arrays["support_logits"],
        hardly_ever=arrays["support_hardly_ever"],
        similar=arrays["support_similar"],
        region_arm=_whole(arrays["support_region_arm"]),
        region_column=_whole(arrays["support_region_column"]),
        region_sign=arrays["support_region_sign"],
        region_bound=arrays["support_region_bound"],
    )


def support_problems(support: Support, arms: int, columns: int) -> list[str]:
    """Names of the arrays that do not fit K arms and q columns, or hold what is no number; empty if all fit."""
    regions = len(support.region_arm)
    shapes: dict[str, tuple[int, ...]] = {
        "logits": (arms, 1 + columns),
        "hardly_ever": (arms,),
        "similar": (arms, CELLS),
        "region_arm": (regions,),
        "region_column": (regions, SIDES),
        "region_sign": (regions, SIDES),
        "region_bound": (regions, SIDES),
    }
    wrong = {name for name, shape in shapes.items() if getattr(support, name).shape != shape}
    wrong |= {name for name in shapes if not np.isfinite(getattr(support, name)).all()}
    for name, end in (("region_arm", arms), ("region_column", columns)):
        places = getattr(support, name)
        if ((places < 0) | (places >= end)).any():
            wrong.add(name)
    return [f"support_{name}" for name in shapes if name in wrong]


def _whole(places: FloatArray) -> IntArray:
    """Positions; -1, which is none, where there is no whole number."""
    return np.where(np.isfinite(places) & (places == np.rint(places)), places, -1.0).astype(np.int64)
