"""Draws that were written down are not drawn again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from experiments import benchmark_draws
from experiments.benchmark_draws import DrawFile
from experiments.benchmark_runs import run_all

CALLS = [("null", 400, 1), ("null", 400, 2), ("rough", 400, 1)]


class Work:
    """Counts its calls; fails at one of them if it is told to."""

    __name__ = "work"

    def __init__(self, fails: int | None = None) -> None:
        self.done: list[tuple[Any, ...]] = []
        self.fails = fails

    def __call__(self, world: str, n: int, seed: int) -> dict[str, float]:
        """A draw's figures."""
        if len(self.done) == self.fails:
            raise RuntimeError("killed")
        self.done.append((world, n, seed))
        return {"loss": seed / 3 + n}


def _silent(_step: str, _share: float) -> None:
    return


def test_a_run_that_broke_off_goes_on_where_it_was(tmp_path: Path) -> None:
    """The draws that ended are read back bit for bit, the others are drawn, in the order of the calls."""
    path = tmp_path / "worlds.draws.jsonl"
    with pytest.raises(RuntimeError):
        run_all(Work(fails=2), CALLS, 1, _silent, DrawFile(path))
    with path.open("a", encoding="utf-8") as file:
        file.write('{"call": ["work", "rou')  # a line that was being written when the run was killed
    again = Work()
    assert run_all(again, CALLS, 1, _silent, DrawFile(path)) == run_all(Work(), CALLS, 1, _silent)
    assert again.done == CALLS[2:]
    last = Work()
    run_all(last, CALLS, 1, _silent, DrawFile(path))
    assert last.done == []


def test_draws_of_other_code_or_another_call_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed line of code, another size and another function each draw again; nothing is lost from the file."""
    path = tmp_path / "worlds.draws.jsonl"
    run_all(Work(), CALLS, 1, _silent, DrawFile(path))
    assert DrawFile(path).find(("work", "null", 500, 1)) is None
    assert DrawFile(path).find(("other", "null", 400, 1)) is None
    assert DrawFile(path).find(("work", "null", 400, 1)) == {"loss": 1 / 3 + 400}
    monkeypatch.setattr(benchmark_draws, "code_version", lambda: "another")
    again = Work()
    run_all(again, CALLS, 1, _silent, DrawFile(path))
    assert again.done == CALLS
    assert len([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]) == 6


def test_the_version_follows_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another byte in a file of the estimators is another version; one in a file that no draw reads is not."""
    (tmp_path / "estimators").mkdir()
    (tmp_path / "estimators" / "a.py").write_text("x = 1")
    monkeypatch.setattr(benchmark_draws, "ROOT", tmp_path)
    version = benchmark_draws.code_version.__wrapped__
    first = version()
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "a.py").write_text("x = 1")
    assert version() == first
    (tmp_path / "estimators" / "a.py").write_text("x = 2")
    assert version() != first
