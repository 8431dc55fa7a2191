"""Verifies a policy before anything of it is used: signature first, then hashes, then meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ValidationError

from data_contracts.errors import Refused
from data_contracts.gate import in_state
from data_contracts.manifest import (
    FORMAT,
    MANIFEST,
    PROMOTION,
    PROMOTION_SIGNATURE,
    SIGNATURE,
    PolicyManifest,
    Promotion,
    hash_problems,
    sha256,
)
from service.trusted_keys import check_signature, load_trusted_keys

Document = TypeVar("Document", bound=BaseModel)
APART = frozenset({MANIFEST, SIGNATURE, PROMOTION, PROMOTION_SIGNATURE})


@dataclass(frozen=True)
class VerifiedPolicy:
    """A policy whose maker and content are known; may be used by whoever needs no promotion.

    Attributes:
        manifest: what it is.
        manifest_sha256: hash of the manifest's bytes, the policy's name among caches and answers.
        files: verified content by name: the manifest and the files it lists.
        promotion: the record that a person made it champion, if one came with it.
        promotion_content: that record's exact bytes.
    """

    manifest: PolicyManifest
    manifest_sha256: str
    files: Mapping[str, bytes]
    promotion: Promotion | None
    promotion_content: bytes | None


def verify_policy(files: Mapping[str, bytes]) -> VerifiedPolicy:
    """Verify the content of a policy's folder against the configured keys.

    Raises:
        Refused: no trusted key, no or another's signature, a byte changed, a file missing or too many, a manifest
            of another format, or a promotion record that is broken.
    """
    keys = load_trusted_keys()
    content = _signed(files, MANIFEST, SIGNATURE, keys)
    manifest = _parse(PolicyManifest, content, MANIFEST)
    if manifest.format != FORMAT:
        raise Refused(f"The policy is of another format than {FORMAT}. Use the version of Equipoise that wrote it.")
    rest = {name: held for name, held in files.items() if name not in APART}
    if problems := hash_problems(manifest, rest):
        raise Refused(f"The policy is not what was signed: {'; '.join(problems)}. Get it again; it was not opened.")
    promoted = PROMOTION in files or PROMOTION_SIGNATURE in files
    return VerifiedPolicy(
        manifest=manifest,
        manifest_sha256=sha256(content),
        files={MANIFEST: content, **rest},
        promotion=verify_promotion(files) if promoted else None,
        promotion_content=files[PROMOTION] if promoted else None,
    )


def verify_promotion(files: Mapping[str, bytes]) -> Promotion:
    """The promotion record that lies beside a policy.

    Raises:
        Refused: it is missing, unsigned, signed by another, or speaks of another policy.
    """
    promotion = _parse(Promotion, _signed(files, PROMOTION, PROMOTION_SIGNATURE, load_trusted_keys()), PROMOTION)
    if MANIFEST not in files or promotion.manifest_sha256 != sha256(files[MANIFEST]):
        raise Refused(f"{PROMOTION} promotes another policy than the one beside it. Promote this one, or pull again.")
    return promotion


def serving_objections(policy: VerifiedPolicy) -> tuple[str, ...]:
    """Why a verified policy may not be served; empty if it may."""
    gates = policy.manifest.gates
    failed, waived = in_state(gates, "failed"), in_state(gates, "waived")
    objections = [f"its gates failed: {', '.join(failed)}"] if failed else []
    if policy.promotion is None:
        objections.append(f"nobody has promoted it (no signed {PROMOTION})")
    elif silent := sorted(set(waived) - set(policy.promotion.waivers)):
        objections.append(f"its promotion does not accept the waiver of {', '.join(silent)}")
    return tuple(objections)


def check_serving(policy: VerifiedPolicy) -> None:
    """Raise if a verified policy may not be served.

    Raises:
        Refused: a gate failed, or there is no promotion record.
    """
    if objections := serving_objections(policy):
        step = "Promote a policy whose gates passed: equipoise-lab promote NAME VERSION --by WHO --why ..."
        raise Refused(f"The policy may not be served: {'; '.join(objections)}. {step}")


def _signed(files: Mapping[str, bytes], name: str, signature: str, keys: tuple[Ed25519PublicKey, ...]) -> bytes:
    """The content of a file whose signature holds."""
    if missing := [wanted for wanted in (name, signature) if wanted not in files]:
        raise Refused(f"The policy has no {' and no '.join(missing)}; it was not opened. Get the artifact again.")
    check_signature(files[name], files[signature], keys, name)
    return files[name]


def _parse(model: type[Document], content: bytes, name: str) -> Document:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        step = "Use the version of Equipoise that wrote it."
        raise Refused(f"{name} is signed but not of the form this version reads. {step}") from error
