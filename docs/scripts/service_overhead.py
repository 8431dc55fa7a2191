"""What a whole answer over HTTP costs beside a bare echo with one durable insert in the same store.

Both verify the same token of a session (ES256) on every call, run as services of one process each, on the same machine
and database, and take turns, so that what else the machine does falls on both alike.
Not part of the product; run it from the repository:

    python docs/scripts/service_overhead.py --policy clinic@champion --patients clinic/records.csv
    python docs/scripts/service_overhead.py … --database postgresql://…     # an empty database

It prints a line a round and the medians over all rounds as JSON; on Linux also the service's processor time for an
answer (`cpu_ms`), which what else the machine does changes least.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from fastapi import Request

AUDIENCE, ISSUER, HERE = "https://equipoise.example.org", "https://ehr.example.org", "St Example"
ACCESS = f"""\
audience: {AUDIENCE}
issuers:
- {{issuer: {ISSUER}, keys: keys.json, roles: [integrator], organisations: [{HERE}], single_use: false}}
"""
CONTACTS = '- {name: Crisis line, phone: "+00 000 000", when: day and night}\n'
PATH = "/v1/recommendations"
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
Bodies = list[bytes]


class Unanswered(Exception):
    """Anything but a 201."""


def echo_app() -> Any:
    """The bare service: verifies the token, parses the body, keeps it durably, gives it back."""
    from fastapi import FastAPI
    from pydantic import SecretStr
    from sqlalchemy import Column, Integer, MetaData, Table, Text, insert

    from service.access.access_file import read_access
    from service.access.authentication import callers_of
    from service.storage.database import WRITES, open_database
    from service.utc import utc_now

    tables = MetaData()
    table = Table("echo", tables, Column("id", Integer, primary_key=True), Column("body", Text, nullable=False))
    engine = open_database(SecretStr(os.environ["EQUIPOISE_DATABASE_URL"]))
    tables.create_all(engine)
    writing = engine.execution_options(**{WRITES: True})
    callers = callers_of(read_access(Path(os.environ["EQUIPOISE_ACCESS"])), engine, utc_now)
    app = FastAPI()

    @app.post(PATH, status_code=201)
    def echo(request: Request, body: dict[str, Any]) -> dict[str, Any]:
        callers.person(request.headers.getlist("authorization"))
        with writing.begin() as connection:
            connection.execute(insert(table), {"body": json.dumps(body)})
        return body

    return app


def serve_echo() -> None:
    """Run the bare service on a free port, as the other does."""
    import uvicorn

    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print(f"on http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(echo_app(), log_level="warning", access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """A service as a process; its port and its id."""
    process = subprocess.Popen(  # noqa: S603 - our own commands
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        line = (process.stdout.readline() if process.stdout else "") or "nothing"
        found = re.search(r"http://[\d.]+:(\d+)", line)
        if not found:
            raise SystemExit(f"{' '.join(command)} did not start; it said {line}")
        yield int(found[1]), process.pid
    finally:
        process.terminate()
        process.wait()


def processor_ms(pid: int) -> float | None:
    """Milliseconds of processor that a process has had, all its threads; None where that is not told."""
    try:
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return None
    return (int(user) + int(system)) * 1e3 / os.sysconf("SC_CLK_TCK")


def load(port: int, bodies: Bodies, connections: int, seconds: float) -> list[float]:
    """Milliseconds of each answer to requests over so many connections at once for so long."""
    until, times, failed = time.perf_counter() + seconds, list[list[float]](), list[Unanswered]()

    def ask(first: int, mine: list[float]) -> None:
        place = first
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reader = connection.makefile("rb")
            while (start := time.perf_counter()) < until:
                connection.sendall(bodies[place % len(bodies)])
                try:
                    read_answer(reader)
                except Unanswered as error:
                    failed.append(error)
                    return
                mine.append((time.perf_counter() - start) * 1e3)
                place += connections

    threads = []
    for number in range(connections):
        times.append([])
        threads.append(Thread(target=ask, args=(number, times[-1])))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise SystemExit(f"Not every call was answered by 201: {failed[0]}")
    return [one for mine in times for one in mine]


def read_answer(reader: Any) -> None:
    """Read one answer whole.

    Raises:
        Unanswered: anything but 201.
    """
    status, length = reader.readline(), 0
    while (line := reader.readline()) != b"\r\n":
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    body = reader.read(length)
    if b" 201 " not in status:
        raise Unanswered(f"{status!r} {body!r}")


def make_issuer(folder: Path) -> str:
    """An access file that believes one issuer, with its public key beside it; a token of a session of an hour."""
    from joserfc import jwt
    from joserfc.jwk import ECKey

    key = ECKey.generate_key("P-256", {"kid": "1", "use": "sig"})
    (folder / "keys.json").write_text(json.dumps({"keys": [dict(key.as_dict(private=False))]}))
    (folder / "access.yaml").write_text(ACCESS)
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "system",
        "jti": "1",
        "iat": now,
        "exp": now + 3600,
    }
    claims |= {"name": "Record system", "roles": ["integrator"], "organisation": HERE}
    return jwt.encode({"alg": "ES256", "kid": "1", "typ": "JWT"}, claims, key)


def bodies_of(patients: Path, policy: str, n: int, token: str) -> Bodies:
    """Requests with profiles from a table: head and body in one, so that they travel together."""
    import pandas as pd

    from service.served_policy import load_verified

    features = [feature.name for feature in load_verified(policy).policy.manifest.encoding.features]
    frame = pd.read_csv(patients).head(n)
    bodies, head = [], f"{HEAD}Authorization: Bearer {token}\r\nContent-Length: ".encode()
    for number, row in enumerate(
        frame[features].astype(object).where(frame[features].notna(), None).to_dict("records")
    ):
        values = {**row, "phq9_item9": 0, "decision_support_consent": "yes"}
        body = json.dumps({"patient_id": f"P-{number}", "values": values}).encode()
        bodies.append(head + f"{len(body)}\r\n\r\n".encode() + body)
    return bodies


def main() -> None:
    """Measure in turns, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", required=True)
    parser.add_argument("--patients", required=True, type=Path)
    parser.add_argument("--database", help="default: a SQLite file in a temporary folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bodies = bodies_of(options.patients, options.policy, 500, make_issuer(Path(folder)))
        (Path(folder) / "contacts.yaml").write_text(CONTACTS)
        database = options.database or f"sqlite:///{folder}/service.db"
        environment = os.environ | {
            "EQUIPOISE_ACCESS": f"{folder}/access.yaml",
            "EQUIPOISE_CONTACTS": f"{folder}/contacts.yaml",
            "EQUIPOISE_DATABASE_URL": database,
            "EQUIPOISE_AUDIT_ROOTS": f"{folder}/roots",
        }
        ours = [sys.executable, "-m", "service", "serve", "--policy", options.policy, "--port", "0"]
        bare = [sys.executable, __file__, "--echo"]
        with running(bare, environment) as echo, running(ours, environment) as our:
            print(json.dumps(measure({"echo": echo, "equipoise": our}, bodies, options), indent=1))


def measure(services: dict[str, tuple[int, int]], bodies: Bodies, options: argparse.Namespace) -> dict[str, float]:
    """Rounds in turns, with one connection and with sixteen."""
    figures: dict[str, list[float]] = {}
    for port, _ in services.values():
        load(port, bodies, 4, 2.0)
    for _ in range(options.rounds):
        for connections in (1, 16):
            for name, (port, pid) in services.items():
                before = processor_ms(pid)
                times = load(port, bodies, connections, options.seconds)
                key, after = f"{name}_{connections}", processor_ms(pid)
                if before is not None and after is not None:
                    figures.setdefault(f"{key}_cpu_ms", []).append((after - before) / len(times))
                figures.setdefault(f"{key}_p50_ms", []).append(statistics.median(times))
                figures.setdefault(f"{key}_per_second", []).append(len(times) / options.seconds)
        print({name: round(values[-1], 2) for name, values in figures.items()}, file=sys.stderr, flush=True)
    told = {name: round(statistics.median(values), 3) for name, values in figures.items()}
    for connections in (1, 16):
        for what in ("p50_ms", "per_second", *(["cpu_ms"] if f"echo_{connections}_cpu_ms" in figures else [])):
            pairs = zip(figures[f"equipoise_{connections}_{what}"], figures[f"echo_{connections}_{what}"], strict=True)
            told[f"ratio_{connections}_{what}"] = round(statistics.median(a / b for a, b in pairs), 3)
    return told


if __name__ == "__main__":
    if sys.argv[1:] == ["--echo"]:
        serve_echo()
    else:
        main()
