"""Forms of pages, sent as a browser sends them, and a registry with the lab's models."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data_contracts.alias_move import GATES, MOVES, STUDY_FILES, Alias, AliasMove
from data_contracts.errors import NotFound
from data_contracts.gate import Gate, GateState, Waiver, at_least, at_most
from data_contracts.manifest import MANIFEST, PolicyManifest, sha256
from service.catalogue.filling import RegisteredModel, RegisteredVersion, fill
from service.pages.forgery import FIELD

Send = Callable[..., Any]
FIRST = datetime(2026, 5, 1, 9, tzinfo=UTC)


@dataclass
class FakeRegistry:
    """One model; `lab` signs its records.

    Attributes:
        name: of the model.
        lab: has `sign`.
        runs: content by path, a run each, the first version's first.
        aliases: where they stand.
        asked: files that were fetched, for counting.
    """

    name: str
    lab: Any
    runs: list[dict[str, bytes]] = field(default_factory=list)
    aliases: dict[Alias, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    _records: list[bytes] = field(default_factory=list)

    def study(self, run: Mapping[str, bytes], by: str = "equipoise-lab study, run by ana", **move: Any) -> str:
        """A finished study: its files as a run has them, and the challenger's move; the version."""
        self.runs.append(dict(run))
        version = str(len(self.runs))
        told = {name: sha256(run[name]) for name in STUDY_FILES if name in run}
        self.move("challenger", version, by, "the study was finished", **({"files": told} | move))
        return version

    def move(self, alias: Alias, version: str, by: str, why: str, **told: Any) -> AliasMove:
        """Move an alias as the lab does: written down, signed, then moved."""
        run = self.runs[int(version) - 1]
        move = AliasMove(
            name=self.name,
            alias=alias,
            from_version=self.aliases.get(alias),
            to_version=version,
            by=by,
            why=why,
            at=(FIRST + timedelta(hours=len(self._records))).isoformat(timespec="microseconds"),
            gates_sha256=sha256(run.get(GATES, b"")),
            manifest_sha256=sha256(run[f"policy/{MANIFEST}"]),
            previous_sha256=sha256(self._records[-1]) if self._records else None,
            **told,
        )
        content = move.content()
        stem = f"{MOVES}/{move.at.replace(':', '')}-{alias}-v{version}"
        run |= {f"{stem}.json": content, f"{stem}.signature": self.lab.sign(content)}
        self._records.append(content)
        self.aliases[alias] = version
        return move

    def model(self, name: str) -> RegisteredModel:
        """The model as MLflow would list it."""
        if name != self.name:
            raise NotFound("The registry holds no such model.")
        versions = tuple(RegisteredVersion(str(i), str(i - 1)) for i in range(len(self.runs), 0, -1))
        seen = f"{len(self.runs)} {len(self._records)} {sorted(self.aliases.items())}"
        return RegisteredModel(self.aliases.get("champion"), self.aliases.get("challenger"), versions, seen)

    def files(self, run: str, folder: str) -> list[str]:
        """Names in a folder of a run."""
        start = f"{folder}/" if folder else ""
        rest = [path.removeprefix(start) for path in self.runs[int(run)] if path.startswith(start)]
        return [name for name in rest if "/" not in name]

    def content(self, run: str, path: str) -> bytes | None:
        """A file of a run."""
        self.asked.append(path)
        return self.runs[int(run)].get(path)


@pytest.fixture
def send(client: Any) -> Send:
    """Send a page's form with its token; the answer, redirects not followed."""

    def send(address: str, *, part: bool = False, **fields: str) -> Any:
        found = re.search(rf'name="{FIELD}" value="([^"]+)"', client.get("/").text)
        assert found
        headers = {"HX-Request": "true"} if part else {}
        data = {**fields, FIELD: found.group(1)}
        return client.post(address, data=data, headers=headers, follow_redirects=False)

    return send


@pytest.fixture
def asked(client: Any) -> Callable[[dict[str, Any]], str]:
    """Ask for a patient; the address of the answer's page."""

    def ask(profile: dict[str, Any]) -> str:
        made = client.post("/v1/recommendations", json=profile)
        assert made.status_code == 201, made.text
        return f"/recommendations/{made.json()['id']}"

    return ask


@pytest.fixture
def registry(lab: Any, home: Any) -> FakeRegistry:
    """A registry with the model tiny, of which there is no version yet."""
    return FakeRegistry("tiny", lab)


@pytest.fixture
def run_files(lab: Any) -> Callable[..., dict[str, bytes]]:
    """Files of a finished study's run."""

    def files(
        gates: tuple[Gate, ...] = (), report: Mapping[str, Any] | None = None, card: bytes | None = None, **told: Any
    ) -> dict[str, bytes]:
        plain = lab.policy() if card is None else lab.policy(card=card)
        described = PolicyManifest.model_validate_json(plain[MANIFEST])
        described = described.model_copy(update={"gates": gates or described.gates, **told})
        signed = lab.signed({"model_card.json": plain["model_card.json"]}, described)
        pages = {"report.html": b"<h1>Report</h1>", "model_card.html": b"<h1>Card</h1>"}
        content = {"report.json": json.dumps(report or {}).encode(), GATES: b"{}"}
        return {f"policy/{name}": held for name, held in signed.items()} | pages | content

    return files


@pytest.fixture
def brought(registry: FakeRegistry) -> Callable[[], Any]:
    """Bring what the registry holds, as `equipoise pull` does."""
    return lambda: fill(registry.name, registry, datetime.now(UTC))


def make_gate(name: str, state: GateState = "passed", **told: Any) -> Gate:
    """A gate with words of no matter."""
    plain: dict[str, Any] = {"value": 0.05, "mark": "at most 0.1", "sentence": f"{name} so.", "asked": at_most(0.1)}
    return Gate(name=name, state=state, **(plain | told))


@pytest.fixture
def gate() -> Callable[..., Gate]:
    """Makes gates."""
    return make_gate


@pytest.fixture
def every_state() -> tuple[Gate, ...]:
    """A gate in each state."""
    waiver = Waiver(gate="equipoise", by="W. Aiver", why="few such patients")
    return (
        make_gate("balance", "failed", value=0.2, lower=0.15, upper=0.3),
        make_gate("equipoise", "waived", value=0.15, asked=at_least(0.2), waiver=waiver),
        make_gate("policy_value", "unearned", value=-0.1, lower=-0.2, upper=0.1, asked=at_least(0)),
        make_gate("negative_controls", "not_assessed", value=None, asked=None),
        make_gate("leakage", "passed", value=0.02),
    )
