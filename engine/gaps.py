"""Gaps: what the records cannot say of one patient, because it was not given or they did not know it."""

from __future__ import annotations

from dataclasses import dataclass

from data_contracts.recommendation import Reason
from data_contracts.would_change import WouldChange
from engine.decision import Decision
from engine.patient import Patients
from engine.policy import Policy
from engine.reason_codes import OPEN, REASONS
from engine.reasons import abstentions
from engine.would_change import would_change


@dataclass(frozen=True)
class Gaps:
    """What the records cannot say of one patient.

    Attributes:
        missing: features not given, effect modifiers first.
        outside: features whose value the records did not know.
        abstain: why nothing can be ranked for this patient, if so.
        changes: what asking for each missing feature would change, in their order.
        varying: those of the missing that effects may vary with.
    """

    missing: tuple[str, ...]
    outside: tuple[str, ...]
    abstain: Reason | None
    changes: tuple[WouldChange, ...] = ()
    varying: tuple[str, ...] = ()


def gaps_of(policy: Policy, patients: Patients, decision: Decision) -> Gaps:
    """The gaps of the one patient."""
    missing, outside = patients.missing[0].nonzero()[0].tolist(), patients.outside[0].nonzero()[0].tolist()
    if not missing and not outside:
        return Gaps((), (), None)
    features, code = policy.manifest.encoding.features, int(abstentions(policy, patients)[0])
    return Gaps(
        missing=tuple(features[at].name for at in missing),
        outside=tuple(features[at].name for at in outside),
        abstain=None if code == OPEN else REASONS[code],
        changes=would_change(policy, patients, decision, missing),
        varying=tuple(features[at].name for at in missing if at < len(policy.manifest.effect_modifiers)),
    )
