"""From draft to reviewed to released, and the decision: what may be done when, by whom, and what never changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from data_contracts.errors import WrongState
from data_contracts.fact import load_facts
from data_contracts.profile import PatientProfile
from data_contracts.recommendation import ArmAdvice, Reason, Recommendation, Safety
from service.app import create_app
from service.collaborators import Collaborators
from service.contact import Contact
from service.event import Signature
from service.history_keeper import find, write_down
from service.release import holds_until, obstacles
from service.served_policy import ServedPolicy
from service.storage.store import Store

URL = "/v1/recommendations"
SIGNED = {"by": "Dr A. Mbeki", "role": "GP, licence 123", "note": None}
CHOICE = SIGNED | {"arm": "cbt", "reason": "Her wish.", "override_reason": None}
BODIES = {"review": SIGNED, "release": SIGNED, "decision": CHOICE}


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        """A second later each time."""
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(served: ServedPolicy, store: Store, clock: Clock) -> Iterator[Any]:
    from fastapi.testclient import TestClient

    contacts = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
    with TestClient(create_app(Collaborators(lambda: served, store, contacts, clock))) as made:
        yield made


@pytest.fixture
def where(client: Any, profile: dict[str, Any]) -> str:
    """The address of a draft."""
    return str(client.post(URL, json=profile).headers["location"])


def act(client: Any, where: str, *actions: str) -> Any:
    answer = None
    for action in actions:
        answer = client.post(f"{where}/{action}", json=BODIES[action])
    return answer


TABLE = {
    ("draft", "review"): (200, "reviewed"),
    ("draft", "release"): (409, "draft"),
    ("draft", "decision"): (409, "draft"),
    ("reviewed", "review"): (200, "reviewed"),
    ("reviewed", "release"): (200, "released"),
    ("reviewed", "decision"): (200, "reviewed"),
    ("released", "review"): (200, "released"),
    ("released", "release"): (200, "released"),
    ("released", "decision"): (200, "released"),
}
LED_TO = {"draft": (), "reviewed": ("review",), "released": ("review", "release")}


@pytest.mark.parametrize(("state", "action"), TABLE)
def test_every_state_and_action(client: Any, where: str, state: str, action: str) -> None:
    """What an action does in each state: nothing is skipped, and the same said twice changes nothing."""
    act(client, where, *LED_TO[state])
    before = client.get(f"{where}/history").json()
    assert before["state"] == state
    answer = act(client, where, action)
    status, after = TABLE[state, action]
    assert answer.status_code == status
    history = client.get(f"{where}/history").json()
    assert history["state"] == after
    if status == 200:
        assert answer.json() == history
    if status == 409 or action in LED_TO[state]:
        assert history == before
    else:
        assert history["events"][:-1] == before["events"]
        assert history["events"][-1]["by"] == SIGNED["by"]


@pytest.mark.parametrize("change", [{"by": "Dr B"}, {"role": "nurse"}, {"note": "on second thoughts"}])
@pytest.mark.parametrize("action", ["review", "release", "decision"])
def test_another_word_under_the_same_name_is_refused(
    client: Any, where: str, action: str, change: dict[str, str]
) -> None:
    """What is written down stays: the same action by another person or with another note is a conflict."""
    act(client, where, "review", "release", "decision")
    before = client.get(f"{where}/history").content
    answer = client.post(f"{where}/{action}", json=BODIES[action] | change)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:equipoise:problem:wrong-state"
    assert client.get(f"{where}/history").content == before


def test_the_answer_keeps_its_bytes(client: Any, where: str) -> None:
    """Review, release and decision stand beside the answer; its bytes are those that were first given."""
    before = client.get(where).content
    act(client, where, "review", "release", "decision")
    assert client.get(where).content == before


def test_the_basis_names_who_reviewed(client: Any, where: str) -> None:
    """Who weighs the basis sees whether a named clinician has reviewed the answer, and who."""
    assert client.get(f"{where}/basis").json()["reviewed"] is None
    act(client, where, "review")
    basis = client.get(f"{where}/basis").json()
    assert (basis["state"], basis["reviewed"]["by"], basis["released"]) == ("reviewed", SIGNED["by"], None)
    assert basis["reviewed"]["at"].startswith("2026-03-01T09:30")


BARRED = {
    "refused": ({"cssrs_q4": "yes"}, "refused"),
    "under age": ({"age": 16.0}, "refused"),
    "no consent": ({"decision_support_consent": "no"}, "refused"),
    "consent not recorded": ({"decision_support_consent": None}, "consent"),
    "safety not assessed": ({"phq9_item9": 2.0}, "acknowledgement"),
}


@pytest.mark.parametrize("case", BARRED)
def test_what_may_never_be_released(client: Any, profile: dict[str, Any], case: str) -> None:
    """A refusal, or ranks that wait for a safety assessment, are reviewed and never released."""
    change, told = BARRED[case]
    profile["values"] |= change
    answer = client.post(URL, json=profile)
    assert answer.status_code == 201
    where = answer.headers["location"]
    act(client, where, "review")
    refused = act(client, where, "release")
    assert refused.status_code == 409
    assert told in refused.json()["detail"]
    history = client.get(f"{where}/history").json()
    assert history["state"] == "reviewed"
    assert history["release_obstacles"]


def test_without_consent_nothing_is_released() -> None:
    """An arm that is not ranked for want of consent keeps the whole answer from the patient, refused or not."""
    arm = ArmAdvice(arm="cbt", label="CBT", status="abstained", reason=Reason.CONSENT)
    told = dict.fromkeys(("patient_id", "policy", "study_id", "estimand", "unit", "direction"), "x")
    rest: dict[str, Any] = dict.fromkeys(("tied_with", "missing", "unused", "sentences"), ())
    answer = Recommendation(
        confidence=0.9, safety=Safety(level="none", reason=Reason.CONSENT), arms=(arm,), recommended=None,
        **told, **rest,
    )  # fmt: skip
    assert ["consent" in one for one in obstacles(answer, MADE, MADE)] == [True]


def test_an_acknowledged_assessment_can_be_released(client: Any, profile: dict[str, Any]) -> None:
    """Once a named clinician has made the safety assessment, a new answer may go the whole way."""
    profile["values"]["phq9_item9"] = 2.0
    profile["acknowledgements"] = [{"by": "Dr A. Mbeki", "rules": ["SI-01"]}]
    where = client.post(URL, json=profile).headers["location"]
    assert act(client, where, "review", "release").json()["state"] == "released"


@pytest.mark.parametrize(("days", "status"), [(0, 200), (7, 200), (8, 409), (400, 409)])
def test_old_answers_are_not_released(client: Any, where: str, clock: Clock, days: int, status: int) -> None:
    """Item 9 holds for seven days: up to then the answer may be released, from the eighth on it is asked for again."""
    act(client, where, "review")
    clock.now += timedelta(days=days)
    answer = act(client, where, "release")
    assert answer.status_code == status
    if status == 409:
        assert "Ask again" in answer.json()["detail"]


def test_a_release_repeated_late_is_the_same_release(client: Any, where: str, clock: Clock) -> None:
    """A client that repeats a call after the answers aged gets what was written down, not an error."""
    released = act(client, where, "review", "release").json()
    clock.now += timedelta(days=30)
    assert act(client, where, "release").json()["events"] == released["events"]


WITHDRAWN = SIGNED | {"patient_id": "P-1", "purpose": "decision_support", "answer": "withdrawn"}


def test_nothing_is_released_to_who_has_withdrawn(client: Any, where: str) -> None:
    """Who withdraws after the answer gets neither a release nor the sheet of an earlier one, until they agree anew."""
    act(client, where, "review", "release")
    assert client.get(f"{where}/sheet").status_code == 200
    assert client.post("/v1/consents", json=WITHDRAWN).status_code == 201
    refused = client.get(f"{where}/sheet")
    assert (refused.status_code, "withdrew" in refused.json()["detail"]) == (409, True)
    assert "withdrew" in client.get(f"{where}/history").json()["release_obstacles"][0]
    assert client.post("/v1/consents", json=WITHDRAWN | {"answer": "given"}).status_code == 201
    assert client.get(f"{where}/sheet").status_code == 200


@pytest.mark.parametrize("meanwhile", ["withdrawn", "stopped"])
def test_what_comes_between_looking_and_releasing(client: Any, store: Store, where: str, meanwhile: str) -> None:
    """A withdrawal, or a stop, in the moment in which the sheet is made: nothing is released."""
    act(client, where, "review")

    def page(*_: Any) -> bytes:
        if meanwhile == "withdrawn":
            client.post("/v1/consents", json=WITHDRAWN)
        else:
            client.post("/v1/models/tiny/stop", json={"by": "K. Adler", "role": "officer", "why": "looked into"})
        return b"page"

    name, now = where.rpartition("/")[2], datetime(2026, 3, 1, 10, tzinfo=UTC)
    with pytest.raises(WrongState, match=r"withdrew|out of service"):
        write_down(store, name, "release", Signature(by="Dr A", role="GP"), now, page_of=page)
    assert client.get(f"{where}/history").json()["state"] == "reviewed"


MADE = date(2026, 3, 1)
TERMS = [
    ({}, {}, 28),
    ({"phq9_item9": 0}, {}, 7),
    ({"phq9_item9": None}, {}, 28),
    ({"phq9_item9": 0}, {"phq9_item9": date(2026, 2, 24)}, 2),
    ({"phq9_item9": 0}, {"phq9_item9": date(2026, 2, 1)}, 28),
    ({"cssrs_q4": "no", "phq9_item9": 1}, {}, 7),
    ({"overdose_history": "yes"}, {"overdose_history": date(2025, 12, 5)}, 28),
    ({"overdose_history": "no"}, {"overdose_history": date(2025, 12, 5)}, 4),
    ({"phq9_q9": 2.0, "phq9_item9": None}, {}, 7),
    ({"phq9_item9": 0}, {"phq9_item9": date(9999, 12, 31)}, 7),
    ({"shoe_size": 40}, {}, 28),
]


@pytest.mark.parametrize(("values", "as_of", "days"), TERMS)
def test_how_long_an_answer_holds(values: dict[str, Any], as_of: dict[str, date], days: int) -> None:
    """As long as the safety fact that ages first, by its own day; unknown, lasting and outdated ones do not count."""
    profile = PatientProfile(patient_id="P-1", values=values, as_of=as_of)
    assert holds_until(profile, MADE) == MADE + timedelta(days=days)


@given(
    names=st.sets(st.sampled_from(sorted(set(load_facts()) - {"intolerances"}))), name=st.sampled_from(["phq9_item9"])
)
def test_knowing_more_never_makes_an_answer_hold_longer(names: set[str], name: str) -> None:
    """A further fact can only shorten the time, for it can only age too."""

    def until(known: set[str]) -> date:
        return holds_until(PatientProfile(patient_id="P-1", values=dict.fromkeys(known, 0.0)), MADE)

    assert until(names | {name}) <= until(names)


CHOICES = {
    "the first": ("cbt", (None, None), 200, "follows"),
    "one that is tied with it": ("icbt", (None, None), 200, "follows"),
    "another, with a reason": ("usual_care", ("not-available", None), 200, "overrides"),
    "another, with more words": ("usual_care", ("not-available", "No therapist near."), 200, "overrides"),
    "another, in words": ("usual_care", ("other", "She lives abroad."), 200, "overrides"),
    "another, in words that are missing": ("usual_care", ("other", None), 422, None),
    "another, with words alone": ("usual_care", (None, "No therapist near."), 422, None),
    "another, by a code that is none": ("usual_care", ("because", None), 422, None),
    "another, without a reason": ("usual_care", (None, None), 422, None),
    "none of these, with a reason": (None, ("not-now", None), 200, "overrides"),
    "none of these, without": (None, (None, None), 422, None),
    "an override that is none": ("cbt", ("disagree", None), 422, None),
    "words of an override that is none": ("cbt", (None, "No therapist near."), 422, None),
    "an unknown arm": ("magic", ("disagree", None), 422, None),
}


@pytest.mark.parametrize("case", CHOICES)
def test_decisions(client: Any, where: str, case: str) -> None:
    """Whether a choice follows or overrides is told by the answer; an override needs a code, or code and words."""
    arm, (code, words), status, relation = CHOICES[case]
    act(client, where, "review")
    answer = client.post(
        f"{where}/decision", json=CHOICE | {"arm": arm, "override_code": code, "override_reason": words}
    )
    assert answer.status_code == status
    if status == 200:
        kept = answer.json()["events"][-1]["decision"]
        told = {"override_code": code, "override_reason": words, "relation": relation}
        assert kept == {"arm": arm, "reason": "Her wish.", **told}
    else:
        assert answer.json()["problems"][0]["where"] in ("arm", "override_code", "override_reason")


def test_an_excluded_arm_is_an_override_even_without_a_ranking(client: Any, profile: dict[str, Any]) -> None:
    """Where nothing is ranked nothing is overridden, but for an arm that was ruled out."""
    profile["exclusions"] = {"icbt": "previous reaction"}
    profile["values"]["phq9_item9"] = 2.0
    where = client.post(URL, json=profile).headers["location"]
    act(client, where, "review")
    icbt = client.post(f"{where}/decision", json=CHOICE | {"arm": "icbt"})
    assert icbt.json()["problems"][0]["where"] == "override_code"
    cbt = client.post(f"{where}/decision", json=CHOICE)
    assert cbt.json()["events"][-1]["decision"]["relation"] == "no_ranking"


BAD = {
    "nobody": {"by": " "},
    "no role": {"role": ""},
    "unknown key": {"licence": "1"},
    "control characters": {"by": "Dr \x1b[2J"},
    "a zero byte in a note": {"note": "a\x00b"},
    "a list": {"by": ["Dr A"]},
    "a long note": {"note": "x" * 2001},
}


@pytest.mark.parametrize("action", ["review", "release"])
@pytest.mark.parametrize("case", BAD)
def test_a_signature_that_is_none(client: Any, where: str, action: str, case: str) -> None:
    """Who does not say who they are, or says more than is asked, changes nothing."""
    answer = client.post(f"{where}/{action}", json=SIGNED | BAD[case])
    assert answer.status_code == 422
    assert answer.json()["problems"]
    assert client.get(f"{where}/history").json()["events"] == []


def test_a_choice_has_to_be_made(client: Any, where: str) -> None:
    """None of these is said with null; a body without the key is a mistake and not a choice."""
    act(client, where, "review")
    answer = client.post(f"{where}/decision", json={key: value for key, value in CHOICE.items() if key != "arm"})
    assert [item["where"] for item in answer.json()["problems"]] == ["arm"]


@pytest.mark.parametrize("action", ["review", "release", "decision", "history"])
def test_no_such_recommendation(client: Any, action: str) -> None:
    """What does not exist has no history and takes no action."""
    where = f"{URL}/00000000-0000-4000-8000-000000000000/{action}"
    answer = client.get(where) if action == "history" else client.post(where, json=BODIES[action])
    assert answer.status_code == 404


def test_two_at_the_same_moment(client: Any, where: str, store: Store) -> None:
    """Of two clinicians who review in the same moment one is written down and the other is told so."""
    name, barrier, outcomes = where.rpartition("/")[2], Barrier(2), []

    def sign(by: str) -> None:
        barrier.wait()
        try:
            write_down(store, name, "review", Signature(by=by, role="GP"), datetime.now(UTC))
            outcomes.append("kept")
        except WrongState:
            outcomes.append("refused")

    threads = [Thread(target=sign, args=(by,)) for by in ("Dr A", "Dr B")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["kept", "refused"]
    assert len(find(store, name).events) == 1


@pytest.mark.parametrize(
    "statement",
    ["UPDATE events SET content = '{}'", "UPDATE recommendations SET response = 'x'"],
)
def test_the_database_itself_refuses_to_change_history(client: Any, where: str, store: Store, statement: str) -> None:
    """Not even somebody at the database changes an answer or an event in place by accident."""
    act(client, where, "review")
    with pytest.raises(DBAPIError, match="never changed"), store.engine.begin() as connection:
        connection.execute(text(statement))


def test_history_reads_as_json(client: Any, where: str) -> None:
    """A history tells state, until when the answer holds, obstacles and events; it is never cached."""
    act(client, where, "review")
    answer = client.get(f"{where}/history")
    assert answer.headers["cache-control"] == "no-store"
    told = json.loads(answer.content)
    assert told["holds_until"] == "2026-03-08"
    assert told["release_obstacles"] == []
    assert [event["action"] for event in told["events"]] == ["review"]
