"""Writes what was learned as a signed policy artifact: data only, the same bytes for the same study."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from data_contracts.column_checks import instrument_of
from data_contracts.effects import BoolArray
from data_contracts.encoding import Encoding
from data_contracts.episode import Episodes, FloatArray
from data_contracts.fact import Answer, UnreadableFact, load_facts, read_fact
from data_contracts.fill_sketch import fill_arrays
from data_contracts.gate import Gate
from data_contracts.manifest import ARRAYS, MANIFEST, MODEL_CARD, SIGNATURE, ArmRecord, PolicyManifest, sha256
from data_contracts.patient_count import Count
from data_contracts.protocol import StudyProtocol
from data_contracts.recommendation import Reason
from data_contracts.secondary_arrays import secondary_arrays
from data_contracts.sensitivity import Sensitivity
from data_contracts.similar_groups import similar_arrays
from data_contracts.support_arrays import support_arrays
from data_contracts.therapy import therapy_for
from data_contracts.tipping_point import FirstChoice, TippingPoint
from data_contracts.withdrawn_pair import WithdrawnPair
from engine.policy_files import policy_arrays
from estimators.learn import Learned
from experiments.estimand import estimand
from experiments.signing import Signer


def write_policy(folder: Path, files: Mapping[str, bytes], signer: Signer) -> None:
    """Write a policy's files with their signature; the folder appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = folder.with_name(f".{folder.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    for name, content in {**files, SIGNATURE: signer.sign(files[MANIFEST])}.items():
        (building / name).write_bytes(content)
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)


def policy_files(
    protocol: StudyProtocol,
    episodes: Episodes,
    learned: Learned,
    gates: tuple[Gate, ...],
    card: bytes,
    *,
    withdrawn: tuple[WithdrawnPair, ...] = (),
    sensitivity: Sensitivity | None = None,
) -> dict[str, bytes]:
    """Content of a policy's files by name, without the signature.

    Args:
        card: the model card, as it is written.
    """
    manifest = _manifest(protocol, episodes, learned, gates).model_copy(
        update={
            "withdrawn": withdrawn,
            "abstained": dict.fromkeys(sorted(episodes.apart), Reason.NOT_COMPARABLE),
            "tipping_points": tipping_points(sensitivity) if sensitivity else None,
            "first_choices": first_choices(sensitivity, learned.encoding) if sensitivity else (),
        }
    )
    return named_files(manifest, {ARRAYS: _archive(learned), MODEL_CARD: card})


def tipping_points(found: Sensitivity) -> tuple[TippingPoint, ...]:
    """What would have to be true of an unmeasured cause, pair by pair, by the strongest yardstick that there is."""
    told = []
    for pair in found.pairs:
        yardstick = next((one for one in pair.benchmarks if one.times is not None), None)
        if yardstick is not None and yardstick.times is not None:
            told.append(
                TippingPoint(
                    better=pair.better,
                    worse=pair.worse,
                    strength=yardstick.times,
                    benchmark=yardstick.covariate,
                    odds_ratio=pair.flip_gamma,
                )
            )
    return tuple(told)


def first_choices(found: Sensitivity, encoding: Encoding) -> tuple[FirstChoice, ...]:
    """What would have to be true of one to turn the first choice of those kinds of patients that features tell."""
    told, features = [], {feature.name for feature in encoding.features}
    for one in found.kinds:
        if one.who is None or one.who.column not in features or not one.who.can_be_told:
            continue
        if one.next is not None and one.flip_gamma is not None:
            told.append(FirstChoice(kind=one.who, first=one.first, next=one.next, odds_ratio=one.flip_gamma))
    return tuple(told)


def named_files(manifest: PolicyManifest, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """A policy's files with the manifest, which names each of them with its hash."""
    named = manifest.model_copy(update={"files": {name: sha256(content) for name, content in files.items()}})
    return {**files, MANIFEST: as_json(named.model_dump(mode="json"))}


def _manifest(
    protocol: StudyProtocol, episodes: Episodes, learned: Learned, gates: tuple[Gate, ...]
) -> PolicyManifest:
    return PolicyManifest(
        **known_of_design(protocol, episodes),
        encoding=learned.encoding,
        basis=learned.scored.basis,
        gates=gates,
        individualisation=learned.individualisation,
        secondary=tuple(one.served.outcome for one in learned.secondary),
        policy_value=learned.value,
        proposed_advice=learned.proposed,
        evidence=learned.evidence,
    )


def known_of_design(protocol: StudyProtocol, episodes: Episodes) -> dict[str, Any]:
    """What a manifest says whether or not effects were computed."""
    instrument = instrument_of(protocol.outcome.column, protocol)
    return {
        "name": protocol.name,
        "study_id": protocol.study_id,
        "data_fingerprint": episodes.fingerprint,
        "arms": tuple(_arm(name, protocol, episodes) for name in protocol.arms.names),
        "outcome": protocol.outcome,
        "outcome_range": (instrument.minimum, instrument.maximum) if instrument else None,
        "confidence": protocol.confidence,
        "min_propensity": protocol.overlap.min_propensity,
        "effect_modifiers": protocol.effect_modifiers,
        "meanings": {name: protocol.meanings[name] for name in protocol.covariates if name in protocol.meanings},
        "estimand": estimand(protocol),
        "patients_with": patients_with(protocol, episodes),
        "withdrawn_patients_sha256": episodes.withdrawn_by,
    }


def patients_with(protocol: StudyProtocol, episodes: Episodes) -> dict[str, dict[str, int]]:
    """For covariates that are safety facts answered yes or no, the patients of each arm whose answer was yes.

    By it a safety rule knows whether the records hold enough of the patients that it speaks of; counts under 11 are 0.
    A column that cannot be read as yes or no is not known.
    """
    found = {}
    for name in protocol.covariates:
        if name in load_facts() and load_facts()[name].kind == "answer" and (yes := _yes(name, episodes)) is not None:
            counts = [Count.of(episodes.patient[yes & (episodes.arm == k)]) for k in range(len(episodes.arms))]
            by_arm = zip(episodes.arms, counts, strict=True)
            found[name] = {arm: 0 if count.is_small else count.patients for arm, count in by_arm}
    return found


def _yes(name: str, episodes: Episodes) -> BoolArray | None:
    try:
        return np.array([read_fact(name, value) is Answer.YES for value in episodes.columns[name]], dtype=np.bool_)
    except UnreadableFact:
        return None


def _arm(name: str, protocol: StudyProtocol, episodes: Episodes) -> ArmRecord:
    therapy = therapy_for(name, protocol.arms.therapies)
    count = {**episodes.thin_arms, **episodes.apart, **episodes.by_arm}.get(name, Count(0, 0))
    return ArmRecord(
        name=name,
        therapy=therapy.key if therapy else None,
        episodes=0 if count.is_small else count.episodes,
        ranked=name in episodes.arms,
    )


def _archive(learned: Learned) -> bytes:
    averages = learned.served_averages
    arrays: dict[str, FloatArray] = (
        policy_arrays(learned.served)
        | support_arrays(learned.support)
        | secondary_arrays([one.served for one in learned.secondary])
        | fill_arrays(learned.fills)
        | similar_arrays(learned.groups)
        | {
            "average_effects": averages.effects,
            "average_covariance": averages.covariance,
            "outcome": learned.expected,
            "outcome_spread": learned.ranges.spread,
            "outcome_cells": learned.ranges.cells,
        }
    )
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own options
    return buffer.getvalue()


def as_json(content: object) -> bytes:
    """JSON text with sorted keys."""
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
