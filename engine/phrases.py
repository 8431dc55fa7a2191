"""What is said of an arm as far as no patient changes it, put together once for a policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from data_contracts.arm_labels import capital
from data_contracts.manifest import PolicyManifest
from engine.becomes import Becomes
from engine.plain_templates import BETTER, NOT_BESIDE, REFERENCE, UNSURE, WORSE


@dataclass(frozen=True)
class Phrases:
    """One arm.

    Attributes:
        label: in a clinician's words, as a sentence begins.
        is_reference: whether the others are compared with it.
        constant, varies: how a sentence on its effect ends, by whether that varies with the patient.
        not_beside: that it cannot be compared with the reference.
        plain_reference, plain_not_beside, plain_better, plain_worse, plain_unsure: a patient's sentences on it.
        becomes: of each other outcome, what becomes of people with it: "respond with CBT".
        against: the reference beside that: "with usual care"; ``plain_becomes``, ``plain_against`` for patients.
    """

    label: str
    is_reference: bool
    constant: str
    varies: str
    not_beside: str
    plain_reference: str
    plain_not_beside: str
    plain_better: str
    plain_worse: str
    plain_unsure: str
    becomes: tuple[str, ...]
    against: str
    plain_becomes: tuple[str, ...]
    plain_against: str


def phrases_of(
    manifest: PolicyManifest,
    labels: Mapping[str, str],
    plain_labels: Mapping[str, str],
    in_a_sentence: Mapping[str, str],
    becomes: Becomes,
) -> tuple[Phrases, ...]:
    """The phrases of each of the A arms.

    Args:
        manifest: of the policy.
        labels: every arm in a clinician's words.
        plain_labels: every arm in a patient's words, ``in_a_sentence`` as it reads inside one.
        becomes: what becomes of people by each of the other outcomes.
    """
    reference = manifest.ranked_arms[0]
    against, plain_against = labels[reference], in_a_sentence[reference]
    plain_becomes = _with(becomes.plainly.values(), "it")

    def phrases(arm: str) -> Phrases:
        label, names = capital(labels[arm]), {"name": plain_labels[arm], "reference": plain_against}
        than = f"than {against} for patients like this one"
        return Phrases(
            label=label,
            is_reference=arm == reference,
            constant=f"{than} (the same estimate for every patient).",
            varies=f"{than} (its effect varies with the patient).",
            not_beside=f"{label} can be ranked, but not against {against}, which such patients hardly ever got.",
            plain_reference=REFERENCE.format(**names),
            plain_not_beside=NOT_BESIDE.format(**names),
            plain_better=BETTER.format(**names),
            plain_worse=WORSE.format(**names),
            plain_unsure=UNSURE.format(**names),
            becomes=_with(becomes.to_clinicians.values(), labels[arm]),
            against=f"with {against}",
            plain_becomes=plain_becomes,
            plain_against=f"with {plain_against}",
        )

    return tuple(phrases(arm.name) for arm in manifest.arms)


def _with(becomes: Iterable[str], arm: str) -> tuple[str, ...]:
    return tuple(f"{does} with {arm}" for does in becomes)
