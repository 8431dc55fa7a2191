"""The studies of the repository, each run once; trials that are no part of it are read where somebody has them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from experiments.studies.registry import example_named
from experiments.studies.run import Made, judge, make, results_of
from experiments.study_result import StudyResult

BESIDE = Path(__file__).parents[4] / "shared" / "data"
DATA = Path(os.environ.get("TRIAL_DATA", BESIDE))
"""Where the trials lie if they are there: the folder that TRIAL_DATA names, or one beside the repository."""


Run = Callable[[str], tuple[Made, StudyResult]]
DRAWS = {"draws": 20, "dowhy": False}


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A study made and run, by its name; skips the test where its trial is not at hand."""

    @cache
    def run(name: str) -> tuple[Made, StudyResult]:
        made = make(example_named(name), tmp_path_factory.mktemp(name), DATA)
        if made.example.data is not None:  # no page is held against a trial's run: its refuters may draw seldom
            asked = yaml.safe_load(made.protocol.read_text(encoding="utf-8"))
            made.protocol.write_text(yaml.safe_dump(asked | {"refuters": DRAWS}), encoding="utf-8")
        result = judge(made)
        assert isinstance(result, StudyResult), "the design of these studies has to pass"
        return made, result

    def go(name: str) -> tuple[Made, StudyResult]:
        folder = example_named(name).data
        if folder is not None and not (DATA / folder).is_dir():
            pytest.skip(f"the trial {folder} is not at hand; TRIAL_DATA names its folder")
        return run(name)

    return go


@pytest.fixture(scope="session")
def came(ran: Run) -> Callable[[str], StudyResult]:
    """What came of a study, by its name."""
    return lambda name: ran(name)[1]


@pytest.fixture(scope="session")
def page_of(ran: Run) -> Callable[[str], str]:
    """A study's results page, by its name."""
    return lambda name: results_of(*ran(name))


NUMBER = re.compile(r"\d+\.?\d*")


@pytest.fixture(scope="session")
def same_page(page_of: Callable[[str], str]) -> Callable[[str], None]:
    """Holds a study's committed page against a run of today: its sentences, and its numbers but for the last decimal.

    Asked for in the file of that study, so that no other of the tests' processes has to run it again.
    """

    def check(name: str) -> None:
        made, kept = page_of(name), (example_named(name).protocol.parent / "results.md").read_text(encoding="utf-8")
        assert NUMBER.sub("#", made) == NUMBER.sub("#", kept)
        pairs = zip(NUMBER.findall(made), NUMBER.findall(kept), strict=True)
        # Another processor may round otherwise, by a unit of the last decimal shown.
        assert [pair for pair in pairs if abs(float(pair[0]) - float(pair[1])) > 0.11] == []

    return check


@pytest.fixture(scope="session")
def trials() -> Path:
    """The folder of the trials; to be asked for beside ``came``, which skips where it is not there."""
    return DATA


@pytest.fixture(scope="session")
def ancova() -> Callable[..., tuple[float, float]]:
    """Least squares of an outcome of which less is better: the benefit by the first column, and its standard error."""

    def fit(outcome: Any, *columns: Any) -> tuple[float, float]:
        y = np.asarray(outcome, dtype=float)
        design = np.column_stack([np.ones(len(y)), *columns]).astype(float)
        coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
        residual = y - design @ coefficients
        covariance = residual @ residual / (len(y) - design.shape[1]) * np.linalg.inv(design.T @ design)
        return -float(coefficients[1]), float(np.sqrt(covariance[1, 1]))

    return fit
