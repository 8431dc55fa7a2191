"""A database that refuses: what was tried and what to do, and never a password or a word of the server's own."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from data_contracts.errors import BadInput
from experiments.cohort import spark
from experiments.cohort.build import build_cohort
from experiments.cohort.database_errors import told_plainly

RANDOM = runpy.run_path(str(Path(__file__).with_name("random_records.py")))
CONTENT, PROTOCOL, TODAY = RANDOM["CONTENT"], RANDOM["PROTOCOL"], RANDOM["TODAY"]
# pragma: allowlist nextline secret
SECRET = "pa55word-of-nobody"  # noqa: S105 - no server knows it


@pytest.fixture(scope="module")
def records(postgres: Any) -> str:
    """The address of records; the server besides knows one user by a password, and one without any rights."""
    import psycopg

    with psycopg.connect(postgres.address, autocommit=True) as connection:
        connection.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
        connection.execute("CREATE ROLE poor LOGIN")
        rules = Path(connection.execute("SHOW hba_file").fetchone()[0])  # type: ignore[index]
        rules.write_text("local all locked scram-sha-256\n" + rules.read_text())
        connection.execute("SELECT pg_reload_conf()")
    return str(postgres.load(RANDOM["random_tables"](1, 30)))


def refused(address: str) -> str:
    """What is told of an address."""
    assert PROTOCOL.target_trial is not None
    with pytest.raises(BadInput) as told:
        build_cohort(address, PROTOCOL, PROTOCOL.target_trial, TODAY)
    assert SECRET not in str(told.value)
    return str(told.value)


def as_user(address: str, user: str) -> str:
    """The same address for another user."""
    return re.sub(r"//[^@]*@", f"//{user}@", address)


def test_a_wrong_password_is_told_without_it(records: str) -> None:
    """As well as none at all, and a user whom the server does not know."""
    assert "found a refusal of user or password" in refused(as_user(records, f"locked:{SECRET}"))
    assert "PGPASSWORD" in refused(as_user(records, "locked"))
    assert "found no such user" in refused(as_user(records, f"stranger:{SECRET}"))


def test_where_nobody_answers_the_place_is_named(records: str) -> None:
    """A port without a server, a host that does not exist and a database that is not there, each with its step."""
    told = refused(f"postgres://ann:{SECRET}@localhost:1/clinic")
    assert "postgres://localhost:1/clinic: expected a database that answers; found nobody who answers there" in told
    assert "Check host and port" in told
    assert "found no such host" in refused(f"postgres://ann:{SECRET}@no.such.host.invalid/clinic")
    assert "found no such database on that server" in refused(records.replace("/postgres?", "/elsewhere?"))


def test_what_the_user_may_not_read_is_told(records: str) -> None:
    """A schema that is not there, one that the user may not use, and tables that it may not read."""
    import psycopg

    schema = records.rpartition("=")[2]
    assert "expected the schema of the records" in refused(records.replace(schema, "nowhere"))
    poor = as_user(records, "poor")
    assert "found none of that name for this user" in refused(poor)
    with psycopg.connect(records.partition("&schema")[0], autocommit=True) as connection:
        connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO poor")
    assert "expected a table patients; found none that can be read" in refused(poor)
    session = psycopg.connect(poor.partition("&schema")[0])
    with pytest.raises(BadInput, match="no right to read the records"), session, told_plainly(poor):
        session.execute(f"TABLE {schema}.patients")


def test_tables_that_are_missing_are_named_all(postgres: Any) -> None:
    """Of an empty schema every table of the contract is asked for."""
    tables = RANDOM["random_tables"](1, 30)
    told = refused(postgres.load({"events": tables["events"]}))
    assert all(f"expected a table {name}" in told for name in ("patients", "treatments", "measures"))


def test_a_connection_that_breaks_off_is_one_clear_problem(records: str) -> None:
    """The server ends the session in the middle of reading."""
    import psycopg

    session = psycopg.connect(records.partition("&schema")[0])
    with pytest.raises(BadInput, match="a connection that was lost"), session, told_plainly(records):
        session.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_other_errors_are_left_alone() -> None:
    """What is not the database's is not called so."""
    with pytest.raises(ZeroDivisionError), told_plainly("postgres://localhost/clinic"):
        raise ZeroDivisionError


def test_a_command_ends_with_3_and_without_the_password(lab: Callable[..., Any], tmp_path: Path, records: str) -> None:
    """No traceback, nothing written, and the message on standard error."""
    protocol = tmp_path / "protocol.yaml"
    protocol.write_text(yaml.safe_dump(CONTENT), encoding="utf-8")
    address = as_user(records, f"locked:{SECRET}")
    ran = lab("fit", protocol, "--data", address, "--out", tmp_path / "out", home=tmp_path / "home")
    assert ran.code == 3
    assert "a refusal of user or password" in ran.err
    assert "Traceback" not in ran.err
    assert SECRET not in ran.err + ran.out
    assert not (tmp_path / "out").exists()


def test_spark_without_pyspark_or_java_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """One problem each, with the command that brings it; nothing of either is imported or started."""
    monkeypatch.setattr(spark, "find_spec", lambda _name: None)
    assert "found no pyspark. Install the extra `spark`" in refused("spark:///data/cdm")
    monkeypatch.setattr(spark, "find_spec", lambda _name: object())
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "spark://host:7077: expected Spark on this machine; found no Java" in refused(
        "spark://host:7077?schema=cdm"
    )
