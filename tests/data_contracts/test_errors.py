"""One family of errors: each knows its exit code and HTTP status, and a message is a place, a wish and a next step."""

from __future__ import annotations

import pytest

from data_contracts import errors
from data_contracts.errors import BadInput, EquipoiseError, Problem, rows_text


@pytest.mark.parametrize(
    ("kind", "exit_code", "http_status"),
    [
        (errors.BadUsage, 2, 400),
        (errors.BadInput, 3, 422),
        (errors.MissingPrefetch, 3, 412),
        (errors.NotFound, 3, 404),
        (errors.GateFailed, 4, 409),
        (errors.WrongState, 5, 409),
        (errors.Refused, 5, 403),
        (errors.NotAuthenticated, 5, 401),
        (errors.NotPermitted, 5, 403),
        (errors.Tampered, 5, 500),
        (errors.Erased, 5, 410),
        (errors.NotReady, 5, 503),
        (errors.Unreachable, 5, 502),
    ],
)
def test_each_error_knows_its_codes(kind: type[EquipoiseError], exit_code: int, http_status: int) -> None:
    """Exit codes are those of the design: 2 usage, 3 input, 4 a gate, 5 refused."""
    assert (kind.exit_code, kind.http_status) == (exit_code, http_status)
    assert kind.title != EquipoiseError.title
    assert issubclass(kind, EquipoiseError)


def test_the_table_above_is_complete() -> None:
    """No error class exists beside those; the client's tells another process's."""
    ours = [kind for kind in EquipoiseError.__subclasses__() if not kind.__module__.startswith("service.client")]
    assert {kind.__name__ for kind in ours} == {
        "BadUsage",
        "BadInput",
        "MissingPrefetch",
        "NotFound",
        "GateFailed",
        "WrongState",
        "Refused",
        "NotAuthenticated",
        "NotPermitted",
        "Tampered",
        "Erased",
        "NotReady",
        "ModelStopped",
        "Unreachable",
    }


def test_a_problem_reads_as_a_sentence() -> None:
    """Where, what was expected, what came, what to do."""
    problem = Problem("t.csv, age", "numbers", "text in 1 row", "Correct the cells.")
    assert str(problem) == "t.csv, age: expected numbers; found text in 1 row. Correct the cells."


def test_bad_input_lists_every_problem_in_order() -> None:
    """One line each, in the order given; the problems themselves can be read too."""
    problems = [Problem(where, "a", "b", "c.") for where in ("first", "second")]
    error = BadInput(iter(problems))
    assert error.problems == tuple(problems)
    assert str(error).splitlines() == ["- first: expected a; found b. c.", "- second: expected a; found b. c."]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([7], "1 row (row 7; the header is row 1)"),
        ([2, 5], "2 rows (row 2, 5; the header is row 1)"),
        (list(range(2, 12)), "10 rows (row 2, 3, 4, 5, 6, 7, 8, 9, 10, 11; the header is row 1)"),
        (list(range(2, 13)), "11 rows (row 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 1 more; the header is row 1)"),
    ],
)
def test_ten_rows_are_named(rows: list[int], text: str) -> None:
    """Up to ten rows are named, the rest counted."""
    assert rows_text(rows) == text
