"""The registry's file is whole or not there, and a registry that does not answer is told in our words, and early."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from data_contracts.errors import Unreachable
from experiments.__main__ import main
from experiments.registry import answering, make_whole
from experiments.simulate import simulate_to
from experiments.tracking import check_registry

KILLED = """
import os, sys
from pathlib import Path
from experiments.__main__ import main
from experiments.registry import make_whole

def fill(address):
    Path(address.removeprefix("sqlite:///")).write_bytes(b"half of a database")
    os._exit(9)

make_whole(sys.argv[1], fill)
"""


def test_one_killed_while_it_was_made_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The killed command leaves no file of that name, and the next one has a registry that answers."""
    path = tmp_path / "mlflow.db"
    place = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    killed = subprocess.run([sys.executable, "-c", KILLED, f"sqlite:///{path}"], env=place, check=False)
    assert killed.returncode == 9
    assert not path.exists()
    monkeypatch.setenv("EQUIPOISE_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path}")
    check_registry()
    assert path.stat().st_size > 100_000


def test_of_two_that_are_made_at_once_one_stays(tmp_path: Path) -> None:
    """Who comes second keeps the first one's file, and leaves nothing of its own."""
    path = tmp_path / "mlflow.db"

    def fill(address: str) -> None:
        Path(address.removeprefix("sqlite:///")).write_text("second", encoding="utf-8")
        path.write_text("first", encoding="utf-8")

    make_whole(f"sqlite:///{path}", fill)
    assert [(one.name, one.read_text(encoding="utf-8")) for one in tmp_path.iterdir()] == [("mlflow.db", "first")]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "postgresql://host/registry"])
def test_nothing_is_made_at_a_server(address: str) -> None:
    """What is no file of ours is left to whoever keeps it."""

    def fill(address: str) -> None:
        raise AssertionError(address)

    make_whole(address, fill)


def test_a_file_that_is_no_database_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the database becomes ours, with the address and the next step."""
    (tmp_path / "mlflow.db").write_text("not a database " * 100, encoding="utf-8")
    monkeypatch.setenv("EQUIPOISE_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    with pytest.raises(Unreachable, match="move it away"):
        check_registry()


def test_an_error_that_is_not_the_registrys_stays_what_it_is() -> None:
    """A full disk, or a fault of ours, is not told as the registry's."""
    with pytest.raises(OSError, match="full"), answering("here", KeyError):
        raise OSError("full")
    with pytest.raises(Unreachable, match=r"here .*\(KeyError\)"), answering("here", KeyError):
        raise KeyError("a secret")


@pytest.mark.usefixtures("home")
def test_a_study_asks_before_it_learns(
    small_protocol: Callable[[Path], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With a server that does not answer a study ends with 5 before its first fit, without traceback or password."""
    simulate_to("clinic", 300, 1, tmp_path, "events")
    small_protocol(tmp_path / "protocol.yaml")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    # pragma: allowlist nextline secret
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@127.0.0.1:9")
    where = ["--data", str(tmp_path / "records"), "--out", str(tmp_path / "out")]
    assert main(["study", str(tmp_path / "protocol.yaml"), *where]) == 5
    told = capsys.readouterr().err
    assert "The registry http://127.0.0.1:9 did not do what was asked of it" in told
    assert not any(word in told for word in ("Traceback", "secret", "propensities"))
