"""Attacks on the policy folder: every one ends in exit code 5 before anything of the policy is opened."""

from __future__ import annotations

import io
import os
import pickle
import resource
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_contracts.errors import NotFound, Refused
from data_contracts.places import trusted_keys
from service.__main__ import main
from service.policy_folder import read_folder
from service.served_policy import load_served, load_verified
from service.verification import verify_policy

Lab = Any
Write = Callable[[Mapping[str, bytes]], Path]


class Bomb:
    """Unpickled, it makes a folder; so a test can see whether anybody did."""

    def __init__(self, crater: str) -> None:
        self.crater = crater

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.crater,)


def unsigned(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "signature").unlink()


def empty_signature(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "signature").write_bytes(b"")


def foreign_signature(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "signature").write_bytes(stranger.sign((folder / "manifest.json").read_bytes()))


def key_in_folder(folder: Path, lab: Lab, stranger: Lab) -> None:
    foreign_signature(folder, lab, stranger)
    (folder / "trusted.pem").write_bytes(stranger.public_pem())


def key_in_subfolder(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "trusted").mkdir()
    (folder / "trusted" / "trusted.pem").write_bytes(stranger.public_pem())


def truncated_manifest(folder: Path, lab: Lab, stranger: Lab) -> None:
    content = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").write_bytes(content[: len(content) // 2])


def no_manifest(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "manifest.json").unlink()


def no_arrays(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "arrays.npz").unlink()


def pickle_beside(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "model.pkl").write_bytes(pickle.dumps(Bomb(str(folder.parent / "crater"))))


def pickle_as_arrays(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "arrays.npz").write_bytes(pickle.dumps(Bomb(str(folder.parent / "crater"))))


def stray_data_file(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "more.json").write_bytes(b"{}")


def hidden_file(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / ".arrays.npz").write_bytes(b"{}")


def link_outside(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "arrays.npz").rename(folder.parent / "arrays.npz")
    (folder / "arrays.npz").symlink_to(folder.parent / "arrays.npz")


def broken_link(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "more.json").symlink_to(folder / "nowhere.json")


def link_inside(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "arrays.npz").rename(folder / "other.npz")
    (folder / "arrays.npz").symlink_to("other.npz")


def named_pipe(folder: Path, lab: Lab, stranger: Lab) -> None:
    os.mkfifo(folder / "more.json")


def promotion_of_another(folder: Path, lab: Lab, stranger: Lab) -> None:
    other = lab.promoted(lab.policy(gate="failed"))
    (folder / "promotion.json").write_bytes(other["promotion.json"])
    (folder / "promotion.signature").write_bytes(other["promotion.signature"])


def promotion_unsigned(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "promotion.signature").unlink()


def promotion_foreign(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "promotion.signature").write_bytes(stranger.sign((folder / "promotion.json").read_bytes()))


def manifest_signature_as_promotion(folder: Path, lab: Lab, stranger: Lab) -> None:
    (folder / "promotion.json").write_bytes((folder / "manifest.json").read_bytes())
    (folder / "promotion.signature").write_bytes((folder / "signature").read_bytes())


ATTACKS = (
    unsigned, empty_signature, foreign_signature, key_in_folder, key_in_subfolder, truncated_manifest, no_manifest,
    no_arrays, pickle_beside, pickle_as_arrays, stray_data_file, hidden_file, link_outside, link_inside, broken_link,
    named_pipe,
    promotion_of_another, promotion_unsigned, promotion_foreign, manifest_signature_as_promotion,
)  # fmt: skip


@pytest.mark.parametrize("kind", ["pipe", "device", "link", "folder"])
def test_what_is_put_into_its_place_after_the_look(
    policy_folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between look and reading a file is exchanged: for a pipe nobody is waited for, of a device nothing is read."""
    file = policy_folder / "arrays.npz"
    content = file.read_bytes()
    file.unlink()
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        file.symlink_to("/dev/zero" if kind == "device" else policy_folder.parent / "elsewhere")
        (policy_folder.parent / "elsewhere").write_bytes(content)
    monkeypatch.setattr("service.policy_folder._belongs", lambda *_: True)
    with pytest.raises(Refused):
        read_folder(policy_folder)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_attacked_folder_is_refused_unopened(
    attack: Any, policy_folder: Path, lab: Lab, stranger: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A folder that is not exactly what was signed ends in exit 5, by every command, and is never loaded."""
    opened: list[object] = []
    monkeypatch.setattr("service.served_policy.load_policy", opened.append)
    attack(policy_folder, lab, stranger)
    (tmp_path / "contacts.yaml").write_text('- {name: Line, phone: "1", when: always}')
    monkeypatch.setenv("EQUIPOISE_CONTACTS", str(tmp_path / "contacts.yaml"))
    patients, out = tmp_path / "patients.csv", tmp_path / "out.csv"
    patients.write_text("patient_id\nP-1\n")
    policy = ("--policy", str(policy_folder))
    assert main(["recommend", *policy, "--patients", str(patients), "--out", str(out)]) == 5
    assert main(["serve", "--local", *policy, "--port", "0"]) == 5
    assert not opened
    assert not out.exists()
    assert not (tmp_path / "crater").exists()


def test_every_single_changed_byte_is_noticed(lab: Lab) -> None:
    """Flipping one bit of any byte of any file, signatures and promotion included, is refused."""
    files = lab.promoted(lab.policy())
    verify_policy(files)
    for name, content in files.items():
        step = 1 if len(content) < 1000 else 7
        for position in range(0, len(content), step):
            changed = bytearray(content)
            changed[position] ^= 1 << (position % 8)
            with pytest.raises(Refused):
                verify_policy({**files, name: bytes(changed)})


@pytest.mark.parametrize("spare", [b"signature + blank", b"two newlines", b"spare bits", b"text after"])
def test_only_the_canonical_signature_text_counts(lab: Lab, spare: bytes) -> None:
    """Base64 that decodes to the same signature in another spelling is refused."""
    files = lab.policy()
    text = files["signature"].removesuffix(b"\n")
    last = text[-3:-2]
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    spelt = {
        b"signature + blank": text + b" ",
        b"two newlines": text + b"\n\n",
        b"spare bits": text[:-3] + alphabet[alphabet.index(last) + 1 :][:1] + b"==",
        b"text after": text + b"QUJD",
    }[spare]
    with pytest.raises(Refused):
        verify_policy({**files, "signature": spelt})
    verify_policy({**files, "signature": text})


def test_signed_object_array_is_not_unpickled(lab: Lab, write_folder: Write, tmp_path: Path) -> None:
    """Even signed and promoted by a trusted lab, an array of objects is refused and its bomb does not go off."""
    bomb = np.array([Bomb(str(tmp_path / "crater"))], dtype=object)
    folder = write_folder(lab.promoted(lab.policy(arrays={"coefficients": bomb})))
    with pytest.raises(Refused):
        load_served(str(folder))
    assert not (tmp_path / "crater").exists()


def zip_bomb(lab: Lab) -> bytes:
    """Half a gigabyte of zeros as one array of half a megabyte."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed,
        packed.open("a.npy", "w") as to,
    ):
        for _ in range(512):
            to.write(bytes(2**20))
    return buffer.getvalue()


def endless_array(lab: Lab) -> bytes:
    """An array that says it has 10^15 numbers and holds none."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }"
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("coefficients.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    return buffer.getvalue()


@pytest.mark.parametrize("bomb", [zip_bomb, endless_array], ids=lambda bomb: bomb.__name__)
def test_a_signed_zip_bomb_is_refused(bomb: Any, lab: Lab, write_folder: Write, home: Path) -> None:
    """Arrays that would fill the memory end in exit 5 without being unpacked, even if a trusted lab signed them."""
    files = {"arrays.npz": bomb(lab), "model_card.json": b"{}"}
    folder = write_folder(lab.promoted(lab.signed(files, verify_policy(lab.policy()).manifest)))
    assert len(files["arrays.npz"]) < 2**20
    (home.parent / "patients.csv").write_text("patient_id\nP-1\n")
    asked = ["--patients", str(home.parent / "patients.csv"), "--out", str(home.parent / "out.csv")]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert main(["recommend", "--policy", str(folder), *asked]) == 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 2**10  # KiB


@pytest.mark.parametrize("name", ["../outside.json", "/etc/hostname", "sub/arrays.npz", "..", ""])
def test_manifest_names_are_never_paths(lab: Lab, write_folder: Write, tmp_path: Path, name: str) -> None:
    """A signed manifest that names a file elsewhere is refused: files are looked up among those read, not opened."""
    (tmp_path / "outside.json").write_text("{}")
    files = lab.policy()
    rest = {name: files[name] for name in ("arrays.npz", "model_card.json")}
    described = verify_policy(files).manifest
    folder = write_folder(lab.signed(rest, described, **{name: "0" * 64}))
    with pytest.raises(Refused, match="missing"):
        load_verified(str(folder))


@pytest.mark.parametrize(
    ("change", "told"), [({"format": "equipoise-policy/2"}, "format"), ({"name": 3}, "form"), ({"more": 1}, "form")]
)
def test_signed_manifest_of_another_form_is_refused(lab: Lab, change: dict[str, Any], told: str) -> None:
    """What a trusted lab of another version wrote is refused in words, not with a traceback."""
    import json

    files = lab.policy()
    content = json.dumps(json.loads(files["manifest.json"]) | change).encode()
    with pytest.raises(Refused, match=told):
        verify_policy({**files, "manifest.json": content, "signature": lab.sign(content)})


@pytest.mark.parametrize("case", ["failed gate", "not promoted"])
def test_serving_needs_gates_and_promotion(
    lab: Lab, write_folder: Write, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy whose gates failed, or that nobody promoted, is verified but not served: exit 5."""
    files = lab.promoted(lab.policy(gate="failed")) if case == "failed gate" else lab.policy()
    folder = write_folder(files)
    (tmp_path / "contacts.yaml").write_text('- {name: Line, phone: "1", when: always}')
    monkeypatch.setenv("EQUIPOISE_CONTACTS", str(tmp_path / "contacts.yaml"))
    assert main(["serve", "--local", "--policy", str(folder), "--port", "0"]) == 5
    load_verified(str(folder))
    with pytest.raises(Refused, match="gates failed: equipoise" if case == "failed gate" else "promoted"):
        load_served(str(folder))


@pytest.mark.parametrize("accepted", [(), ("balance",), ("equipoise",)])
def test_a_waived_gate_is_served_only_if_its_promotion_names_it(
    lab: Lab, write_folder: Write, accepted: tuple[str, ...]
) -> None:
    """A gate that was let go in the protocol is let go by the promotion too, by name, or nothing is served."""
    folder = write_folder(lab.promoted(lab.policy(gate="waived"), waivers=accepted))
    if accepted == ("equipoise",):
        assert load_served(str(folder)).policy.manifest.gates_passed
    else:
        with pytest.raises(Refused, match="does not accept the waiver of equipoise"):
            load_served(str(folder))


def test_no_trusted_key_means_no_policy(policy_folder: Path) -> None:
    """Without a configured key nothing is believed, and the message says where keys go."""
    (trusted_keys() / "lab.pem").unlink()
    with pytest.raises(Refused, match="EQUIPOISE_TRUSTED_KEYS"):
        load_verified(str(policy_folder))


NO_KEY = b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"


@pytest.mark.parametrize("content", [b"", b"not a key", NO_KEY])
def test_broken_trusted_key_is_told(policy_folder: Path, content: bytes) -> None:
    """A file among the trusted keys that is no Ed25519 public key is a refusal that names it, not a silent skip."""
    (trusted_keys() / "other.pem").write_bytes(content)
    with pytest.raises(Refused, match=r"other\.pem"):
        load_verified(str(policy_folder))


def test_key_of_another_kind_is_told(policy_folder: Path) -> None:
    """An elliptic-curve key of another kind is not taken for an Ed25519 key."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = generate_private_key(SECP256R1()).public_key()
    (trusted_keys() / "curve.pem").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(Refused, match=r"curve\.pem"):
        load_verified(str(policy_folder))


def test_trusted_keys_inside_the_folder_do_not_help(
    policy_folder: Path, stranger: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a configuration that points into the artifact makes the artifact's own key believed."""
    (policy_folder / "stranger.pem").write_bytes(stranger.public_pem())
    monkeypatch.setenv("EQUIPOISE_TRUSTED_KEYS", str(policy_folder))
    with pytest.raises(Refused, match="stranger"):
        load_verified(str(policy_folder))


def test_a_second_trusted_key_is_enough(lab: Lab, stranger: Lab, write_folder: Write) -> None:
    """Keys can be rotated: any of the trusted ones may have signed."""
    (trusted_keys() / "newer.pem").write_bytes(stranger.public_pem())
    assert load_served(str(write_folder(stranger.promoted(stranger.policy())))).policy.manifest.name == "tiny"


def test_missing_folder_is_not_found(lab: Lab) -> None:
    """A path that is no folder is told as such."""
    with pytest.raises(NotFound):
        load_verified("nowhere")


def test_folder_that_would_fill_the_memory_is_refused(policy_folder: Path) -> None:
    """A sparse file of a terabyte is not read."""
    with (policy_folder / "more.txt").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(Refused, match="MiB"):
        read_folder(policy_folder)
