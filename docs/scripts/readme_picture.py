"""Draws the README's picture from what `make demo` wrote: python docs/scripts/readme_picture.py demo-output."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

from rich.console import Console

from experiments.demo_answers import recommendation_panel
from experiments.demo_patients import PATIENTS


def main(demo: Path, picture: Path) -> None:
    """Render the demo's tie and its abstention as one SVG."""
    answers = json.loads((demo / "recommendations.json").read_text(encoding="utf-8"))
    console = Console(record=True, width=120, file=io.StringIO())
    for title, _ in PATIENTS[1:]:
        console.print(recommendation_panel(title, answers[title] | {"id": "…"}))
    svg = console.export_svg(title="equipoise-lab demo")
    # Rich names fonts on another server; the picture falls back to whatever fixed-width font is there.
    picture.write_text(re.sub(r"@font-face \{.*?\}", "", svg, flags=re.S), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parents[1] / "recommendation.svg")
