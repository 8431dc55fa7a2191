"""The command line: helpful, quick to start, with the exit codes of the design."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.__main__ import THREADS, main

HEAVY = ("mlflow", "econml", "sklearn", "scipy", "lightgbm", "pandas", "shap", "dowhy", "estimators", "experiments")


def loaded_by(statement: str) -> list[str]:
    """Heavy modules that a statement pulls in, in a fresh interpreter."""
    code = f"import sys\n{statement}\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return list(eval(run.stdout.splitlines()[-1]))  # noqa: S307 - our own output


def test_nothing_heavy_is_imported() -> None:
    """No module of the service pulls in a learning library, MLflow or pandas, nor do all of them together."""
    modules = ("serve", "app", "batch", "pull", "__main__")
    assert loaded_by("\n".join(f"import service.{module}" for module in modules)) == []


def test_serving_stays_light(policy_folder: Path) -> None:
    """Not even loading a policy, migrating a database and answering pulls any of them in."""
    statement = f"""
from data_contracts.profile import PatientProfile
from engine.recommend import recommend
from service.serve import open_store
from service.served_policy import load_served
from service.settings import read_settings
from service.storage.keys import open_keys
from service.utc import utc_now
served = load_served({str(policy_folder)!r})
open_store(read_settings({{}}), served, open_keys({{}}, utc_now()))
recommend(PatientProfile(patient_id="a", values={{}}), served.policy, served.rules)
"""
    assert loaded_by(statement) == []


@pytest.mark.parametrize("arguments", [["--help"], ["pull", "--help"], ["recommend", "--help"], ["serve", "--help"]])
def test_help_has_examples(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every help ends with examples and exit codes."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    assert " ".join(["equipoise", *arguments[:-1]]) + " " in (told := capsys.readouterr().out)
    assert "5 refused" in told


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version tells the installed version."""
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("equipoise ")


@pytest.mark.parametrize("arguments", [[], ["predict"], ["recommend"], ["serve", "--port", "x"]])
def test_bad_usage(arguments: list[str]) -> None:
    """What the parser does not know ends in exit 2."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["recommend", "--policy", "nowhere", "--patients", "a.csv", "--out", "b.csv"], 3),
        (["recommend", "--policy", "tiny@champion", "--patients", "a.csv", "--out", "b.csv"], 3),
        (["recommend", "--policy", "tiny@v3", "--patients", "a.csv", "--out", "b.csv"], 2),
        (["pull", "some/folder"], 2),
        (["pull", "tiny@challenger"], 2),
        (["pull", "tiny"], 3),
        (["pull", "tiny@champion", "--watch", "0"], 2),
        (["pull", "tiny@champion", "--watch", "nan"], 2),
        (["pull", "tiny@champion"], 3),
        (["serve", "--policy", "nowhere"], 5),
        (["serve", "--local", "--policy", "nowhere"], 5),
        (["serve", "--local", "--host", "192.0.2.1"], 2),
        (["serve", "--port", "70000"], 2),
    ],
)
def test_exit_codes(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors end in their exit code with a title and a next step on standard error, nothing on standard output."""
    assert main(arguments) == code
    told = capsys.readouterr()
    assert not told.out
    assert len(told.err.splitlines()) >= 2


@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("3", "3")])
def test_small_products_are_not_spread_over_threads(
    given: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command uses one thread for its arithmetic unless whoever runs it says otherwise."""
    for name in THREADS:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
        if given is not None:
            monkeypatch.setenv(name, given)
    with pytest.raises(SystemExit):
        main(["--version"])
    assert {os.environ[name] for name in THREADS} == {expected}


def test_numpy_comes_after_that() -> None:
    """Importing the command does not import numpy, which reads how many threads it may use when it is imported."""
    code = "import sys, service.__main__; print('numpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
