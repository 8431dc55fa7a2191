"""The table of worlds: a new one joins it and inherits every check."""

from __future__ import annotations

from collections.abc import Mapping

from data_contracts.errors import BadUsage
from estimators.worlds.clinic import clinic
from estimators.worlds.null import null
from estimators.worlds.smooth import smooth
from estimators.worlds.world import SimulatedWorld, World

WORLDS: Mapping[str, World] = {"clinic": clinic, "null": null, "smooth": smooth}


def simulate(name: str, n: int, seed: int) -> SimulatedWorld:
    """Draw n patients from the world of that name.

    Raises:
        BadUsage: there is no such world, n is under 1 or the seed is negative.
    """
    if name not in WORLDS:
        raise BadUsage(f"there is no world of that name; the worlds are {', '.join(sorted(WORLDS))}")
    return WORLDS[name](n, seed)
