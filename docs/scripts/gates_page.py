"""Writes docs/gates.md from data_contracts/gates.yaml; a test compares the page with this.

Run `python docs/scripts/gates_page.py` after a change of a gate or a mark.
"""

from __future__ import annotations

from pathlib import Path

from data_contracts.gate_book import GateEntry, MarkEntry, load_gates

PAGE = Path(__file__).parents[1] / "gates.md"
JUDGED = {
    "design": "blind, with the design, before any effect exists",
    "effects": "once effects are computed",
    "attack": "once effects are computed, by a study alone and not by a fit",
}
MISSED = {
    "failed": "the study fails, unless a waiver lets the gate go",
    "unearned": "individual advice is not earned: averages are served",
    "refused": "the study is refused",
}
DIRECTION = {"at_least": "at least ", "at_most": "at most ", "level": ""}
HEAD = """\
# Gates and their marks

What is asked of a study before its results are seen, and why. This page is written by
`python docs/scripts/gates_page.py` from `data_contracts/gates.yaml`, the only place that holds a mark; do not edit it.
A protocol's `gates` override single marks, for that study and in its hash; `gates.json` and the report tell every mark
in force with its reason. How gates are judged, and what their states mean: [method](method.md#gates).
"""


def render() -> str:
    """The page."""
    book = load_gates()
    return "\n".join([HEAD, *(_gate(name, entry) for name, entry in book.gates.items())])


def _gate(name: str, entry: GateEntry) -> str:
    more = f" More: [{entry.page}]({entry.page})." if entry.page else ""
    lines = [
        f"## {name}",
        "",
        f"Asked: {entry.asks}. {entry.why}{more}",
        "",
        f"Judged {JUDGED[entry.judged]}. Where it is missed {MISSED[entry.missed]}.",
        "",
    ]
    book = load_gates()
    return "\n".join([*lines, *(_mark(mark, book.marks[mark]) for mark in book.marks_of(name))])


def _mark(name: str, mark: MarkEntry) -> str:
    source = mark.source if mark.source_read else f"{mark.source} (from memory, to be checked)"
    judged = f"{mark.judges}: {DIRECTION[mark.direction]}**{mark.value:g}** ({mark.unit})"
    return f"* `{name}`: {judged}. {mark.why} Source: {source}.\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
