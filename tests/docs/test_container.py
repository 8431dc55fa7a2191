"""Image and compose file against the repository: no container engine is needed, and none is trusted to be there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PACKAGES = ("data_contracts", "engine", "estimators", "experiments", "service")


def lines(name: str) -> str:
    """A file of the repository's root."""
    return (ROOT / name).read_text(encoding="utf-8")


def compose() -> Any:
    """The compose file."""
    return yaml.safe_load(lines("compose.yaml"))


def test_the_image_installs_what_is_locked_and_is_not_root() -> None:
    """Hashes are required, the builder is in the lock, all packages are copied, and a user without rights runs it."""
    image = lines("Dockerfile")
    assert "--require-hashes --requirement requirements-service.lock" in image
    assert re.search(r"^hatchling==", lines("requirements-service.lock"), re.MULTILINE)
    copied = re.findall(r"^COPY (\w+) \1$", image, re.MULTILINE)
    assert tuple(copied) == PACKAGES
    assert re.search(r"^USER (\d+)$", image, re.MULTILINE)
    assert not re.search(r"^(econml|lightgbm|scikit-learn)==", lines("requirements-service.lock"), re.MULTILINE)
    kept = {line[1:] for line in lines(".dockerignore").splitlines() if line.startswith("!")}
    named = {part for line in re.findall(r"^COPY (?!--)(.*) \S+$", image, re.MULTILINE) for part in line.split()}
    assert named == kept


def test_every_setting_and_command_is_one() -> None:
    """Variables of the compose file and the image are those that the service reads; each command parses."""
    from service.__main__ import _parser

    told = lines("docs/service.md")
    for text in (lines("compose.yaml"), lines("Dockerfile")):
        for name in re.findall(r"EQUIPOISE_\w+", text):
            assert f"`{name}`" in told, name
    pull = [
        part.replace("${POLICY:?NAME@champion}", "a@champion") for part in compose()["services"]["policies"]["command"]
    ]
    assert _parser().parse_args(pull).watch == 60


def test_nothing_listens_to_the_world() -> None:
    """Ports are bound to loopback, images are pinned by version, the service writes nowhere but where it must."""
    services = compose()["services"]
    for one in services.values():
        assert all(port.startswith("127.0.0.1:") for port in one.get("ports", ()))
        assert one["image"] == "equipoise" or not one["image"].endswith(":latest")
    assert services["service"]["read_only"] is True
    assert services["service"]["cap_drop"] == ["ALL"]
