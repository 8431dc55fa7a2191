"""`equipoise-lab promote`: a person makes a challenger the champion, and the record of it is signed."""

from __future__ import annotations

from datetime import UTC, datetime

from data_contracts.errors import BadUsage, GateFailed
from data_contracts.manifest import PROMOTION, PROMOTION_SIGNATURE, Promotion
from experiments.signing import Signer
from experiments.tracking import champion_version, find_version, record_promotion


def promote(name: str, version: str, by: str, why: str, signer: Signer) -> Promotion:
    """Promote a registered policy whose gates passed.

    Raises:
        BadUsage: nobody, or no reason, is named.
        NotFound: no such policy.
        GateFailed: a gate of the policy failed; nothing is changed.
    """
    if not by.strip() or not why.strip():
        raise BadUsage("A promotion names who promotes (--by) and their reason (--why); neither may be empty.")
    run_id, manifest, manifest_sha256 = find_version(name, version)
    failed = [gate.name for gate in manifest.gates if not gate.passed]
    if failed:
        raise GateFailed(f"{name} version {version} missed {', '.join(failed)}; it cannot become champion.")
    record = Promotion(
        name=name,
        version=version,
        manifest_sha256=manifest_sha256,
        by=by,
        why=why,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        previous_version=champion_version(name),
    )
    content = (record.model_dump_json(indent=1) + "\n").encode()
    record_promotion(run_id, record, {PROMOTION: content, PROMOTION_SIGNATURE: signer.sign(content)})
    return record
