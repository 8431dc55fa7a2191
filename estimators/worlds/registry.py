"""The table of worlds: a new one joins it and inherits every check."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from data_contracts.errors import BadUsage
from estimators.worlds.clinic import clinic
from estimators.worlds.constant import constant
from estimators.worlds.dropout_by_course import dropout_by_course
from estimators.worlds.equal import equal
from estimators.worlds.five_arm import five_arm
from estimators.worlds.hidden_confounder import hidden_confounder
from estimators.worlds.informative_dropout import informative_dropout
from estimators.worlds.missing_covariates import missing_covariates
from estimators.worlds.never_given import never_given
from estimators.worlds.null import null
from estimators.worlds.other_principles import other_principles
from estimators.worlds.rare_arm import rare_arm
from estimators.worlds.rough import rough
from estimators.worlds.site_shift import site_shift
from estimators.worlds.smooth import smooth
from estimators.worlds.strong_confounding import strong_confounding
from estimators.worlds.world import SimulatedWorld, World

WORLDS: Mapping[str, World] = {
    "clinic": clinic,
    "null": null,
    "equal": equal,
    "constant": constant,
    "smooth_05": partial(smooth, spread=0.5),
    "smooth_10": partial(smooth, spread=1.0),
    "smooth_15": partial(smooth, spread=1.5),
    "smooth_25": partial(smooth, spread=2.5),
    "rough": rough,
    "strong_confounding": strong_confounding,
    "rare_arm": rare_arm,
    "never_given": never_given,
    "informative_dropout": informative_dropout,
    "dropout_by_course": dropout_by_course,
    "missing_covariates": missing_covariates,
    "hidden_confounder": hidden_confounder,
    "site_shift": site_shift,
    "five_arm": five_arm,
    "five_arm_10": partial(five_arm, spread=1.0),
    "five_arm_05": partial(five_arm, spread=0.5),
    "five_arm_null": partial(five_arm, spread=0.0),
    "other_principles": other_principles,
}


def simulate(name: str, n: int, seed: int) -> SimulatedWorld:
    """Draw n patients from the world of that name.

    Raises:
        BadUsage: there is no such world, n is under 1 or the seed is negative.
    """
    if name not in WORLDS:
        raise BadUsage(f"there is no world of that name; the worlds are {', '.join(sorted(WORLDS))}")
    return WORLDS[name](n, seed)
