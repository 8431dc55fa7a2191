"""The page of gates says what the file of gates says, and the method page repeats no mark."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from data_contracts.gate_book import load_gates

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_its_script_writes():
    """docs/gates.md is what `python docs/scripts/gates_page.py` makes of gates.yaml."""
    script = runpy.run_path(str(ROOT / "docs" / "scripts" / "gates_page.py"))
    assert script["PAGE"].read_text(encoding="utf-8") == script["render"]()


def test_the_method_page_names_marks_and_repeats_none():
    """Every mark that it speaks of is in the book, and no value stands beside its name."""
    text = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    named = [hit for hit in re.findall(r"`gates\.(\w+)(.{0,12})", text) if hit[0] not in ("json", "yaml")]
    assert {name for name, _ in named} <= set(load_gates().marks)
    assert [(name, after) for name, after in named if re.match(r"`[ ;:,(=]*\d", after)] == []
