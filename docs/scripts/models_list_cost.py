"""What an analyst's list of 500 costs beside one of 50, of versions and of studies: the ratio of the pages' p50s.

A version that `equipoise pull` brought is multiplied under a key of this script's own, in a folder that goes away; a
service as a process of its own lists it, fifty a page. Studies are asked for over HTTP. Not part of the product; run
it from the repository:

    python docs/scripts/models_list_cost.py --policy clinic@champion

It prints the figures as JSON. An answer other than 200 ends it.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from service_overhead import CONTACTS, running

from data_contracts.alias_move import AliasMove
from data_contracts.manifest import MANIFEST, SIGNATURE, sha256
from service.catalogue.shelf import RECORDS, ModelNote, VersionNote, read_note, shelf, write_note
from service.catalogue.study_version import MOVE, MOVE_SIGNATURE
from service.policy_source import champion_name

STUDY = """\
name: counted
records: {patient_id: pid, arm: therapy}
arms: {reference: usual, offered: [cbt]}
outcome: {column: change, direction: higher_is_better, unit: points}
effect_modifiers: [age]
"""
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
CALLS = 40


def main() -> None:
    """Print how long each list takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policy", required=True, help="NAME@champion that was pulled")
    options = parser.parse_args()
    name = champion_name(options.policy)
    if name is None:
        parser.error("name it NAME@champion")
    source = shelf(name) / (read_note(name).champion or "")
    policies = shelf(name).parents[1] / "cache"
    trusted = shelf(name).parents[1] / "trusted"
    figures: dict[str, float] = {}
    with ExitStack() as held:
        ports = {}
        for total in (50, 500):
            folder = held.enter_context(tempfile.TemporaryDirectory())
            os.environ["EQUIPOISE_HOME"] = folder
            shutil.copytree(policies, Path(folder) / "cache")
            shutil.copytree(trusted, Path(folder) / "trusted")
            multiply(name, source, total)
            ports[total] = held.enter_context(serving(folder, options.policy))
            ask_for_studies(ports[total], total)
        for page, address in (("models", "/models"), ("versions", f"/models/{name}"), ("studies", "/studies")):
            for total, took in p50(ports, address).items():
                figures[f"{page}_of_{total}_ms"] = round(took, 2)
    for page in ("models", "versions", "studies"):
        figures[f"{page}_ratio"] = round(figures[f"{page}_of_500_ms"] / figures[f"{page}_of_50_ms"], 2)
    print(json.dumps(figures, indent=1))


def multiply(name: str, source: Path, total: int) -> None:
    """Put so many versions of one model on the shelf, each signed and with its record, in their chain."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (shelf(name).parents[1] / "trusted" / "script.pem").write_bytes(public)
    manifest, records, before = (source / MANIFEST).read_bytes(), [], None
    (shelf(name) / RECORDS).mkdir(parents=True)
    for number in range(1, total + 1):
        place = shelf(name) / str(number)
        place.mkdir()
        (place / MANIFEST).write_bytes(manifest)
        (place / SIGNATURE).write_bytes(signed(key, manifest))
        at = (FIRST + timedelta(hours=number)).isoformat(timespec="microseconds")
        move = AliasMove(
            name=name, alias="challenger", from_version=str(number - 1) if number > 1 else None,
            to_version=str(number), by="script", why="to be counted", at=at, gates_sha256="0" * 64,
            manifest_sha256=sha256(manifest), previous_sha256=before,
        )  # fmt: skip
        content, stem = move.content(), f"{at.replace(':', '')}-challenger-v{number}"
        before = sha256(content)
        for path in (place / MOVE, shelf(name) / RECORDS / f"{stem}.json"):
            path.write_bytes(content)
        for path in (place / MOVE_SIGNATURE, shelf(name) / RECORDS / f"{stem}.signature"):
            path.write_bytes(signed(key, content))
        records.append(f"{stem}.json")
    versions = tuple(VersionNote(version=str(number)) for number in range(total, 0, -1))
    note = ModelNote(
        name=name, at=FIRST, seen="", champion=None, challenger=str(total), versions=versions, records=tuple(records)
    )
    write_note(note)


def ask_for_studies(port: int, total: int) -> None:
    """Ask a service for so many studies, whose tables are still to come."""
    body, kind = json.dumps({"protocol": STUDY}).encode(), {"Content-Type": "application/json"}
    for _ in range(total):
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/v1/studies", data=body, headers=kind)
        with urllib.request.urlopen(asked) as answer:  # noqa: S310 - our own address
            answer.read()


def signed(key: Ed25519PrivateKey, content: bytes) -> bytes:
    """A signature as the lab writes it."""
    return base64.b64encode(key.sign(content)) + b"\n"


@contextmanager
def serving(folder: str, policy: str) -> Iterator[int]:
    """A service over a home; its port."""
    (Path(folder) / "contacts.yaml").write_text(CONTACTS)
    environment = os.environ | {"EQUIPOISE_CONTACTS": f"{folder}/contacts.yaml", "EQUIPOISE_LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "service", "serve", "--local", "--policy", policy, "--port", "0"]
    with running(command, environment) as (port, _):
        yield port


def p50(ports: Mapping[int, int], address: str) -> dict[int, float]:
    """Median milliseconds of a page by service, asked in turns: whatever else the machine does meets both."""
    took: dict[int, list[float]] = {total: [] for total in ports}
    for _ in range(CALLS):
        for total, port in ports.items():
            began = time.perf_counter()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{address}") as answer:
                answer.read()
            took[total].append(1000 * (time.perf_counter() - began))
    return {total: statistics.median(each) for total, each in took.items()}


if __name__ == "__main__":
    main()
