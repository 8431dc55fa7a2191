"""Where policies come from: a folder or the cache, and never anything between."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from data_contracts.errors import BadUsage, EquipoiseError, NotFound, Refused
from service.policy_source import cache_folder, champion_name, find_policy, name_champion
from service.served_policy import load_served


@pytest.fixture
def cached(policy_folder: Path) -> str:
    """The sound policy, cached as the champion of "tiny"; its manifest's hash."""
    digest = load_served(str(policy_folder)).source.manifest_sha256
    shutil.copytree(policy_folder, cache_folder("tiny") / digest)
    name_champion("tiny", digest)
    return digest


def test_champion_is_found(cached: str) -> None:
    """NAME@champion is the policy that the cache's note names."""
    assert load_served("tiny@champion").source.manifest_sha256 == cached
    assert sorted(path.name for path in cache_folder("tiny").iterdir()) == sorted([cached, "champion"])


@pytest.mark.parametrize(
    "reference", ["tiny@challenger", "@champion", "../tiny@champion2", "Tiny@champion", "a b@champion"]
)
def test_bad_reference(reference: str) -> None:
    """A name that is not of the registered form is bad usage, or a folder that does not exist."""
    with pytest.raises((BadUsage, NotFound)):
        load_served(reference)


def test_folder_with_an_at_sign() -> None:
    """A path is a path, also with an @ in it."""
    assert champion_name("./study@home/policy") is None


def test_nothing_pulled() -> None:
    """A name that was never pulled says how to pull it."""
    with pytest.raises(NotFound, match="equipoise pull tiny@champion"):
        find_policy("tiny@champion")


@pytest.mark.parametrize(
    ("note", "error"),
    [("", Refused), ("../../policy", Refused), ("\u00e4", Refused), ("0" * 63, Refused), ("0" * 64, NotFound)],
)
def test_broken_note(cached: str, note: str, error: type[EquipoiseError]) -> None:
    """A note that is no hash leads nowhere, least of all out of the cache."""
    (cache_folder("tiny") / "champion").write_text(note, encoding="utf-8")
    with pytest.raises(error):
        load_served("tiny@champion")


def test_another_policy_in_its_place(cached: str) -> None:
    """A sound policy under another's hash is refused."""
    (cache_folder("tiny") / cached).rename(cache_folder("tiny") / ("0" * 64))
    name_champion("tiny", "0" * 64)
    with pytest.raises(Refused, match="another policy"):
        load_served("tiny@champion")


def test_another_name_s_champion(cached: str) -> None:
    """A policy promoted under one name is not served under another."""
    shutil.copytree(cache_folder("tiny"), cache_folder("other"))
    with pytest.raises(Refused, match="another policy"):
        load_served("other@champion")
