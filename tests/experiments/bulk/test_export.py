"""The client of Bulk Data: every step of an export, what may go wrong with it, and what it never gives away."""

from __future__ import annotations

import stat
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
import pytest

from data_contracts.errors import BadInput, BadUsage, Unreachable
from experiments.__main__ import main
from experiments.bulk.export_state import TYPES

STATUS, FILE = "/fhir/status/1", "/files/Observation.ndjson"
DELETE = f"DELETE {STATUS}"


def records(folder: Path) -> dict[str, int]:
    """Lines of each file of records."""
    return {one.name: len(one.read_text().splitlines()) for one in sorted((folder / "records").glob("*.ndjson"))}


WHOLE = {"Observation.0001.ndjson": 5, "Patient.0000.ndjson": 3}


def test_an_export(server: Any, run: Any, tmp_path: Path, waits: list[float]) -> None:
    """Asked for, waited for as long as the server says, fetched whole, and given back."""
    assert run(server) == 0
    assert records(tmp_path) == WHOLE
    assert waits == [7.0, 7.0]
    assert server.calls[0] == "GET /fhir/Patient/$export"
    assert server.calls[-1] == DELETE
    assert stat.S_IMODE((tmp_path / "records").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "records" / "Patient.0000.ndjson").stat().st_mode) == 0o600


def test_with_a_token(guarded: Any, run: Any, client_file: Path, tmp_path: Path) -> None:
    """The token endpoint is found by discovery, and a signed assertion (ES384, RS384) gets the token."""
    assert run(guarded, client=client_file) == 0
    assert records(tmp_path) == WHOLE
    assert len(guarded.jtis) == 1


@pytest.mark.parametrize(
    ("granted", "whole"),
    [
        (None, True),
        ("system/*.rs", True),
        ("system/*.read", True),
        ("system/Patient.rs system/Observation.rs", False),
        ("system/*.rs?_tag=open", False),
        ("system/*.s user/*.cruds", False),
        ("", False),
    ],
)
def test_a_token_that_reaches_less(
    guarded: Any, run: Any, client_file: Path, granted: str | None, whole: bool
) -> None:
    """A server that grants less than every type whole is not asked for an export: records would be left out unsaid."""
    guarded.granted = granted
    if whole:
        assert run(guarded, client=client_file) == 0
        return
    with pytest.raises(Unreachable, match="Condition"):
        run(guarded, client=client_file)
    assert not any("$export" in call for call in guarded.calls)


def test_a_scope_that_does_not_reach_the_types(guarded: Any, run: Any, client_file: Path) -> None:
    """What is registered for two types exports these two, and is told so before any call when more are wanted."""
    client_file.write_text(client_file.read_text() + "scope: system/Patient.rs system/Observation.read\n")
    with pytest.raises(BadUsage, match="Condition"):
        run(guarded, client=client_file)
    assert guarded.calls == []
    assert run(guarded, client=client_file, types="Patient,Observation") == 0


@pytest.mark.parametrize("scope", ["patient/*.rs", "system/*.sr", "system/*.rs openid", "system/*.rs?code:in=x", '""'])
def test_what_is_no_scope_of_a_backend(guarded: Any, run: Any, client_file: Path, scope: str) -> None:
    """A client that nobody stands behind asks for system/ scopes alone, of a form that is read."""
    client_file.write_text(client_file.read_text() + f"scope: {scope}\n")
    with pytest.raises(BadInput, match="scope"):
        run(guarded, client=client_file)
    assert guarded.calls == []


def test_a_token_that_ended(guarded: Any, run: Any, client_file: Path, tmp_path: Path) -> None:
    """A token that the server no longer takes, also in the middle of the files, is renewed by a new assertion."""
    guarded.faults = {STATUS: [httpx.Response(401)], FILE: [httpx.Response(401)]}
    assert run(guarded, client=client_file) == 0
    assert records(tmp_path) == WHOLE
    assert len(guarded.jtis) == 3


def test_no_secret_is_told(
    guarded: Any, run: Any, client_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither output nor the kept state holds a token or an assertion, also where the server refuses."""
    guarded.faults = {"/fhir/Patient/$export": [httpx.Response(403, json={"issue": [{"code": "forbidden"}]})]}
    with pytest.raises(Unreachable, match="forbidden") as refused:
        run(guarded, client=client_file)
    run(guarded, client=client_file)
    told = capsys.readouterr().out + str(refused.value) + (tmp_path / "records" / "export.json").read_text()
    assert not any(token in told for token in guarded.tokens)
    assert "eyJ" not in told


@pytest.mark.parametrize(
    "pause", [{"Retry-After": "11"}, {"Retry-After": "later"}, {}, {"Retry-After": formatdate(0, usegmt=True)}]
)
def test_a_busy_server(server: Any, run: Any, waits: list[float], tmp_path: Path, pause: dict[str, str]) -> None:
    """429 and 503 are waited out: as long as Retry-After says, else longer each time; a past date is a second."""
    server.busy = 0
    server.faults = {STATUS: [httpx.Response(429, headers=pause), httpx.Response(503, headers=pause)]}
    assert run(server) == 0
    assert records(tmp_path) == WHOLE
    expected = {"11": [11.0, 11.0], "later": [2.0, 4.0], "": [2.0, 4.0]}
    assert waits == expected.get(pause.get("Retry-After", ""), [1.0, 1.0])


def test_a_server_that_stays_busy(server: Any, run: Any) -> None:
    """After five tries it is told, and nothing is lost by running again."""
    server.faults = {"/fhir/Patient/$export": [httpx.Response(503) for _ in range(5)]}
    with pytest.raises(Unreachable, match="503 5 times"):
        run(server)
    assert run(server) == 0


def test_one_that_broke_off_goes_on(server: Any, run: Any, tmp_path: Path) -> None:
    """What is whole is not fetched twice, and the export is not asked for again."""
    server.faults = {FILE: [httpx.Response(500)]}
    with pytest.raises(Unreachable, match="Observation"):
        run(server)
    assert records(tmp_path) == {"Patient.0000.ndjson": 3}
    assert not server.deleted
    assert run(server) == 0
    assert records(tmp_path) == WHOLE
    assert server.calls.count("GET /fhir/Patient/$export") == 1
    assert server.calls.count("GET /files/Patient.ndjson") == 1
    assert server.calls[-1] == DELETE


def test_a_cut_file_is_not_taken(server: Any, run: Any, tmp_path: Path) -> None:
    """A file with fewer lines than the server says is none; it is fetched again by the next run."""
    whole = server.files[FILE]
    server.files[FILE] = whole[: len(whole) // 2]
    with pytest.raises(Unreachable, match="lines of Observation came, and the server says 5"):
        run(server)
    assert records(tmp_path) == {"Patient.0000.ndjson": 3}
    server.files[FILE] = whole.rstrip(b"\n")  # a last line need not end
    assert run(server) == 0


def test_an_export_that_is_gone(server: Any, run: Any, tmp_path: Path) -> None:
    """An export that the server has forgotten begins anew by the next run."""
    server.faults = {STATUS: [httpx.Response(404)]}
    with pytest.raises(Unreachable, match="no longer knows"):
        run(server)
    assert run(server) == 0
    assert server.calls.count("GET /fhir/Patient/$export") == 2
    assert records(tmp_path) == WHOLE


def test_it_can_be_given_back(server: Any, run: Any, tmp_path: Path) -> None:
    """`--cancel` deletes at the server what was begun; where nothing was begun it says so."""
    with pytest.raises(BadUsage, match="no export"):
        run(server, cancel=True)
    server.faults = {FILE: [httpx.Response(500)]}
    with pytest.raises(Unreachable):
        run(server)
    assert run(server, cancel=True) == 0
    assert server.deleted
    assert not (tmp_path / "records" / "export.json").exists()


@pytest.mark.parametrize("where", ["https://elsewhere.example/files/Patient.ndjson", "http://ehr.example/files/x"])
def test_the_token_goes_nowhere_else(guarded: Any, run: Any, client_file: Path, where: str) -> None:
    """A manifest that names another host, or one without https, gets neither token nor call."""
    guarded.manifest["output"][0]["url"] = where
    with pytest.raises(Unreachable, match=r"another host|without https"):
        run(guarded, client=client_file)
    assert "GET /files/Patient.ndjson" not in guarded.calls
    assert "GET /files/x" not in guarded.calls


def test_another_host_that_was_named(guarded: Any, run: Any, client_file: Path, tmp_path: Path) -> None:
    """With `--files-at` a host of the server's own gets it; and a file that needs no token gets none."""
    guarded.manifest["output"][0]["url"] = "https://files.ehr.example/files/Patient.ndjson"
    assert run(guarded, client=client_file, files_at="https://files.ehr.example") == 0
    assert records(tmp_path) == WHOLE


def test_files_without_a_token(guarded: Any, run: Any, client_file: Path, tmp_path: Path) -> None:
    """Where the manifest says that files need no token, none is sent to them."""
    guarded.manifest["requiresAccessToken"] = False
    guarded.manifest["output"][0]["url"] = "https://bucket.example/files/Patient.ndjson"
    assert run(guarded, client=client_file) == 0
    assert records(tmp_path) == WHOLE


def test_messages_are_no_records(server: Any, run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the server says of what is not there is kept apart, where no study takes it for records."""
    server.files["/files/error.ndjson"] = b'{"resourceType": "OperationOutcome", "issue": []}\n'
    server.manifest["error"] = [{"type": "OperationOutcome", "url": "https://ehr.example/files/error.ndjson"}]
    assert run(server) == 0
    assert (tmp_path / "records" / "messages.0002.outcomes").exists()
    assert records(tmp_path) == WHOLE
    assert "messages" in capsys.readouterr().out


def test_a_group_and_types(server: Any, run: Any) -> None:
    """A group and types are asked for by name."""
    seen: list[httpx.URL] = []
    server_call = server.__call__
    assert (
        run(lambda request: (seen.append(request.url), server_call(request))[1], group="cohort-7", types="Patient")
        == 0
    )
    assert seen[0].path == "/fhir/Group/cohort-7/$export"
    assert seen[0].params["_type"] == "Patient"
    assert {"Patient", "Observation", "QuestionnaireResponse", "Medication"} <= set(TYPES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "http://ehr.example/fhir"},
        # pragma: allowlist nextline secret
        {"address": "https://user:word@ehr.example/fhir"},
        {"group": "../Patient"},
        {"types": "Patient,observation"},
        {"files_at": "ftp://ehr.example"},
    ],
)
def test_what_is_no_request(server: Any, run: Any, wrong: dict[str, str]) -> None:
    """Addresses without https, with a password, and names that are none are refused before any call."""
    with pytest.raises(BadUsage):
        run(server, **wrong)
    assert server.calls == []


def test_another_folder(server: Any, run: Any, tmp_path: Path) -> None:
    """A folder with other files, or with another export, is left alone."""
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "mine.csv").write_text("a\n")
    with pytest.raises(BadUsage, match="other files"):
        run(server)
    (tmp_path / "records" / "mine.csv").unlink()
    assert run(server) == 0
    with pytest.raises(BadUsage, match="another server, group or types"):
        run(server, group="other")


@pytest.mark.parametrize("held", ["{}", "no JSON", '{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"}'])
def test_what_is_no_key(server: Any, run: Any, client_file: Path, tmp_path: Path, held: str) -> None:
    """A key file that is none, or holds a weaker key, is refused without telling what it holds."""
    (tmp_path / "lab-key.json").write_text(held)
    with pytest.raises(BadInput, match="private key") as refused:
        run(server, client=client_file)
    assert held not in str(refused.value)


def test_the_command(tmp_path: Path, waits: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """`equipoise-lab export` ends with 2 where the call is wrong, and 5 where nothing answers."""
    assert main(["export", "http://ehr.example/fhir", "--out", str(tmp_path / "x")]) == 2
    assert "https" in capsys.readouterr().err
    assert main(["export", "http://127.0.0.1:9/fhir", "--out", str(tmp_path / "x")]) == 5
    assert waits == [2.0, 4.0, 8.0, 16.0]
