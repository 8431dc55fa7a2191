"""`equipoise-lab fit`: the same study gives the same bytes, and no patient can be found in them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from data_contracts.manifest import PolicyManifest
from experiments.policy_writer import write_policy
from experiments.signing import open_signer

CANARY = "Zebedee-7731"
POLICY = ("arrays.npz", "manifest.json", "model_card.json", "signature")
Lab = Callable[..., Any]


@dataclass(frozen=True)
class Fitted:
    """A finished fit: what was printed, and the folders."""

    ran: Any
    out: Path
    home: Path

    def read(self, name: str) -> Any:
        """A JSON file of the results."""
        return json.loads((self.out / name).read_text(encoding="utf-8"))


def results(folder: Path) -> dict[str, bytes]:
    """Every file of a results folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def numbers(content: object) -> Iterator[float]:
    """Every number anywhere in a JSON document."""
    if isinstance(content, dict):
        for value in content.values():
            yield from numbers(value)
    elif isinstance(content, list):
        for value in content:
            yield from numbers(value)
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield content


@pytest.fixture(scope="module")
def fitted(lab: Lab, study: Any, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """The study, fitted with --json in a home that has no key yet."""
    folder = tmp_path_factory.mktemp("fitted")
    out, home = folder / "out", folder / "home"
    return Fitted(lab("fit", study.protocol, "--data", study.data, "--out", out, "--json", home=home), out, home)


@pytest.fixture(scope="module")
def marked(
    lab: Lab,
    records: pd.DataFrame,
    protocol: dict[str, Any],
    new_study: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Fitted:
    """A study with a pass mark that cannot be met, an arm of three episodes and four outcomes that were lost."""
    folder = tmp_path_factory.mktemp("marked")
    frame = records.copy()
    frame.loc[[100, 200, 300], "therapy"] = "c"
    frame.loc[[10, 20, 30, 40], "outcome"] = np.nan
    arms = protocol["arms"] | {"offered": [*protocol["arms"]["offered"], "c", "d"]}
    files = new_study(folder / "in", frame, protocol | {"arms": arms, "gates": {"min_equipoise": 1.0}})
    out, home = folder / "out", folder / "home"
    return Fitted(lab("fit", files.protocol, "--data", files.data, "--out", out, home=home), out, home)


class TestTheSameStudy:
    """What must not change the result does not, to the last bit."""

    def test_another_process_gives_the_same_bytes(self, fitted: Fitted, study: Any, tmp_path: Path) -> None:
        """Run again in a new process with another hash seed and the same key: every file is the same."""
        environment = os.environ | {"EQUIPOISE_HOME": str(fitted.home), "PYTHONHASHSEED": "4321", "TZ": "Asia/Tokyo"}
        command = [sys.executable, "-m", "experiments", "fit", str(study.protocol), "--data", str(study.data)]
        again = subprocess.run(
            [*command, "--out", str(tmp_path / "out"), "--json"], env=environment, capture_output=True, check=False
        )
        assert again.returncode == 0, again.stderr.decode()
        assert results(tmp_path / "out") == results(fitted.out)

    def test_rows_and_columns_in_another_order_give_the_same_bytes(
        self,
        fitted: Fitted,
        lab: Lab,
        records: pd.DataFrame,
        protocol: dict[str, Any],
        new_study: Callable[..., Any],
        tmp_path: Path,
    ) -> None:
        """The table turned upside down and sideways, as Parquet, is the same study bit for bit."""
        shuffled = records.sample(frac=1, random_state=11)[sorted(records.columns, reverse=True)]
        files = new_study(tmp_path / "in", shuffled, dict(reversed(protocol.items())))
        data = tmp_path / "in" / "records.parquet"
        shuffled.reset_index(drop=True).to_parquet(data)
        ran = lab("fit", files.protocol, "--data", data, "--out", tmp_path / "out", "--json", home=fitted.home)
        assert ran.code == 0
        assert results(tmp_path / "out") == results(fitted.out)


class TestTheResult:
    """What is written, and only that."""

    def test_the_folder_holds_the_gates_and_four_files(self, fitted: Fitted) -> None:
        """policy/ has manifest, signature, arrays and model card, gates.json lies beside it, nothing else is there."""
        assert sorted(results(fitted.out)) == ["gates.json", *(f"policy/{name}" for name in POLICY)]

    def test_nothing_in_it_is_code(self, fitted: Fitted) -> None:
        """Arrays load with pickles forbidden, all are numbers, and no file holds a pickle or an object array."""
        content = (fitted.out / "policy" / "arrays.npz").read_bytes()
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            assert all(np.issubdtype(arrays[name].dtype, np.number) or arrays[name].dtype == bool for name in arrays)
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
        assert all(name.endswith(".npy") for name in names)
        for text in results(fitted.out).values():
            assert not text.startswith(b"\x80")
            assert b"sklearn" not in text
            assert b"econml" not in text

    def test_every_number_is_finite(self, fitted: Fitted, marked: Fitted) -> None:
        """No array holds NaN or infinity, and the documents are strict JSON."""
        with np.load(fitted.out / "policy" / "arrays.npz", allow_pickle=False) as arrays:
            assert all(np.isfinite(arrays[name]).all() for name in arrays)
        for found in (fitted, marked):
            for name in ("gates.json", "policy/manifest.json", "policy/model_card.json"):
                text = (found.out / name).read_text(encoding="utf-8")
                json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))

    def test_the_manifest_vouches_for_the_other_files(self, fitted: Fitted) -> None:
        """Each hash is that of the file beside it, and no file is without one."""
        hashes = fitted.read("policy/manifest.json")["files"]
        assert sorted(hashes) == ["arrays.npz", "model_card.json"]
        for name, wanted in hashes.items():
            assert hashlib.sha256((fitted.out / "policy" / name).read_bytes()).hexdigest() == wanted

    def test_the_signature_is_the_labs(self, fitted: Fitted) -> None:
        """The signature over the manifest verifies with the key that this run enrolled."""
        key = load_pem_public_key((fitted.home / "trusted" / "lab.pem").read_bytes())
        assert isinstance(key, Ed25519PublicKey)
        signature = base64.b64decode((fitted.out / "policy" / "signature").read_bytes())
        key.verify(signature, (fitted.out / "policy" / "manifest.json").read_bytes())

    def test_no_time_and_no_place_of_this_machine(self, fitted: Fitted, study: Any) -> None:
        """Neither a path nor a date gets into the policy, so that it can be compared between machines."""
        for content in results(fitted.out).values():
            assert str(study.data.parent).encode() not in content
            assert os.fsencode(Path.home()) not in content or Path.home() == Path("/")

    @pytest.mark.usefixtures("home")
    def test_an_older_policy_is_replaced_whole(self, tmp_path: Path) -> None:
        """A file left in the policy folder from before is gone afterwards, and no half-made folder stays."""
        folder = tmp_path / "out" / "policy"
        folder.mkdir(parents=True)
        (folder / "left_over.bin").write_bytes(b"old")
        write_policy(folder, {"manifest.json": b"{}"}, open_signer())
        assert sorted(results(tmp_path / "out")) == ["policy/manifest.json", "policy/signature"]
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["policy"]


class TestPrivacy:
    """No patient is in what is written or printed."""

    def test_no_patient_and_no_cell_is_in_the_results(
        self, fitted: Fitted, marked: Fitted, records: pd.DataFrame
    ) -> None:
        """Neither an identifier nor a rare category nor free text of the records stands in any file or output."""
        for found in (fitted, marked):
            written = b"".join(results(found.out).values()) + found.ran.out.encode() + found.ran.err.encode()
            assert b"Zebedee" not in written
            assert not re.search(rb"(?<![0-9])7731(?![0-9])", written)  # digits of a longer number tell nothing
            assert not [name for name in records.patient_id if name.encode() in written]

    def test_no_value_of_a_patient_is_in_the_documents(self, fitted: Fitted, records: pd.DataFrame) -> None:
        """No number in manifest or model card equals a measured value of any patient."""
        measured = records[["x1", "x2", "x3", "x4", "x5", "x6", "outcome"]].to_numpy().ravel()
        for name in ("policy/manifest.json", "policy/model_card.json"):
            told = np.array([value for value in numbers(fitted.read(name)) if value != round(value)])
            assert len(told) > 0 or "card" in name
            assert not np.isin(told, measured).any()

    def test_a_count_under_eleven_is_not_told(self, marked: Fitted) -> None:
        """Three episodes of an arm and four lost outcomes appear neither as a count nor as a difference of two."""
        manifest, card = marked.read("policy/manifest.json"), marked.read("policy/model_card.json")
        counts = [arm["episodes"] for arm in manifest["arms"]]
        assert counts[-2:] == [0, 0]
        shown = [line["episodes"] for line in card["attrition"] if isinstance(line["episodes"], int)]
        by_arm = [arm["episodes"] for arm in card["arms"]]
        assert by_arm[-2:] == ["<11", 0]
        told = [*counts, *(count for count in by_arm if isinstance(count, int)), *shown, sum(counts)]
        assert not [count for count in told if 0 < count < 11]
        gaps = {abs(one - other) for one in [sum(counts), *shown] for other in [sum(counts), *shown]}
        assert not [gap for gap in gaps if 0 < gap < 11]


class TestFailedGates:
    """A gate that is missed does not stop the work; it marks it."""

    def test_exit_code_four_and_results_are_written(self, marked: Fitted) -> None:
        """The command ends with 4, says which gate, and all is there but the arrays: no effect was computed."""
        assert marked.ran.code == 4
        assert "gate equipoise: FAILED" in marked.ran.out
        assert "A gate failed: the policy is marked so." in marked.ran.out
        kept = [f"policy/{name}" for name in POLICY if name != "arrays.npz"]
        assert sorted(results(marked.out)) == ["gates.json", *kept]

    def test_every_document_says_so(self, marked: Fitted) -> None:
        """gates.json, the manifest and the model card all say that the gate failed, and which mark was asked."""
        gates = marked.read("gates.json")
        assert gates["passed"] is False
        failed = [gate for gate in gates["gates"] if gate["state"] == "failed"]
        assert [gate["name"] for gate in failed] == ["equipoise"]
        assert "1.0" in failed[0]["mark"]
        manifest = PolicyManifest.model_validate(marked.read("policy/manifest.json"))
        assert not manifest.gates_passed
        assert marked.read("policy/model_card.json")["standing"]["failed"] == ["equipoise"]

    def test_a_study_that_passes_says_that(self, fitted: Fitted) -> None:
        """The same documents of a study whose gates held."""
        assert fitted.read("gates.json")["passed"] is True
        assert PolicyManifest.model_validate(fitted.read("policy/manifest.json")).gates_passed


class TestThinArms:
    """An arm with too few episodes is left out and said so; the study goes on without it."""

    def test_it_is_said_to_the_person(self, marked: Fitted) -> None:
        """Standard output names the arm with three episodes and the one with none."""
        assert "c is not ranked from records: <11 episodes, 30 are needed, of 11 patients." in marked.ran.out
        assert "d is not ranked from records: 0 episodes, 30 are needed, of 11 patients." in marked.ran.out

    def test_it_is_said_in_the_documents(self, marked: Fitted) -> None:
        """gates.json lists them, the manifest has them unranked, the model card names them."""
        assert marked.read("gates.json")["arms_not_ranked"] == ["c", "d"]
        manifest = PolicyManifest.model_validate(marked.read("policy/manifest.json"))
        assert manifest.ranked_arms == ("control", "a", "b")
        assert [arm.name for arm in manifest.arms if not arm.ranked] == ["c", "d"]
        unranked = [arm["arm"] for arm in marked.read("policy/model_card.json")["arms"] if not arm["ranked"]]
        assert unranked == ["c", "d"]


class TestWhatIsPrinted:
    """Machines get one object, people sentences."""

    def test_json_is_one_object_even_when_a_key_is_made(self, fitted: Fitted) -> None:
        """With --json standard output is one JSON object; progress and the note on the new key go elsewhere."""
        summary = json.loads(fitted.ran.out)
        assert fitted.ran.out.count("\n") == 1
        assert summary["passed"] is True
        assert summary["out"] == str(fitted.out)
        assert set(summary["gates"]) == {gate["name"] for gate in fitted.read("gates.json")["gates"]}
        assert len(summary["study_id"]) == 64
        assert "Made a signing key" in fitted.ran.err

    def test_progress_is_plain_lines(self, fitted: Fitted) -> None:
        """Off a terminal, progress is lines on standard error whose share never falls, without control characters."""
        lines = [line for line in fitted.ran.err.splitlines() if line.startswith("fit:")]
        shares = [int(line.split(":")[1].split("%")[0]) for line in lines]
        assert len(lines) >= 3
        assert shares == sorted(shares)
        assert "\x1b" not in fitted.ran.err

    def test_the_study_is_named_by_its_protocol_and_data(self, fitted: Fitted, marked: Fitted) -> None:
        """Two studies differ in both hashes; gates and manifest of one study agree."""
        for key in ("study_id", "data_fingerprint"):
            gates, manifest = fitted.read("gates.json"), fitted.read("policy/manifest.json")
            assert gates[key] == manifest[key]
            assert gates[key] != marked.read("gates.json")[key]
