"""Writes a study's report: report.html for people, report.json for programs, both or neither."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from experiments.report.figures import figures
from experiments.report.page import page
from experiments.report.summary import summarise
from experiments.study_result import StudyResult

HTML = "report.html"
JSON = "report.json"


def write_report(result: StudyResult, out: Path) -> None:
    """Write report.html and report.json into a folder, made if need be; files of those names are replaced.

    The same study gives the same bytes.
    """
    summary = summarise(result)
    texts = {
        HTML: page(summary, figures(result, summary)),
        JSON: json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
    }
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".report.") as building:
        for name, text in texts.items():
            (Path(building) / name).write_bytes(text.encode())
        for name in texts:
            (Path(building) / name).replace(out / name)
