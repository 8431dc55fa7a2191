"""What a study's estimator said where the truth was known to be nothing: refuters, ours and DoWhy's beside them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Verdict = Literal["withstood", "refuted", "not_assessed"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RefutedPair(_Data):
    """One pair of arms under one refuter.

    Attributes:
        arm, over: the arms.
        estimate: what the estimator said over the draws where 0 was true, the mean, outcome units.
        lower, upper: between which nine of ten draws lay.
        shift: the estimate in standard errors of the study's own difference of the two.
        p: chance of a mean as far from 0 in any pair, were it 0 in all, 0-1.
    """

    arm: str
    over: str
    estimate: float
    lower: float
    upper: float
    shift: float
    p: float = Field(ge=0, le=1)


class Refuter(_Data):
    """One way of attacking a study's estimator.

    Attributes:
        name: of the refuter and of its gate.
        null: what is true if the estimator is sound.
        draws: how many times the records were changed.
        pairs: of arms, where the refuter is about their differences.
        p: chance of what came if the null is true, all pairs together; None if it could not be assessed.
        together: the same, all refuters together (Holm).
        shift: largest shift over the pairs, standard errors.
        spread: how far single draws moved: in standard errors, or in multiples of what sampling explains.
        found: share of the planted leaks that were found.
        verdict: by the marks of the protocol.
        untold: why it could not be assessed.
    """

    name: str
    null: str
    draws: int = Field(ge=0)
    pairs: tuple[RefutedPair, ...] = ()
    p: float | None = Field(default=None, ge=0, le=1)
    together: float | None = Field(default=None, ge=0, le=1)
    shift: float | None = None
    spread: float | None = None
    found: float | None = Field(default=None, ge=0, le=1)
    verdict: Verdict = "not_assessed"
    untold: str = ""


class PeerRefuter(_Data):
    """One of DoWhy's refuters on a regression of two arms.

    Attributes:
        name: DoWhy's.
        arm, over: the arms.
        wanted: what a sound estimator says, outcome units.
        estimate: what it said, the mean over the simulations.
        p: DoWhy's own.
    """

    name: str
    arm: str
    over: str
    wanted: float
    estimate: float
    p: float


class PeerNotRun(_Data):
    """One of DoWhy's refuters that is not run, and why."""

    name: str
    why: str


class Refutation(_Data):
    """All refuters of a study.

    Attributes:
        refuters: ours.
        peers: DoWhy's; empty where it was not asked for or is not installed.
        not_run: those of DoWhy's that are not sound here.
        peer_note: on what DoWhy's ran, or why they did not.
    """

    refuters: tuple[Refuter, ...]
    peers: tuple[PeerRefuter, ...] = ()
    not_run: tuple[PeerNotRun, ...] = ()
    peer_note: str = ""
