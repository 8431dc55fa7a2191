"""Writes a study's report: report.html for people, report.json for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_contracts.whole_file import write_whole
from experiments.design_result import Result
from experiments.report.drawing import Picture
from experiments.report.figures import figures
from experiments.report.page import page
from experiments.report.summary import summarise

HTML = "report.html"
JSON = "report.json"


@dataclass(frozen=True)
class Written:
    """What a report was made of.

    Attributes:
        summary: content of report.json.
        pictures: the page's, by name.
    """

    summary: dict[str, Any]
    pictures: Mapping[str, Picture]


def write_report(result: Result, out: Path, summary: dict[str, Any] | None = None) -> Written:
    """Write report.html and report.json into a folder, made if need be; files of those names are replaced.

    The same study gives the same bytes.

    Args:
        summary: of the result, where it was made already.
    """
    summary = summarise(result) if summary is None else summary
    pictures = figures(result, summary)
    texts = {
        HTML: page(summary, pictures),
        JSON: json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
    }
    for name, text in texts.items():
        write_whole(out / name, text.encode())
    return Written(summary, pictures)
