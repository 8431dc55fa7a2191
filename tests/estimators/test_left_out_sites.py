"""Advice at sites that it has not seen: a site unlike the others is found, and nothing is made of too little."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.episode import Episodes
from data_contracts.episode_checks import check_episodes
from data_contracts.protocol import StudyProtocol
from data_contracts.site_value import SiteValues
from data_contracts.tables import table_from_frame
from estimators.designed_study import lay_out
from estimators.learn import learn
from estimators.left_out_sites import large_sites, leave_sites_out, unless_few
from estimators.policy_value import choice

SITES = ("north", "south", "west")


def draw(n: int, seed: int, odd: float) -> pd.DataFrame:
    """Two arms at three sites by lot; arm a helps those with x1 above 0 as much as it harms the others, by ``odd``
    times as much at the site "west".
    """
    rng = np.random.default_rng(seed)
    x, site, arm = rng.normal(size=(n, 3)), rng.choice(SITES, size=n), rng.integers(2, size=n)
    effect = 1.5 * x[:, 0] * np.where(site == "west", odd, 1.0)
    frame = pd.DataFrame(x, columns=["x1", "x2", "x3"])
    frame.insert(0, "patient_id", [f"P{i:04d}" for i in range(n)])
    frame["clinic"], frame["therapy"] = site, np.array(["usual", "a"])[arm]
    frame["score"] = x[:, 1] + arm * effect + rng.normal(size=n)
    return frame


def protocol(**records: str) -> StudyProtocol:
    """Two arms, all columns modifiers."""
    return StudyProtocol.model_validate(
        {
            "name": "sites",
            "records": {"patient_id": "patient_id", "arm": "therapy", "site": "clinic", **records},
            "arms": {"reference": "usual", "offered": ["a"]},
            "outcome": {"column": "score", "direction": "higher_is_better", "unit": "points"},
            "effect_modifiers": ["x1", "x2", "x3"],
            "gates": {"min_effective": 100},
        }
    )


def checked(frame: pd.DataFrame) -> Episodes:
    """Episodes of the frame."""
    return check_episodes(table_from_frame(frame), protocol())


def assessed(frame: pd.DataFrame) -> SiteValues:
    """The sites of a study that was learned."""
    episodes = checked(frame)
    learned = learn(episodes, protocol())
    return leave_sites_out(episodes, lay_out(episodes, protocol()), learned.scored, learned.advice, protocol())


@pytest.fixture(scope="module")
def unlike() -> SiteValues:
    """At the site "west" whom arm a helps is turned round."""
    return assessed(draw(1200, 1, odd=-1.0))


@pytest.fixture(scope="module")
def alike() -> SiteValues:
    """All sites alike."""
    return assessed(draw(1200, 2, odd=1.0))


def test_a_site_unlike_the_others_is_found(unlike: SiteValues) -> None:
    """There the advice of the others does worse than one arm for everyone, by more than chance, and nowhere better."""
    west = next(found for found in unlike.sites if found.site == "west")
    assert [found.site for found in unlike.sites] == list(SITES)
    assert west.individual
    assert west.best_single.upper < 0
    assert west.best_single.difference == min(found.best_single.difference for found in unlike.sites)


def test_where_sites_are_alike_little_is_lost(alike: SiteValues) -> None:
    """Each site gains by the others' advice, above 0 beyond chance; what is lost for not having seen it is 0 within 3
    standard errors, at each and over all; and the overall value is that of all patients.
    """
    assert alike.left_in == 0
    for found in (*alike.sites, alike.overall):
        assert found.individual
        assert found.best_single.lower > 0
        assert abs(found.drop.difference) <= 3 * found.drop.standard_error + 1e-12
    mean = np.mean([found.best_single.difference for found in alike.sites])
    assert alike.overall.best_single.difference == pytest.approx(mean, rel=0.1)


def test_the_gain_is_the_true_one(alike: SiteValues) -> None:
    """With effects 1.5 x1 the best advice gains 1.5 φ(0) = 0.60 over any single arm; the others' advice comes within 3
    standard errors of that.
    """
    gain = alike.overall.best_single
    assert abs(gain.difference - 1.5 / np.sqrt(2 * np.pi)) < 3 * gain.standard_error


@pytest.mark.parametrize(("differ", "told"), [(0, False), (1, False), (10, False), (11, True)])
def test_a_loss_of_ten_patients_is_not_told(differ: int, told: bool) -> None:
    """Where two ways of advising differ for 1 to 10 patients of a site, both count as the same, so that neither their
    number nor how they fared can be read off the difference.
    """
    ours, theirs, can = np.tile([0.0, 1.0], (150, 1)), np.tile([0.0, 2.0], (150, 1)), np.ones((150, 2), dtype=np.bool_)
    ours[:differ, 0] = 3.0
    found = unless_few(ours, theirs, can, np.arange(150))
    assert bool((choice(found, can) != choice(theirs, can)).any()) == told


def test_too_few_sites_are_not_assessed() -> None:
    """No site named, a single one, and a second one of 99 episodes: each says why."""
    frame = draw(500, 3, odd=1.0)
    frame["clinic"] = np.where(np.arange(500) < 99, "small", "large")
    episodes = checked(frame)
    designed: Any = None  # never looked at
    found = leave_sites_out(episodes, designed, designed, designed, protocol())
    assert found.untold == "1 of 2 sites can be left out with 100 episodes there and every arm elsewhere"
    assert (found.sites, found.overall, found.left_in) == ((), None, 2)
    without = protocol().model_copy(update={"records": protocol().records.model_copy(update={"site": None})})
    assert leave_sites_out(episodes, designed, designed, designed, without).untold == "the protocol names no site"


def test_a_site_that_alone_has_an_arm_stays_in() -> None:
    """Without it nobody could learn that arm."""
    frame = draw(900, 4, odd=1.0)
    frame.loc[frame["clinic"] != "west", "therapy"] = "usual"
    episodes = checked(frame)
    assert [episodes.sites[code] for code in large_sites(episodes, protocol())] == ["north", "south"]


def test_sites_keep_their_names_when_arms_leave() -> None:
    """Codes and names go together after an arm, and with it a site, has left."""
    frame = draw(600, 5, odd=1.0)
    frame.loc[frame["clinic"] == "north", "therapy"] = "a"
    left = checked(frame).without(["a"])
    assert left.sites == ("south", "west")
    assert set(left.site.tolist()) == {0, 1}
