"""The policy manifest: what it promises of its files is checked, and it says whether its gates held."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from data_contracts.basis import Basis
from data_contracts.encoding import Encoding, Feature
from data_contracts.gate import Gate, GateState
from data_contracts.manifest import ArmRecord, PolicyManifest, Promotion, hash_problems, sha256
from data_contracts.protocol import Outcome

FILES = {"arrays.npz": b"numbers", "model_card.json": b"{}"}
Make = Callable[..., PolicyManifest]


@pytest.fixture
def make() -> Make:
    """A manifest over FILES, some of its fields changed."""

    def made(**changes: Any) -> PolicyManifest:
        plain: dict[str, Any] = {
            "name": "small",
            "study_id": "0" * 64,
            "data_fingerprint": "1" * 64,
            "arms": (
                ArmRecord(name="usual_care", therapy=None, episodes=40, ranked=True),
                ArmRecord(name="cbt", therapy="CBT", episodes=12, ranked=False),
                ArmRecord(name="ssri", therapy="SSRI", episodes=40, ranked=True),
            ),
            "outcome": Outcome(column="y", direction="lower_is_better", unit="points"),
            "outcome_range": None,
            "confidence": 0.9,
            "min_propensity": 0.025,
            "encoding": Encoding(features=(Feature(name="age", kind="numeric"),), centre=(0,), scale=(1,)),
            "effect_modifiers": ("age",),
            "basis": Basis(columns=1, centre=(0.0,), scale=(1.0,)),
            "gates": (),
            "individualisation": (),
            "estimand": "a difference",
            "files": {name: sha256(content) for name, content in FILES.items()},
        }
        return PolicyManifest.model_validate(plain | changes)

    return made


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (FILES, []),
        (FILES | {"arrays.npz": b"numberS"}, ["arrays.npz was changed after signing"]),
        (FILES | {"arrays.npz": b"numbers\n"}, ["arrays.npz was changed after signing"]),
        ({"arrays.npz": b"numbers"}, ["model_card.json is missing"]),
        (FILES | {"model.pkl": b""}, ["model.pkl is not in the manifest"]),
        (
            {"arrays.npz": b"x", "model.pkl": b""},
            ["model_card.json is missing", "model.pkl is not in the manifest", "arrays.npz was changed after signing"],
        ),
    ],
    ids=["intact", "a byte changed", "a byte added", "a file gone", "a file added", "all of it"],
)
def test_whatever_was_done_to_the_files_is_told(files: dict[str, bytes], said: list[str], make: Make) -> None:
    """A changed, missing or added file is named, each with what happened to it; intact files give no word."""
    assert hash_problems(make(), files) == said


def test_the_hash_is_sha256() -> None:
    """Hexadecimal, as any other tool prints it."""
    assert sha256(b"abc") == hashlib.sha256(b"abc").hexdigest()


def test_ranked_arms_keep_their_order(make: Make) -> None:
    """Arms that were not ranked fall out, the others keep their places, the reference first."""
    assert make().ranked_arms == ("usual_care", "ssri")


@pytest.mark.parametrize(("held", "passed"), [([], True), ([True], True), ([True, False], False), ([False], False)])
def test_one_failed_gate_is_enough(held: list[bool], passed: bool, make: Make) -> None:
    """A policy has passed only if every gate did."""
    states: list[GateState] = ["passed" if ok else "failed" for ok in held]
    gates = [Gate(name=str(i), value=0.0, mark="m", state=state, sentence="s") for i, state in enumerate(states)]
    assert make(gates=gates).gates_passed is passed


def test_a_manifest_survives_json(make: Make) -> None:
    """Written and read back it is the same."""
    feature = Feature(name="age", kind="numeric", lower=18.5, upper=80.25, fill=40)
    manifest = make(encoding=Encoding(features=(feature,), centre=(40,), scale=(10,)), outcome_range=(0, 27))
    assert PolicyManifest.model_validate_json(manifest.model_dump_json()) == manifest


@pytest.mark.parametrize(
    ("abstained", "told"),
    [
        ({"usual_care": "CONFLICT"}, "other than the reference"),
        ({"cbt": "CONFLICT"}, "ranked arms"),
        ({"zzz": "CONFLICT"}, "ranked arms"),
        ({"ssri": "NON_OVERLAP"}, "CONFLICT or SENSITIVITY"),
        ({"ssri": "NOT_COMPARABLE"}, "arms without effects"),
        ({"ssri": "DOUBT"}, "Input should be"),
    ],
    ids=str,
)
def test_a_study_holds_back_ranked_arms_by_its_own_reasons(abstained: dict[str, str], told: str, make: Make) -> None:
    """Whom a patient resembles is for the patient to be judged by; the reference cannot abstain alone."""
    assert make(abstained={"ssri": "CONFLICT"}).abstained["ssri"] == "CONFLICT"
    with pytest.raises(ValidationError, match=told):
        make(abstained=abstained)


@pytest.mark.parametrize("change", [{"created": "2024"}, {"signature": "x"}])
def test_an_unknown_key_is_refused(change: dict[str, str], make: Make) -> None:
    """Nothing may be smuggled into a manifest."""
    with pytest.raises(ValidationError, match="Extra inputs"):
        make(**change)


@pytest.mark.parametrize("field", ["by", "why"])
def test_a_promotion_names_a_person_and_a_reason(field: str) -> None:
    """Neither may be empty."""
    record = {"name": "n", "version": "1", "manifest_sha256": "0", "by": "A", "why": "B", "at": "2024-01-01T00:00:00Z"}
    assert Promotion.model_validate(record).previous_version is None
    with pytest.raises(ValidationError, match=field):
        Promotion.model_validate(record | {field: ""})
