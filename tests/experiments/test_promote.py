"""`equipoise-lab promote`: a person makes a policy the champion, in writing, and only one whose gates held."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from mlflow.exceptions import MlflowException

from data_contracts.alias_move import AliasMove
from data_contracts.gate import Gate, Waiver, unjudged
from data_contracts.manifest import Promotion, sha256
from experiments.fit import write_fit
from experiments.gates import with_waivers
from experiments.signing import open_signer
from experiments.tracking import track

Register = Callable[..., str]
WAIVABLE = (
    "propensity_log_loss",
    "propensity_calibration",
    "balance",
    "equipoise",
    "negative_controls",
    "plausible_gain",
)
"""Gates that a fit judges and that can be waived."""

BY, WHY = ("--by", "Dr. A. Analyst"), ("--why", "gates passed; read the report")


@pytest.fixture
def register(registry: Any, result: Any, tmp_path: Path) -> Register:
    """Register the study under a name of the test's own, its gates held or not; gives the version."""

    def registered(name: str, *, held: bool = True, waivers: tuple[Waiver, ...] = (), attacked: bool = True) -> str:
        protocol = result.protocol.model_copy(update={"name": name})
        judged = [*result.gates, *(_passed(result.gates[0], gate) for gate in unjudged(result.gates) if attacked)]
        missed = () if held else WAIVABLE if waivers else tuple(gate.name for gate in result.gates)
        states = {gate.name: "failed" if gate.name in missed else "passed" for gate in judged}
        gates = with_waivers([gate.model_copy(update={"state": states[gate.name]}) for gate in judged], waivers)
        renamed = replace(result, protocol=protocol, gates=gates)
        write_fit(renamed, tmp_path / name, open_signer())
        return track(renamed, tmp_path / name, open_signer()).version

    return registered


def _passed(gate: Gate, name: str) -> Gate:
    """A gate of another name, held."""
    return gate.model_copy(update={"name": name, "state": "passed"})


@pytest.fixture
def promote(lab: Any, registry: Any) -> Callable[..., Any]:
    """Run the command against the registry."""
    return lambda *arguments: lab("promote", *arguments, home=registry.home)


def champion(client: Any, name: str) -> str | None:
    """Version of the present champion."""
    try:
        return str(client.get_model_version_by_alias(name, "champion").version)
    except MlflowException:
        return None


def record_of(client: Any, name: str, version: str) -> tuple[bytes, bytes]:
    """The promotion record that lies with a version's run, and its signature."""
    run = client.get_run(client.get_model_version(name, version).run_id)
    folder = Path(unquote(urlparse(run.info.artifact_uri).path)) / f"promotion-v{version}"
    return (folder / "promotion.json").read_bytes(), (folder / "promotion.signature").read_bytes()


def test_promotion_moves_the_champion_and_is_written_down(
    register: Register, promote: Callable[..., Any], client: Any, registry: Any, tmp_path: Path
) -> None:
    """The alias moves, and a signed record says which policy, by whom, why, when, after which."""
    register("first")
    ran = promote("first", "1", *BY, *WHY)
    assert ran.code == 0
    assert "first version 1 is champion, by Dr. A. Analyst." in ran.out
    assert champion(client, "first") == "1"
    content, signature = record_of(client, "first", "1")
    key = load_pem_public_key((registry.home / "trusted" / "lab.pem").read_bytes())
    assert isinstance(key, Ed25519PublicKey)
    key.verify(base64.b64decode(signature), content)
    record = Promotion.model_validate_json(content)
    assert (record.name, record.version, record.by, record.why) == ("first", "1", BY[1], WHY[1])
    assert record.manifest_sha256 == sha256((tmp_path / "first" / "policy" / "manifest.json").read_bytes())
    assert record.previous_version is None
    at = datetime.fromisoformat(record.at)
    assert at.tzinfo is not None
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=5)


def test_the_version_carries_the_reason(register: Register, promote: Callable[..., Any], client: Any) -> None:
    """Whoever looks into MLflow finds who, why and when as a tag of the version."""
    register("tagged")
    assert promote("tagged", "1", *BY, *WHY).code == 0
    tag = json.loads(client.get_model_version("tagged", "1").tags["promotion"])
    assert (tag["by"], tag["why"]) == (BY[1], WHY[1])
    assert tag["at"] == Promotion.model_validate_json(record_of(client, "tagged", "1")[0]).at


def test_the_next_promotion_names_the_one_before(register: Register, promote: Callable[..., Any], client: Any) -> None:
    """The second record holds the first champion's version, and going back is written down as well."""
    register("chain")
    register("chain")
    for version, previous in (("1", None), ("2", "1"), ("1", "2")):
        assert promote("chain", version, *BY, *WHY).code == 0
        assert champion(client, "chain") == version
        record = Promotion.model_validate_json(record_of(client, "chain", version)[0])
        assert record.previous_version == previous


def test_no_record_is_lost_when_a_version_comes_back(
    register: Register, promote: Callable[..., Any], client: Any
) -> None:
    """A version promoted twice has two signed records with its run, each with its own reason and the gates' hash."""
    register("again")
    for why in ("first time", "second time"):
        assert promote("again", "1", *BY, "--why", why).code == 0
    run = client.get_run(client.get_model_version("again", "1").run_id)
    place = Path(unquote(urlparse(run.info.artifact_uri).path))
    kept = sorted((place / "promotions").glob("*-champion-v1.json"))
    records = [AliasMove.model_validate_json(path.read_bytes()) for path in kept]
    assert [record.why for record in records] == ["first time", "second time"]
    assert {record.gates_sha256 for record in records} == {sha256((place / "gates.json").read_bytes())}
    assert len(list((place / "promotions").glob("*-champion-v1.signature"))) == 2


def test_what_people_read_is_signed_by_the_promotion_and_unchanged(
    register: Register, promote: Callable[..., Any], client: Any, tmp_path: Path
) -> None:
    """The record names the report's hash; one that changed since the study ended promotes nothing, and is named."""
    (tmp_path / "read").mkdir()
    (tmp_path / "read" / "report.html").write_text("<h1>Report</h1>")
    register("read")
    run = client.get_run(client.get_model_version("read", "1").run_id)
    place = Path(unquote(urlparse(run.info.artifact_uri).path))
    assert promote("read", "1", *BY, *WHY).code == 0
    kept = next((place / "promotions").glob("*-champion-v1.json"))
    told = AliasMove.model_validate_json(kept.read_bytes()).files
    assert told == {"report.html": sha256(b"<h1>Report</h1>")}
    with (place / "report.html").open("ab") as held:
        held.write(b" ")
    records = len(list((place / "promotions").iterdir()))
    again = promote("read", "1", *BY, *WHY)
    assert again.code != 0
    assert "report.html in " in again.err
    assert "changed since it was signed" in " ".join(again.err.split())
    assert len(list((place / "promotions").iterdir())) == records


def test_every_move_is_listed_in_a_chain_that_shows_what_is_missing(
    register: Register, promote: Callable[..., Any], lab: Any, registry: Any, client: Any
) -> None:
    """The list tells who moved which alias, from where to where and why; a record that is taken away, one that nobody
    signed and an alias that was moved by hand are each told.
    """
    register("listed")
    register("listed")
    assert promote("listed", "1", *BY, *WHY).code == 0
    assert promote("listed", "2", *BY, *WHY).code == 0
    listed = lab("promotions", "listed", "--json", home=registry.home)
    moves = json.loads(listed.out)
    told = [(move["alias"], move["from_version"], move["to_version"]) for move in moves]
    challenged = [("challenger", None, "1"), ("challenger", "1", "2")]
    assert told == [*challenged, ("champion", None, "1"), ("champion", "1", "2")]
    assert [move["by"] for move in moves[2:]] == [BY[1]] * 2
    assert [move["doubts"] for move in moves] == [[]] * 4

    run = client.get_run(client.get_model_version("listed", "1").run_id)
    kept = Path(unquote(urlparse(run.info.artifact_uri).path)) / "promotions"
    next(kept.glob("*-champion-v1.json")).unlink()
    next(kept.glob("*-challenger-v1.signature")).unlink()
    client.set_registered_model_alias("listed", "champion", "1")
    table = lab("promotions", "listed", home=registry.home).out
    assert table.count("the record before it is missing or was changed") == 1
    assert table.count("not signed by a trusted key") == 1
    assert "champion stands at version 1, by the records at version 2" in table
    assert lab("promotions", "nobody", home=registry.home).code == 3


def test_a_policy_that_missed_a_gate_is_not_promoted(
    register: Register, promote: Callable[..., Any], client: Any
) -> None:
    """Exit 4 with the gate's name; the champion stays who it was and no record is made."""
    register("marked")
    assert promote("marked", "1", *BY, *WHY).code == 0
    register("marked", held=False)
    ran = promote("marked", "2", *BY, *WHY)
    assert ran.code == 4
    assert "marked version 2 missed" in ran.err
    assert "balance" in ran.err
    assert ran.out == ""
    assert champion(client, "marked") == "1"
    assert "promotion" not in client.get_model_version("marked", "2").tags
    with pytest.raises(FileNotFoundError):
        record_of(client, "marked", "2")


ALL_WAIVED = tuple(Waiver(gate=gate, by="W. Aiver", why="rare arm") for gate in WAIVABLE)
ACCEPTED = tuple(word for gate in WAIVABLE for word in ("--accept-waiver", gate))


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        (BY, 4, "To accept that: --accept-waiver propensity_log_loss"),
        ((*BY, *ACCEPTED[:2]), 4, "did not hold propensity_calibration, balance"),
        ((*ACCEPTED, "--by", " w.  AIVER"), 4, "a second person has to"),
        ((*BY, *ACCEPTED, "--accept-waiver", "balanse"), 2, "names balanse"),
    ],
    ids=["silent", "one of them", "the same person", "no such gate"],
)
def test_a_waived_gate_takes_a_second_person_who_names_it(
    register: Register, promote: Callable[..., Any], client: Any, more: tuple[str, ...], code: int, told: str
) -> None:
    """Nobody promotes past a waived gate without saying so, nor past their own waiver; nothing is changed then."""
    version = register("waived", held=False, waivers=ALL_WAIVED)
    ran = promote("waived", version, "--why", WHY[1], *more)
    assert (ran.code, champion(client, "waived")) == (code, None)
    assert told in ran.err


def test_accepted_waivers_stand_in_the_signed_record(
    register: Register, promote: Callable[..., Any], client: Any
) -> None:
    """A second person who names every waived gate promotes the policy, and the record holds the gates' names."""
    register("accepted", held=False, waivers=ALL_WAIVED)
    assert promote("accepted", "1", *BY, *WHY, *ACCEPTED).code == 0
    record = Promotion.model_validate_json(record_of(client, "accepted", "1")[0])
    assert set(record.waivers) == set(WAIVABLE)


def test_what_was_not_attacked_is_not_promoted(register: Register, promote: Callable[..., Any], client: Any) -> None:
    """A first look passes every gate that it was put to, and is refused by the names of the others."""
    register("looked-at", attacked=False)
    ran = promote("looked-at", "1", *BY, *WHY)
    assert ran.code == 4
    assert "was never put to leakage, unmeasured_cause" in ran.err
    assert champion(client, "looked-at") is None


@pytest.mark.parametrize(
    ("name", "version"), [("nobody", "1"), ("null", "99"), ("null", "latest"), ("null", "-1"), ("../null", "1")]
)
def test_what_does_not_exist_cannot_be_promoted(
    name: str, version: str, promote: Callable[..., Any], client: Any
) -> None:
    """An unknown name or version ends with exit 3 and the next step, not with a traceback."""
    before = champion(client, "null")
    ran = promote(name, version, *BY, *WHY)
    assert ran.code == 3
    assert "Run `equipoise-lab study` first." in ran.err
    assert champion(client, "null") == before


@pytest.mark.parametrize(("by", "why"), [("", "x"), ("x", ""), ("  ", "x"), ("x", "\n")])
def test_nobody_and_no_reason_are_not_taken(by: str, why: str, promote: Callable[..., Any], client: Any) -> None:
    """Who and why must be said; blanks are neither, and nothing is changed."""
    before = champion(client, "null")
    ran = promote("null", "1", "--by", by, "--why", why)
    assert ran.code == 2
    assert "--by" in ran.err
    assert champion(client, "null") == before
