"""What a database server's refusals mean, in our own words: its texts may repeat the address, names and values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from data_contracts.errors import BadInput, Problem
from experiments.cohort.place import Place, name_of
from experiments.cohort.spark import JAVA

SIGN_IN = "Give user and password by PGUSER and PGPASSWORD or a password file, or in the address."
REACH = "Check host and port, that the server is up, and that it can be reached from here."
REASONS = (
    (r"password authentication failed|no password supplied|SASL", "a refusal of user or password", SIGN_IN),
    (r'role ".*" does not exist', "no such user", SIGN_IN),
    (r'database ".*" does not exist', "no such database on that server", "Check the name after the host."),
    (r"no pg_hba\.conf entry", "no entry for this user from here", "Ask whoever runs the server to let this user in."),
    (r"JAVA_GATEWAY_EXITED|UnsupportedClassVersion", "no Java that Spark runs on", JAVA),
    (r"masters are unresponsive|Failed to connect to master", "nobody who answers there", REACH),
    (r"resolve host|translate host name|[Nn]ame or service not known", "no such host", "Check the host's name."),
    (r"timeout|timed out", "no answer in time", REACH),
    (r"refused|No such file or directory|unreachable|could not connect", "nobody who answers there", REACH),
    (r"permission denied", "no right to read the records", "Grant USAGE on the schema, SELECT and temporary tables."),
    (r"terminat|closed the connection|connection (is|was) lost|SSL error", "a connection that was lost", REACH),
)
"""What stands in the server's or the driver's text, what it means, and what to do."""

DRIVERS = ("psycopg", "pyspark", "py4j")
DRIVER = "Install the extra `postgres`; of other databases see docs/records.md."
OTHERWISE = "Check the address, the user's rights, and that the driver is installed (extra `postgres` or `spark`)."


def database_problem(place: Place, error: BaseException) -> Problem:
    """The problem with a database, without a word of the error's own text."""
    expected = "a database that answers"
    if isinstance(error, ImportError):
        return Problem(name_of(place), expected, "no driver for such an address", DRIVER)
    for pattern, found, step in REASONS:
        if re.search(pattern, str(error)):
            return Problem(name_of(place), expected, found, step)
    return Problem(name_of(place), expected, type(error).__name__, OTHERWISE)


@contextmanager
def told_plainly(place: Place) -> Iterator[None]:
    """Turns what a server refuses, or breaks off, while records are read into one clear problem.

    Raises:
        BadInput: in the place of the driver's error.
    """
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith(DRIVERS):
            raise
        raise BadInput([database_problem(place, error)]) from None
