"""From the arrays of a signed policy to the people drawn on the sheet, over HTTP."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import SecretStr

from data_contracts.effects import ServedEffects
from data_contracts.secondary_arrays import secondary_arrays
from data_contracts.secondary_outcome import BETTER, SHARE, Role, SecondaryOutcome
from data_contracts.secondary_served import SecondaryServed, ServedLevel
from service.app import create_app
from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.collaborators import Collaborators
from service.contact import Contact
from service.served_policy import load_served
from service.storage.database import open_database, upgrade
from service.storage.key_ring import new_ring
from service.storage.keys import Keys
from service.storage.store import Store
from service.verification import verify_policy

URL = "/v1/recommendations"
SIGNED = {"by": "Dr A. Mbeki", "role": "GP"}
CRISIS = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)


def served(role: Role, effects: tuple[float, float, float], level: float, error: float) -> SecondaryServed:
    """An outcome that comes to ``level`` of patients on average over the three arms, on the benefit scale."""
    coefficients = np.array([[effect, 0.0, 0.0] for effect in effects])
    root = np.zeros((2, 3, 3))
    root[0, 1, 0] = root[1, 2, 0] = error
    outcome = SecondaryOutcome(name=role, unit=SHARE, kind="yes_no", role=role, direction=BETTER[role])
    mixture = ServedLevel(np.array([outcome.sign * level, 0.0, 0.0]), np.zeros((1, 3)), np.full(3, 1 / 3))
    held = ServedEffects(coefficients=coefficients, root=root, individualised=np.zeros(3, dtype=np.bool_))
    return SecondaryServed(outcome, held, coefficients[:, 0], np.diag([0.0, error**2, error**2]), mixture)


def test_people_drawn_are_the_policy_s(
    lab: Any,
    write_folder: Callable[[Mapping[str, bytes]], Path],
    home: Path,
    profile: dict[str, Any],
) -> None:
    """Shares that the policy serves for the patient stand on the sheet, in the outcome's own direction."""
    # Response 40, 50, 60 in 100; staying is 10 better under iCBT, so 20, 10, 15 in 100 stop early under the three.
    outcomes = (served("response", (0.0, 0.1, 0.2), 0.5, 0.02), served("dropout", (0.0, 0.1, 0.05), 0.15, 0.02))
    files = lab.policy()
    with np.load(io.BytesIO(files["arrays.npz"])) as arrays:
        content = io.BytesIO()
        np.savez(content, **arrays, **secondary_arrays(outcomes))
    described = verify_policy(files).manifest.model_copy(update={"secondary": tuple(one.outcome for one in outcomes)})
    rest = {"arrays.npz": content.getvalue(), "model_card.json": files["model_card.json"]}
    policy = load_served(str(write_folder(lab.promoted(lab.signed(rest, described)))))
    engine = open_database(SecretStr(f"sqlite:///{home / 'service.db'}"))
    upgrade(engine)
    store = Store(engine, Keys(new_ring(datetime.now(UTC))))
    entry = Entry("policy", LOCAL_ACTOR, datetime.now(UTC))
    store.keep_policy(policy.source.manifest_sha256, policy.documents, entry)

    from fastapi.testclient import TestClient

    with TestClient(create_app(Collaborators(lambda: policy, store, CRISIS))) as client:
        where = client.post(URL, json=profile).headers["location"]
        for action in ("review", "release"):
            assert client.post(f"{where}/{action}", json=SIGNED).status_code == 200
        page = client.get(f"{where}/sheet").text
    store.close()
    told = {title: counts for title, counts in rows(page).items() if counts}
    assert [[about for about, _, _ in counts] for counts in told.values()] == [[60, 15], [50, 10], [40, 20]]
    assert [title.split()[0] for title in told] == ["Talking", "An", "Usual"]
    assert all(lower < about < upper for counts in told.values() for about, lower, upper in counts)
    assert rows(page)["Hypnosis"] == []


def rows(page: str) -> dict[str, list[tuple[int, int, int]]]:
    """The numbers of each row of the table, by the option's title."""
    found = {}
    for row in re.findall(r'<tr><th scope="row">.*?</tr>', page, re.S):
        title = re.search(r"<bdi>(.*?)</bdi>", row)
        numbers = re.findall(r"about <b>(\d+)</b> \((\d+) to (\d+)\)", row)
        found[title.group(1) if title else ""] = [(int(a), int(b), int(c)) for a, b, c in numbers]
    return found
