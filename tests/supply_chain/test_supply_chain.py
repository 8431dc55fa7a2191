"""What the product is made of: the bill of materials is the lock, and the search for secrets finds what is planted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def make(target: str, folder: Path) -> bytes:
    """What `make` writes as this file of a folder."""
    told = ["make", "--silent", f"{folder}/{target}", "READY=", f"BIN={BIN}", f"BUILD={folder}"]
    subprocess.run(told, cwd=ROOT, check=True, capture_output=True)
    return (folder / target).read_bytes()


@pytest.mark.parametrize("lock", [pytest.param("requirements", marks=pytest.mark.slow), "requirements-service"])
def test_the_bill_of_materials_is_the_lock(lock: str, tmp_path: Path) -> None:
    """CycloneDX by the schema, with every pinned package, its version and hashes; made again it is the same."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    content = make(f"{lock}.cdx.json", tmp_path / "once")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(content.decode()) is None
    found = {
        (one["name"], one["version"]): {hash["content"] for ref in one["externalReferences"] for hash in ref["hashes"]}
        for one in json.loads(content)["components"]
    }
    text = (ROOT / f"{lock}.lock").read_text(encoding="utf-8")
    pinned = {}
    for block in re.split(r"\n(?=[a-z0-9])", text):
        name, version = re.match(r"([a-z0-9][a-z0-9._-]*(?:\[[a-z,]+\])?)==([^\s;]+)", block).groups()
        pinned[(name.partition("[")[0], version)] = set(re.findall(r"sha256:([0-9a-f]{64})", block))
    assert found == pinned
    if lock == "requirements-service":
        assert make(f"{lock}.cdx.json", tmp_path / "again") == content


def test_a_planted_secret_is_found(tmp_path: Path) -> None:
    """The search of `make secrets` ends in a failure where a key was committed, and in 0 where none was."""
    clean, planted = tmp_path / "clean.py", tmp_path / "planted.py"
    clean.write_text("NAME = 'equipoise'\n")
    key = "-----BEGIN " + "RSA PRIVATE KEY-----"
    planted.write_text(f'KEY = """{key}\nMIIEpAIBAAKCAQEA\n"""\n')
    search = [BIN / "detect-secrets-hook"]
    assert subprocess.run([*search, clean], check=False, capture_output=True).returncode == 0
    told = subprocess.run([*search, planted], check=False, capture_output=True, text=True)
    assert told.returncode == 1
    assert "planted.py:1" in told.stdout
