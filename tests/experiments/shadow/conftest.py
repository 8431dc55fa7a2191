"""A service in shadow mode that is simulated: it advises by what it believes of each patient, and nobody looks."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from data_contracts.advice_log import COLUMNS, PURPOSE, signature_of
from data_contracts.patient_count import Count
from data_contracts.protocol import StudyProtocol
from data_contracts.tables import table_from_frame
from estimators.worlds import simulate
from experiments.shadow.judged import Judged, judge_advice
from experiments.shadow.log import AdviceLog, LoggedCard

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Deployment:
    """Patients of a simulated world, what the service advised, and what that was truly worth.

    Attributes:
        records: one row an episode.
        protocol: of the records.
        advised: (n,) arms.
        effects: (n, K) true expected benefits over the reference.
        chance: (n, K) true probabilities that clinicians choose each arm for such a patient.
    """

    records: pd.DataFrame
    protocol: StudyProtocol
    advised: Any
    effects: Any
    chance: Any

    @property
    def patients(self) -> list[str]:
        """Their identifiers, in the order of the rows."""
        return list(self.records[self.protocol.records.patient_id])

    @property
    def log(self) -> AdviceLog:
        """The log as a lab reads it."""
        made = [LoggedCard(AT, arm, None) for arm in self.advised]
        cards = {name: [one] for name, one in zip(self.patients, made, strict=True)}
        return AdviceLog(cards, {"s": Count(len(made), len(made))})

    def judged(self) -> Judged:
        """What the lab makes of it."""
        table = table_from_frame(self.records, text=[self.protocol.records.patient_id])
        return judge_advice(table, self.protocol, self.log, lambda *_: None)

    def worth(self, judged: Judged) -> float:
        """The true gain, over those whose advice was judged; arms that left by the design are nobody's choice."""
        episodes, names = judged.design.episodes, list(self.protocol.arms.names)
        given, stay = self.records[self.protocol.records.arm], [names.index(arm) for arm in episodes.arms]
        rows = np.argsort(np.array(self.patients, dtype=object))
        rows = rows[np.isin(given.to_numpy()[rows], episodes.arms)]
        effects, chance = self.effects[rows][:, stay], self.chance[rows][:, stay]
        usual = (chance * effects).sum(axis=1) / chance.sum(axis=1)
        counted = judged.advised >= 0
        return float((effects[counted, judged.advised[counted]] - usual[counted]).mean())

    def cards(self, **columns: Any) -> pd.DataFrame:
        """The log, a card each made in shadow, with these columns instead."""
        n = len(self.advised)
        held: dict[str, Any] = dict.fromkeys(COLUMNS)
        held |= {"card": [f"c-{i}" for i in range(n)], "at": AT.isoformat(), "patient_id": self.patients}
        held |= {"study_id": "s" * 64, "hook": "patient-view", "topic": "ranking", "state": "shadow"}
        held |= {"recommended": self.advised, **columns}
        return pd.DataFrame({name: held[name] for name in COLUMNS}, index=range(n))


@pytest.fixture(scope="session")
def deploy() -> Callable[..., Deployment]:
    """Simulates a deployment whose service knows each effect but for an error of one outcome unit."""

    def made(world: str, n: int, seed: int) -> Deployment:
        drawn = simulate(world, n, seed)
        protocol = StudyProtocol.model_validate(drawn.protocol)
        arms = list(protocol.arms.names)
        effects = drawn.truth[[f"effect_{arm}" for arm in arms]].to_numpy()
        believed = effects + np.random.default_rng(seed).normal(0, 1, effects.shape)
        advised = believed.argmax(axis=1)
        chance = drawn.truth[[f"propensity_{arm}" for arm in arms]].to_numpy()
        return Deployment(drawn.records, protocol, np.array(arms, dtype=object)[advised], effects, chance)

    return made


@dataclass(frozen=True)
class Files:
    """A deployment as files, with a service whose signature is believed."""

    folder: Path
    home: Path
    key: Ed25519PrivateKey

    def write(self, deployment: Deployment, cards: pd.DataFrame | None = None) -> list[object]:
        """Write records, protocol and signed log; the arguments of the command."""
        deployment.records.to_csv(self.folder / "records.csv", index=False)
        text = yaml.safe_dump(deployment.protocol.model_dump(mode="json", exclude_defaults=True))
        (self.folder / "protocol.yaml").write_text(text)
        log = self.folder / "cards.csv"
        (deployment.cards() if cards is None else cards).to_csv(log, index=False)
        signature_of(log).write_bytes(base64.b64encode(self.key.sign(PURPOSE + log.read_bytes())) + b"\n")
        where: list[object] = ["shadow", self.folder / "protocol.yaml", "--data", self.folder / "records.csv"]
        return [*where, "--cards", log, "--out", self.folder / "out"]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Where such files go."""
    key, home = Ed25519PrivateKey.generate(), tmp_path / "home"
    (home / "trusted-services").mkdir(parents=True)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (home / "trusted-services" / "clinic.pem").write_bytes(public)
    return Files(tmp_path, home, key)
