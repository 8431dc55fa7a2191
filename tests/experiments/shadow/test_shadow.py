"""The value of advice in shadow mode: it covers the truth, waits for enough, and looks at nothing before."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.protocol import Records
from data_contracts.tables import table_from_frame
from estimators.logged_advice import value_of_advice
from estimators.policy_value import as_treated, compare
from estimators.scored_study import score_study
from experiments.shadow import judged as judging
from experiments.shadow.judged import FEWEST_ADVISED
from experiments.shadow.linked import ADVISED, APART, HOLDS_DAYS, NO_CARD, TOO_OLD, with_advice
from experiments.shadow.log import AdviceLog, LoggedCard
from experiments.shadow.summary import needed, summary_of, verdict_of

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def deployment(deploy: Callable[..., Any]) -> Any:
    """Six hundred patients whom effects differ for."""
    return deploy("smooth_15", 600, 11)


@pytest.fixture(scope="module")
def judged(deployment: Any) -> Any:
    """What the lab makes of them."""
    return deployment.judged()


def test_the_estimate_covers_the_truth(deployment: Any, judged: Any) -> None:
    """Of 600 patients advised by somebody who knows a good deal, three estimates lie about what that was truly worth.

    Within three standard errors, of a draw that was fixed before; how often the interval covers it is a slow test's.
    """
    worth, value = deployment.worth(judged), judged.value
    for gain in (value.aipw, value.self_normalised, value.ips):
        assert abs(gain.difference - worth) < 3 * gain.standard_error
    assert verdict_of(judged) == "better"
    assert value.aipw.standard_error < value.self_normalised.standard_error < value.ips.standard_error


@pytest.mark.slow
@pytest.mark.parametrize("world", ["smooth_15", "informative_dropout"])
def test_over_many_deployments_it_covers_as_often_as_it_says(deploy: Callable[..., Any], world: str) -> None:
    """Of 60 simulated deployments the 90 % interval covers the true worth in 54, give or take chance.

    Fewer than 47 (or a standardised error off zero by more than 3 / sqrt(60)) comes of a sound estimate less than
    once in two hundred times; the truth is that of the patients drawn, so that more than 54 is no fault. Where the
    design does not hold nothing is told, and the next deployment is taken.
    """
    covered, errors, seed = 0, [], 1000
    while len(errors) < 60:
        deployment, seed = deploy(world, 600, seed), seed + 1
        found = deployment.judged()
        if found.value is None:
            assert not found.design.passed or not found.is_enough
            continue
        worth, gain = deployment.worth(found), found.value.aipw
        covered += gain.lower <= worth <= gain.upper
        errors.append((gain.difference - worth) / gain.standard_error)
    assert covered >= 47
    assert abs(float(np.mean(errors))) < 3 / math.sqrt(60)


def test_three_ways_computed_again(judged: Any) -> None:
    """AIPW is what the study's own policy value says of the same advice; both IPS are what their formulas say."""
    design, rows = judged.design, judged.advised >= 0
    scored = score_study(design.episodes, judged.protocol, lambda *_: None, design.designed).primary.rows(rows)
    advised, value = judged.advised[rows], judged.value
    own = scored.scores[np.arange(len(advised)), advised]
    again = compare(own, as_treated(scored), np.ones(len(advised), dtype=bool), scored, 0.9)
    assert again is not None
    assert (value.aipw.difference, value.aipw.lower) == pytest.approx((again.difference, again.lower))
    weights, total = 0.0, 0.0
    for i, arm in enumerate(advised):
        if scored.arm[i] == arm and not math.isnan(scored.outcome[i]):
            weight = 1 / (scored.propensity[i, arm] * scored.observation[i, arm])
            weights, total = weights + weight, total + weight * scored.outcome[i]
    assert value.ips.value == pytest.approx(total / len(advised))
    assert value.self_normalised.value == pytest.approx(total / weights)


def test_the_zero_of_the_outcome_does_not_matter(judged: Any) -> None:
    """Ten points more for everybody change neither AIPW nor self-normalised gain, nor their errors."""
    design, rows = judged.design, judged.advised >= 0
    scored = score_study(design.episodes, judged.protocol, lambda *_: None, design.designed).primary.rows(rows)
    more = {"scores": scored.scores + 10, "outcome": scored.outcome + 10, "expected": scored.expected + 10}
    moved = value_of_advice(type(scored)(**{**scored.__dict__, **more}), judged.advised[rows], 0.9)
    for name in ("aipw", "self_normalised"):
        before, after = getattr(judged.value, name), getattr(moved, name)
        assert (after.difference, after.standard_error) == pytest.approx((before.difference, before.standard_error))


def test_it_waits_for_enough(deploy: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """With too few advised no score is made, and the number that it takes is told; with too few followed as well."""
    monkeypatch.setattr(judging, "score_study", lambda *_: pytest.fail("an outcome was compared"))
    few = deploy("smooth_15", 180, 3).judged()
    assert (verdict_of(few), needed(few)) == ("cannot_be_told_yet", FEWEST_ADVISED)
    many = deploy("smooth_15", 400, 3)
    seldom = replace(many, advised=_against(many)).judged()
    told = summary_of(seldom, many.log)
    assert (told["verdict"], told["gain"], told["followed"]) == ("cannot_be_told_yet", None, "<0.028")
    assert told["needed"] == math.ceil(30 * seldom.counted.sum() / seldom.followed.sum())
    assert str(told["needed"]) in told["sentence"]


def _against(deployment: Any) -> Any:
    """Advice that only nine of all patients got."""
    arms, given = list(deployment.protocol.arms.names), deployment.records[deployment.protocol.records.arm]
    other = [arms[(arms.index(one) + 1) % len(arms)] for one in given]
    return np.array([*given[:9], *other[9:]], dtype=object)


def test_a_design_that_does_not_hold(deployment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a gate of the design fails nothing is compared, and that is said."""
    monkeypatch.setattr(judging, "score_study", lambda *_: pytest.fail("an outcome was compared"))
    strict = deployment.protocol.gates.model_copy(update={"min_equipoise": 1.0})
    protocol = deployment.protocol.model_copy(update={"gates": strict})
    told = replace(deployment, protocol=protocol).judged()
    assert verdict_of(told) == "design_failed"
    assert "nothing" in summary_of(told, deployment.log)["sentence"].lower()


def day(number: int) -> datetime:
    """A day in March 2026, in the morning."""
    return AT + timedelta(days=number)


@pytest.mark.parametrize(
    ("cards", "start", "expected"),
    [
        ([(0, "cbt", None)], 0, ("cbt", None)),
        ([(0, "cbt", None), (5, "ssri", None), (9, "icbt", None)], 7, ("ssri", None)),
        ([(0, "cbt", None), (5, None, "safety-first")], 7, (None, "safety-first")),
        ([(0, "cbt", None)], HOLDS_DAYS, ("cbt", None)),
        ([(0, "cbt", None)], HOLDS_DAYS + 1, (None, TOO_OLD)),
        ([(3, "cbt", None)], 2, (None, NO_CARD)),
        ([], 2, (None, NO_CARD)),
    ],
)
def test_the_last_card_before_the_start_counts(deployment: Any, cards: Any, start: int, expected: Any) -> None:
    """Of a patient's cards the last one up to the day of the start counts, if it still held then."""
    log = AdviceLog({"P-1": [LoggedCard(day(at), arm, why) for at, arm, why in cards]}, {})
    frame = pd.DataFrame({"pid": ["P-1"], "start": [day(start).date().isoformat()]})
    records = Records(patient_id="pid", arm="arm", time="start")
    linked, _ = with_advice(table_from_frame(frame), deployment.protocol.model_copy(update={"records": records}), log)
    assert (linked.columns[ADVISED][0], linked.columns[APART][0]) == expected


def test_the_command(deployment: Any, files: Any, lab: Any) -> None:
    """From a signed log and a table to shadow.json; what is no advice in shadow stands apart, small counts nowhere."""
    cards = deployment.cards()
    cards.loc[:19, "topic"], cards.loc[:19, "recommended"] = "safety-first", None
    cards.loc[20:25, "state"] = "shown"
    cards.loc[26:50, "recommended"] = None
    cards.loc[len(cards)] = {**cards.loc[60].to_dict(), "topic": "order-check", "at": day(1).isoformat()}
    ran = lab(*files.write(deployment, cards), home=files.home)
    assert ran.code == 0, ran.err
    told = json.loads((files.folder / "out" / "shadow.json").read_text())
    assert told["sentence"] in ran.out
    assert (told["verdict"], told["studies"]) == ("better", {"s" * 64: 600 - 51})
    shown = told["by_advice"]
    assert (shown["safety-first"], shown["cannot-compare"], shown["shown"]) == (20, 25, "<11")
    assert shown["advised"] == "withheld"
    assert not any(patient in json.dumps(told) for patient in deployment.patients)


def test_a_log_that_is_not_believed(deployment: Any, files: Any, lab: Any) -> None:
    """A log that was changed, or signed by somebody else, is exit 5; one without its signature exit 3."""
    arguments = files.write(deployment)
    log = files.folder / "cards.csv"
    log.write_text(log.read_text().replace("shadow", "shown", 1))
    ran = lab(*arguments, home=files.home)
    assert (ran.code, "not signed by a service that is believed" in ran.err) == (5, True)
    (files.folder / "cards.csv.signature").unlink()
    ran = lab(*arguments, home=files.home)
    assert (ran.code, "equipoise cards --out" in ran.err) == (3, True)
