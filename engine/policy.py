"""A policy, loaded: the manifest and the arrays that a recommendation is computed from."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from data_contracts.effects import ServedEffects
from data_contracts.episode import FloatArray
from data_contracts.errors import Refused
from data_contracts.manifest import ARRAYS, MANIFEST, PolicyManifest
from data_contracts.therapy import Therapy, load_therapies

NAMES = (
    *("coefficients", "root", "individualised", "average_effects", "average_covariance"),
    *("support", "outcome", "residual_sd"),
)
"""The arrays of a policy; their shapes are those of the attributes of ``Policy`` and ``ServedEffects``."""


@dataclass(frozen=True)
class Policy:
    """Everything serving needs, as data; K ranked arms, the reference first.

    Attributes:
        manifest: what the policy is.
        effects: the served effects.
        average_effects: (K,) average effects on the benefit scale, with (K, K) ``average_covariance``.
        support: (K, 1 + q) coefficients of the served propensity, softmax(support · (1, z)).
        outcome: (1 + q,) coefficients of the reference arm's expected outcome on the benefit scale.
        residual_sd: (K,) standard deviation of outcomes around their expectation, by arm.
        therapies: catalogue entries of the arms that are known there.
        z: normal quantile of a two-sided interval at the policy's confidence.
    """

    manifest: PolicyManifest
    effects: ServedEffects
    average_effects: FloatArray
    average_covariance: FloatArray
    support: FloatArray
    outcome: FloatArray
    residual_sd: FloatArray
    therapies: Mapping[str, Therapy]
    z: float

    def label(self, arm: str) -> str:
        """The arm in a clinician's words."""
        therapy = self.therapies.get(arm)
        return therapy.name if therapy else arm.replace("_", " ")


def load_policy(files: Mapping[str, bytes]) -> Policy:
    """Build a policy from the verified content of its files.

    Args:
        files: content by file name; signature and hashes have been checked by the caller.

    Raises:
        Refused: the arrays hold objects, or are not those of the manifest.
    """
    manifest = PolicyManifest.model_validate_json(files[MANIFEST])
    arrays = _read_arrays(files[ARRAYS])
    policy = Policy(
        manifest=manifest,
        effects=ServedEffects(
            coefficients=arrays["coefficients"],
            root=arrays["root"],
            individualised=arrays["individualised"].astype(np.bool_),
        ),
        average_effects=arrays["average_effects"],
        average_covariance=arrays["average_covariance"],
        support=arrays["support"],
        outcome=arrays["outcome"],
        residual_sd=arrays["residual_sd"],
        therapies=_therapies(manifest),
        z=NormalDist().inv_cdf(0.5 + manifest.confidence / 2),
    )
    _check_shapes(policy)
    return policy


def policy_arrays(effects: ServedEffects) -> dict[str, FloatArray]:
    """The arrays of the served effects under the names that ``load_policy`` reads."""
    return {
        "coefficients": effects.coefficients,
        "root": effects.root,
        "individualised": effects.individualised.astype(np.float64),
    }


def _read_arrays(content: bytes) -> dict[str, FloatArray]:
    refusal = f"{ARRAYS} does not hold the plain arrays of a policy; it was not opened. Ask for a new artifact."
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise Refused(refusal)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in NAMES}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise Refused(refusal) from error


def _therapies(manifest: PolicyManifest) -> dict[str, Therapy]:
    catalogue = load_therapies()
    return {arm.name: catalogue[arm.therapy] for arm in manifest.arms if arm.therapy and arm.therapy in catalogue}


def _check_shapes(policy: Policy) -> None:
    k = len(policy.manifest.ranked_arms)
    p = 1 + policy.manifest.basis.terms
    q = 1 + len(policy.manifest.encoding.columns)
    wanted = {
        "coefficients": (policy.effects.coefficients, (k, p)),
        "root": (policy.effects.root, (*policy.effects.root.shape[:1], k, p)),
        "average_effects": (policy.average_effects, (k,)),
        "average_covariance": (policy.average_covariance, (k, k)),
        "support": (policy.support, (k, q)),
        "outcome": (policy.outcome, (q,)),
        "residual_sd": (policy.residual_sd, (k,)),
    }
    columns = policy.manifest.encoding.columns_of(policy.manifest.effect_modifiers)
    if columns != policy.manifest.basis.columns:
        raise Refused("The basis of the effects does not agree with the encoding. Ask for a new artifact.")
    wrong = [name for name, (array, shape) in wanted.items() if array.shape != shape or not np.isfinite(array).all()]
    if wrong:
        raise Refused(f"{ARRAYS} does not agree with the manifest: {', '.join(wrong)}. Ask for a new artifact.")
