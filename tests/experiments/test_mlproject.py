"""MLproject: MLflow can run the study, and what it runs is a command that exists."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from experiments.__main__ import _parser

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project() -> Any:
    """The file's content."""
    return yaml.safe_load((ROOT / "MLproject").read_text(encoding="utf-8"))


def test_there_are_three_entry_points(project: Any) -> None:
    """train, study and benchmark, as the issue asks; protocol and data are paths that must be given."""
    assert set(project["entry_points"]) == {"train", "study", "benchmark"}
    for name in ("train", "study"):
        parameters = project["entry_points"][name]["parameters"]
        assert parameters["protocol"] == parameters["data"] == "path"


@pytest.mark.parametrize(("entry", "command"), [("train", "fit"), ("study", "study"), ("benchmark", "benchmark")])
def test_each_runs_a_command_that_exists(entry: str, command: str, project: Any) -> None:
    """With its parameters filled in, each entry point is a call that the command line takes."""
    point = project["entry_points"][entry]
    defaults = {name: given["default"] for name, given in point["parameters"].items() if isinstance(given, dict)}
    filled = point["command"].format(**({"protocol": "p.yaml", "data": "d.csv"} | defaults))
    program, *arguments = shlex.split(filled)
    assert program == "equipoise-lab"
    options = _parser().parse_args(arguments)
    assert options.command == command


def test_no_environment_file_is_asked_for(project: Any) -> None:
    """The project runs in the environment it is installed in; it names no conda or docker environment."""
    assert set(project) == {"name", "entry_points"}


@pytest.mark.slow
@pytest.mark.parametrize("entry", ["train", "study"])
def test_mlflow_runs_it(entry: str, study: Any, tmp_path: Path) -> None:
    """`mlflow run . -e … --env-manager=local` writes the policy, and leaves nothing in the repository."""
    bin_folder = Path(sys.executable).parent
    mlflow = shutil.which("mlflow", path=str(bin_folder))
    assert mlflow is not None
    address = f"sqlite:///{tmp_path / 'mlflow.db'}"
    environment = os.environ | {
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "EQUIPOISE_HOME": str(tmp_path / "home"),
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    # Made beforehand, because MLflow's own choice for artifacts is a folder mlruns in the repository.
    place = (tmp_path / "artifacts").as_uri()
    create = [mlflow, "experiments", "create", "-n", "by-mlflow", "-l", place]
    subprocess.run(create, cwd=tmp_path, env=environment, capture_output=True, check=True)
    out = tmp_path / "out"
    given = [f"protocol={study.protocol}", f"data={study.data}", f"out={out}"]
    parameters = [part for text in given for part in ("-P", text)]
    experiment = ["--experiment-name", "by-mlflow"]
    command = [mlflow, "run", ".", "-e", entry, *parameters, "--env-manager=local", *experiment]
    before = {path.name for path in ROOT.iterdir()}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert (out / "policy" / "manifest.json").is_file()
    assert (out / "gates.json").is_file()
    assert (out / "report.html").is_file() == (entry == "study")
    assert {path.name for path in ROOT.iterdir()} - before <= {".mypy_cache", ".pytest_cache", ".ruff_cache"}
