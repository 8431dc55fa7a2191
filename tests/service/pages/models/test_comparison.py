"""Two versions side by side: what differs stands there, and nothing is drawn together that is not one measure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from data_contracts.gate import Gate
from data_contracts.policy_value import Comparison, PolicyValue
from service.pages.comparison import compare
from service.pages.model_view import version_view

Files = Callable[..., dict[str, bytes]]
Brought = Callable[[], Any]
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
ADDRESS = "/models/tiny/compare?one=1&other=2"


def value(gain: float) -> PolicyValue:
    """What advice is worth."""
    over = Comparison(value=1, difference=gain, standard_error=0.1, lower=gain - 0.2, upper=gain + 0.2, patients=1)
    return PolicyValue(value=1, standard_error=0.1, differs=0.2, best_single=over, reference=None, clinicians=over)


def test_what_differs_is_told(
    client: Any, registry: Any, run_files: Files, brought: Brought, gate: Callable[..., Gate], card: Any, report: Any
) -> None:
    """Gates judged otherwise stand first, effects and worth pair by pair, and of the protocol what is not the same."""
    common = (gate("leakage"), gate("balance"))
    first = report(repeats=1, effect_modifiers=["age"])
    second = report(confidence=0.95, effect_modifiers=["age", "sex"])
    registry.study(run_files(gates=common, card=card(), report=first, whole=False, policy_value=value(0.5)))
    changed = (common[0], gate("balance", "failed", value=0.4))
    told = {"card": card(), "report": second, "policy_value": value(0.7), "data_fingerprint": "c" * 64}
    registry.study(run_files(gates=changed, whole=False, **told))
    brought()
    both = compare(version_view("tiny", "1"), version_view("tiny", "2"))
    assert [(pair.name, pair.changed) for pair in both.gates] == [("balance", True), ("leakage", False)]
    assert [(pair.name, pair.one == pair.other) for pair in both.effects] == [("icbt", True), ("cbt", True)]
    assert {
        pair.name: (pair.one.estimate, pair.other.estimate) for pair in both.values if pair.one and pair.other
    } == {
        "best_single": (0.5, 0.7),
        "clinicians": (0.5, 0.7),
    }
    differences = {one.key: (one.one, one.other) for one in both.differences or ()}
    assert differences == {
        "confidence": ("0.9", "0.95"),
        "effect_modifiers": ("age", "age, sex"),
        "repeats": ("1", None),
    }
    assert not both.same_data
    page = client.get(ADDRESS).text
    assert page.count('class="point a"') == page.count('class="point b"') == 4
    assert "judged otherwise" in page


def test_another_outcome_is_not_drawn_beside_it(
    client: Any, registry: Any, run_files: Files, brought: Brought, card: Any, report: Any
) -> None:
    """Effects in other units, or over another reference, are not put on one scale; the page says so."""
    registry.study(run_files(card=card(), report=report(), policy_value=value(0.5)))
    registry.study(run_files(card=card(unit="share of patients"), report=report(), policy_value=value(0.7)))
    brought()
    page = client.get(ADDRESS).text
    assert "cannot be put on one scale" in page
    assert 'class="point' not in page


def test_what_is_not_signed_is_not_compared(client: Any, registry: Any, run_files: Files, brought: Brought) -> None:
    """Of a study of before, without signed report and with a card of another form, the gates alone are compared."""
    registry.study(run_files(), files={})
    registry.study(run_files())
    brought()
    page = client.get(ADDRESS).text
    assert "no report is signed" in page
    assert "Neither version computed an effect" in page
    assert client.get("/models/tiny/compare?one=1&other=9").status_code == 404
    assert client.get("/models/tiny/compare").status_code == 404


@pytest.mark.parametrize("address", [ADDRESS, "/models/tiny/1/fairness", "/models/tiny/1/overlap"])
def test_hostile_words_are_text(
    address: str, client: Any, registry: Any, run_files: Files, brought: Brought, card: Any, report: Any, group: Any
) -> None:
    """Keys and values of a protocol, arms, columns and levels that look like a page's source stand there as text."""
    hostile = card(groups=(group(HOSTILE, HOSTILE),), small=(HOSTILE,), unit=HOSTILE, reference=HOSTILE)
    told = report(arms=(HOSTILE, "cbt"), **{HOSTILE: HOSTILE})
    registry.study(run_files(card=hostile, report=told))
    registry.study(run_files(card=hostile, report=report()))
    brought()
    page = client.get(address)
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert "&lt;script&gt;" in page.text
