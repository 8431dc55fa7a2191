"""What holds for every test: one thread in each numerical library, examples that repeat, no proxy to this machine.

And what several folders of tests start: Chromium, and a FHIR server that is not ours (`make test-clients`).
"""

import gc
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from hypothesis import HealthCheck, settings

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

# What the tests start on this machine is asked directly, whatever proxy leads out of it.
os.environ["NO_PROXY"] = ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1", "localhost"]))

# The same examples in every run, so that no change is held up by what another one brought; `make test-slow` looks for
# new ones. Neither is judged by its time: a busy machine is no fault.
TOO_SLOW = [HealthCheck.too_slow]
settings.register_profile("new examples", deadline=None, suppress_health_check=TOO_SLOW, print_blob=True)
settings.register_profile("same examples", settings.get_profile("new examples"), derandomize=True, database=None)
settings.load_profile("same examples")

# Expressions of ibis and applications of FastAPI make objects by the ten thousand: each time 700 more were there the
# collector would look through the young ones, a tenth of the suite's time.
gc.set_threshold(20_000, 20, 10)

TESTS = Path(__file__).parent
LONGEST_FIRST = TESTS / "longest_first.txt"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long begin first.

    A worker takes up whole files, as their tests share what they make; one that took up a long one last would be left
    alone with it.
    """
    named = [
        TESTS / name for name in LONGEST_FIRST.read_text(encoding="utf-8").splitlines() if not name.startswith("#")
    ]
    if gone := [str(path) for path in named if not path.is_file()]:
        raise pytest.UsageError(f"{LONGEST_FIRST.name} names files that are not there: {', '.join(gone)}")
    place = {path: number for number, path in enumerate(named)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


CLIENTS = Path(__file__).parents[1] / ".venv-clients" / "bin"


@pytest.fixture(scope="session")
def held_port() -> Iterator[Callable[[], int]]:
    """Ports for servers that have to be told one: held, so that nobody else gets them before, and bound once more."""
    with ExitStack() as held:

        def hold() -> int:
            holding = held.enter_context(socket.socket())
            holding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holding.bind(("127.0.0.1", 0))
            port: int = holding.getsockname()[1]
            return port

        yield hold


def wait_for(address: str) -> None:
    """Until something answers there."""
    for _ in range(300):
        try:
            urlopen(address).close()  # noqa: S310 - an address of this machine
        except (URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(address)


@pytest.fixture
def start_fhir_server(tmp_path: Path, held_port: Callable[[], int]) -> Iterator[Callable[..., str]]:
    """Starts sekmet-fhir, a FHIR R4 server that is not ours, empty, with these of its settings; its base address."""
    with ExitStack() as running:

        def start(**settings: Any) -> str:
            port = held_port()
            base = f"http://127.0.0.1:{port}/fhir"
            folder = tmp_path / f"fhir-server-{port}"
            folder.mkdir()
            (folder / "settings.yaml").write_text(json.dumps({"base_url": base, **settings}))
            command = [str(CLIENTS / "sekmet"), "serve", "--host", "127.0.0.1", "--port", str(port)]
            place = {**os.environ, "HOME": str(folder)}
            process = running.enter_context(
                subprocess.Popen(command, cwd=folder, env=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
            running.callback(process.terminate)
            wait_for(f"{base}/.well-known/smart-configuration")
            return base

        yield start


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of an MLflow store that holds nothing: its migrations take a second and more, and run once."""
    path = tmp_path_factory.mktemp("empty-registry") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow import MlflowClient

        MlflowClient(f"sqlite:///{path}", f"sqlite:///{path}").search_registered_models()
    with closing(sqlite3.connect(path)) as connection:
        return connection.serialize()


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Chromium, started once; without it, what needs it is skipped and counted."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here; Debian: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect.set_options(timeout=30_000)  # as long as all else waits: a busy machine is no fault
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()
