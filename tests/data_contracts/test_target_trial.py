"""The target trial of a protocol: the errors that make such studies wrong are told by name, all at once."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from data_contracts.errors import BadInput
from data_contracts.protocol import StudyProtocol
from data_contracts.protocol_file import parse_document


@pytest.fixture
def trial(content: dict[str, Any]) -> dict[str, Any]:
    """The small protocol with a target trial that has nothing wrong with it."""
    found = copy.deepcopy(content)
    found["records"]["time"] = "start"
    found["target_trial"] = {
        "therapies": {"ssri": ["N06AB04", "N06AB06"]},
        "strategies": {"usual_care": "usual_care", "cbt": "cbt", "ssri": ["ssri"]},
        "time_zero": {"washout_days": 180, "grace_days": 14},
        "eligibility": [{"field": "age", "op": ">=", "value": 18}],
        "covariates": {
            "age": {"table": "patients", "take": "age"},
            "sex": {"table": "patients"},
            "phq9_week0": {"table": "measures", "of": "PHQ-9", "from_day": -30},
            "gad7": {"table": "measures", "of": "GAD-7", "from_day": -30, "to_day": -1},
        },
        "outcomes": {"phq9_week12": {"measure": "PHQ-9", "at_weeks": 12, "window_weeks": 3}},
    }
    return found


def told(content: dict[str, Any]) -> str:
    with pytest.raises(BadInput) as error:
        parse_document(StudyProtocol, content, "protocol.yaml")
    return str(error.value)


def test_a_whole_trial_is_accepted_and_part_of_the_study(trial: dict[str, Any], content: dict[str, Any]) -> None:
    """Its windows are days from time zero, and another washout is another study."""
    protocol = StudyProtocol.model_validate(trial)
    assert protocol.target_trial is not None
    assert protocol.target_trial.outcomes["phq9_week12"].window == (63, 105)
    assert protocol.target_trial.covariates["phq9_week0"].window == (-30, 0)
    assert protocol.target_trial.kinds == ("usual_care", "cbt", "ssri")
    longer = copy.deepcopy(trial)
    longer["target_trial"]["time_zero"]["washout_days"] = 365
    assert StudyProtocol.model_validate(longer).study_id != protocol.study_id
    assert StudyProtocol.model_validate(content).target_trial is None


@pytest.mark.parametrize(
    ("path", "value", "name"),
    [
        (("covariates", "gad7", "to_day"), 1, "adjustment for what came after treatment: the window of gad7"),
        (
            ("covariates", "gad7"),
            {"table": "treatments", "of": "ssri", "from_day": -90, "to_day": 0},
            "the day before",
        ),
        (("time_zero", "washout_days"), 0, "prevalent users: washout_days"),
        (("time_zero", "grace_days"), 60, "immortal time: grace_days"),
        (("outcomes", "phq9_week12", "window_weeks"), 10, "immortal time: the window of phq9_week12 begins on day 14"),
        (
            ("outcomes", "phq9_week12", "window_weeks"),
            12,
            "begins on day 0, and has to begin after the 14 days of grace",
        ),
        (("eligibility",), [{"field": "sessions", "op": ">=", "value": 2}], "immortal time: eligibility is judged"),
        (("strategies",), {"cbt": "cbt", "ssri": "ssri"}, "immortal time: each arm, also care as usual"),
        (("covariates", "phq9_week12"), {"table": "patients"}, "both covariate and outcome"),
        (("strategies", "ssri"), ["cbt"], "cannot be told apart: cbt, ssri"),
        (("therapies", "cbt"), ["N06AB04"], "for two therapies: N06AB04"),
        (("covariates", "gad7", "from_day"), None, "from_day says how far back"),
        (("covariates", "gad7", "from_day"), 5, "before it begins"),
        (("covariates", "gad7", "take"), "age", "from measures one can take last, count, any"),
        (("covariates", "gad7", "of"), ["GAD-7", "HADS"], "that of one measure"),
        (("covariates", "sex", "from_day"), -3, "has no date"),
        (("covariates", "arm"), {"table": "patients"}, "the cohort's own"),
        (("outcomes", "phq9_week24"), {"measure": "PHQ-9", "at_weeks": 24, "window_weeks": 3}, "no outcome of the"),
    ],
)
def test_each_error_is_told_by_its_name(
    path: tuple[str, ...], value: object, name: str, trial: dict[str, Any]
) -> None:
    """What would make immortal time, prevalent users or adjustment for the future is refused in those words."""
    place = trial["target_trial"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert name in told(trial)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (
            {"from_day": 5},
            "the negative control fracture is from day 5 to day 90, and has to end before",
        ),
        ({"from_day": -30}, "has to end before time zero or begin after the 14 days of grace"),
        ({"from_day": 91}, "fracture: the window ends on day 90, before it begins on day 91"),
        ({"take": "last"}, "fracture: from events one can take any or count"),
        ({"table": "measures", "of": ["GAD-7", "PHQ-9"], "take": "last"}, "the last value is that of one measure"),
    ],
    ids=["within the grace", "across time zero", "backwards", "no value", "two measures"],
)
def test_what_an_arm_could_have_changed_is_no_negative_control(
    trial: dict[str, Any], change: dict[str, Any], name: str
) -> None:
    """A control's window lies before time zero or after the grace, and it is made of what its table holds."""
    control = {"table": "events", "of": "fracture", "from_day": 15, "to_day": 90}
    trial["negative_controls"] = {"outcomes": ["fracture"]}
    trial["target_trial"]["controls"] = {"fracture": control}
    made = StudyProtocol.model_validate(trial).target_trial
    assert made is not None
    assert (made.controls["fracture"].window, made.controls["fracture"].taken) == ((15, 90), "any")
    trial["target_trial"]["controls"]["fracture"] = control | change
    assert name in told(trial)


def test_controls_are_those_of_the_protocol_and_each_is_made(trial: dict[str, Any]) -> None:
    """A negative control that nothing makes, and one that is made for nothing, are both told."""
    trial["negative_controls"] = {"outcomes": ["fracture"]}
    trial["target_trial"]["controls"] = {"wart": {"table": "events", "of": "wart", "from_day": 15, "to_day": 90}}
    message = told(trial)
    assert "controls does not say how these negative controls are made: fracture" in message
    assert "controls names columns that are no negative control of the protocol: wart" in message


def test_all_errors_are_told_at_once(trial: dict[str, Any]) -> None:
    """What is wrong in many places is as many sentences of one message."""
    block = trial["target_trial"]
    block["time_zero"]["washout_days"] = 0
    block["covariates"]["gad7"]["to_day"] = 40
    del block["covariates"]["sex"]
    trial["censoring"] = {"last_visit": "time_zero", "visits": [0, 4, 10]}
    trial["records"]["time"] = "age"
    text = told(trial)
    for name in (
        "prevalent users",
        "adjustment for what came",
        "are made: sex",
        "needs a name of its own, not time_zero",
        "the first is above 0",
        "is due, 12 weeks after time zero, not 10",
        "of themselves: age",
    ):
        assert name in text


def test_an_unknown_key_inside_is_told_with_the_nearest(trial: dict[str, Any]) -> None:
    """A slip in the block is told as in the rest of the protocol."""
    trial["target_trial"]["time_zero"]["wash_out_days"] = 90
    assert "Did you mean washout_days?" in told(trial)
