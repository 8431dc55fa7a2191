"""The page of one patient, from question to released sheet, without any script."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from data_contracts.profile import PatientProfile
from service.app import create_app
from service.collaborators import Collaborators
from service.contact import Contact
from service.pages.known import known_of

WHO = {"by": "Dr <b>A</b> Mbeki", "role": "GP, licence 123"}
Asked = Callable[[dict[str, Any]], str]


def test_ties_stand_together(client: Any, asked: Asked, profile: dict[str, Any]) -> None:
    """The ranked table is in the page itself: names, estimates, ranks, and who cannot be told apart."""
    page = client.get(asked(profile)).text
    assert "Any of these may be best" in page or "Better than every other" in page
    assert "The records cannot compare" in page
    assert "Hypnosis" in page
    assert page.count('class="interval"') == 2


def test_what_rounds_to_nothing_is_no_harm(served: Any, store: Any, profile: dict[str, Any]) -> None:
    """An effect of -0.02 is told as 0.0, and no word beside it says that it is worse, or better."""
    effects = served.policy.effects
    nothing = np.zeros_like(effects.coefficients)
    nothing[1:, 0] = -0.02
    policy = replace(served.policy, effects=replace(effects, coefficients=nothing))
    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
    with TestClient(create_app(Collaborators(lambda: replace(served, policy=policy), store, contacts))) as client:
        made = client.post("/v1/recommendations", json=profile).json()
        page = client.get(f"/recommendations/{made['id']}").text
    assert "<b>0.0</b> better or worse" in page
    assert not re.search(r"<b>0\.0</b> (worse|better)(?! or)", page)


def test_safety_comes_first(client: Any, send: Any, asked: Asked, profile: dict[str, Any]) -> None:
    """Where safety waits it stands alone: no option is drawn, no rank told, and acknowledging makes a new answer."""
    profile["values"]["phq9_item9"] = 2
    where = asked(profile)
    page = client.get(where).text
    assert 'role="alert"' in page
    assert 'id="options"' not in page
    assert "Any of these may be best" not in page
    assert send(f"{where}/acknowledge", **WHO).status_code == 422
    made = send(f"{where}/acknowledge", assessed="yes", **WHO)
    assert made.status_code == 303
    assert made.headers["location"] != where
    after = client.get(made.headers["location"]).text
    assert "Acknowledged by Dr &lt;b&gt;A&lt;/b&gt; Mbeki" in after
    assert "What safety asks for was done" in after
    assert 'role="alert"' not in after
    assert 'class="interval"' in after


def test_a_crisis_shows_whom_to_call_and_no_option(client: Any, asked: Asked, profile: dict[str, Any]) -> None:
    """A refusal shows the contacts, and nothing is drawn."""
    profile["values"]["cssrs_q4"] = "yes"
    page = client.get(asked(profile)).text
    assert 'href="tel:+00000000">+00 000 000' in page
    assert page.index("Call now") < page.index("C-SSRS")
    assert 'class="interval"' not in page
    assert 'id="weights"' not in page


def test_no_ranking_without_a_crisis_calls_nobody_now(client: Any, asked: Asked, profile: dict[str, Any]) -> None:
    """Where consent or age refuses, contacts stand there for a crisis, and nobody is told that there is one."""
    profile["values"]["age"] = 16
    page = client.get(asked(profile)).text
    assert "+00 000 000" in page
    assert "In a crisis, call" in page
    assert "Call now" not in page
    profile["values"] |= {"age": 41, "decision_support_consent": None}
    assert "Consent first" in client.get(asked(profile)).text


def test_weights_rank_and_keep_nothing(client: Any, send: Any, store: Any, asked: Asked, profile: Any) -> None:
    """Weights rank anew, as a part for htmx and as a page without it, and no answer is added until they are kept."""
    where = asked(profile)
    part = send(f"{where}/weigh", part=True, **{"w.symptom_relief": "5", "w.time": "10"})
    assert part.text.startswith('<div id="ranking"')
    whole = send(f"{where}/weigh", **{"w.symptom_relief": "5", "w.time": "10"})
    assert "<!DOCTYPE html>" in whole.text
    assert "These weights are not kept yet" in whole.text
    assert "Move a slider" in send(f"{where}/weigh", part=True, **{"w.time": "0", "w.nonsense": "x"}).text
    assert count(store) == 1
    kept = send(f"{where}/again", **{"w.symptom_relief": "5", "w.medication": "-8"})
    assert count(store) == 2
    told = client.get(kept.headers["location"].replace("/recommendations", "/v1/recommendations")).json()
    weights = {one["attribute"]: one["weight"] for one in told["recommendation"]["preference"]["attributes"]}
    assert weights["symptom_relief"] == 5
    assert weights["no_medication"] == 8


def test_what_is_missing_is_asked(client: Any, send: Any, asked: Asked, profile: dict[str, Any]) -> None:
    """What nothing is ranked without stands first among the questions, and its answer makes a ranking."""
    del profile["values"]["phq9_week0"]
    where = asked(profile)
    page = client.get(where).text
    assert "Nothing is ranked without it" in page
    assert re.search(r'name="v.phq9_week0"[^>]* min="0" max="27"', page)
    assert "0 to 27" in page
    bad = send(f"{where}/again", **{"v.phq9_week0": "many", "v.sex": "f", "v.unheard_of": "1"})
    assert bad.status_code == 422
    assert "phq9_week0" in bad.text
    assert "many" not in bad.text
    made = send(f"{where}/again", **{"v.phq9_week0": "17"})
    assert 'class="interval"' in client.get(made.headers["location"]).text
    assert "Nothing is ranked without it" in client.get(where).text


@pytest.mark.parametrize(
    ("fact", "value", "days", "aged"),
    [
        ("bipolar_disorder", "no", 366, True),
        ("bipolar_disorder", "no", 365, False),
        ("bipolar_disorder", "yes", 4000, False),
        ("phq9_item9", 0.0, 8, True),
        ("phq9_item9", 0.0, 7, False),
    ],
)
def test_what_is_too_old_is_so_for_the_page_as_for_the_rules(fact: str, value: Any, days: int, aged: bool) -> None:
    """A no to what is lifelong goes out of date, and the page says so where the rules ask for it again."""
    today = date(2026, 6, 1)
    told = {"patient_id": "p", "values": {fact: value}, "as_of": {fact: today - timedelta(days=days)}}
    answer, manifest = SimpleNamespace(unused=()), SimpleNamespace(meanings={})
    (known,) = known_of(PatientProfile.model_validate(told), answer, manifest, today)
    assert known.aged == aged


def test_from_reading_to_the_sheet(client: Any, send: Any, asked: Asked, profile: dict[str, Any]) -> None:
    """Review, decision with its reason, release and the printed sheet, each offered once and in that order."""
    where = asked(profile)
    assert send(f"{where}/release", **WHO).status_code == 409
    assert send(f"{where}/review", **WHO).headers["location"] == f"{where}#decision"
    override = {"arm": "usual_care", "reason": "she <i>wishes</i> it", **WHO}
    assert send(f"{where}/decision", **override).status_code == 422
    assert send(f"{where}/decision", override_code="", override_reason="her wish", **override).status_code == 422
    assert (
        send(f"{where}/decision", override_code="not-now", override_reason="her wish", **override).status_code == 303
    )
    assert send(f"{where}/release", **WHO).status_code == 303
    page = client.get(where).text
    assert "<dt>Why</dt><dd><bdi>she &lt;i&gt;wishes&lt;/i&gt; it</bdi></dd>" in page
    assert "Against the advice" in page
    assert "Not the moment to choose a therapy." in page
    assert "Open the sheet to print" in page
    assert f'action="{where}/review"' not in page
    assert client.get(f"/v1{where}/sheet").status_code == 200


@pytest.mark.parametrize("action", ["review", "decision", "release", "acknowledge", "again", "weigh"])
def test_no_action_without_the_token(client: Any, asked: Asked, profile: dict[str, Any], action: str) -> None:
    """Every form that does something is refused without the token of our own pages."""
    where = asked(profile)
    assert client.post(f"{where}/{action}", data={"assessed": "yes", **WHO}).status_code == 403


def count(store: Any) -> int:
    """Answers in the store."""
    from sqlalchemy import func, select

    from service.storage.schema import RECOMMENDATIONS

    with store.looking() as connection:
        return int(connection.execute(select(func.count()).select_from(RECOMMENDATIONS)).scalar_one())


def test_an_exclusion_has_its_reason_and_a_flag_its_rule(client: Any, asked: Asked, profile: dict[str, Any]) -> None:
    """Beside an excluded therapy stands what the clinician gave as the reason; a rule that fired is told in words."""
    where = asked(profile | {"exclusions": {"cbt": "declines <i>talking</i>"}})
    page = client.get(where).text
    assert "Reason given: <bdi>declines &lt;i&gt;talking&lt;/i&gt;</bdi>" in page
    answer = client.get(where.replace("/recommendations", "/v1/recommendations")).json()["recommendation"]
    fired = [one for one in answer["safety"]["findings"] if one["kind"] in ("remove", "flag", "nothing")]
    assert fired
    shown = page[page.index('id="options"') : page.index("</section>", page.index('id="options"'))]
    assert [one["rule"] in shown and one["sentence"].split("'")[0] in shown for one in fired] == [True] * len(fired)


def test_where_nothing_is_ranked_questions_come_first(
    client: Any, asked: Asked, values: dict[str, Any], profile: dict[str, Any]
) -> None:
    """What is missing stands before the options, and the study's average among the reasons, called an average."""
    ranked = client.get(asked(profile)).text
    assert ranked.index('id="options"') < ranked.index('id="ask-title"')
    page = client.get(asked({"patient_id": "P-9", "values": {**values, "phq9_week0": None}})).text
    assert page.index('id="ask-title"') < page.index('id="options"')
    assert "A dot is the estimate" not in page
    assert page.count("never to be read as this patient&#39;s: <b>") == 2
    assert "never to be read" not in ranked.partition("Hypnosis")[0]


def test_what_cannot_be_looked_at_has_no_heads(
    client: Any, asked: Asked, values: dict[str, Any], profile: Any
) -> None:
    """Where no therapy is offered there is no choice of outcomes and no scale, and what all wait for is told once."""
    assert 'id="by-1"' in client.get(asked(profile)).text
    page = client.get(asked({"patient_id": "P-9", "values": {**values, "phq9_week0": None}})).text
    assert 'id="by-1"' not in page
    assert "Why it is not ranked" in page
    told = client.get(
        asked({"patient_id": "P-9", "values": {**values, "phq9_week0": None}}).replace("/rec", "/v1/rec")
    )
    instead = told.json()["recommendation"]["instead"]["sentence"].replace("'", "&#39;")
    assert page.partition('id="reasons-title"')[0].count(instead) == 1


def test_hours_are_read_as_hours(client: Any, asked: Asked, profile: dict[str, Any]) -> None:
    """Bars of hours are usual hours and no intervals of an estimate; where nobody wrote them down the page says so."""
    where = asked(profile)
    page = client.get(f"{where}?by=time").text
    assert "A bar runs from the fewest hours" in page
    assert "A dot is the estimate" not in page
    assert "nobody wrote them down" in page
    assert "A dot is the estimate" in client.get(where).text


def test_facts_too_old_stand_first(client: Any, asked: Asked, profile: dict[str, Any]) -> None:
    """What is known and too old to count stands before the rest; the day of what has none is told once."""
    old = {"as_of": {"phq9_item9": "2020-01-05"}}
    page = client.get(asked(profile | old)).text
    known = page[page.index('id="known-title"') :]
    assert known.index("5 Jan 2020, too old to count") < known.index("</dd>")
    assert known.count("told with the question") == 1


def test_what_rules_ask_stands_in_folds(client: Any, asked: Asked, profile: dict[str, Any]) -> None:
    """Many questions of safety rules are folded by what waits for them, and columns are told in words."""
    page = client.get(asked(profile)).text
    folds = re.findall(r"<summary>(\d+) (?:whatever is offered|before )", page)
    (together,) = re.findall(r"<h3>(\d+) (?:more )?that safety rules ask for", page)
    assert len(folds) > 1
    assert sum(map(int, folds)) == int(together)
    assert "PHQ-9, week 0" in page
    assert "phq9_week0" not in re.sub(r"<(?:input|select)[^>]*>", "", page)


def test_who_withdrew_since_is_told_of(client: Any, send: Any, asked: Asked, profile: dict[str, Any]) -> None:
    """An answer of before the withdrawal says so, asks nothing and weighs nothing, until consent is given.

    Nor does a page that is still open from before.
    """
    where = asked(profile)
    said = {"by": "K. Adler", "role": "GP", "patient_id": profile["patient_id"], "purpose": "decision_support"}
    for answer, told in (("withdrawn", True), ("given", False)):
        assert client.post("/v1/consents", json={**said, "answer": answer}).status_code == 201
        page = client.get(where).text
        assert ("The patient withdrew from decision support on" in page) is told
        assert ('id="ask-title"' not in page) is told
        assert ('id="weights"' not in page) is told
        assert send(f"{where}/weigh", part=True, **{"w.time": "5"}).status_code == (409 if told else 200)


def test_a_stopped_model_weighs_nothing(client: Any, send: Any, asked: Asked, profile: dict[str, Any]) -> None:
    """Weights make a new ranking, by the model: while it is out of service there is none, whatever page is open."""
    where = asked(profile)
    order = {"by": "K. Adler", "role": "safety officer", "why": "looked into"}
    assert client.post("/v1/models/tiny/stop", json=order).status_code == 200
    refused = send(f"{where}/weigh", part=True, **{"w.time": "5"})
    assert (refused.status_code, "out of service" in refused.text) == (503, True)
    assert 'id="weights"' not in client.get(where).text


def test_columns_are_called_what_the_signed_policy_says(client: Any, asked: Asked, profile: dict[str, Any]) -> None:
    """What is known, what is asked and the whole answer in words call a column as its study's protocol does."""
    assert "<bdi>sex on record</bdi>" in client.get(asked(profile)).text
    del profile["values"]["sex"]
    page = client.get(asked(profile)).text
    assert re.search(r"<label [^>]*>sex on record</label>", page)
    assert "filled as when learning: sex on record." in page
    profile["values"]["phq9_week0"] = 99
    assert "a total is outside its range (PHQ-9, week 0)." in client.get(asked(profile)).text


def test_nothing_is_asked_where_no_ranking_comes(client: Any, asked: Asked, profile: dict[str, Any]) -> None:
    """Of a patient who did not agree to decision support the page asks nothing: no answer would bring a ranking."""
    assert 'id="ask-title"' in client.get(asked(profile)).text
    profile["values"]["decision_support_consent"] = "no"
    page = client.get(asked(profile)).text
    assert "No ranking for this patient" in page
    assert 'id="ask-title"' not in page
