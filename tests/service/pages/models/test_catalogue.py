"""What is brought of a model's versions: all that is signed, nothing that is not, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data_contracts.errors import NotFound, Refused
from data_contracts.manifest import sha256
from service.catalogue.moves import last_move, moved_by_hand, newest_moves
from service.catalogue.shelf import read_note, shelf
from service.catalogue.study_version import find_version
from service.trusted_keys import load_trusted_keys

Files = Callable[..., dict[str, bytes]]


def test_a_study_is_brought_whole_and_once(registry: Any, run_files: Files, brought: Callable[[], Any]) -> None:
    """Its signed files lie here as they were; looking again fetches nothing, and a new version only itself."""
    registry.study(run_files())
    note = brought()
    assert [(one.version, one.problem) for one in note.versions] == [("1", "")]
    found = find_version("tiny", "1", load_trusted_keys())
    assert found.content("report.html") == b"<h1>Report</h1>"
    assert found.move is not None
    assert set(found.hashes) == {"model_card.json", "gates.json", "report.json", "report.html", "model_card.html"}
    registry.asked.clear()
    assert brought().at > note.at
    assert registry.asked == []
    registry.study(run_files())
    brought()
    assert len(registry.asked) == len(set(registry.asked)) == 9
    assert [one.version for one in read_note("tiny").versions] == ["2", "1"]


def tampered_manifest(files: dict[str, bytes]) -> None:
    files["policy/manifest.json"] += b" "


def unsigned(files: dict[str, bytes]) -> None:
    del files["policy/signature"]


def tampered_card(files: dict[str, bytes]) -> None:
    files["policy/model_card.json"] = b"{}"


BAD = (tampered_manifest, unsigned, tampered_card)


@pytest.mark.parametrize("spoil", BAD, ids=lambda spoil: spoil.__name__)
def test_what_does_not_verify_is_named_and_not_kept(
    spoil: Callable[[dict[str, bytes]], None], registry: Any, run_files: Files, brought: Callable[[], Any]
) -> None:
    """A version that was changed or is unsigned stands in the list with the reason; no file of it lies here."""
    registry.study(run_files())
    files = run_files()
    spoil(files)
    registry.study(files)
    bad, good = brought().versions
    assert bad.problem
    assert not good.problem
    assert not (shelf("tiny") / "2").exists()
    with pytest.raises(NotFound, match="equipoise pull tiny"):
        find_version("tiny", "2", load_trusted_keys())


def test_another_models_policy_is_not_shown_under_this_name(
    registry: Any, run_files: Files, brought: Callable[[], Any]
) -> None:
    """A signed policy that was registered under another name than its own is refused."""
    registry.study(run_files(name="other"))
    assert "another model" in brought().versions[0].problem


def test_a_report_that_nobody_signed_is_not_shown(registry: Any, run_files: Files, brought: Callable[[], Any]) -> None:
    """Of a study of before, whose record names no report, gates and card are read and the report is not."""
    registry.study(run_files(), files={})
    assert not brought().versions[0].problem
    found = find_version("tiny", "1", load_trusted_keys())
    assert set(found.hashes) == {"model_card.json", "gates.json"}
    with pytest.raises(NotFound, match=r"no report\.html that is signed"):
        found.content("report.html")


def test_a_promotion_signs_the_report_of_a_study_of_before(
    registry: Any, run_files: Files, brought: Callable[[], Any]
) -> None:
    """Its version lies here without a report; a promotion that names one brings it, as that study left it."""
    registry.study(run_files(), files={})
    registry.move("champion", "1", "Ana", "read it in MLflow")
    brought()
    keys = load_trusted_keys()
    assert "report.html" not in find_version("tiny", "1", keys).hashes
    report = registry.runs[0]["report.html"]
    registry.move("champion", "1", "Ana", "so that all can read it", files={"report.html": sha256(report)})
    assert not brought().versions[0].problem
    assert find_version("tiny", "1", keys).content("report.html") == report
    assert [path.name for path in shelf("tiny").iterdir() if path.name.startswith(".")] == []


def test_a_promotion_takes_no_word_of_the_study_back(
    registry: Any, run_files: Files, brought: Callable[[], Any]
) -> None:
    """What was signed when the study was finished stands, whatever a later record names."""
    registry.study(run_files())
    registry.move("champion", "1", "Ana", "another report", files={"report.html": sha256(b"other")})
    assert not brought().versions[0].problem
    found = find_version("tiny", "1", load_trusted_keys())
    assert found.content("report.html") == registry.runs[0]["report.html"]


def test_a_stranger_s_record_vouches_for_nothing(
    registry: Any, run_files: Files, brought: Callable[[], Any], stranger: Any, lab: Any
) -> None:
    """A record signed by nobody who is trusted is listed as such, and the report that it names is not shown."""
    registry.lab = stranger
    registry.study(run_files())
    note = brought()
    keys = load_trusted_keys()
    assert [one.signed for one in newest_moves(note, keys, 10)] == [False]
    assert "report.html" not in find_version("tiny", "1", keys).hashes
    assert moved_by_hand(note, keys) == ("challenger",)


@pytest.mark.parametrize("file", ["report.html", "manifest.json"])
def test_what_is_changed_on_this_disk_is_refused(
    file: str, registry: Any, run_files: Files, brought: Callable[[], Any]
) -> None:
    """A file that was changed after it was brought is refused when it is read, and says what to do."""
    registry.study(run_files())
    brought()
    with (shelf("tiny") / "1" / file).open("ab") as held:
        held.write(b" ")
    with pytest.raises(Refused):
        find_version("tiny", "1", load_trusted_keys()).content("report.html")


def test_moves_stand_in_their_chain(registry: Any, run_files: Files, brought: Callable[[], Any]) -> None:
    """Moves come newest first with who and why; one that is taken away shows, and so does an alias moved by hand."""
    for _ in range(3):
        registry.study(run_files())
    registry.move("champion", "1", "Ana", "first")
    registry.move("champion", "2", "Ben", "second")
    note, keys = brought(), load_trusted_keys()
    told = newest_moves(note, keys, 10)
    assert [(one.move.alias, one.move.to_version, one.move.by) for one in told[:2]] == [
        ("champion", "2", "Ben"),
        ("champion", "1", "Ana"),
    ]
    assert all(one.signed and one.follows for one in told)
    assert [one.follows for one in newest_moves(note, keys, 2)] == [True, True]
    assert moved_by_hand(note, keys) == ()
    moved = last_move(note, "champion", keys)
    assert moved is not None
    assert (moved.by, moved.why) == ("Ben", "second")
    gone = next(path for path in (shelf("tiny") / "moves").iterdir() if path.name.endswith("-champion-v1.json"))
    gone.unlink()
    assert next(one.follows for one in newest_moves(note, keys, 10)) is False
    registry.aliases["champion"] = "3"
    assert moved_by_hand(brought(), keys) == ("champion",)


def test_names_lead_nowhere_else(registry: Any, run_files: Files, brought: Callable[[], Any], home: Path) -> None:
    """A name or a version that looks like a path finds nothing."""
    registry.study(run_files())
    brought()
    for name in ("..", ".", "tiny/..", "TINY", "", "none"):
        with pytest.raises(NotFound):
            read_note(name)
    for version in ("..", ".", "moves", "01", "0", "1/..", "9"):
        with pytest.raises(NotFound):
            find_version("tiny", version, load_trusted_keys())
