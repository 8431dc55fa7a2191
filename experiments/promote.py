"""`equipoise-lab promote`: a person makes a challenger the champion, and the record of it is signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from data_contracts.errors import BadUsage, GateFailed
from data_contracts.gate import Waiver, in_state, unjudged, waivers_used
from data_contracts.manifest import Promotion
from experiments.signing import Signer
from experiments.tracking import CHAMPION, alias_version, find_version, promotion_content, record_promotion


def promote(name: str, version: str, by: str, why: str, signer: Signer, accepted: Sequence[str] = ()) -> Promotion:
    """Promote a registered policy that every gate was held against, and of which none failed.

    Args:
        name, version: of the registered policy.
        by, why: who promotes, and their reason.
        signer: signs the record.
        accepted: waived gates that the promoter lets go as well: all that there are, and the promoter is another
            person than who waived them.

    Raises:
        BadUsage: nobody, or no reason, is named.
        NotFound: no such policy.
        GateFailed: a gate of the policy failed or was not held against it, or was waived and is not accepted by
            another person; nothing is changed.
        Refused: its report or gates changed since they were signed; nothing is changed.
    """
    if not by.strip() or not why.strip():
        raise BadUsage("A promotion names who promotes (--by) and their reason (--why); neither may be empty.")
    found = find_version(name, version)
    if failed := in_state(found.manifest.gates, "failed"):
        raise GateFailed(f"{name} version {version} missed {', '.join(failed)}; it cannot become champion.")
    if missing := unjudged(found.manifest.gates):
        step = "Study it whole with this program: equipoise-lab study."
        raise GateFailed(f"{name} version {version} was never put to {', '.join(missing)}. {step}")
    _check_waivers(f"{name} version {version}", waivers_used(found.manifest.gates), by, accepted)
    record = Promotion(
        name=name,
        version=version,
        manifest_sha256=found.manifest_sha256,
        by=by,
        why=why,
        waivers=in_state(found.manifest.gates, "waived"),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        previous_version=alias_version(name, CHAMPION),
        gates_sha256=found.gates_sha256,
    )
    record_promotion(found, record, signer.sign(promotion_content(record)), signer)
    return record


def _check_waivers(policy: str, waivers: Sequence[Waiver], by: str, accepted: Sequence[str]) -> None:
    """Two people let a gate go, each by name: who waived it in the protocol, and who promotes it all the same."""
    waived = [str(waiver.gate) for waiver in waivers]
    if strangers := sorted(set(accepted) - set(waived)):
        which = f"waived are: {', '.join(waived)}" if waived else "none is waived"
        raise BadUsage(f"--accept-waiver names {', '.join(strangers)}; of {policy} {which}.")
    if silent := [gate for gate in waived if gate not in accepted]:
        asked = " ".join(f"--accept-waiver {gate}" for gate in silent)
        raise GateFailed(f"{policy} did not hold {', '.join(silent)}, which was waived. To accept that: {asked}")
    if own := [waiver.gate for waiver in waivers if _same_person(waiver.by, by)]:
        raise GateFailed(f"{policy}: who waived {', '.join(own)} cannot promote it; a second person has to.")


def _same_person(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
