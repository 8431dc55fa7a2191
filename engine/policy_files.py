"""Reads a policy from the content of its files, once somebody has verified them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np

from data_contracts.effects import ServedEffects
from data_contracts.episode import FloatArray
from data_contracts.errors import Refused
from data_contracts.fill_sketch import FILL_ARRAYS, fill_problems, fill_sketch_from
from data_contracts.gate import in_state
from data_contracts.manifest import ARRAYS, MANIFEST, PolicyManifest
from data_contracts.outcome_range import OutcomeRanges
from data_contracts.secondary_arrays import array_names, secondary_from, secondary_problems
from data_contracts.similar_groups import SIMILAR_ARRAYS, similar_from, similar_problems
from data_contracts.support_arrays import SUPPORT_ARRAYS, support_from, support_problems
from data_contracts.therapy import Therapy, load_therapies
from engine.policy import Policy

NAMES = (
    *("coefficients", "root", "individualised", "average_effects", "average_covariance"),
    *("outcome", "outcome_spread", "outcome_cells"),
    *SUPPORT_ARRAYS,
    *FILL_ARRAYS,
    *SIMILAR_ARRAYS,
)
"""The arrays that every policy has; their shapes are those of the attributes of ``Policy`` and ``ServedEffects``."""


MAX_UNPACKED = 256 * 2**20
"""Bytes; more than the arrays of any policy need."""


def load_policy(files: Mapping[str, bytes]) -> Policy:
    """Build a policy from the verified content of its files.

    Args:
        files: content by file name; signature and hashes have been checked by the caller.

    Raises:
        Refused: the arrays hold objects, are not those of the manifest, or were never made, as the design failed.
    """
    manifest = PolicyManifest.model_validate_json(files[MANIFEST])
    if ARRAYS not in files:
        failed = ", ".join(in_state(manifest.gates, "failed"))
        raise Refused(f"This policy holds no effects: the study's design failed ({failed}). Read its report.")
    arrays = _read_arrays(files[ARRAYS], (*NAMES, *array_names(manifest.secondary)))
    k, terms = len(manifest.ranked_arms), manifest.basis.terms
    _refuse(secondary_problems(arrays, manifest.secondary, k, terms))
    policy = Policy(
        manifest=manifest,
        effects=ServedEffects(
            coefficients=arrays["coefficients"],
            root=arrays["root"],
            individualised=arrays["individualised"].astype(np.bool_),
        ),
        average_effects=arrays["average_effects"],
        average_covariance=arrays["average_covariance"],
        support=support_from(arrays),
        outcome=arrays["outcome"],
        ranges=OutcomeRanges(spread=arrays["outcome_spread"], cells=arrays["outcome_cells"]),
        therapies=_therapies(manifest),
        z=NormalDist().inv_cdf(0.5 + manifest.confidence / 2),
        secondary=secondary_from(arrays, manifest.secondary),
        fills=fill_sketch_from(arrays),
        groups=similar_from(arrays),
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


def _read_arrays(content: bytes, names: Sequence[str]) -> dict[str, FloatArray]:
    refusal = f"{ARRAYS} does not hold the plain arrays of a policy; it was not opened. Ask for a new artifact."
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise Refused(refusal)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            # Never more than this is unpacked, whatever is inside: an archive is read no further than it says.
            if sum(item.file_size for item in packed.infolist()) > MAX_UNPACKED:
                raise Refused(refusal)
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in names}
    except (ValueError, OSError, EOFError, KeyError, MemoryError, zipfile.BadZipFile) as error:
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
        "outcome": (policy.outcome, (q,)),
        "outcome_spread": (policy.ranges.spread, (q,)),
        "outcome_cells": (policy.ranges.cells, (k, *policy.ranges.cells.shape[1:2], 2)),
    }
    columns = policy.manifest.encoding.columns_of(policy.manifest.effect_modifiers)
    if columns != policy.manifest.basis.columns:
        raise Refused("The basis of the effects does not agree with the encoding. Ask for a new artifact.")
    wrong = [name for name, (array, shape) in wanted.items() if array.shape != shape or not np.isfinite(array).all()]
    wrong += fill_problems(policy.fills, len(policy.manifest.effect_modifiers)) if policy.fills else []
    wrong += similar_problems(policy.groups, k, q - 1) if policy.groups else []
    _refuse(wrong + support_problems(policy.support, k, q - 1))


def _refuse(wrong: Sequence[str]) -> None:
    if wrong:
        raise Refused(f"{ARRAYS} does not agree with the manifest: {', '.join(wrong)}. Ask for a new artifact.")
