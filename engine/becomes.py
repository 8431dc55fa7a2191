"""What becomes of people by each outcome, in words; worded once for a policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from data_contracts.secondary_outcome import Role, SecondaryOutcome

CLINICIAN: Mapping[Role, str] = {
    "response": "respond",
    "remission": "reach remission",
    "reliable_improvement": "improve reliably",
    "reliable_deterioration": "get reliably worse",
    "dropout": "drop out",
}
PATIENT: Mapping[Role, str] = {
    "response": "have their score fall by half or more",
    "remission": "get well",
    "reliable_improvement": "get clearly better",
    "reliable_deterioration": "get clearly worse",
    "dropout": "stop early",
}
"""What becomes of people, by the outcome's role; others are told by the outcome's own name."""


@dataclass(frozen=True)
class Becomes:
    """By an outcome's name, what becomes of the people for whom it comes, as a clinician and as a patient reads it."""

    to_clinicians: Mapping[str, str]
    plainly: Mapping[str, str]

    @classmethod
    def of(cls, outcomes: Iterable[SecondaryOutcome]) -> Becomes:
        """The words for these outcomes."""
        told = list(outcomes)
        clinician, patient = ({one.name: _does(one, words) for one in told} for words in (CLINICIAN, PATIENT))
        return cls(clinician, patient)


def _does(outcome: SecondaryOutcome, words: Mapping[Role, str]) -> str:
    """What becomes of people; a side effect by its kind, what has no words by the outcome's own name."""
    if outcome.side_effect:
        return f"have {outcome.side_effect.replace('_', ' ')}"
    return words.get(outcome.role, f'have "{outcome.name}"')
