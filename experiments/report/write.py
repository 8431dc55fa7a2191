"""Writes a study's report: report.html for people, report.json for programs."""

from __future__ import annotations

import json
from pathlib import Path

from data_contracts.whole_file import write_whole
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
    for name, text in texts.items():
        write_whole(out / name, text.encode())
