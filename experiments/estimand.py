"""What a study estimates, and what it has to assume of those who left the therapy that they started, in words."""

from __future__ import annotations

from data_contracts.protocol import StudyProtocol

LEAVING = (
    "leaving the started therapy is explained by what was known at the start and the arm alone: nothing that happened "
    "after the start drove both leaving and the outcome"
)
"""The assumption that a per-protocol study makes besides the others."""


def estimand(protocol: StudyProtocol) -> str:
    """The quantity estimated, in one sentence."""
    outcome = protocol.outcome
    return (
        f"Expected difference in {outcome.column} ({outcome.unit}, positive is better) between starting an arm and "
        f"starting {protocol.arms.reference}, for patients with the same effect modifiers, {_afterwards(protocol)}"
    )


def _afterwards(protocol: StudyProtocol) -> str:
    known = "missing at random given what was known at the start and the arm"
    if not protocol.per_protocol:
        return f"whatever is done or stopped after the start; outcomes not observed are taken as {known}."
    return (
        f"while staying on the started therapy (per-protocol{until(protocol)}); those who left it are weighted by "
        f"baseline covariates alone: their outcomes are taken as {known}, as outcomes not observed are, so that "
        "what happened after the start and drove both leaving and the outcome is not adjusted for."
    )


def until(protocol: StudyProtocol) -> str:
    """Until when a patient has to stay for the primary outcome to count; nothing without a target trial."""
    trial = protocol.target_trial
    return f", until day {trial.outcomes[protocol.outcome.column].window[0]}" if trial else ""
