"""The analyst's pages in a real browser, in every state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HOSTILE = '<script>document.title="owned"</script>"><img src=x onerror=document.title="owned">'
PARTS = (
    *("compare?one=1&other=3", "1", "1/report", "1/card", "1/fairness"),
    *("1/fairness?measure=support", "1/overlap", "1/overlap?part=pairs", "3/overlap?part=balance"),
)
"""Pages on versions, each in a state of its own."""


def test_models_in_every_state(
    watched: Callable[..., Any],
    client: Any,
    registry: Any,
    run_files: Callable[..., dict[str, bytes]],
    brought: Callable[[], Any],
    every_state: Any,
    group: Any,
    card: Any,
    report: Any,
) -> None:
    """No model, nobody promoted, a champion, every gate's state, each explorer, hostile names: nobody is shut out."""
    one = watched()
    one.open("/models")
    one.check_sizes()
    made = card((group("sex", HOSTILE), group("sex", "male", 0.01)), ("age below 18",))
    registry.study(run_files(gates=every_state, card=made, report=report((HOSTILE, "cbt"))), by=HOSTILE)
    brought()
    one.open("/models/tiny")
    one.check_sizes()
    registry.move("champion", "1", HOSTILE, HOSTILE)
    registry.study(run_files() | {"policy/signature": b"no"})
    registry.study(run_files(card=made, report=report(**{HOSTILE: HOSTILE})))
    brought()
    nobodys = watched(locale="en-XA")
    for where in ("/models", "/models/tiny", *(f"/models/tiny/{part}" for part in PARTS)):
        nobodys.open(where)
        assert nobodys.unmarked() == [], where
        tab = one.open(where)
        if tab.locator("[data-spec]").count():
            tab.wait_for_selector("[data-drawn]")
            assert tab.locator(".chart svg").count() == 1
        one.check_sizes()


def test_browsers_without_script(
    watched: Callable[..., Any], registry: Any, run_files: Any, brought: Any, group: Any, card: Any, report: Any
) -> None:
    """Without script tables and commands are all there, and no page is wider than a phone."""
    registry.study(run_files(card=card((group("sex", "female"),)), report=report()))
    registry.study(run_files(card=card(), report=report()))
    brought()
    one = watched(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    for where in ("/studies/new", "/models/tiny/1/fairness", "/models/tiny/2/overlap?part=balance"):
        tab = one.open(where)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390, where
    assert tab.locator("table.scores tbody tr").count() == 1
    assert "equipoise-lab promote tiny 2" in one.open("/models/tiny/2").inner_text("pre")
    assert one.elsewhere == []


def test_the_command_is_copied_by_keyboard(
    watched: Callable[..., Any], registry: Any, run_files: Callable[..., dict[str, bytes]], brought: Any
) -> None:
    """From the list of models to the command in the clipboard with no pointer at all."""
    registry.study(run_files())
    brought()
    one = watched(permissions=["clipboard-read", "clipboard-write"])
    tab = one.open("/models")
    for link in ("tiny", "Version 1"):
        one.reach(link)
        with tab.expect_navigation():
            tab.keyboard.press("Enter")
    one.reach("Copy")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("text=Copied")
    assert tab.evaluate("navigator.clipboard.readText()") == 'equipoise-lab promote tiny 1 --by "" --why ""'
    one.calm()
