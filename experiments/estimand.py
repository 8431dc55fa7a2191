"""What a study estimates, and what it has to assume of those who left the therapy that they started, in words."""

from __future__ import annotations

from data_contracts.protocol import StudyProtocol
from experiments.report.wording import listed


def known(protocol: StudyProtocol) -> str:
    """What tells who is lost: the start and the arm, and the course until then where the records hold it."""
    course = protocol.censoring.course if protocol.censoring else ()
    if not course:
        return "what was known at the start and the arm"
    return f"what was known at the start, the arm and how patients fared until they were lost ({listed(course)})"


def leaving(protocol: StudyProtocol) -> str:
    """The assumption that a per-protocol study makes besides the others."""
    else_ = "else " if protocol.censoring and protocol.censoring.course else ""
    return (
        f"leaving the started therapy is explained by {known(protocol)} alone: nothing {else_}that happened after the "
        "start drove both leaving and the outcome"
    )


def assumptions(protocol: StudyProtocol) -> list[str]:
    """What has to hold for the estimates to be right, one by one."""
    return [
        "no unmeasured cause of both therapy and outcome beyond the covariates adjusted for",
        "every ranked arm was a real possibility for the patients it is ranked for",
        f"outcomes are missing at random given {known(protocol)}",
        *([leaving(protocol)] if protocol.per_protocol else []),
    ]


def estimand(protocol: StudyProtocol) -> str:
    """The quantity estimated, in one sentence."""
    outcome = protocol.outcome
    return (
        f"Expected difference in {outcome.column} ({outcome.unit}, positive is better) between starting an arm and "
        f"starting {protocol.arms.reference}, for patients with the same effect modifiers, {_afterwards(protocol)}"
    )


def _afterwards(protocol: StudyProtocol) -> str:
    missing = f"missing at random given {known(protocol)}"
    if not protocol.per_protocol:
        return f"whatever is done or stopped after the start; outcomes not observed are taken as {missing}."
    course = bool(protocol.censoring and protocol.censoring.course)
    weighted, what = ("them", "what else") if course else ("baseline covariates", "what")
    told = "what is known of " if course else ""
    return (
        f"while staying on the started therapy (per-protocol{until(protocol)}); those who left it are weighted by "
        f"{told}{weighted} alone: their outcomes are taken as {missing}, as outcomes not observed are, so that "
        f"{what} happened after the start and drove both leaving and the outcome is not adjusted for."
    )


def until(protocol: StudyProtocol) -> str:
    """Until when a patient has to stay for the primary outcome to count; nothing without a target trial."""
    trial = protocol.target_trial
    return f", until day {trial.outcomes[protocol.outcome.column].window[0]}" if trial else ""
