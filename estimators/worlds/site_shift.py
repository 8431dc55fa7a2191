"""A world of twelve sites with different patients, habits and courses, and four with different effects."""

from __future__ import annotations

import numpy as np

from estimators.worlds.ground import ARMS, draw_covariates, ground_protocol, outcome, propensity, records_of
from estimators.worlds.smooth import smooth_means
from estimators.worlds.world import SimulatedWorld, as_text, draw_arms, generator, truth_table

SITES = 12
APART = np.linspace(-1.0, 1.0, SITES)
"""Where each site stands between the mildest and the most severe."""
SEVERITY = 0.6
"""Mean of x1 at the most severe site, SDs; minus that at the mildest. x3 goes half as far the other way."""
COURSE = 1.0
"""Points by which patients fare worse at every second site and better at the others, whoever they are. That services
differ much in outcome: Clark et al. 2018, Lancet 391:679; the size is ours."""
HABIT = 0.5
"""Log-odds of arms c and d at every second site beyond the others'."""
OTHERS = 4
"""Number of sites, the most severe ones, at which arm c works less well and arm a better."""
SHIFT = (0.0, 1.0, 0.0, -1.5, 0.0)
"""Benefit of each arm at those sites beyond the other sites', points."""


def site_shift(n: int, seed: int) -> SimulatedWorld:
    """Draw n patients at twelve sites of equal size; smooth effects of SD 1 apart from the sites'.

    The site is recorded, may modify effects and confounds (habits and course differ). A model learned at the first
    eight sites misleads at the last four, which is what leave-site-out checks are to find. That models of treatment
    outcome fail outside their own trials: Chekroud et al. 2024, Science 383:164 (schizophrenia). Sizes are ours.
    """
    rng = generator(n, seed)
    x = draw_covariates(n, rng)
    site = rng.integers(SITES, size=n)
    x[:, 0] += SEVERITY * APART[site]
    x[:, 2] -= SEVERITY / 2 * APART[site]
    second, other = site % 2 == 1, site >= SITES - OTHERS
    mu = smooth_means(x) + COURSE * np.where(second, 1.0, -1.0)[:, None] - other[:, None] * np.asarray(SHIFT)
    chances = propensity(x, log_odds=second[:, None] * np.asarray([0, 0, 0, HABIT, HABIT]))
    arm = draw_arms(chances, rng)
    records = records_of(x, arm, outcome(mu, arm, rng))
    records["site"] = as_text([f"site_{number:02d}" for number in range(1, SITES + 1)], site)
    truth = truth_table(ARMS, mu, chances, np.ones(n), sign=-1)
    return SimulatedWorld(records, ground_protocol("site_shift", site="site"), truth)
