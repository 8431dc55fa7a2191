"""What a real study leaves in MLflow is what the service's pages read: both doors, one after the other."""

from __future__ import annotations

import json
from typing import Any

from data_contracts.manifest import sha256
from service.pages.gate_picture import MIDDLE
from service.pages.model_view import model_view, version_view
from service.pull import pull_versions


def test_a_study_is_read_as_the_lab_wrote_it(registry: Any) -> None:
    """Every page of it is signed by its hash, who made it is told, and every figure with a mark has its place."""
    assert pull_versions("null") == "1 version"
    view = version_view("null", "1")
    for name in ("report.html", "report.json", "gates.json", "model_card.html"):
        assert sha256(view.found.content(name)) == sha256((registry.out / name).read_bytes()), name
    assert view.row.aliases == ("challenger",)
    gates = json.loads((registry.out / "gates.json").read_text(encoding="utf-8"))["gates"]
    assert [row.gate.name for row in view.picture.rows] == [gate["name"] for gate in gates]
    assert all(row.entry for row in view.picture.rows)
    for row in view.picture.rows:
        assert (row.place is None) == (row.gate.value is None), row.gate.name
        if row.place and row.gate.state == "failed":
            assert row.place.value < MIDDLE, row.gate.name
    model, _ = model_view("null", 1)
    assert [(one.move.alias, one.signed, one.follows) for one in model.moves] == [("challenger", True, True)]
    assert model.by_hand == ()
