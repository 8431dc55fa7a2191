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


def environment(**given: str) -> dict[str, str]:
    """What the service's container has for variables, as Compose fills them in."""
    told = compose()["services"]["service"]["environment"]
    asked = re.compile(r"\$\{(\w+):[-?]([^}]*)\}")
    return {name: asked.sub(lambda found: given.get(found[1], found[2]), value) for name, value in told.items()}


def test_people_log_in_where_the_page_says_how() -> None:
    """Without a word on it tokens alone are taken; what docs/operations.md puts into .env is a whole setting."""
    from service.settings import read_settings

    bare = read_settings(environment())
    assert (bare.login, bare.ehrs, bare.cards.servers) == (None, None, ())
    block = next(part for part in lines("docs/operations.md").split("```sh\n") if part.startswith("PUBLIC_URL="))
    said = dict(line.split("#")[0].strip().split("=", 1) for line in block.split("```")[0].splitlines())
    assert said.pop("LOGIN_CLIENT_KEY").startswith("/config/")
    whole = read_settings(environment(**(said | {"LOGIN_CLIENT_SECRET": "x"})))
    assert whole.login is not None
    assert (whole.login.issuer, whole.login.client.id) == (said["LOGIN_ISSUER"], "equipoise")
    assert (str(whole.ehrs), whole.cards.base) == (said["EHRS"], said["PUBLIC_URL"])
    assert whole.cards.servers == (said["FHIR_SERVERS"],)


def test_nothing_listens_to_the_world() -> None:
    """Ports are bound to loopback, images are pinned by version, the service writes nowhere but where it must."""
    services = compose()["services"]
    for one in services.values():
        assert all(port.startswith("127.0.0.1:") for port in one.get("ports", ()))
        assert one["image"] == "equipoise" or not one["image"].endswith(":latest")
    assert services["service"]["read_only"] is True
    assert services["service"]["cap_drop"] == ["ALL"]
