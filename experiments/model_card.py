"""The model card: what the policy is for, what it rests on and where it must not be relied on."""

from __future__ import annotations

from typing import Any

from data_contracts.episode import Episodes
from data_contracts.manifest import PolicyManifest
from data_contracts.protocol import StudyProtocol
from experiments.estimand import LEAVING
from experiments.report.attrition import attrition
from experiments.report.disclosure import Shown


def model_card(manifest: PolicyManifest, protocol: StudyProtocol, episodes: Episodes) -> dict[str, Any]:
    """Plain facts of the study; every number comes from its manifest, none is typed."""
    return {
        "name": manifest.name,
        "intended_use": "Decision support for clinicians who choose among therapies with an adult patient.",
        "not_for": [
            "patients in crisis, minors, or anyone without a clinician who decides",
            "settings whose patients differ from the study's; arms that such patients hardly ever got",
            "reading an average effect as one patient's",
        ],
        "estimand": manifest.estimand,
        "method": (
            "Cross-fitted augmented inverse probability weighting with calibrated propensities; effects vary with "
            "the patient only where held-out data support it; rank sets by max-t over all pairs."
        ),
        "assumptions": [
            "no unmeasured cause of both therapy and outcome beyond the covariates adjusted for",
            "every ranked arm was a real possibility for the patients it is ranked for",
            "outcomes are missing at random given covariates and arm",
            *([LEAVING] if protocol.per_protocol else []),
        ],
        "other_outcomes": [outcome.model_dump(mode="json") for outcome in manifest.secondary],
        "outcomes_set_aside": dict(episodes.set_aside),
        "covariates": list(protocol.covariates),
        "effect_modifiers": list(protocol.effect_modifiers),
        "episodes_by_arm": {arm.name: arm.episodes for arm in manifest.arms},
        "effects_computed": bool(manifest.individualisation),
        "withdrawn_pairs": [pair.reason for pair in manifest.withdrawn],
        "arms_not_ranked": [arm.name for arm in manifest.arms if not arm.ranked],
        "attrition": [{"step": line["step"], "episodes": _exact(line["total_left"])} for line in attrition(episodes)],
        "gates": {gate.name: gate.state for gate in manifest.gates},
        "waivers": [gate.waiver.model_dump(mode="json") for gate in manifest.gates if gate.waiver],
        "value_of_the_advice": manifest.policy_value.model_dump(mode="json") if manifest.policy_value else None,
        "individualisation": [decision.reason for decision in manifest.individualisation],
        "trial_evidence": manifest.evidence.use if manifest.evidence else None,
        "evidence": "No randomised trial of this system exists.",
    }


def _exact(shown: Shown) -> int | None:
    """A total as the report shows it: what is not told there by arm cannot be worked out from the sum here."""
    return shown if isinstance(shown, int) else None
