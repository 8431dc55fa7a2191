"""Simulated worlds as files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data_contracts.errors import BadUsage
from data_contracts.protocol import StudyProtocol
from data_contracts.protocol_file import read_protocol
from estimators.worlds import WORLDS, simulate
from experiments.simulate import simulate_to

FILES = ("protocol.yaml", "records.csv", "truth.csv")


@pytest.mark.parametrize("world", sorted(WORLDS))
def test_files_hold_what_was_drawn(world: str, tmp_path: Path) -> None:
    """What is read back is what was drawn, to the last digit, and nothing else lies in the folder."""
    simulate_to(world, 300, 4, tmp_path / "new" / "folder")
    drawn, out = simulate(world, 300, 4), tmp_path / "new" / "folder"
    assert sorted(path.name for path in out.iterdir()) == list(FILES)
    for name, table in (("records.csv", drawn.records), ("truth.csv", drawn.truth)):
        pd.testing.assert_frame_equal(pd.read_csv(out / name), table, check_dtype=False, check_exact=True)
    assert read_protocol(out / "protocol.yaml") == StudyProtocol.model_validate(drawn.protocol)


def test_the_same_draw_gives_the_same_bytes(tmp_path: Path) -> None:
    """Writing again over the first files changes nothing; another seed does."""
    simulate_to("clinic", 200, 1, tmp_path)
    first = {name: (tmp_path / name).read_bytes() for name in FILES}
    simulate_to("clinic", 200, 1, tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == first
    simulate_to("clinic", 200, 2, tmp_path)
    assert (tmp_path / "records.csv").read_bytes() != first["records.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == list(FILES)


def test_scores_are_written_as_whole_numbers(tmp_path: Path) -> None:
    """A PHQ-9 score is written without a decimal point, a lost one as an empty cell."""
    simulate_to("clinic", 200, 1, tmp_path)
    cells = pd.read_csv(tmp_path / "records.csv", dtype=str, keep_default_na=False)["phq9_week12"]
    assert "" in set(cells)
    assert all(cell.isdigit() for cell in cells if cell)


def test_a_file_in_the_way_is_bad_usage(tmp_path: Path) -> None:
    """A path that is a file is refused and left alone."""
    taken = tmp_path / "taken"
    taken.write_text("mine", encoding="utf-8")
    with pytest.raises(BadUsage, match="folder"):
        simulate_to("null", 50, 1, taken)
    assert taken.read_text(encoding="utf-8") == "mine"


def test_an_unknown_world_leaves_no_folder(tmp_path: Path) -> None:
    """Nothing is made for a world that does not exist."""
    with pytest.raises(BadUsage, match="no world of that name"):
        simulate_to("atlantis", 50, 1, tmp_path / "out")
    assert not (tmp_path / "out").exists()
