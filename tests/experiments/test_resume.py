"""An interrupted study: killed for real, run again, it goes on where it stopped and leaves nothing half."""

from __future__ import annotations

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from data_contracts.figure import Figure
from experiments import stages as kept
from experiments.signing import Signer, open_signer
from experiments.simulate import simulate_to
from experiments.stages import Stages


@dataclass(frozen=True)
class Small:
    """A study of event tables that takes seconds."""

    protocol: Path
    data: Path


@pytest.fixture(scope="module")
def small(small_protocol: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Event tables of 600 patients, and a protocol that asks for two arms and few columns."""
    folder = tmp_path_factory.mktemp("small")
    simulate_to("clinic", 600, 1, folder, "events")
    small_protocol(folder / "protocol.yaml")
    return Small(folder / "protocol.yaml", folder / "records")


class Forks:
    """Starts `equipoise-lab study` as processes of their own, forked from one that has imported what they need."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server

    def start(self, study: Small, home: Path, out: Path, limit: int = 0) -> Running:
        """A study; ``limit`` is the most bytes that a file may have."""
        said = home.with_name("said")
        asked = {
            "words": ["study", str(study.protocol), "--data", str(study.data), "--out", str(out)],
            "environment": {"EQUIPOISE_HOME": str(home), "MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}"},
        }
        return Running(self, self.ask({**asked, "limit": limit, "said": str(said)}), said)

    def ask(self, line: dict[str, Any]) -> Any:
        """What it answers to a line."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(line) + "\n")
        self._server.stdin.flush()
        return json.loads(self._server.stdout.readline())


@dataclass
class Running:
    """A study that runs: by whom it was started, its process, and where what it says on standard error lies."""

    forks: Forks
    pid: int
    said: Path

    def until(self, there: Callable[[], bool], number: signal.Signals) -> None:
        """Once something is so send it a signal; it has to live until then."""
        while not there():
            code = self.forks.ask({"pid": self.pid, "wait": False})
            assert code is None, (code, self.said.read_text(encoding="utf-8"))
            time.sleep(0.01)
        os.kill(self.pid, number)

    def ended(self) -> tuple[int, str]:
        """Its exit code once it has ended, or below 0 what killed it, and what it said."""
        return self.forks.ask({"pid": self.pid, "wait": True}), self.said.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    """The process that forks studies."""
    script = Path(__file__).with_name("fork_studies.py")
    place = os.environ | {"PYTHONPATH": str(script.parents[2])}
    server = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=place
    )
    with server:
        yield Forks(server)


def registered(home: Path) -> tuple[list[str], list[str]]:
    """Versions of the registered model and the states of all runs, as the tracking store has them."""
    with sqlite3.connect(home / "mlflow.db") as store:
        versions = [str(row[0]) for row in store.execute("SELECT version FROM model_versions")]
        return versions, sorted(str(row[0]) for row in store.execute("SELECT status FROM runs"))


@pytest.fixture(scope="module")
def undisturbed(small: Small, lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same study, run without interruption, in this process."""
    folder = tmp_path_factory.mktemp("undisturbed")
    ran = lab("study", small.protocol, "--data", small.data, "--out", folder / "out", home=folder / "home")
    assert ran.code == 0, ran.err
    return folder / "out"


def test_a_killed_study_goes_on_and_ends_like_any_other(
    small: Small, forks: Forks, undisturbed: Path, empty_registry: bytes, tmp_path: Path
) -> None:
    """Killed after its cohort, again while it tracks: then one version, one finished run, and the same bytes."""
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    (home / "mlflow.db").write_bytes(empty_registry)
    first = forks.start(small, home, out)
    first.until(lambda: any(out.glob("stages/cohort-*.stage")), signal.SIGKILL)
    assert first.ended()[0] == -signal.SIGKILL
    assert not (out / "policy").exists()
    kept_private = [out / "stages", *out.glob("stages/*")]
    assert [path for path in kept_private if path.stat().st_mode & 0o077] == []

    second = forks.start(small, home, out)
    second.until((out / "stages" / "tracking.json").exists, signal.SIGKILL)
    _, told = second.ended()
    assert "cohort: finished before" in told
    assert registered(home)[0] in ([], ["1"])

    code, told = forks.start(small, home, out).ended()
    assert code == 0, told
    for name in ("cohort", "design", "effects"):
        assert f"{name}: finished before" in told
    assert registered(home) in ((["1"], ["FINISHED"]), (["1"], ["FINISHED", "KILLED"]))
    assert not (out / "stages").exists()
    for name in ("gates.json", "report.json", "report.html", "policy/manifest.json", "policy/arrays.npz"):
        assert (out / name).read_bytes() == (undisturbed / name).read_bytes(), name
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in undisturbed.iterdir())


def test_ctrl_c_says_that_it_can_go_on(small: Small, forks: Forks, tmp_path: Path) -> None:
    """An interrupted study ends with 130, no traceback, and what to do."""
    process = forks.start(small, tmp_path / "home", tmp_path / "out")
    process.until(lambda: any((tmp_path / "out").glob("stages/cohort-*.stage")), signal.SIGINT)
    code, told = process.ended()
    assert code == 130, told
    assert "goes on where it stopped" in told
    assert "Traceback" not in told


def test_a_full_disk_leaves_nothing_half(small: Small, forks: Forks, tmp_path: Path) -> None:
    """Where no file can be written whole the study says so, and neither stage, policy nor model is there."""
    (tmp_path / "home").mkdir()
    code, told = forks.start(small, tmp_path / "home", tmp_path / "out", limit=4_000).ended()
    assert code == 1, told
    assert "run the same command again" in told
    assert "Traceback" not in told
    left = [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert left == []


def test_a_disk_that_fills_up_while_tracking_registers_nothing(
    small: Small, undisturbed: Path, lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The artifact store takes some files and then no more: no version is there; with room again there is one."""
    import mlflow

    home, out, log, taken = tmp_path / "home", tmp_path / "out", mlflow.log_artifact, []

    def fill(path: str, *rest: Any) -> None:
        taken.append(path)
        if len(taken) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        log(path, *rest)

    with monkeypatch.context() as full:
        full.setattr(mlflow, "log_artifact", fill)
        ran = lab("study", small.protocol, "--data", small.data, "--out", out, home=home)
    assert len(taken) == 2
    assert (ran.code, "Traceback" in ran.err) == (1, False)
    assert "run the same command again" in ran.err
    assert registered(home) == ([], ["FAILED"])

    again = lab("study", small.protocol, "--data", small.data, "--out", out, home=home)
    assert again.code == 0
    assert registered(home)[0] == ["1"]
    assert (out / "gates.json").read_bytes() == (undisturbed / "gates.json").read_bytes()


@pytest.fixture
def signer(home: Path) -> Signer:
    """This lab's key, made in a home of the test's own."""
    return open_signer()


def test_what_another_hand_wrote_is_never_opened(signer: Signer, tmp_path: Path) -> None:
    """A stage that was changed, or signed by nobody, is made anew: it is not even unpickled."""
    told: list[str] = []
    stages = Stages(tmp_path, "study", signer, told.append)
    assert stages.run("design", lambda: 1) == 1
    (path,) = tmp_path.glob("*.stage")
    assert stages.run("design", lambda: 2) == 1
    signature, _, _content = path.read_bytes().partition(b"\n")
    path.write_bytes(signature + b"\n" + b"cos\nsystem\n(S'touch /nowhere/evil'\ntR.")
    assert stages.run("design", lambda: 3) == 3
    assert "was not written by this lab's key" in told[-1]


@pytest.mark.parametrize("other", ["another study", "study with other records"])
def test_another_study_takes_up_nothing(other: str, signer: Signer, tmp_path: Path) -> None:
    """Stages belong to one protocol, one set of records and one program."""
    assert Stages(tmp_path, "study", signer, print).run("design", lambda: 1) == 1
    assert Stages(tmp_path, other, signer, print).run("design", lambda: 2) == 2


def test_other_data_of_the_program_are_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a room's code or a table of trials beside it changes, stages made before are not taken up."""
    room = tmp_path / "room_of_a_test"
    room.mkdir()
    (room / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(kept, "ROOMS", (room.name,))
    found = []
    for name, text in (("table.yaml", "tau: 1"), ("table.yaml", "tau: 2"), ("code.py", "x = 1"), ("note.md", "")):
        (room / name).write_text(text)
        kept.program.cache_clear()
        found.append(kept.program())
    kept.program.cache_clear()
    assert len(set(found)) == 3
    assert found[2] == found[3]


def test_what_is_generic_comes_back_from_a_stage(signer: Signer, tmp_path: Path) -> None:
    """Figures with their sources, of several kinds of value, are the same after they were kept."""
    figures = {
        "half": Figure[float](value=0.5, source="a table", verified=True),
        "items": Figure[int](value=9, source="b", verified=False),
    }
    stages = Stages(tmp_path / "stages", "a study", signer, lambda _told: None)
    assert stages.run("figures", lambda: figures) == figures
    assert Stages(stages.folder, "a study", signer, lambda _told: None).run("figures", dict) == figures
