"""A study in a real browser, from two files to the champion: a real worker, a real registry, a real promotion."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from experiments.__main__ import main as lab_command
from experiments.simulate import simulate_to
from experiments.worker.service_door import open_door
from experiments.worker.work import work
from service.pull import pull

EPISODES = 800


@pytest.mark.slow
def test_from_the_upload_to_the_champion(
    watched: Callable[..., Any], address: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for, done by a worker, its report read, its command copied and run as it stands: pages show the champion.

    The command is taken from the clipboard; who and why are filled in, as a person would.
    """
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home / 'mlflow.db'}")
    simulate_to("null", EPISODES, 1, tmp_path, "episodes")
    one = watched(permissions=["clipboard-read", "clipboard-write"])
    tab = one.open("/studies/new")
    tab.set_input_files("#protocol", str(tmp_path / "protocol.yaml"))
    tab.set_input_files("#table", str(tmp_path / "records.csv"))
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_selector("h2:has-text('Waiting for a worker')")
    with open_door(address, None, "w") as door:
        assert work(door, tmp_path / "work", once=True) == 0
    tab.wait_for_selector("h2:has-text('Done')")
    study = tab.url
    tab.get_by_role("link", name="Open the report").click()
    expect(tab.locator("h1")).to_have_text(re.compile(r"\?$"))
    one.calm()
    tab.goto(study)
    tab.get_by_role("button", name="Copy").click()
    tab.wait_for_selector("text=Copied")
    words = shlex.split(tab.evaluate("navigator.clipboard.readText()"))
    told = {"--by": "A. Nalyst", "--why": "read <b>the report</b>"}
    filled = [told.get(words[at - 1], word) if word == "" else word for at, word in enumerate(words)]
    assert lab_command(filled[1:]) == 0
    assert pull("null", None) == 0
    tab = one.open("/models/null")
    champion = tab.locator(".standing.champion").inner_text()
    assert "Version 1" in champion
    assert "A. Nalyst" in champion
    assert "read <b>the report</b>" in champion
    tab = one.open("/models/null/1/report")
    assert tab.frame_locator("iframe").locator("h1").inner_text().endswith("?")
    one.calm()
