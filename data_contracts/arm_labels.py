"""What the arms of a study are called, in a clinician's words and in a patient's; no two of them alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from data_contracts.manifest import ArmRecord
from data_contracts.therapy import Therapy


def arm_labels(arms: Iterable[ArmRecord], therapies: Mapping[str, Therapy]) -> Mapping[str, str]:
    """By arm, the name of its therapy, else its own; arms of one therapy get their own name beside it.

    Args:
        arms: every arm of the study.
        therapies: by arm, its entry in the catalogue, where it has one.
    """
    told = {name: therapy.name for name, therapy in therapies.items()}
    return _told_apart({arm.name: told.get(arm.name, _spelt(arm.name)) for arm in arms})


def plain_arm_labels(arms: Iterable[ArmRecord], therapies: Mapping[str, Therapy]) -> Mapping[str, str]:
    """The same in a patient's words, as a title."""
    told = {name: therapy.plain_name for name, therapy in therapies.items()}
    return _told_apart({arm.name: told.get(arm.name, capital(_spelt(arm.name))) for arm in arms})


def _told_apart(labels: Mapping[str, str]) -> Mapping[str, str]:
    """Two medicines of a class, or two doses of one, would otherwise read the same."""
    often = Counter(labels.values())
    return {arm: f"{label} ({_spelt(arm)})" if often[label] > 1 else label for arm, label in labels.items()}


def _spelt(arm: str) -> str:
    return arm.replace("_", " ")


def capital(text: str) -> str:
    """The text with its first letter as a sentence or a title has it."""
    return text[:1].upper() + text[1:]
